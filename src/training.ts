/**
 * Training of denoising networks: what they learn from, objectives and their weights, optimization,
 * checkpoints, and the run folders and logs in which it is kept.
 *
 * @example The learning rate of a run: it warms up, then decays
 * ```ts
 * import { learningRate } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = { base: 1e-3, warmup: 100, decay: "cosine" } as const;
 * assertEquals(learningRate(schedule, { step: 50, steps: 1000 }), 5e-4);
 * assertEquals(learningRate(schedule, { step: 100, steps: 1000 }), 1e-3);
 * ```
 *
 * @module
 */
export {
  CheckpointMismatchError,
  DataFormatError,
  DivergedError,
  type ErrorDetails,
} from "./core/errors.ts";
export type { ImageBatch } from "./core/image_batch.ts";
export { Random, type RandomState } from "./core/random.ts";
export type { Prediction } from "./denoisers/denoiser.ts";
export type {
  NetworkPrediction,
  Preconditioning,
  TrainedPreconditioning,
} from "./denoisers/preconditioning.ts";
export type { Architecture } from "./networks/architectures/architecture.ts";
export type { Network } from "./networks/network.ts";
export type { FlatParameters } from "./networks/weights/parameters.ts";
export type { PatchPosterior } from "./posterior/patch_posterior.ts";
export type { Artifact } from "./runs/artifacts.ts";
export { removeTemporaries, writeFileAtomic } from "./runs/atomic_write.ts";
export { ImageStore, type ImageStoreOptions, type SampleImages } from "./runs/image_store.ts";
export { JsonlLog, type LogRecord, type OpenLogOptions, readJsonl } from "./runs/jsonl_log.ts";
export type { MeetingHeader, MeetingPlace, MeetingRecord } from "./core/meeting_place.ts";
export { meetingFolder } from "./runs/meeting_folder.ts";
export { sha256File } from "./runs/provenance.ts";
export { openRun, type OpenRunOptions, Run } from "./runs/run_folder.ts";
export { listRuns, type RunConfig, type RunRecord } from "./runs/run_record.ts";
export type { NoiseSchedule } from "./schedules/noise_schedule.ts";
export { AdamW, type AdamWOptions, type AdamWState } from "./training/adamw.ts";
export { readTrainingState, writeTrainingState } from "./training/checkpoint.ts";
export { emaDecayAt, updateAverage } from "./training/ema.ts";
export { type ExampleSource, ExampleStream } from "./training/examples.ts";
export {
  defaultFormulation,
  type FormulationChoice,
  type ResolvedFormulation,
  resolveFormulation,
} from "./training/formulation.ts";
export {
  createGradientPool,
  type GradientPool,
  type GradientPoolOptions,
  type GradientResult,
} from "./training/gradient_pool.ts";
export { lossAndGradients, type TrainingBatch } from "./training/gradients.ts";
export { learningRate, type LearningRateSchedule } from "./training/learning_rate.ts";
export { drawTimes, type NoiseSampling } from "./training/noise_sampling.ts";
export {
  type Formulation,
  lossWeight,
  type LossWeighting,
  lossWeightings,
  rawTarget,
} from "./training/objective.ts";
export {
  type Optimization,
  type OptimizationRecipe,
  TrainingDivergedError,
  type TrainingState,
  type TrainingStep,
} from "./training/optimization.ts";
export {
  type Decomposition,
  type NoisyExamples,
  plainTarget,
  stableTarget,
  type StableTargetOptions,
  type Target,
} from "./training/target.ts";
export {
  measureTargets,
  type MeasureTargetsOptions,
  type TargetStatistics,
} from "./training/target_statistics.ts";
export {
  type Checkpoints,
  optimizeNetwork,
  type OptimizeOptions,
  type TrainingRecipe,
} from "./training/optimize_network.ts";
export type { Classifier, ClassifierArchitecture } from "./networks/classifiers/classifier.ts";
export { trainClassifier, type TrainClassifierOptions } from "./training/train_classifier.ts";
export { train, type Training, type TrainOptions } from "./training/train.ts";
