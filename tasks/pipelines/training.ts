/** A training as the commands do it: resolved from a preset and flags, resumable in a run folder. */
import { ownSets } from "../../src/datasets/dataset_label.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import {
  type ArchitectureSizes,
  createNetwork,
} from "../../src/networks/architectures/architecture.ts";
import { receptiveFieldText } from "../../src/networks/analysis/candidate_check.ts";
import type { BackendInfo } from "../../src/networks/backend.ts";
import { parameterCount } from "../../src/networks/weights/parameters.ts";
import { writeWeights } from "../../src/networks/weights/weights.ts";
import { writeKept } from "../../src/runs/kept_file.ts";
import { JsonlLog } from "../../src/runs/jsonl_log.ts";
import { sha256Json, toolkit } from "../../src/runs/provenance.ts";
import { listRuns, type RunConfig } from "../../src/runs/run_record.ts";
import { openRun, type Run } from "../../src/runs/run_folder.ts";
import { writeTrainingState } from "../../src/training/checkpoint.ts";
import type { ExampleSource } from "../../src/training/examples.ts";
import { type ResolvedFormulation, resolveFormulation } from "../../src/training/formulation.ts";
import { createGradientPool } from "../../src/training/gradient_pool.ts";
import { stableTarget } from "../../src/training/target.ts";
import type { TrainingState } from "../../src/training/optimization.ts";
import { optimizeNetwork } from "../../src/training/optimize_network.ts";
import { networkName } from "../../src/networks/network_name.ts";
import { CommandError, type VerbResult } from "../cli/command.ts";
import { finishRun, type RunOutcome } from "../cli/run_result.ts";
import { presets, type TrainingPreset } from "./presets.ts";
import { tellTrainingMemory } from "./memory.ts";
import { architectureOf, resolveSizes } from "./architecture_flags.ts";
import { parseParameters } from "./formulation_flags.ts";
import type { WorkContext } from "./session.ts";
import { type Reading, readingWith } from "./reading.ts";
import { channelsOf, type FolderFlags, folderOptions } from "./sources.ts";
import { readCheckpoint, reopenUnlessReadable } from "./training_checkpoint.ts";
import { reportTraining, trainingFiles } from "./training_report.ts";

const CHECKPOINT_EVERY = 250;

/** Flags over a preset: any field of it, and what only a command line has. */
export interface TrainingFlags
  extends Readonly<Record<string, unknown>>, Partial<OrUndefined<ArchitectureSizes>>, FolderFlags {
  readonly levels?: number | undefined;
  readonly classes?: readonly number[] | undefined;
  readonly size?: number | undefined;
  readonly colors?: "gray" | "rgb" | undefined;
  readonly seed: number;
}
type OrUndefined<T> = { readonly [K in keyof T]: T[K] | undefined };

/** A preset with flags put over it, and what follows from them. */
export interface ResolvedTraining {
  readonly preset: string;
  readonly given: TrainingFlags;
  readonly config: TrainingPreset;
  /** The configuration with the sizes that its architecture has. */
  readonly recipe: Partial<TrainingPreset>;
  readonly formulation: ResolvedFormulation;
  /** Everything that decides the result, but for images and backend. */
  readonly resolved: RunConfig;
}

/** Where a training finds its images and keeps its run. */
export interface RunTrainingOptions {
  /** Where the data set lies, if not where it is found by itself. */
  readonly from?: string | undefined;
  /** Pixels that a picture may have before it is resized. */
  readonly maxPixels?: number | undefined;
  readonly workers?: number | undefined;
  /** Folder of the runs. */
  readonly out: string;
  readonly fresh?: boolean;
}

/** How far a training came. */
export interface TrainingOutcome {
  /** Folder of the run. */
  readonly path: string;
  /** Path of the weights. */
  readonly weights: string;
  /** Path of the page about it, once it is finished. */
  readonly report: string | undefined;
  /** Steps done, of all. */
  readonly step: number;
  readonly steps: number;
  /** What programs are told. */
  readonly result: VerbResult;
}

/** The preset with the flags that were given put over it. */
function overlay(preset: string, given: TrainingFlags): TrainingPreset {
  const base = presets[preset]!;
  const config: Record<string, unknown> = { ...base };
  for (const key of Object.keys(base).concat("images")) {
    if (given[key] !== undefined) config[key] = given[key];
  }
  if (given.decay !== undefined && given.decay !== "cosine") {
    const factor = Number(given.decay);
    if (!(factor > 0 && factor <= 1)) {
      throw new CommandError(
        `--decay is ${JSON.stringify(given.decay)}, expected "cosine" or a factor in (0, 1]`,
      );
    }
    config.decay = factor;
  }
  if (given.noiseSchedule !== undefined && given.noiseSchedule !== base.noiseSchedule) {
    delete config.noiseParameters; // those of another schedule
  }
  if (typeof given.noiseParameters === "string") {
    config.noiseParameters = parseParameters(given.noiseParameters);
  }
  if (given.objective === "stable") {
    config.objective = base.objective;
    config.target = "stable";
  }
  return config as unknown as TrainingPreset;
}

/**
 * The training that a preset and flags ask for.
 *
 * @throws CommandError if flags do not fit each other.
 */
export function resolveTraining(preset: string, given: TrainingFlags): ResolvedTraining {
  const config = overlay(preset, given);
  const recipe = resolveSizes(config, given);
  const formulation = resolveFormulation(config);
  const { classes, size, colors, seed, split, classesFrom, skipUnreadable } = given;
  const isChosen = ownSets.includes(config.dataset) && config.images !== undefined;
  const resolved = {
    ...{ preset, ...recipe, ...formulation.choice, classes, size, colors, seed },
    ...{ split, classesFrom, skipUnreadable },
    ...isChosen && { imagesSeed: given.imagesSeed ?? 1 },
  };
  return { preset, given, config, recipe, formulation, resolved };
}

/** The identity of a training run: what `openRun` knows it by. */
export function trainingIdentity(
  { resolved }: ResolvedTraining,
  { backend, datasetSha256 }: { readonly backend: BackendInfo; readonly datasetSha256: string },
): RunConfig {
  // Runs that exist call the weight of one by its earlier name.
  const weighting = resolved["weighting"] === "unit" ? "own" : resolved["weighting"];
  return { ...resolved, weighting, backend: backend.name, datasetSha256 };
}

/** The images of a training, and the run's identity with them. */
async function imagesAndIdentity(
  training: ResolvedTraining,
  { backend, from, maxPixels, reading }:
    & Pick<WorkContext, "backend">
    & { readonly reading?: Reading }
    & Pick<RunTrainingOptions, "from" | "maxPixels">,
) {
  const { given, config } = training;
  const data = await loadDataset(config.dataset, {
    images: config.images,
    // A preset's number is a wish; one that was given is meant.
    orAll: given["images"] === undefined,
    classes: given.classes,
    ...given.size && { size: given.size },
    channels: channelsOf(given.colors),
    ...folderOptions(given),
    ...{ from, maxPixels, ...reading },
  });
  const resolved = {
    ...training.resolved,
    ...config.images !== undefined && { images: data.images.shape[0] },
  };
  const { sha256: datasetSha256 } = data;
  return {
    data,
    resolved,
    identity: trainingIdentity({ ...training, resolved }, { backend, datasetSha256 }),
  };
}

/** Whether a training is done already: it need not be done again. */
export async function isTrained(
  training: ResolvedTraining,
  { backend, from, out }: Pick<WorkContext, "backend"> & Pick<RunTrainingOptions, "from" | "out">,
): Promise<boolean> {
  const { identity } = await imagesAndIdentity(training, { backend, from });
  const wanted = await sha256Json({ command: "train", config: identity });
  const { runs } = await listRuns(out);
  return runs.some(({ configSha256, finished }) => configSha256 === wanted && finished);
}

/** What a finished run of a training says of itself. */
async function finishedTraining(
  run: Run,
): Promise<Pick<TrainingOutcome, "report" | "result">> {
  const { files = {}, numbers = {} } = run.finished as Partial<RunOutcome>;
  const result = await finishRun(run, {
    // Earlier releases did not say which files there are.
    files: { weights: trainingFiles.weights, ...files },
    numbers,
  });
  const report = files["report"];
  return { result, report: report === undefined ? undefined : run.file(report) };
}

/**
 * Trains, or goes on where the run of the same configuration stands; a finished one is only named.
 * Weights and state are saved now and then, at the end, and when the signal aborts.
 */
export async function runTraining(
  training: ResolvedTraining,
  { backend, abort, progress }: WorkContext,
  { from, maxPixels, workers, out, fresh = false }: RunTrainingOptions,
): Promise<TrainingOutcome> {
  const { given, config, recipe } = training;
  const { choice: _, schedule, ...formulation } = training.formulation;
  const { data, resolved, identity } = await imagesAndIdentity(training, {
    ...{ backend, from, maxPixels, reading: readingWith({ progress, abort }) },
  });
  const images = data.images.shape[0];
  const label = data.label ?? data.name;
  if (config.images !== undefined && images < config.images) {
    progress.note(
      `Note: ${label} has ${images.toLocaleString("en")} images, the preset takes up to ` +
        `${config.images.toLocaleString("en")}: all are taken`,
    );
  }
  const network = createNetwork(architectureOf(recipe, data));
  const name = networkName(network.architecture, label);
  using run = await openRun({ root: out, command: "train", label: name, config: identity, fresh });
  const { steps } = config;
  const weights = run.file(trainingFiles.weights);
  if (run.finished && !run.whole) await reopenUnlessReadable(run, { weights, progress });
  progress.note(run.status);
  const outcome = { path: run.path, weights, steps };
  if (run.finished) return { ...outcome, ...await finishedTraining(run), step: steps };
  progress.note(
    `${parameterCount(network.parameters).toLocaleString("en")} parameters, ` +
      `${receptiveFieldText(network)}, ${images.toLocaleString("en")} images of ` +
      `${label}, backend ${backend.name}${backend.adapter ? ` on ${backend.adapter}` : ""} ` +
      `(${backend.reason})`,
  );

  const fingerprint = await sha256Json(identity);
  const resume = await readCheckpoint(run, { fingerprint, tell: (text) => progress.note(text) });
  using log = await JsonlLog.open(run.file(trainingFiles.log), { upToStep: resume?.step ?? 0 });
  const labels = config.conditional ? data.labels : undefined;
  const examples: ExampleSource = {
    images: data.images,
    schedule,
    batchSize: config.batchSize,
    seed: given.seed,
    ...formulation,
    ...labels && { labels },
    ...config.target === "stable" && {
      target: stableTarget({
        images: data.images,
        schedule,
        references: config.references,
        ...labels && { labels },
      }),
    },
  };
  await tellTrainingMemory(network, {
    ...{ batchSize: config.batchSize, shards: config.shards, workers, images: data.images },
    ...{ backend, progress },
  });
  // On a GPU whole steps stay there.
  const pool = backend.name === "webgpu" ? undefined : await createGradientPool(network, {
    backend: backend.name,
    shards: config.shards,
    ...workers && { workers },
  });
  const bar = progress.start({
    label: "train",
    total: steps,
    done: resume?.step ?? 0,
    unit: "images",
    unitsPerStep: config.batchSize,
  });

  const trainedAt = (state: TrainingState) => ({
    network,
    parameters: state.average,
    schedule,
    prediction: formulation.prediction,
    preconditioning: formulation.preconditioning,
    training: {
      name,
      ...resolved,
      // What later commands would have to be told again.
      from,
      ...data.classNames.length > 0 && { classNames: data.classNames },
      toolkit,
      backend: backend.name,
      step: state.step,
      datasetSha256: data.sha256,
    },
  });
  const save = async (state: TrainingState) => {
    log.sync();
    await run.write(trainingFiles.weights, writeWeights(trainedAt(state)));
    // Last, since it says that the log and the weights before it are there.
    await writeKept(run.file(trainingFiles.state), writeTrainingState(state, fingerprint));
  };
  let shown = NaN;
  try {
    const state = await optimizeNetwork(network, {
      examples,
      abort,
      ...pool && { pool },
      recipe: {
        steps,
        learningRate: { base: config.learningRate, warmup: config.warmup, decay: config.decay },
        weightDecay: config.weightDecay,
        emaDecay: config.emaDecay,
        clipNorm: config.clipNorm,
      },
      ...resume && { resume },
      checkpoints: { every: CHECKPOINT_EVERY, save },
      onStep({ step, loss, gradientNorm, learningRate }) {
        log.append({ step, loss, gradientNorm, learningRate });
        shown = Number.isNaN(shown) ? loss : 0.95 * shown + 0.05 * loss;
        bar.update(step, { loss: shown });
      },
    });
    await save(state);
    bar.finish();
    if (state.step < steps) {
      const result = { run: run.path, finished: false, files: { weights }, numbers: {} };
      return { ...outcome, report: undefined, step: state.step, result };
    }
    const report = { trained: trainedAt(state), name, data, config: identity };
    const reported = await reportTraining(run, report, { backend, abort, progress });
    await finishRun(run, reported);
    return { ...outcome, ...await finishedTraining(run), step: state.step };
  } finally {
    pool?.dispose();
  }
}
