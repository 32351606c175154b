/**
 * Runs programs on the device, the command queue and the buffers of TensorFlow.js's webgpu backend.
 *
 * Why not its own `runWebGPUProgram`: that writes one tensor per program and passes shapes as uniforms.
 * Ours update several tensors in place and have their shapes compiled in, so that indices divide by
 * constants. The members used are those of version 4.22.0, the last.
 */
import * as tf from "@tensorflow/tfjs";
import { compileNow } from "../../../gpu/compile.ts";
import {
  type GpuProgram,
  hasParams,
  packParams,
  paramBytes,
  type ParamTypes,
  type ParamValues,
} from "../../../gpu/program.ts";
import { spread } from "../../../gpu/workgroup_wgsl.ts";

/** What is used of the webgpu backend. */
export interface WebgpuBackend {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly bufferManager: { acquireBuffer(size: number, usage: number): GPUBuffer };
  readonly tensorMap: { get(dataId: object): { resource: GPUBuffer } };
  readonly commandQueueOwnedIds: WeakSet<object>;
  readonly uniformPendingDisposal: GPUBuffer[];
  readonly commandEncoder: GPUCommandEncoder;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  makeTensorInfo(shape: readonly number[], dtype: "float32"): tf.TensorInfo;
  uploadToGPU(dataId: object): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** The webgpu backend, which must be the one in use. */
export function webgpuBackend(): WebgpuBackend {
  return tf.backend() as unknown as WebgpuBackend;
}

/** Buffers of numbers that are sizes, on each device: they come again with every step, and are few. */
const sizeBuffers = new WeakMap<GPUDevice, Map<string, GPUBuffer>>();

/** The buffer of a run's numbers. */
function paramsBuffer<P extends ParamTypes>(
  { device, queue, bufferManager, uniformPendingDisposal }: WebgpuBackend,
  program: GpuProgram<P>,
  values: ParamValues<P>,
): GPUBuffer {
  let known = sizeBuffers.get(device);
  if (known === undefined) sizeBuffers.set(device, known = new Map());
  const repeats = Object.values(program.params).every((type) => type === "u32");
  const key = Object.keys(program.params).map((name) => values[name]).join();
  const found = repeats ? known.get(key) : undefined;
  if (found) return found;
  const size = paramBytes(program);
  const bytes = new DataView(new ArrayBuffer(size));
  packParams(program, values, { into: bytes });
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
  const buffer = repeats
    ? device.createBuffer({ size, usage })
    : bufferManager.acquireBuffer(size, usage);
  queue.writeBuffer(buffer, 0, bytes.buffer);
  if (repeats) known.set(key, buffer);
  else uniformPendingDisposal.push(buffer);
  return buffer;
}

/** The buffer of a tensor, with its values on the device and kept until the queue is submitted. */
export function bufferOf(backend: WebgpuBackend, { dataId }: tf.TensorInfo): GPUBuffer {
  backend.uploadToGPU(dataId);
  backend.commandQueueOwnedIds.add(dataId);
  return backend.tensorMap.get(dataId).resource;
}

/** What a run of a program reads and writes. */
export interface GpuRun<P extends ParamTypes> {
  /** Tensors in the order of the program's arrays; none may appear twice if it is written. */
  readonly tensors: readonly tf.TensorInfo[];
  readonly params: ParamValues<P>;
  /** Workgroups in all; `entryPoint` gives each its number. */
  readonly workgroups: number;
}

/** How many operations are recorded before they are submitted together; tfjs's own default. */
const BATCH = 15;

/** Records a run of a program in the queue of TensorFlow.js, after everything recorded before. */
export function runProgram<P extends ParamTypes>(
  backend: WebgpuBackend,
  program: GpuProgram<P>,
  { tensors, params, workgroups }: GpuRun<P>,
): void {
  const { device } = backend;
  const buffers = tensors.map((tensor) => bufferOf(backend, tensor));
  const told = hasParams(program);
  if (told) buffers.unshift(paramsBuffer(backend, program, params));
  const { pipeline, layout } = compileNow(device, program);
  const bindGroup = device.createBindGroup({
    layout,
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  backend.ensureCommandEncoderReady();
  const pass = backend.computePassEncoder ??= backend.commandEncoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup, told ? [0] : []);
  pass.dispatchWorkgroups(...spread(workgroups, device));
  if (++backend.dispatchCountInPass >= BATCH) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
}

/** A copy between tensors. */
export interface GpuCopy {
  readonly from: tf.TensorInfo;
  readonly to: tf.TensorInfo;
  /** First value to read; default 0. */
  readonly fromAt?: number;
  /** First value to write; default 0. */
  readonly toAt?: number;
  /** Number of values. */
  readonly count: number;
}

/** Records copies of values between tensors: much cheaper than as many programs. */
export function copyValues(backend: WebgpuBackend, copies: readonly GpuCopy[]): void {
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  for (const { from, to, fromAt = 0, toAt = 0, count } of copies) {
    const [source, target] = [bufferOf(backend, from), bufferOf(backend, to)];
    backend.ensureCommandEncoderReady();
    backend.commandEncoder.copyBufferToBuffer(source, 4 * fromAt, target, 4 * toAt, 4 * count);
  }
}
