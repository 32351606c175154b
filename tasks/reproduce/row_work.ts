/** One row of the evidence: training, calibration, evaluation, each in a run folder of its own. */
import { evaluationIdentity, runEvaluation } from "../pipelines/evaluation.ts";
import { evaluationFiles } from "../pipelines/evaluation_export.ts";
import { calibrationFiles, calibrationIdentity } from "../pipelines/calibration.ts";
import { type CalibrationPlan, runCalibration, scalesLine } from "../pipelines/calibration.ts";
import { scheduledMachines } from "../../src/evaluation/scheduled_machines.ts";
import { openPart, type WorkContext } from "../pipelines/session.ts";
import {
  type LoadedNetwork,
  loadMachineImages,
  loadNetwork,
  protocolFor,
} from "../pipelines/sources.ts";
import { runTraining } from "../pipelines/training.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import {
  machineForPadding,
  type MachineName,
  parseMachineName,
} from "../../src/machines/machine_table.ts";
import type { PatchPosterior } from "../../src/posterior/patch_posterior.ts";
import { candidateScales } from "../../src/machines/create_machine.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { type BudgetName, budgets, type EvidenceRow, type Protocol, trainingOf } from "./rows.ts";
import type { AgreementRow } from "../../src/evaluation/agreement_table.ts";

/** What all rows compute with. */
export interface ReproductionContext extends WorkContext {
  readonly budget: BudgetName;
  /** Folder of the runs. */
  readonly runs: string;
  /** Weights by row, in place of training. */
  readonly weights: Readonly<Record<string, string>>;
  /** Where data sets lie, by name. */
  readonly from: Readonly<Record<string, string | undefined>>;
  /** What computes the machines. */
  readonly posterior: PatchPosterior;
  readonly workers: number | undefined;
}

/** Scales of a machine as the document shows them. */
export interface ScalesRecord {
  readonly machine: MachineName;
  readonly t: readonly number[];
  readonly patchSize: readonly number[];
  readonly run: string;
}

/** What a row or a study tells of its network and images. */
export interface SourcesRecord {
  readonly network: {
    readonly sha256: string;
    readonly architecture: Readonly<Record<string, unknown>>;
    /** The recipe, as the weights tell it. */
    readonly training: Readonly<Record<string, unknown>>;
    readonly path: string;
  };
  readonly dataset: { readonly name: string; readonly images: number; readonly sha256: string };
  readonly calibrationImages: number;
  readonly calibrationSamples: number;
}

/** A finished row by one protocol, as plain data. */
export interface RowRecord extends SourcesRecord {
  readonly row: string;
  readonly protocol: Protocol;
  readonly samples: number;
  readonly seeds: { readonly calibration: number; readonly evaluation: number };
  readonly scales: readonly ScalesRecord[];
  readonly medians: readonly AgreementRow[];
  /** Folder of the evaluation. */
  readonly run: string;
}

/** Seeds of the noise: what is calibrated is evaluated on other noise. */
export const seeds = { calibration: 1, evaluation: 2 } as const;

/** A network with the images of its machines. */
export interface RowSources {
  readonly network: LoadedNetwork;
  readonly data: ImageDataset;
  readonly few: ImageDataset;
}

/**
 * The trained network of a row, trained first where it is not given.
 *
 * @returns undefined if the signal stopped the training; it is saved.
 */
export async function rowSources(
  row: EvidenceRow,
  context: ReproductionContext,
): Promise<RowSources | undefined> {
  const { budget, runs, workers } = context;
  const from = context.from[row.dataset];
  let weights = context.weights[row.name];
  if (weights === undefined) {
    const outcome = await runTraining(trainingOf(row, budget), context, {
      from,
      workers,
      out: runs,
    });
    if (outcome.step < outcome.steps) return undefined;
    weights = outcome.weights;
  }
  const network = await loadNetwork(weights);
  const { machineImages, calibrationImages } = budgets[budget].sizes(row);
  const known = network.training["images"];
  const all = machineImages ?? (typeof known === "number" ? known : undefined);
  const count = all !== undefined && typeof known === "number" ? Math.min(all, known) : all;
  const data = await loadMachineImages(network, { images: count, from });
  const few = await loadMachineImages(network, {
    images: Math.min(calibrationImages, data.images.shape[0]),
    from,
  });
  return { network, data, few };
}

/** An evaluation by a protocol, on noise that no calibration has seen. */
export function evaluationProtocol(network: LoadedNetwork, { protocol, samples }: {
  readonly protocol: Protocol;
  readonly samples: number;
}): SamplingProtocol {
  const { grid, steps, networkSteps } = protocol;
  return protocolFor(network, {
    ...{ sampler: "ddim", grid, steps, networkSteps, samples, seed: seeds.evaluation },
  });
}

/** What is the same in all calibrations of a row. */
export function calibrationPlan(
  machine: MachineName,
  { network, protocol, samples }: {
    readonly network: LoadedNetwork;
    readonly protocol: Protocol;
    readonly samples: number;
  },
): CalibrationPlan {
  const { imageShape } = network.network.architecture;
  return {
    machine,
    candidates: candidateScales(machine, {
      imageShape,
      receptiveField: network.network.receptiveField,
    }),
    search: "full",
    ...protocolFor(network, {
      ...{ sampler: "ddim", grid: protocol.grid, steps: protocol.steps },
      ...{ samples, seed: seeds.calibration },
    }),
    metric: "cosine",
    aggregate: "median",
  };
}

/** Calibrates in the run folder that `deno task calibrate` would use. */
export async function calibrateIn(
  plan: CalibrationPlan,
  { network, few }: RowSources,
  context: ReproductionContext,
): Promise<{ schedule: ScaleSchedule; path: string; state: string }> {
  using session = await openPart({ ...context, network, data: few }, {
    out: context.runs,
    command: "calibrate",
    label: `${network.label}-${plan.machine}`,
    identity: (parts) => calibrationIdentity(plan, parts),
  });
  const { run } = session;
  const schedule = await runCalibration(plan, session);
  const files = calibrationFiles("");
  if (!run.finished) await run.finish({ schedule: files.schedule, scales: scalesLine(schedule) });
  return { schedule, path: run.path, state: run.file(files.state) };
}

/** Network and images, as plain data. */
export function sourcesRecord(
  { network, data, few }: RowSources,
  { calibrationSamples }: { readonly calibrationSamples: number },
): SourcesRecord {
  return {
    network: {
      sha256: network.sha256,
      architecture: { ...network.network.architecture },
      training: network.training,
      path: network.path,
    },
    dataset: { name: data.name, images: data.images.shape[0], sha256: data.sha256 },
    calibrationImages: few.images.shape[0],
    calibrationSamples,
  };
}

/** Scales of a schedule, as plain data. */
export function scalesRecord({ machine, steps }: ScaleSchedule, run: string): ScalesRecord {
  return {
    machine: parseMachineName(machine),
    t: steps.map(({ t }) => t),
    patchSize: steps.map(({ patchSize }) => patchSize),
    run,
  };
}

/** Does a row by one protocol, or what is left of it. Finished runs are only read. */
export async function doRow(
  row: EvidenceRow,
  protocol: Protocol,
  context: ReproductionContext,
): Promise<RowRecord | undefined> {
  const sources = await rowSources(row, context);
  if (sources === undefined) return undefined;
  const { network, data } = sources;
  const { calibrationSamples, samples } = budgets[context.budget].sizes(row);
  const machine = machineForPadding(network.network.architecture.padding);
  const schedules: ScaleSchedule[] = [];
  const scales: ScalesRecord[] = [];
  for (const name of [machine, "LS"] as const) {
    const plan = calibrationPlan(name, { network, protocol, samples: calibrationSamples });
    const { schedule, path } = await calibrateIn(plan, sources, context);
    schedules.push(schedule);
    scales.push(scalesRecord(schedule, path));
  }
  const names = [machine, "LS", "IS"] as const;
  const plan = evaluationProtocol(network, { protocol, samples });
  using session = await openPart({ ...context, network, data }, {
    out: context.runs,
    command: "evaluate",
    label: network.label,
    identity: (parts) => evaluationIdentity(plan, { machines: names, schedules }, parts),
  });
  const { run } = session;
  const machines = scheduledMachines(names, { ...session, schedule: network.schedule, schedules });
  const { rows } = await runEvaluation(plan, session, { machines, schedules });
  if (!run.finished) await run.finish({ report: evaluationFiles.report });
  return {
    ...sourcesRecord(sources, { calibrationSamples }),
    row: row.name,
    protocol,
    samples,
    seeds,
    scales,
    medians: rows,
    run: run.path,
  };
}
