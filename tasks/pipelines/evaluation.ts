/** An evaluation as the commands do it: resumable in a run folder, as tables, pictures and a page. */
import {
  agreementCsv,
  type AgreementRow,
  agreementSamplesCsv,
  agreementTable,
  agreementText,
} from "../../src/evaluation/agreement_table.ts";
import {
  type AgreementResult,
  evaluateAgreement,
  type NamedDenoiser,
  type SampleRecord,
} from "../../src/evaluation/evaluate.ts";
import { agreementPlotSvg } from "../../src/figures/agreement_plot.ts";
import { imageGridSvg } from "../../src/figures/image_grid.ts";
import { reportHtml } from "../../src/figures/report.ts";
import { scaleCurveOf, scaleCurveSvg } from "../../src/figures/scale_curve.ts";
import { writeJsonText } from "../../src/formats/json_text.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { sliceBatch } from "../../src/core/image_batch.ts";
import { writeFileAtomic } from "../../src/runs/atomic_write.ts";
import { JsonlLog } from "../../src/runs/jsonl_log.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import type { RunConfig } from "../../src/runs/run_folder.ts";
import { noiseDeviation } from "../../src/samplers/initial_noise.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { loadRasterizer } from "../cli/rasterizer.ts";
import { describePosterior } from "./posterior.ts";
import type { Session, SessionParts } from "./session.ts";
import { type LoadedNetwork, sourcesIdentity, sourcesProvenance } from "./sources.ts";

/** What is evaluated. */
export interface EvaluationSubject {
  readonly machines: readonly NamedDenoiser[];
  /** The schedules behind the machines, for the report. */
  readonly schedules: readonly ScaleSchedule[];
}

/** The configuration by which `openRun` knows an evaluation; `machines` are names. */
export function evaluationIdentity(
  protocol: SamplingProtocol,
  { machines, schedules }: {
    readonly machines: readonly string[];
    readonly schedules: readonly ScaleSchedule[];
  },
  { network, data, backend, posterior }: SessionParts,
): RunConfig {
  return {
    ...withNetworkSteps(protocol),
    machines,
    scales: schedules.map(({ machine, steps }) => [
      machine,
      steps.map(({ patchSize }) => patchSize),
    ]),
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

/** Files that an evaluation leaves in its folder. */
export const evaluationFiles = {
  log: "samples.jsonl",
  json: "evaluation.json",
  table: "agreement.csv",
  samples: "agreement_samples.csv",
  images: "images.safetensors",
  grid: "samples",
  plot: "agreement",
  report: "report.html",
} as const;

const allPositions: ReadonlySet<string> = new Set(["ES", "ELS", "ELS_wrapped", "bbELS"]);

/** Columns of the picture of samples. */
const SHOWN = 10;

/** Evaluates, or goes on after the samples that the folder's log has; writes tables and pictures. */
export async function runEvaluation(
  protocol: SamplingProtocol,
  session: Session,
  { machines, schedules }: EvaluationSubject,
): Promise<{ result: AgreementResult; rows: AgreementRow[]; text: string }> {
  const { network, run, abort, progress } = session;
  const plan = withNetworkSteps(protocol);
  using log = await JsonlLog.open(run.file(evaluationFiles.log));
  const denoiser = networkDenoiser(network);
  // Machines that match any position take most of the time: without weights the time left misleads.
  const weight = (name: string) => allPositions.has(name) ? 100 : 1;
  const steps = machines.reduce((sum, { name }) => sum + weight(name) * plan.steps, 0);
  const earlier = log.earlier.length;
  let seen = earlier * (plan.networkSteps + machines.length * plan.steps);
  let work = earlier * (plan.networkSteps + steps);
  const bar = progress.start({
    label: "evaluate",
    total: plan.samples * (plan.networkSteps + steps),
    done: work,
  });
  try {
    const result = await evaluateAgreement(denoiser, machines, {
      ...plan,
      abort,
      resume: log.earlier as unknown as SampleRecord[],
      onProgress: ({ done, name }) => {
        work += (done - seen) * weight(name);
        seen = done;
        bar.update(work, { at: name });
      },
      onSample: (record) => log.append(record as unknown as Record<string, unknown>),
    });
    bar.finish();
    const rows = agreementTable(result);
    const text = agreementText(rows, { network: network.label });
    await exportEvaluation(result, session, { rows, plan, schedules });
    return { result, rows, text };
  } finally {
    denoiser.dispose();
  }
}

async function exportEvaluation(
  result: AgreementResult,
  { run, network, data, backend, posterior }: Session,
  { rows, plan, schedules }: {
    readonly rows: readonly AgreementRow[];
    readonly plan: SamplingProtocol;
    readonly schedules: readonly ScaleSchedule[];
  },
): Promise<void> {
  const provenance = createProvenance({
    networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : ""),
    machineBackend: describePosterior(posterior),
    seed: plan.seed,
    ...sourcesProvenance(network, data),
    config: {
      ...plan,
      labels: plan.labels ?? null,
      scales: Object.fromEntries(
        schedules.map(({ machine, steps }) => [machine, steps.map(({ patchSize }) => patchSize)]),
      ),
    },
  });
  const rasterize = await loadRasterizer();
  const picture = async (name: string, svg: string) => {
    await writeFileAtomic(run.file(`${name}.svg`), svg);
    await writeFileAtomic(run.file(`${name}.png`), rasterize(svg));
  };
  const grid = sampleGrid(result, network);
  const plot = await agreementPlotSvg(
    result.machines.map((machine) => ({
      label: machine,
      values: result.samples.map(({ agreement }) => agreement[machine]!.rSquared)
        .filter((value) => value !== null),
    })).filter(({ values }) => values.length > 0),
  );
  const curves = schedules.length === 0
    ? undefined
    : await scaleCurveSvg(schedules.map((schedule) => scaleCurveOf(schedule, schedule.machine)));
  await picture(evaluationFiles.grid, grid);
  await picture(evaluationFiles.plot, plot);
  await writeFileAtomic(run.file(evaluationFiles.table), agreementCsv(rows));
  await writeFileAtomic(run.file(evaluationFiles.samples), agreementSamplesCsv(result));
  await writeFileAtomic(run.file(evaluationFiles.images), imagesFile(result));
  const cell = ({ median, low, high }: AgreementRow) =>
    median === null
      ? "undefined"
      : `${median.toFixed(3)} [${low!.toFixed(3)}, ${high!.toFixed(3)}]`;
  const measure = (machine: string, name: AgreementRow["measure"]) =>
    rows.find((row) => row.machine === machine && row.measure === name)!;
  await writeFileAtomic(
    run.file(evaluationFiles.report),
    reportHtml({
      title: `How well theory predicts ${network.label}`,
      summary:
        `${result.samples.length} samples: the network and each machine start from the same noise. ` +
        `The machines use ${
          data.images.shape[0].toLocaleString("en")
        } images of ${data.name} and ` +
        `${result.steps} steps of ${result.sampler}, the network ${result.networkSteps}; the times ` +
        `are ${result.grid}.`,
      keyNumbers: result.machines.map((machine) => ({
        label: `median r² of ${machine}`,
        value: measure(machine, "r^2").median?.toFixed(2) ?? "undefined",
      })),
      figures: [
        {
          svg: grid,
          caption: "From the same noise: the network's image and what each machine predicts.",
        },
        { svg: plot, caption: "Squared Pearson correlation with the network's image, per sample." },
        ...curves
          ? [{
            svg: curves,
            caption: "Calibrated scale against time" + (
              schedules.every(({ steps }) => steps.every(({ perSample }) => perSample.length < 2))
                ? "."
                : schedules.length === 1
                ? "; circles: the best scales of the single trajectories."
                : "; bands span the quartiles of the trajectories' best scales."
            ),
          }]
          : [],
      ],
      tables: [{
        title: "Agreement with the network",
        header: ["machine", "r", "r²", "R²"],
        rows: result.machines.map((machine) => [
          machine,
          cell(measure(machine, "r")),
          cell(measure(machine, "r^2")),
          cell(measure(machine, "R^2")),
        ]),
        note: "Medians over samples with 95 % bootstrap intervals. r: Pearson correlation; " +
          "R²: coefficient of determination with the network as reference.",
      }],
      configuration: { ...plan, labels: plan.labels?.join(",") ?? "none" },
      provenance: { ...provenance },
    }),
  );
  // Last, since it says that the others are there.
  await writeFileAtomic(
    run.file(evaluationFiles.json),
    writeJsonText({
      format: "els-evaluation",
      version: 1,
      network: network.label,
      machines: result.machines,
      sampler: result.sampler,
      grid: result.grid,
      steps: result.steps,
      networkSteps: result.networkSteps,
      medians: rows,
      samples: result.samples,
      provenance,
    }),
  );
}

function sampleGrid(result: AgreementResult, { label, schedule }: LoadedNetwork): string {
  const n = Math.min(SHOWN, result.samples.length);
  const first = (batch: AgreementResult["images"]["noise"]) => sliceBatch(batch, 0, n);
  // Noise of any process is shown as noise of unit variance.
  const { data, shape } = first(result.images.noise);
  const deviation = noiseDeviation(schedule);
  const noise = { data: data.map((value) => value / deviation), shape };
  return imageGridSvg({
    rows: [
      { label: "noise x_T", images: noise },
      ...result.machines.slice(0, 1).map((machine) => ({
        label: machine,
        images: first(result.images.machines[machine]!),
      })),
      { label: "network", images: first(result.images.network) },
      ...result.machines.slice(1).map((machine) => ({
        label: machine,
        images: first(result.images.machines[machine]!),
      })),
    ],
    captions: result.machines.map((machine) => ({
      label: `r² ${machine}`,
      values: result.samples.slice(0, n).map(({ agreement }) =>
        agreement[machine]!.rSquared?.toFixed(2) ?? "–"
      ),
    })),
    // A narrow picture has no room for it.
    ...n >= 6 && { title: `Theory and network (${label}) from the same noise` },
  });
}

function imagesFile({ images }: AgreementResult): Uint8Array {
  const named = { noise: images.noise, network: images.network, ...images.machines };
  return writeSafetensors(
    new Map(
      Object.entries(named).map(([name, { data, shape }]) =>
        [name, { dtype: "F32" as const, shape: [...shape], data }] as const
      ),
    ),
    { metadata: { layout: "NHWC", range: "[-1, 1]; noise: as sampling starts from" } },
  );
}
