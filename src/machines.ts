/**
 * Analytic denoisers: the score machines of Kamb & Ganguli, arXiv 2412.20292, and everything between
 * noise and an image: noise schedules, time grids, samplers, calibration against another denoiser, and
 * how well two of them agree. Loads no TensorFlow.js and reads no file: it runs in Deno, Node and
 * browsers alike.
 *
 * @example Generate an image from noise, without a network
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   ddim,
 *   initialNoise,
 *   syntheticTextures,
 *   timeGrid,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 20, size: 16 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using machine = createMachine("ELS", { images, schedule, patchSize: 5 });
 * const xT = initialNoise({ seed: 1, samples: 1, imageShape: [16, 16, 1], schedule });
 * const image = await ddim(machine, { xT, times: timeGrid("cubic", { steps: 6, schedule }) });
 * assertEquals(image.shape, [1, 16, 16, 1]);
 * ```
 *
 * @module
 */
export { calibrate } from "./calibration/calibrate.ts";
export type { CalibrateOptions, CalibrationProgress } from "./calibration/calibrate_options.ts";
export {
  type CalibratedStep,
  type Calibration,
  type CalibrationInProgress,
  type CalibrationState,
  chooseScales,
  type ChooseScalesOptions,
  type SimilarityTable,
  toScaleSchedule,
  type ToScaleScheduleOptions,
} from "./calibration/calibration.ts";
export type { CalibrationRound } from "./calibration/calibration_work.ts";
export { checkSchedule, type CheckScheduleOptions } from "./calibration/check_schedule.ts";
export {
  aggregateScales,
  bestScale,
  type BestScaleOptions,
  scaleAggregates,
} from "./calibration/choose_scale.ts";
export {
  type CalibrationQueries,
  calibrationQueries,
  cleanReference,
  type HeldOutQueries,
} from "./calibration/held_out_queries.ts";
export {
  importScales,
  type ImportScalesOptions,
  type ScaleIndexing,
  scaleIndexings,
} from "./calibration/import_scales.ts";
export { scalesAtLevels } from "./calibration/scales_at_levels.ts";
export {
  type RefinementProgress,
  refineScales,
  type RefineScalesOptions,
} from "./calibration/refine.ts";
export {
  applyRefinement,
  type Refinement,
  refinementCsv,
  type RefinementIdentity,
  type RefinementState,
} from "./calibration/refinement.ts";
export { scaleScheduleCsv, similarityCsv } from "./calibration/scale_schedule_csv.ts";
export {
  parseScaleSchedule,
  type ParseScaleScheduleOptions,
  writeScaleSchedule,
} from "./calibration/scale_schedule_json.ts";
export { scaleListGrid, type ScaleListGridOptions } from "./calibration/scale_list_grid.ts";
export { type ScaleSearch, scaleSearches } from "./calibration/scale_search.ts";
export {
  type Similarities,
  similarityMetrics,
  type SimilarityName,
  similarityNames,
} from "./calibration/similarity.ts";
export {
  ArgumentError,
  ArgumentTypeError,
  CheckpointMismatchError,
  DataFormatError,
  DeviceUnavailableError,
  DivergedError,
  type ErrorDetails,
  type Remedy,
  ToolkitError,
  type Wording,
} from "./core/errors.ts";
export {
  concatBatches,
  gatherImages,
  type ImageBatch,
  imageBatch,
  type ImageShape,
  imageShapeOf,
  sliceBatch,
  valuesPerImage,
} from "./core/image_batch.ts";
export {
  holdStream,
  type ImageStream,
  imageStream,
  type ImageStreamOptions,
  streamOf,
  streamPart,
  type TilesOptions,
} from "./core/image_stream.ts";
export type { MeetingHeader, MeetingPlace, MeetingRecord } from "./core/meeting_place.ts";
export type { Metric } from "./core/metric.ts";
export type { Provenance } from "./core/provenance.ts";
export { Random, type RandomState } from "./core/random.ts";
export { runtimeName, type RuntimeScope } from "./core/runtime.ts";
export {
  type PairedDifference,
  pairedDifference,
  type PairedDifferenceOptions,
  type SampleStatistic,
} from "./core/paired_bootstrap.ts";
export {
  bootstrapMedian,
  type BootstrapOptions,
  determination,
  lowerMedian,
  mean,
  median,
  type MedianInterval,
  mode,
  pearson,
  quantile,
} from "./core/statistics.ts";
export { bytesToImages, type LabeledBytes } from "./datasets/labeled_bytes.ts";
export type { ByteImages } from "./datasets/resize.ts";
export { type SyntheticOptions, syntheticTextures } from "./datasets/synthetic.ts";
export { textureStream, type TextureStreamOptions } from "./datasets/texture_stream.ts";
export { addNoise, type AddNoiseOptions } from "./denoisers/add_noise.ts";
export {
  type ConvertOptions,
  convertPrediction,
  predictAs,
  type PredictAsOptions,
} from "./denoisers/convert.ts";
export type {
  Denoiser,
  GrowingDenoiser,
  GrowingPredictions,
  GrowRequest,
  MultiScaleDenoiser,
  Prediction,
  PredictOptions,
} from "./denoisers/denoiser.ts";
export {
  type Agreement,
  agreement,
  type AgreementMeasure,
  agreementMeasures,
  type AgreementName,
  agreementNames,
  type AgreementOptions,
} from "./evaluation/agreement.ts";
export {
  agreementCsv,
  type AgreementRow,
  agreementSamplesCsv,
  agreementTable,
  type AgreementTableOptions,
  agreementText,
} from "./evaluation/agreement_table.ts";
export { type AskingCost, costPerQuery } from "./evaluation/asking_cost.ts";
export {
  compareDenoisers,
  type CompareOptions,
  type ComparisonProgress,
  type ComparisonResult,
  type SampleComparison,
} from "./evaluation/compare_denoisers.ts";
export { comparisonMeasures } from "./evaluation/comparison_measures.ts";
export type { ComparisonIdentity, ComparisonRecord } from "./evaluation/comparison_record.ts";
export {
  comparisonCsv,
  type ComparisonRow,
  comparisonSamplesCsv,
  type ComparisonTable,
  comparisonTable,
  type ComparisonTableOptions,
  type ComparisonWay,
} from "./evaluation/comparison_table.ts";
export {
  type CopiedRegion,
  type CopiedRegions,
  copiedRegions,
  type CopiedRegionsOptions,
  type ExplainedPixels,
} from "./evaluation/copied_regions.ts";
export {
  type DenoisingError,
  type DenoisingErrorOptions,
  denoisingErrors,
} from "./evaluation/denoising_error.ts";
export {
  type AgreementResult,
  evaluateAgreement,
  type EvaluateOptions,
  type EvaluationProgress,
  type SampleAgreement,
  type SampleRecord,
} from "./evaluation/evaluate.ts";
export type { NamedDenoiser } from "./evaluation/named_denoiser.ts";
export {
  type ExplainedStep,
  explainTrajectory,
  type ExplainTrajectoryOptions,
} from "./evaluation/explain_trajectory.ts";
export { imagesHolding } from "./evaluation/images_holding.ts";
export { type RegionSize, regionSizeQuantile, regionSizes } from "./evaluation/region_sizes.ts";
export {
  scheduledMachines,
  type ScheduledMachinesOptions,
} from "./evaluation/scheduled_machines.ts";
export { tellingPixels, type TellingPixelsOptions } from "./evaluation/telling_pixels.ts";
export {
  candidateScales,
  type CandidateScalesOptions,
  createMachine,
  type CreateMachineOptions,
} from "./machines/create_machine.ts";
export {
  type ExplainedPatch,
  explainedPatches,
  type ExplainedPatchesOptions,
  type ExplainOptions,
  type Explanation,
} from "./machines/explanation.ts";
export type {
  Filter,
  FilterContext,
  FilteredMachineDefinition,
  FilterLevel,
  FittedPosterior,
  FittedSource,
  SourceImages,
  Theory,
} from "./machines/filters.ts";
export {
  type GradientMap,
  type MachineParameters,
  parseMachineParameters,
} from "./machines/machine_parameters.ts";
export {
  largestPatchSize,
  type MachineDefinition,
  machineDefinitions,
  machineForPadding,
  machineHasScale,
  type MachineName,
  machineNames,
  machineParameterNames,
  machineTable,
  parseMachineName,
  type PatchMachineDefinition,
  type PatchMachineName,
  patchMachineNames,
  type TheoryName,
} from "./machines/machine_table.ts";
export { type MachineWindow, type WindowName, windowNames } from "./machines/machine_window.ts";
export type { Machine } from "./machines/patch_machine.ts";
export type {
  ClassScale,
  RefinementTrial,
  ScaleAggregate,
  ScaleRefinement,
  ScaleSchedule,
  ScaleStep,
} from "./machines/scale_schedule.ts";
export { type PatchSize, patchSizeAt, type PatchSizeAtOptions } from "./machines/scheduled.ts";
export { candidateWidths, type CandidateWidthsOptions, windowOf } from "./machines/windows.ts";
export {
  emptyState,
  mergeInto,
  mergeStates,
  posteriorMean,
  type PosteriorMeanOptions,
} from "./posterior/merge_states.ts";
export {
  emptyExplanation,
  logSumOf,
  mergeExplanations,
} from "./posterior/explanation/explanation_state.ts";
export type {
  ImageShard,
  MeetingPosteriorOptions,
  MeetingWait,
} from "./posterior/meeting/meeting_options.ts";
export { type MeetingPosterior, meetingPosterior } from "./posterior/meeting/meeting_posterior.ts";
export { memoryPlace } from "./posterior/meeting/memory_place.ts";
export type {
  AccumulateOptions,
  ExplainTileOptions,
  ExplanationRequest,
  ExplanationRun,
  ExplanationState,
  PatchPosterior,
  PatchRule,
  PosteriorRequest,
  PosteriorRun,
  PosteriorState,
} from "./posterior/patch_posterior.ts";
export { type BoxSumsOptions, boxSumsPosterior } from "./posterior/box_sums/box_sums_posterior.ts";
export { referencePosterior } from "./posterior/reference/reference_posterior.ts";
export { prepareImages, type TrainingSet } from "./posterior/training_set.ts";
export {
  type ProfileWindow,
  type Window,
  type WindowShape,
  windowShapes,
} from "./posterior/window.ts";
export { profileWidth } from "./posterior/window_weights.ts";
export type { KernelBuild } from "./posterior/wasm/posterior_kernel.ts";
export type { NodeThread, PosteriorThread } from "./posterior/wasm/posterior_thread.ts";
export { type PosteriorPort, servePosterior } from "./posterior/wasm/serve_posterior.ts";
export {
  type WasmPosterior,
  wasmPosterior,
  type WasmPosteriorOptions,
} from "./posterior/wasm/wasm_posterior.ts";
export type { DevicePosteriorRequest } from "./posterior/webgpu/device_mean.ts";
export {
  type WebgpuPosterior,
  webgpuPosterior,
  type WebgpuPosteriorOptions,
} from "./posterior/webgpu/webgpu_posterior.ts";
export { createProvenance, sha256Json, toolkit } from "./runs/provenance.ts";
export { churn, type ChurnOptions } from "./samplers/churn.ts";
export { ddim } from "./samplers/ddim.ts";
export { ddimPath, type DdimPathOptions } from "./samplers/ddim_path.ts";
export { ddpm, type DdpmOptions } from "./samplers/ddpm.ts";
export { euler } from "./samplers/euler.ts";
export { finishingTimes, type FinishingTimesOptions } from "./samplers/finishing_times.ts";
export { heun } from "./samplers/heun.ts";
export {
  initialNoise,
  type InitialNoiseOptions,
  noiseDeviation,
} from "./samplers/initial_noise.ts";
export {
  runSampler,
  type RunSamplerOptions,
  type Sampler,
  type SamplerOptions,
  type SamplerStep,
  type StepContext,
  stepNoise,
  type StepNoiseOptions,
  type StepPrediction,
  type StepRule,
  type StochasticSamplerOptions,
  weightedSum,
} from "./samplers/sampler.ts";
export {
  type SamplerDefinition,
  type SamplerName,
  samplerNames,
  samplers,
  samplerTable,
} from "./samplers/samplers.ts";
export {
  fitProtocol,
  sampleLabels,
  type SampleLabelsOptions,
  type SamplingProtocol,
  type SamplingProtocolOptions,
} from "./samplers/sampling_protocol.ts";
export {
  karrasTimeGrid,
  type KarrasTimeGridOptions,
  parseTimeGridName,
  powerTimeGrid,
  type TimeGrid,
  timeGrid,
  type TimeGridName,
  timeGridNames,
  type TimeGridOptions,
  timeGrids,
  uniformTimeGrid,
} from "./samplers/time_grid.ts";
export { cosine, type CosineParameters } from "./schedules/cosine.ts";
export { cosineLegacy } from "./schedules/cosine_legacy.ts";
export {
  createSchedule,
  type NoiseScheduleDefinition,
  registerSchedule,
  scheduleNames,
} from "./schedules/create_schedule.ts";
export type { BetaSchedule } from "./schedules/betas.ts";
export { ddpmDiscrete, type DdpmDiscreteParameters } from "./schedules/ddpm_discrete.ts";
export { edm, type EdmParameters } from "./schedules/edm.ts";
export { noiseLevel, timeAtLevel } from "./schedules/noise_level.ts";
export type { NoiseSchedule } from "./schedules/noise_schedule.ts";
export type { SigmaRange } from "./schedules/sigma_range.ts";
export { ve } from "./schedules/ve.ts";
export { vpLinear, type VpLinearParameters } from "./schedules/vp_linear.ts";
