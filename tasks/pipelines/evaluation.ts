/** An evaluation as the commands do it: resumable in a run folder, as tables, pictures and a page. */
import {
  type AgreementRow,
  agreementTable,
  agreementText,
} from "../../src/evaluation/agreement_table.ts";
import {
  type AgreementResult,
  evaluateAgreement,
  type SampleRecord,
} from "../../src/evaluation/evaluate.ts";
import type { NamedDenoiser } from "../../src/evaluation/named_denoiser.ts";
import type { MachineParameters } from "../../src/machines/machine_parameters.ts";
import type { ReportFile } from "../../src/figures/report_parts.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import type { StoredTensor } from "../../src/formats/safetensors.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { ImageStore } from "../../src/runs/image_store.ts";
import { isObject } from "../../src/runs/json_file.ts";
import type { RunConfig } from "../../src/runs/run_record.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import type { ProgressReporter } from "../cli/progress.ts";
import type { RunOutcome } from "../cli/run_result.ts";
import { evaluationFiles, exportEvaluation } from "./evaluation_export.ts";
import { takeLoggedSamples } from "./logged_samples.ts";
import { scalesIdentity } from "./scales_identity.ts";
import { type Share, sharedProtocol, storedTensors, takeImages } from "./share.ts";
import type { Session, SessionParts } from "./session.ts";
import { type LoadedNetwork, sourcesIdentity } from "./sources.ts";

/** What is evaluated. */
export interface EvaluationSubject {
  readonly machines: readonly NamedDenoiser[];
  /** The schedules behind the machines, for the report. */
  readonly schedules: readonly ScaleSchedule[];
  /** Other pages about the same run, beside the report. */
  readonly links?: readonly ReportFile[];
}

/** The configuration by which `openRun` knows an evaluation; `machines` are names. */
export function evaluationIdentity(
  protocol: SamplingProtocol,
  { machines, schedules, parameters }: {
    readonly machines: readonly string[];
    readonly schedules: readonly ScaleSchedule[];
    readonly parameters?: MachineParameters | undefined;
  },
  { network, data, backend, posterior }: SessionParts,
): RunConfig {
  return {
    ...withNetworkSteps(protocol),
    machines,
    ...parameters && { parameters: { ...parameters } },
    scales: schedules.map((each) => [each.machine, scalesIdentity(each)]),
    ...sourcesIdentity(network, data),
    backend: backend.name,
    posterior: posterior.name,
  };
}

/** The protocol with the network's steps said outright, as runs keep it. */
export function withNetworkSteps(
  protocol: SamplingProtocol,
): SamplingProtocol & { readonly networkSteps: number } {
  return { ...protocol, networkSteps: protocol.networkSteps ?? protocol.steps };
}

/** Fields of an evaluation's result, for the specifications of verbs. */
export const evaluationFields = {
  "files.report": "everything on one page",
  "files.samples": "noise, theory and network side by side, as a picture",
  "files.agreement": "agreement of each sample, as a picture",
  "files.evaluation": "all numbers (evaluation.json)",
  "files.table": "medians with intervals (CSV)",
  "files.images": "all images (safetensors)",
  "numbers.r^2 of NAME": "median r² of each machine; null where it is undefined",
  "medians": "machine, measure, median and its interval (low, high), for r, r^2 and R^2",
} as const;

/** What a finished evaluation comes to; its pictures have their ending here. */
export function evaluationOutcome(rows: readonly AgreementRow[]): RunOutcome {
  return {
    files: {
      report: evaluationFiles.report,
      samples: `${evaluationFiles.grid}.png`,
      agreement: `${evaluationFiles.plot}.png`,
      evaluation: evaluationFiles.json,
      table: evaluationFiles.table,
      images: evaluationFiles.images,
    },
    numbers: Object.fromEntries(
      rows.filter(({ measure }) => measure === "r^2").map(({ machine, measure, median }) =>
        [`${measure} of ${machine}`, median] as const
      ),
    ),
  };
}

const allPositions: ReadonlySet<string> = new Set(["ES", "ELS", "ELS_wrapped", "bbELS"]);

/** The images of an evaluation: noise, network and machines, in one file of the run. */
async function openImages(
  run: Run,
  { plan, names, network, progress, share }: {
    readonly plan: SamplingProtocol;
    readonly names: readonly string[];
    readonly network: LoadedNetwork;
    readonly progress: ProgressReporter;
    readonly share: Share;
  },
): Promise<ImageStore> {
  const { samples, first = 0, seed } = plan;
  const { schedule } = network;
  const { imageShape } = network.network.architecture;
  const { data, shape } = initialNoise({ seed, samples, first, imageShape, schedule });
  const images = await ImageStore.open(run.file(evaluationFiles.images), {
    names: ["network", ...names],
    samples,
    imageShape,
    known: new Map([["noise", { dtype: "F32", shape: [...shape], data }]]),
    metadata: { layout: "NHWC", range: "[-1, 1]; noise: as sampling starts from" },
    whole: run.whole,
  });
  if (images.damage !== undefined) progress.note(images.damage);
  await takeLoggedSamples(run, {
    images,
    progress,
    imagesOf: ({ network, machines }) => ({ network, ...isObject(machines) ? machines : {} }),
  });
  takeImages(images, share);
  return images;
}

/** Evaluates, or goes on after the samples whose images the run has; writes tables and pictures. */
export async function runEvaluation(
  protocol: SamplingProtocol,
  session: Session,
  { machines, schedules, links = [] }: EvaluationSubject,
): Promise<{ result: AgreementResult; rows: AgreementRow[]; text: string }> {
  const { network, run } = session;
  const plan = withNetworkSteps(protocol);
  const { result } = await makeEvaluation(plan, session, { machines });
  const rows = agreementTable(result);
  const text = agreementText(rows, { network: network.label });
  if (!run.whole) await exportEvaluation(result, session, { rows, plan, schedules, links });
  return { result, rows, text };
}

/** Evaluates the samples of a shard: the images of network and machines, as arrays of its file. */
export async function evaluationTensors(
  protocol: SamplingProtocol,
  session: Session,
  subject: Pick<EvaluationSubject, "machines">,
): Promise<ReadonlyMap<string, StoredTensor>> {
  const { share } = session;
  const plan = sharedProtocol(withNetworkSteps(protocol), share);
  return (await makeEvaluation(plan, session, subject)).tensors();
}

/** Evaluates what is missing in the images of the run. */
async function makeEvaluation(
  plan: ReturnType<typeof withNetworkSteps>,
  session: Session,
  { machines }: Pick<EvaluationSubject, "machines">,
): Promise<{
  readonly result: AgreementResult;
  readonly tensors: () => Map<string, StoredTensor>;
}> {
  const { network, run, abort, progress, share } = session;
  const names = machines.map(({ name }) => name);
  using images = await openImages(run, { plan, names, network, progress, share });
  const { first = 0, sampler, grid, seed, networkSteps, labels } = plan;
  const earlier = images.done.map((index): SampleRecord => {
    const { network: ofNetwork, ...ofMachines } = images.read(index);
    return {
      sample: first + index,
      label: labels?.[index] ?? null,
      ...{ seed, sampler, grid, steps: plan.steps, networkSteps },
      network: Array.from(ofNetwork!),
      machines: Object.fromEntries(names.map((name) => [name, Array.from(ofMachines[name]!)])),
    };
  });
  const denoiser = networkDenoiser(network);
  // Machines that match any position take most of the time: without weights the time left misleads.
  const weight = (name: string) => allPositions.has(name) ? 100 : 1;
  const steps = machines.reduce((sum, { name }) => sum + weight(name) * plan.steps, 0);
  let seen = earlier.length * (plan.networkSteps + machines.length * plan.steps);
  let work = earlier.length * (plan.networkSteps + steps);
  const bar = progress.start({
    label: "evaluate",
    total: plan.samples * (plan.networkSteps + steps),
    done: work,
  });
  try {
    const result = await evaluateAgreement(denoiser, machines, {
      ...plan,
      abort,
      resume: earlier,
      onProgress: ({ done, name }) => {
        work += (done - seen) * weight(name);
        seen = done;
        bar.update(work, { at: name });
      },
      onBatch: (records) =>
        images.writeBatch(
          new Map(
            records.map((
              { sample, network, machines },
            ) => [sample - first, { network, ...machines }]),
          ),
        ),
    });
    bar.finish();
    return { result, tensors: () => storedTensors(images) };
  } finally {
    denoiser.dispose();
  }
}
