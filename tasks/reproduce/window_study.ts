/** Windows set beside each other: each calibrated against a network, and asked the same as the network. */
import { mean } from "../../src/core/statistics.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { compareDenoisers } from "../../src/evaluation/compare_denoisers.ts";
import type { ComparisonRecord } from "../../src/evaluation/comparison_record.ts";
import type { NamedDenoiser } from "../../src/evaluation/named_denoiser.ts";
import { candidateScales, createMachine } from "../../src/machines/create_machine.ts";
import { machineForPadding } from "../../src/machines/machine_table.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import type { WindowName } from "../../src/machines/machine_window.ts";
import { candidateWidths } from "../../src/machines/windows.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { sampleLabels } from "../../src/samplers/sampling_protocol.ts";
import { parseSealedJson, sealedJsonText } from "../../src/runs/json_file.ts";
import { readKept } from "../../src/runs/kept_file.ts";
import { StateKeeper } from "../../src/runs/state_keeper.ts";
import { finishRun } from "../cli/run_result.ts";
import {
  calibrationIdentity,
  calibrationOutcome,
  type CalibrationPlan,
  runCalibration,
} from "../pipelines/calibration.ts";
import { scalesIdentity } from "../pipelines/scales_identity.ts";
import { openPart, type SessionParts, type WorkContext } from "../pipelines/session.ts";
import { type LoadedNetwork, protocolFor, sourcesIdentity } from "../pipelines/sources.ts";
import { seeds } from "./run_experiment.ts";
import type { WindowRow } from "./window_rows.ts";

/** What the box of the paper is called beside windows. */
export const boxName = "k x k";

/** Sizes of the study. */
export interface WindowStudySizes {
  readonly steps: number;
  readonly calibrationSamples: number;
  /** Trajectories on which scales are refined by final images then; 0: they are not. */
  readonly refineSamples: number;
  readonly samples: number;
}

/** What a network's part of the study needs. */
export interface WindowStudyContext extends WorkContext, Pick<SessionParts, "posterior"> {
  /** Folder of the runs. */
  readonly runs: string;
  readonly sizes: WindowStudySizes;
  /** Windows to try; the k x k box is always one. */
  readonly windows: readonly WindowName[];
}

/** Calibrates the box and each window against a network, and compares what they predict. */
export async function studyWindows(
  { network, data }: { readonly network: LoadedNetwork; readonly data: ImageDataset },
  context: WindowStudyContext,
): Promise<Omit<WindowRow, "network">[]> {
  const { sizes, windows, posterior, backend, abort, progress } = context;
  const { padding } = network.network.architecture;
  const machine = machineForPadding(padding);
  const named: NamedDenoiser[] = [];
  const schedules: ScaleSchedule[] = [];
  for (const window of [undefined, ...windows]) {
    const schedule = await calibrateWindow(window, { network, data }, context);
    schedules.push(schedule);
    named.push({
      name: window ?? boxName,
      denoiser: createMachine(machine, {
        images: data.images,
        labels: data.labels,
        schedule: network.schedule,
        patchSize: schedule,
        posterior,
      }),
    });
  }
  const protocol = protocolFor(network, {
    ...{ sampler: "ddim", grid: "cubic", steps: sizes.steps },
    ...{ samples: sizes.samples, seed: seeds.evaluation },
  });
  using session = await openPart({ ...context, network, data }, {
    out: context.runs,
    command: "windows",
    label: network.label,
    identity: () => ({
      ...protocol,
      machine,
      scales: schedules.map(scalesIdentity),
      ...sourcesIdentity(network, data),
      backend: backend.name,
      posterior: posterior.name,
    }),
  });
  const { run } = session;
  const path = run.file("records.json");
  const { value: kept, damage } = await readKept(
    path,
    (bytes, source) => parseSealedJson(bytes, source) as { records: ComparisonRecord[] },
  );
  if (damage !== undefined) progress.note(`${damage}; what it held is computed again`);
  const records = [...kept?.records ?? []];
  const keeper = new StateKeeper(path);
  const denoiser = networkDenoiser(network);
  let bar: ReturnType<typeof progress.start> | undefined;
  try {
    const { samples, times } = await compareDenoisers(denoiser, named, {
      ...protocol,
      batch: 4,
      resume: records,
      abort,
      onProgress: ({ done, total, name }) => {
        bar ??= progress.start({ label: `windows of ${network.label}`, total, done: 0 });
        bar.update(done, { window: name });
      },
      onRecords: (made) => {
        records.push(...made);
        return keeper.keep(() => sealedJsonText({ records }));
      },
    });
    bar?.finish();
    await keeper.flush();
    const rows = named.flatMap(({ name }, i) =>
      samples[name]!.map(({ sample, end, single }) => ({
        window: name,
        images: data.images.shape[0],
        sample,
        rSquared: end.rSquared!,
        times,
        scales: schedules[i]!.steps.map(({ patchSize }) => patchSize),
        errors: single.map((each) => each.meanSquaredError!),
      }))
    );
    const best = Math.max(
      ...named.map(({ name }) =>
        mean(rows.filter(({ window }) => window === name).map(({ rSquared }) => rSquared))
      ),
    );
    await finishRun(run, { files: {}, numbers: { windows: named.length, best } });
    return rows;
  } finally {
    denoiser.dispose();
    await keeper.flush();
  }
}

/** Calibrates in a run of its own, as `deno task calibrate` does. */
async function calibrateWindow(
  window: WindowName | undefined,
  { network, data }: { readonly network: LoadedNetwork; readonly data: ImageDataset },
  context: WindowStudyContext,
): Promise<ScaleSchedule> {
  const { sizes: { steps, calibrationSamples: samples, refineSamples } } = context;
  const { network: { receptiveField, architecture } } = network;
  const { imageShape, padding, classes } = architecture;
  const machine = machineForPadding(padding);
  const plan: CalibrationPlan = {
    machine,
    ...window && { window },
    candidates: window === undefined
      ? candidateScales(machine, { imageShape, receptiveField })
      : candidateWidths({ imageShape, receptiveField }),
    search: window === undefined ? "neighbors" : "line",
    ...protocolFor(network, {
      sampler: "ddim",
      grid: "cubic",
      steps,
      samples,
      seed: seeds.calibration,
    }),
    samples,
    metric: "cosine",
    aggregate: "median",
    ...refineSamples > 0 && {
      refine: {
        ...{ measure: "r^2", samples: refineSamples, passes: 1 },
        labels: sampleLabels({ classes, samples: refineSamples }),
      },
    },
  };
  using session = await openPart({ ...context, network, data }, {
    out: context.runs,
    command: "calibrate",
    label: `${network.label}-${machine}-${window ?? "box"}`,
    identity: (parts) => calibrationIdentity(plan, parts),
  });
  const schedule = await runCalibration(plan, session);
  await finishRun(session.run, calibrationOutcome(schedule, plan));
  return schedule;
}
