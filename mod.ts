/**
 * Train small convolutional diffusion models, and predict what they generate with the equivariant
 * local score (ELS) machine of Kamb & Ganguli, arXiv 2412.20292.
 *
 * @example Denoise a noisy digit with the ELS machine: no network, no training
 * ```ts
 * import { addNoise, createMachine, createSchedule, loadDataset, sliceBatch } from "@els/toolkit";
 *
 * const { images } = await loadDataset("mnist", { images: 200 });
 * const schedule = createSchedule("cosine_legacy");
 * const digit = sliceBatch(images, 0, 1);
 * const noisy = addNoise(digit, { schedule, t: 0.4, seed: 1 });
 * await using machine = createMachine("ELS", { images, schedule, patchSize: 7 });
 * const denoised = await machine.predict(noisy, 0.4);
 * console.log(denoised.shape);
 * ```
 *
 * @module
 */
export { type Metric } from "./src/core/metric.ts";
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
} from "./src/core/errors.ts";
export {
  concatBatches,
  gatherImages,
  type ImageBatch,
  imageBatch,
  type ImageShape,
  imageShapeOf,
  sliceBatch,
  valuesPerImage,
} from "./src/core/image_batch.ts";
export { Random, type RandomState } from "./src/core/random.ts";
export { runtimeName, type RuntimeScope } from "./src/core/runtime.ts";
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
} from "./src/core/statistics.ts";
export {
  calibrate,
  type CalibrateOptions,
  type CalibrationProgress,
} from "./src/calibration/calibrate.ts";
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
} from "./src/calibration/calibration.ts";
export {
  aggregateScales,
  bestScale,
  type BestScaleOptions,
  scaleAggregates,
} from "./src/calibration/choose_scale.ts";
export { type ScaleSearch, scaleSearches } from "./src/calibration/scale_search.ts";
export {
  type RefinementProgress,
  refineScales,
  type RefineScalesOptions,
} from "./src/calibration/refine.ts";
export {
  applyRefinement,
  type Refinement,
  refinementCsv,
  type RefinementIdentity,
  type RefinementState,
  type RefinementTrial,
} from "./src/calibration/refinement.ts";
export {
  type Similarities,
  similarityMetrics,
  type SimilarityName,
  similarityNames,
} from "./src/calibration/similarity.ts";
export { centerCrop, withChannels } from "./src/datasets/adjust.ts";
export { type ImageDataset } from "./src/datasets/dataset.ts";
export { createImageDecoder, type ImageDecoder } from "./src/datasets/decode_image.ts";
export { type IdxArray, parseIdx, type ParseIdxOptions } from "./src/datasets/idx.ts";
export { toImageDataset, type ToImageDatasetOptions } from "./src/datasets/image_dataset.ts";
export { bytesToImages, type LabeledBytes } from "./src/datasets/labeled_bytes.ts";
export {
  datasetNames,
  loadDataset,
  type LoadDatasetOptions,
  registerDataset,
} from "./src/datasets/registry_files.ts";
export { type ByteImages, resizeBilinear } from "./src/datasets/resize.ts";
export {
  type DatasetAbout,
  type DatasetArchive,
  type DatasetRequest,
  type DatasetSource,
  type ImportProgress,
  type OfficialFile,
  type OpenDataset,
  openInMemory,
  type Split,
} from "./src/datasets/source.ts";
export { type SubsetOptions } from "./src/datasets/subset.ts";
export { type SyntheticOptions, syntheticTextures } from "./src/datasets/synthetic.ts";
export { addNoise, type AddNoiseOptions } from "./src/denoisers/add_noise.ts";
export {
  type ConvertOptions,
  convertPrediction,
  predictAs,
  type PredictAsOptions,
} from "./src/denoisers/convert.ts";
export {
  type Denoiser,
  type MultiScaleDenoiser,
  type Prediction,
  type PredictOptions,
} from "./src/denoisers/denoiser.ts";
export {
  checkPreconditioning,
  type NetworkPrediction,
  type Preconditioning,
  type PreconditioningFactors,
  preconditioningFactors,
  preconditioningKinds,
} from "./src/denoisers/preconditioning.ts";
export {
  type Agreement,
  agreement,
  type AgreementMeasure,
  agreementMeasures,
  type AgreementName,
  agreementNames,
  type AgreementOptions,
} from "./src/evaluation/agreement.ts";
export {
  agreementCsv,
  type AgreementRow,
  agreementSamplesCsv,
  agreementTable,
  type AgreementTableOptions,
  agreementText,
} from "./src/evaluation/agreement_table.ts";
export {
  type AgreementResult,
  evaluateAgreement,
  type EvaluateOptions,
  type EvaluationProgress,
  type NamedDenoiser,
  type SampleAgreement,
  type SampleRecord,
} from "./src/evaluation/evaluate.ts";
export {
  type AgreementGroup,
  type AgreementPlotOptions,
  agreementPlotSvg,
} from "./src/figures/agreement_plot.ts";
export {
  type GridCaption,
  type GridRow,
  type ImageGrid,
  type ImageGridOptions,
  imageGridPng,
  imageGridSvg,
} from "./src/figures/image_grid.ts";
export { type LossCurve, type LossCurveOptions, lossCurveSvg } from "./src/figures/loss_curve.ts";
export { type PlotOptions } from "./src/figures/plot_svg.ts";
export {
  receptiveFieldMapsExplained,
  receptiveFieldMapsSvg,
} from "./src/figures/receptive_field_maps.ts";
export {
  receptiveFieldPlotExplained,
  type ReceptiveFieldPlotOptions,
  receptiveFieldPlotSvg,
} from "./src/figures/receptive_field_plot.ts";
export {
  createRasterizer,
  type Rasterizer,
  type RasterizerAssets,
} from "./src/figures/rasterize.ts";
export {
  type KeyNumber,
  type Report,
  type ReportFigure,
  reportHtml,
  type ReportTable,
} from "./src/figures/report.ts";
export {
  type ScaleCurve,
  scaleCurveOf,
  type ScaleCurveOptions,
  scaleCurveSvg,
} from "./src/figures/scale_curve.ts";
export { type TargetCurveOptions, targetCurveSvg } from "./src/figures/target_curve.ts";
export { type TargetPoint } from "./src/figures/target_point.ts";
export { tileImages, type TileOptions } from "./src/figures/tile_images.ts";
export { parseNpy, writeNpy } from "./src/formats/npy.ts";
export { PickledObject, type PickleGlobal } from "./src/formats/pickle.ts";
export { decodePng, encodePng } from "./src/formats/png.ts";
export { type Provenance } from "./src/core/provenance.ts";
export {
  effectiveField,
  type FieldAtTime,
  type FieldProfile,
  fieldProfile,
  fieldShares,
  type ReceptiveField,
  receptiveFieldCsv,
} from "./src/networks/analysis/field_profile.ts";
export {
  type ByteTensor,
  type DoubleTensor,
  type FloatTensor,
  type IntTensor,
  type LongTensor,
  parseSafetensors,
  type Safetensors,
  type StoredTensor,
  writeSafetensors,
  type WriteSafetensorsOptions,
} from "./src/formats/safetensors.ts";
export {
  parseScaleList,
  type ParseScaleListOptions,
  scaleList,
  scaleListTimes,
  writeNpyList,
} from "./src/calibration/scale_list.ts";
export {
  type ScaleAggregate,
  type ScaleSchedule,
  type ScaleStep,
} from "./src/machines/scale_schedule.ts";
export { scaleScheduleCsv, similarityCsv } from "./src/calibration/scale_schedule_csv.ts";
export {
  parseScaleSchedule,
  type ParseScaleScheduleOptions,
  writeScaleSchedule,
} from "./src/calibration/scale_schedule_json.ts";
export { isTorch, parseTorch, type ParseTorchOptions } from "./src/formats/torch_file.ts";
export {
  type NumberTable,
  numberTable,
  type TorchStateDict,
  torchStateDict,
} from "./src/formats/torch_values.ts";
export { writeTorchList, writeTorchStateDict } from "./src/formats/torch_writer.ts";
export {
  emptyState,
  mergeInto,
  mergeStates,
  posteriorMean,
  type PosteriorMeanOptions,
} from "./src/posterior/merge_states.ts";
export type {
  AccumulateOptions,
  PatchPosterior,
  PatchRule,
  PosteriorRequest,
  PosteriorRun,
  PosteriorState,
} from "./src/posterior/patch_posterior.ts";
export { referencePosterior } from "./src/posterior/reference/reference_posterior.ts";
export type { KernelBuild } from "./src/posterior/wasm/posterior_kernel.ts";
export {
  type WasmPosterior,
  wasmPosterior,
  type WasmPosteriorOptions,
} from "./src/posterior/wasm/wasm_posterior.ts";
export {
  type DevicePosteriorRequest,
  type WebgpuPosterior,
  webgpuPosterior,
  type WebgpuPosteriorOptions,
} from "./src/posterior/webgpu/webgpu_posterior.ts";
export {
  candidateScales,
  type CandidateScalesOptions,
  createMachine,
  type CreateMachineOptions,
} from "./src/machines/create_machine.ts";
export {
  importScales,
  type ImportScalesOptions,
  type ScaleIndexing,
  scaleIndexings,
} from "./src/calibration/import_scales.ts";
export {
  largestPatchSize,
  type MachineDefinition,
  machineDefinitions,
  machineHasScale,
  type MachineName,
  machineNames,
  machineTable,
  parseMachineName,
} from "./src/machines/machine_table.ts";
export type { Machine } from "./src/machines/patch_machine.ts";
export { type PatchSize, patchSizeAt, type PatchSizeAtOptions } from "./src/machines/scheduled.ts";
export {
  type Architecture,
  architectureKinds,
  architectureSizes,
  createNetwork,
  parseArchitecture,
} from "./src/networks/architectures/architecture.ts";
export {
  attentionUnet,
  type AttentionUnetArchitecture,
} from "./src/networks/architectures/attention_unet.ts";
export { type BackendChoice, type BackendInfo, startBackend } from "./src/networks/backend.ts";
export { type Padding } from "./src/networks/layers/conv2d_implementation.ts";
export {
  type ArchitectureBase,
  type ForwardOptions,
  type Network,
  type NetworkInput,
} from "./src/networks/network.ts";
export { type NetworkDenoiser, networkDenoiser } from "./src/networks/network_denoiser.ts";
export {
  type FlatParameters,
  fromStateDict,
  initialParameters,
  parameterCount,
  type Parameters,
  type ParameterSpec,
  type StoredArray,
  toStateDict,
  unflatten,
} from "./src/networks/weights/parameters.ts";
export { resnet, type ResnetArchitecture } from "./src/networks/architectures/resnet.ts";
export { timeEmbedding } from "./src/networks/layers/time_embedding.ts";
export { unet, type UnetArchitecture } from "./src/networks/architectures/unet.ts";
export {
  type FieldPoint,
  measureReceptiveField,
  type MeasureReceptiveFieldOptions,
} from "./src/networks/analysis/receptive_field.ts";
export {
  networkFromTorch,
  readTorchWeights,
  type ReadTorchWeightsOptions,
} from "./src/networks/weights/torch_weights.ts";
export { readWeights, type TrainedNetwork, writeWeights } from "./src/networks/weights/weights.ts";
export { removeTemporaries, writeFileAtomic } from "./src/runs/atomic_write.ts";
export { JsonlLog, type LogRecord, type OpenLogOptions, readJsonl } from "./src/runs/jsonl_log.ts";
export { createProvenance, sha256File, sha256Json, toolkit } from "./src/runs/provenance.ts";
export {
  listRuns,
  openRun,
  type OpenRunOptions,
  Run,
  type RunConfig,
  type RunRecord,
} from "./src/runs/run_folder.ts";
export { churn, type ChurnOptions } from "./src/samplers/churn.ts";
export { ddim } from "./src/samplers/ddim.ts";
export { ddpm, type DdpmOptions } from "./src/samplers/ddpm.ts";
export { euler } from "./src/samplers/euler.ts";
export { heun } from "./src/samplers/heun.ts";
export {
  initialNoise,
  type InitialNoiseOptions,
  noiseDeviation,
} from "./src/samplers/initial_noise.ts";
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
} from "./src/samplers/sampler.ts";
export {
  type SamplerDefinition,
  type SamplerName,
  samplerNames,
  samplers,
  samplerTable,
} from "./src/samplers/samplers.ts";
export {
  type SamplingProtocol,
  type SamplingProtocolOptions,
} from "./src/samplers/sampling_protocol.ts";
export {
  checkTimes,
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
} from "./src/samplers/time_grid.ts";
export { cosine, type CosineParameters } from "./src/schedules/cosine.ts";
export { cosineLegacy } from "./src/schedules/cosine_legacy.ts";
export {
  createSchedule,
  type NoiseScheduleDefinition,
  registerSchedule,
  scheduleNames,
} from "./src/schedules/create_schedule.ts";
export { edm, type EdmParameters } from "./src/schedules/edm.ts";
export { noiseLevel, timeAtLevel } from "./src/schedules/noise_level.ts";
export { type NoiseSchedule } from "./src/schedules/noise_schedule.ts";
export { type SigmaRange } from "./src/schedules/sigma_range.ts";
export { ve } from "./src/schedules/ve.ts";
export { vpLinear, type VpLinearParameters } from "./src/schedules/vp_linear.ts";
export { AdamW, type AdamWOptions, type AdamWState } from "./src/training/adamw.ts";
export { readTrainingState, writeTrainingState } from "./src/training/checkpoint.ts";
export { emaDecayAt, updateAverage } from "./src/training/ema.ts";
export { type ExampleSource, ExampleStream } from "./src/training/examples.ts";
export {
  createGradientPool,
  type GradientPool,
  type GradientPoolOptions,
  type GradientResult,
} from "./src/training/gradient_pool.ts";
export { lossAndGradients, type TrainingBatch } from "./src/training/gradients.ts";
export { learningRate, type LearningRateSchedule } from "./src/training/learning_rate.ts";
export {
  checkNoiseSampling,
  drawTimes,
  type NoiseSampling,
} from "./src/training/noise_sampling.ts";
export {
  type Formulation,
  lossWeight,
  type LossWeighting,
  lossWeightings,
  rawTarget,
} from "./src/training/objective.ts";
export {
  measureTargets,
  type MeasureTargetsOptions,
  type TargetStatistics,
} from "./src/training/target_statistics.ts";
export {
  type Optimization,
  type OptimizationRecipe,
  TrainingDivergedError,
  type TrainingState,
  type TrainingStep,
} from "./src/training/optimization.ts";
export {
  type Decomposition,
  type NoisyExamples,
  plainTarget,
  stableTarget,
  type StableTargetOptions,
  type Target,
} from "./src/training/target.ts";
export {
  type Checkpoints,
  train,
  type TrainingRecipe,
  type TrainOptions,
} from "./src/training/train.ts";
