/**
 * Analytic denoisers: the score machines of Kamb & Ganguli, arXiv 2412.20292, and the patch posterior
 * that they share. Loads no TensorFlow.js.
 *
 * @module
 */
export { type ImageBatch, imageBatch, type ImageShape } from "../array/image_batch.ts";
export type {
  Denoiser,
  MultiScaleDenoiser,
  Prediction,
  PredictOptions,
} from "../denoisers/denoiser.ts";
export type { Provenance } from "../formats/provenance.ts";
export type {
  MachineName,
  ScaleAggregate,
  ScaleSchedule,
  ScaleStep,
  SimilarityMetric,
} from "../formats/scale_schedule.ts";
export {
  emptyState,
  mergeInto,
  mergeStates,
  posteriorMean,
  type PosteriorMeanOptions,
} from "../kernels/merge_states.ts";
export type {
  AccumulateOptions,
  PatchPosterior,
  PatchRule,
  PosteriorRequest,
  PosteriorRun,
  PosteriorState,
} from "../kernels/patch_posterior.ts";
export { referencePosterior } from "../kernels/reference/reference_posterior.ts";
export type { KernelBuild } from "../kernels/wasm/posterior_kernel.ts";
export {
  type WasmPosterior,
  wasmPosterior,
  type WasmPosteriorOptions,
} from "../kernels/wasm/wasm_posterior.ts";
export {
  type DevicePosteriorRequest,
  type WebgpuPosterior,
  webgpuPosterior,
  type WebgpuPosteriorOptions,
} from "../kernels/webgpu/webgpu_posterior.ts";
export type { NoiseSchedule } from "../schedules/noise_schedule.ts";
export { boundaryBroken } from "./boundary_broken.ts";
export {
  candidateScales,
  type CandidateScalesOptions,
  createMachine,
  type CreateMachineOptions,
  machineDefinitions,
  machineNames,
  parseMachineName,
} from "./create_machine.ts";
export { equivariant } from "./equivariant.ts";
export { equivariantLocal, equivariantLocalWrapped } from "./equivariant_local.ts";
export { ideal } from "./ideal.ts";
export { local } from "./local.ts";
export type { MachineDefinition } from "./machine_definition.ts";
export type { Machine } from "./patch_machine.ts";
export { type KernelSize, kernelSizeAt, type KernelSizeAtOptions } from "./scheduled.ts";
