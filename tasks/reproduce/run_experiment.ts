/** One experiment: training, calibration, evaluation, each in a run folder of its own. */
import type { CalibrationState } from "../../src/calibration/calibration.ts";
import { mostSamples } from "../../src/calibration/settled.ts";
import { finishRun } from "../cli/run_result.ts";
import { evaluationIdentity, evaluationOutcome, runEvaluation } from "../pipelines/evaluation.ts";
import {
  calibrationIdentity,
  calibrationOutcome,
  type CalibrationPlan,
  runCalibration,
  samplesOf,
} from "../pipelines/calibration.ts";
import { readCalibrationState } from "../pipelines/calibration_states.ts";
import { scheduledMachines } from "../../src/evaluation/scheduled_machines.ts";
import { openPart, type WorkContext } from "../pipelines/session.ts";
import {
  type LoadedNetwork,
  loadMachineImages,
  loadNetwork,
  protocolFor,
} from "../pipelines/sources.ts";
import { runTraining, type TrainingOutcome } from "../pipelines/training.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import type { ScaleSchedule, ScaleStep } from "../../src/machines/scale_schedule.ts";
import { median } from "../../src/core/statistics.ts";
import {
  machineForPadding,
  type MachineName,
  parseMachineName,
} from "../../src/machines/machine_table.ts";
import type { PatchPosterior } from "../../src/posterior/patch_posterior.ts";
import { candidateScales } from "../../src/machines/create_machine.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import type { Experiment, TimeProtocol } from "./experiments.ts";
import { type Profile, trainingOf } from "./profiles.ts";
import type { AgreementRow } from "../../src/evaluation/agreement_table.ts";
import type { AgreementResult } from "../../src/evaluation/evaluate.ts";

/** What all experiments compute with. */
export interface ReproductionContext extends WorkContext {
  readonly profile: Profile;
  /** Folder of the runs. */
  readonly runs: string;
  /** Weights by name of experiment, in place of training. */
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
  /**
   * Cosine of the machine's eps and the network's at each of these scales, median over trajectories;
   * absent in records of earlier releases.
   */
  readonly cosine?: readonly (number | null)[];
  readonly run: string;
}

/** What a record tells of its network and images. */
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

/** A finished experiment by one protocol, as plain data. */
export interface ExperimentRecord extends SourcesRecord {
  readonly experiment: string;
  readonly protocol: TimeProtocol;
  readonly samples: number;
  readonly seeds: { readonly calibration: number; readonly evaluation: number };
  readonly scales: readonly ScalesRecord[];
  readonly medians: readonly AgreementRow[];
  /** r^2 of each sample by machine, null where undefined; absent in records of earlier releases. */
  readonly rSquared?: Readonly<Record<string, readonly (number | null)[]>>;
  /** Folder of the evaluation. */
  readonly run: string;
}

/**
 * The machines with a scale that an experiment calibrates; the first stands for the theory, and the image as
 * the published script computes it. A network with circular padding sees training images that wrap around,
 * whose patches only ELS_wrapped has.
 */
export function localMachines({ padding }: Pick<Experiment, "padding">): MachineName[] {
  const theory = machineForPadding(padding);
  return padding === "circular" ? [theory, "ELS_wrapped", "LS"] : [theory, "LS"];
}

/** Seeds of the noise: what is calibrated is evaluated on other noise. */
export const seeds = { calibration: 1, evaluation: 2 } as const;

/** A network with the images of its machines. */
export interface ExperimentSources {
  readonly network: LoadedNetwork;
  readonly data: ImageDataset;
  readonly few: ImageDataset;
}

/**
 * Trains the network of an experiment, or goes on where that stopped.
 *
 * @returns How far it came; less than all steps if the signal stopped it.
 */
export function trainExperiment(
  experiment: Experiment,
  context: ReproductionContext,
): Promise<TrainingOutcome> {
  const { profile, runs: out, workers } = context;
  const from = context.from[experiment.dataset];
  return runTraining(trainingOf(experiment, profile), context, { from, workers, out });
}

/**
 * The trained network of an experiment, trained first where it is not given, and its images.
 *
 * @returns undefined if the signal stopped the training; it is saved.
 */
export async function experimentSources(
  experiment: Experiment,
  context: ReproductionContext,
): Promise<ExperimentSources | undefined> {
  const from = context.from[experiment.dataset];
  let weights = context.weights[experiment.name];
  if (weights === undefined) {
    const outcome = await trainExperiment(experiment, context);
    if (outcome.step < outcome.steps) return undefined;
    weights = outcome.weights;
  }
  const network = await loadNetwork(weights, { out: context.runs });
  const { machineImages, calibrationImages } = context.profile.sizes(experiment);
  const known = network.training["images"];
  const trainedOn = typeof known === "number" ? known : undefined;
  const images = machineImages === undefined || trainedOn === undefined
    ? machineImages ?? trainedOn
    : Math.min(machineImages, trainedOn);
  const data = await loadMachineImages(network, { images, from });
  const few = await loadMachineImages(network, {
    images: Math.min(calibrationImages, data.images.shape[0]),
    from,
  });
  return { network, data, few };
}

/** An evaluation by a protocol, on noise that no calibration has seen. */
export function evaluationProtocol(network: LoadedNetwork, { protocol, samples }: {
  readonly protocol: TimeProtocol;
  readonly samples: number;
}): SamplingProtocol {
  const { grid, steps, networkSteps } = protocol;
  return protocolFor(network, {
    ...{ sampler: "ddim", grid, steps, networkSteps, samples, seed: seeds.evaluation },
  });
}

/** What is the same in all calibrations of an experiment. */
export function calibrationPlan(
  machine: MachineName,
  { network, protocol, samples, scales }: {
    readonly network: LoadedNetwork;
    readonly protocol: TimeProtocol;
    readonly samples: number | "auto";
    readonly scales?: readonly number[] | undefined;
  },
): CalibrationPlan {
  const { imageShape } = network.network.architecture;
  return {
    machine,
    candidates: scales ?? candidateScales(machine, {
      imageShape,
      receptiveField: network.network.receptiveField,
    }),
    search: "full",
    ...protocolFor(network, {
      ...{ sampler: "ddim", grid: protocol.grid, steps: protocol.steps },
      ...{ samples: samples === "auto" ? mostSamples : samples, seed: seeds.calibration },
    }),
    samples,
    ...samples === "auto" && { images: samples },
    metric: "cosine",
    aggregate: "median",
  };
}

/** Calibrates in the run folder that `deno task calibrate` would use. */
export async function calibrateIn(
  plan: CalibrationPlan,
  { network, few, withState = false }: ExperimentSources & {
    /** Whether the tables of all similarities are needed, too. */
    readonly withState?: boolean;
  },
  context: ReproductionContext,
): Promise<{ schedule: ScaleSchedule; path: string; state: CalibrationState | undefined }> {
  using session = await openPart({ ...context, network, data: few }, {
    out: context.runs,
    command: "calibrate",
    label: `${network.label}-${plan.machine}`,
    identity: (parts) => calibrationIdentity(plan, parts),
  });
  const { run } = session;
  const tell = (problem: string) => context.progress.note(problem);
  let schedule = await runCalibration(plan, session);
  let state = await readCalibrationState(run, "", tell);
  if (withState && !isComplete(state, plan)) {
    // Its tables are asked for, and the schedule of a finished run does not have them all.
    run.reopen();
    schedule = await runCalibration(plan, session);
    state = await readCalibrationState(run, "", tell);
  }
  await finishRun(run, calibrationOutcome(schedule, plan));
  return { schedule, path: run.path, state };
}

function isComplete(state: CalibrationState | undefined, { metric, samples }: CalibrationPlan) {
  return state?.inProgress === null &&
    (samples === "auto" || state.tables[metric].length === samples);
}

/** Network and images, as plain data. */
export function sourcesRecord(
  { network, data, few }: ExperimentSources,
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
export function scalesRecord(
  { machine, steps, candidates, metric }: ScaleSchedule,
  run: string,
): ScalesRecord {
  const chosen = ({ patchSize, similarity }: ScaleStep) => {
    const known = similarity.map((row) => row[candidates.indexOf(patchSize)] ?? null)
      .filter((value) => value !== null);
    return known.length === 0 ? null : median(known);
  };
  return {
    machine: parseMachineName(machine),
    t: steps.map(({ t }) => t),
    patchSize: steps.map(({ patchSize }) => patchSize),
    ...metric === "cosine" && { cosine: steps.map(chosen) },
    run,
  };
}

/** Does an experiment by one protocol, or what is left of it. Finished runs are only read. */
export async function runExperiment(
  experiment: Experiment,
  protocol: TimeProtocol,
  context: ReproductionContext,
): Promise<ExperimentRecord | undefined> {
  const sources = await experimentSources(experiment, context);
  if (sources === undefined) return undefined;
  const { network, data } = sources;
  const { profile } = context;
  const { calibrationSamples, samples } = profile.sizes(experiment);
  const schedules: ScaleSchedule[] = [];
  const scales: ScalesRecord[] = [];
  const local = localMachines(experiment);
  for (const name of local) {
    const plan = calibrationPlan(name, {
      ...{ network, protocol, samples: calibrationSamples, scales: profile.scales },
    });
    const { schedule, path } = await calibrateIn(plan, sources, context);
    schedules.push(schedule);
    scales.push(scalesRecord(schedule, path));
  }
  const names: MachineName[] = [...local, "IS"];
  const plan = evaluationProtocol(network, { protocol, samples });
  using session = await openPart({ ...context, network, data }, {
    out: context.runs,
    command: "evaluate",
    label: network.label,
    identity: (parts) => evaluationIdentity(plan, { machines: names, schedules }, parts),
  });
  const { run } = session;
  const machines = scheduledMachines(names, { ...session, schedule: network.schedule, schedules });
  const { rows, result } = await runEvaluation(plan, session, { machines, schedules });
  await finishRun(run, evaluationOutcome(rows));
  return {
    ...sourcesRecord(sources, { calibrationSamples: Math.max(...schedules.map(samplesOf)) }),
    experiment: experiment.name,
    protocol,
    samples,
    seeds,
    scales,
    medians: rows,
    rSquared: rSquaredOf(result),
    run: run.path,
  };
}

/** r^2 of each sample, by machine. */
export function rSquaredOf(
  { machines, samples }: AgreementResult,
): Record<string, (number | null)[]> {
  return Object.fromEntries(
    machines.map((name) => [name, samples.map(({ agreement }) => agreement[name]!.rSquared)]),
  );
}
