/**
 * Train small convolutional diffusion models, and predict what they generate with the equivariant
 * local score (ELS) machine of Kamb & Ganguli, arXiv 2412.20292.
 *
 * These are the verbs of the workflow. Everything that they are made of has an entry point of its own:
 * `/machines` (machines, noise schedules, samplers, calibration and evaluation, without TensorFlow.js),
 * `/networks`, `/training`, `/quality`, `/zoo`, `/datasets`, `/formats` and `/figures`.
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
export { calibrate } from "./src/calibration/calibrate.ts";
export type { CalibrateOptions } from "./src/calibration/calibrate_options.ts";
export {
  type Calibration,
  toScaleSchedule,
  type ToScaleScheduleOptions,
} from "./src/calibration/calibration.ts";
export {
  parseScaleSchedule,
  type ParseScaleScheduleOptions,
  writeScaleSchedule,
} from "./src/calibration/scale_schedule_json.ts";
export {
  CheckpointMismatchError,
  DataFormatError,
  DeviceUnavailableError,
  type ErrorDetails,
  ToolkitError,
} from "./src/core/errors.ts";
export {
  type ImageBatch,
  imageBatch,
  type ImageShape,
  sliceBatch,
} from "./src/core/image_batch.ts";
export type { Provenance } from "./src/core/provenance.ts";
export type { ImageDataset } from "./src/datasets/dataset.ts";
export { loadDataset, type LoadDatasetOptions } from "./src/datasets/registry_files.ts";
export { addNoise, type AddNoiseOptions } from "./src/denoisers/add_noise.ts";
export type { Denoiser, MultiScaleDenoiser, PredictOptions } from "./src/denoisers/denoiser.ts";
export {
  type AgreementRow,
  agreementTable,
  type AgreementTableOptions,
  agreementText,
} from "./src/evaluation/agreement_table.ts";
export {
  type AgreementResult,
  evaluateAgreement,
  type EvaluateOptions,
} from "./src/evaluation/evaluate.ts";
export type { NamedDenoiser } from "./src/evaluation/named_denoiser.ts";
export { imageGridPng } from "./src/figures/image_grid.ts";
export type { TileOptions } from "./src/figures/tile_images.ts";
export {
  candidateScales,
  type CandidateScalesOptions,
  createMachine,
  type CreateMachineOptions,
} from "./src/machines/create_machine.ts";
export type { MachineDefinition, MachineName } from "./src/machines/machine_table.ts";
export type { Machine } from "./src/machines/patch_machine.ts";
export type { ScaleSchedule } from "./src/machines/scale_schedule.ts";
export { type Architecture, createNetwork } from "./src/networks/architectures/architecture.ts";
export {
  type BackendChoice,
  type BackendInfo,
  startBackend,
  type StartBackendOptions,
} from "./src/networks/backend.ts";
export type { Network } from "./src/networks/network.ts";
export { type NetworkDenoiser, networkDenoiser } from "./src/networks/network_denoiser.ts";
export {
  readWeights,
  type ReadWeightsOptions,
  type TrainedNetwork,
  writeWeights,
} from "./src/networks/weights/weights.ts";
export { createProvenance } from "./src/runs/provenance.ts";
export { ddim } from "./src/samplers/ddim.ts";
export { initialNoise, type InitialNoiseOptions } from "./src/samplers/initial_noise.ts";
export type { SamplerOptions } from "./src/samplers/sampler.ts";
export {
  type TimeGrid,
  timeGrid,
  type TimeGridName,
  type TimeGridOptions,
} from "./src/samplers/time_grid.ts";
export { createSchedule } from "./src/schedules/create_schedule.ts";
export type { NoiseSchedule } from "./src/schedules/noise_schedule.ts";
export { train, type Training, type TrainOptions } from "./src/training/train.ts";
export { loadZooNetwork } from "./src/zoo/zoo.ts";
export type { ZooOptions } from "./src/zoo/zoo_files.ts";
export { zooEntries, type ZooEntry } from "./src/zoo/zoo_index.ts";
