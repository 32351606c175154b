/**
 * Analytic denoisers: the score machines of Kamb & Ganguli, arXiv 2412.20292, and the patch posterior
 * that they share, with the forward processes and the images that they need. Loads no TensorFlow.js and
 * reads no file: it runs in a browser too.
 *
 * @example Denoise a noisy texture with the ELS machine
 * ```ts
 * import {
 *   addNoise,
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   sliceBatch,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 20, size: 16 }));
 * const schedule = createSchedule("cosine_legacy");
 * const noisy = addNoise(sliceBatch(images, 0, 1), { schedule, t: 0.4, seed: 1 });
 * await using machine = createMachine("ELS", { images, schedule, patchSize: 5 });
 * const denoised = await machine.predict(noisy, 0.4);
 * assertEquals(denoised.shape, [1, 16, 16, 1]);
 * ```
 *
 * @module
 */
export {
  ArgumentError,
  ArgumentTypeError,
  DataFormatError,
  DeviceUnavailableError,
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
  sliceBatch,
} from "./core/image_batch.ts";
export { bytesToImages, type LabeledBytes } from "./datasets/labeled_bytes.ts";
export { type ByteImages } from "./datasets/resize.ts";
export { type SyntheticOptions, syntheticTextures } from "./datasets/synthetic.ts";
export { addNoise, type AddNoiseOptions } from "./denoisers/add_noise.ts";
export type {
  Denoiser,
  MultiScaleDenoiser,
  Prediction,
  PredictOptions,
} from "./denoisers/denoiser.ts";
export type { Provenance } from "./core/provenance.ts";
export type { ScaleAggregate, ScaleSchedule, ScaleStep } from "./machines/scale_schedule.ts";
export {
  parseScaleSchedule,
  type ParseScaleScheduleOptions,
  writeScaleSchedule,
} from "./calibration/scale_schedule_json.ts";
export {
  emptyState,
  mergeInto,
  mergeStates,
  posteriorMean,
  type PosteriorMeanOptions,
} from "./posterior/merge_states.ts";
export type {
  AccumulateOptions,
  PatchPosterior,
  PatchRule,
  PosteriorRequest,
  PosteriorRun,
  PosteriorState,
} from "./posterior/patch_posterior.ts";
export { referencePosterior } from "./posterior/reference/reference_posterior.ts";
export type { KernelBuild } from "./posterior/wasm/posterior_kernel.ts";
export {
  type WasmPosterior,
  wasmPosterior,
  type WasmPosteriorOptions,
} from "./posterior/wasm/wasm_posterior.ts";
export {
  type DevicePosteriorRequest,
  type WebgpuPosterior,
  webgpuPosterior,
  type WebgpuPosteriorOptions,
} from "./posterior/webgpu/webgpu_posterior.ts";
export {
  createSchedule,
  type NoiseScheduleDefinition,
  registerSchedule,
  scheduleNames,
} from "./schedules/create_schedule.ts";
export type { NoiseSchedule } from "./schedules/noise_schedule.ts";
export {
  candidateScales,
  type CandidateScalesOptions,
  createMachine,
  type CreateMachineOptions,
} from "./machines/create_machine.ts";
export {
  importScales,
  type ImportScalesOptions,
  type ScaleIndexing,
  scaleIndexings,
} from "./calibration/import_scales.ts";
export {
  largestPatchSize,
  type MachineDefinition,
  machineDefinitions,
  machineHasScale,
  type MachineName,
  machineNames,
  machineTable,
  parseMachineName,
} from "./machines/machine_table.ts";
export type { Machine } from "./machines/patch_machine.ts";
export { type PatchSize, patchSizeAt, type PatchSizeAtOptions } from "./machines/scheduled.ts";
