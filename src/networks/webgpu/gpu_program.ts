/**
 * Programs in WGSL on the device, the command queue and the buffers of TensorFlow.js's webgpu backend.
 *
 * Why not its own `runWebGPUProgram`: that writes one tensor per program and passes shapes as uniforms.
 * Ours update several tensors in place and have their shapes compiled in, so that indices divide by
 * constants. The members used are those of version 4.22.0, the last.
 */
import * as tf from "@tensorflow/tfjs";

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

/** A program, compiled once on each device. */
export interface GpuProgram {
  /**
   * WGSL without its bindings; entry point `main`. It may use the names of `tensors` as arrays, and
   * `uniforms` as a struct.
   */
  readonly code: string;
  /** Arrays by name: what an element is, and whether the program writes it. */
  readonly tensors: readonly GpuArray[];
  /** Names of u32 and f32 numbers that are told to each run. */
  readonly uniforms: readonly { readonly name: string; readonly type: "u32" | "f32" }[];
}

/** A tensor as a program sees it. */
export interface GpuArray {
  readonly name: string;
  readonly element: "f32" | "vec4f";
  readonly write?: true;
}

/** The webgpu backend, which must be the one in use. */
export function webgpuBackend(): WebgpuBackend {
  return tf.backend() as unknown as WebgpuBackend;
}

const compiled = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

function pipelineOf(device: GPUDevice, { code, tensors, uniforms }: GpuProgram) {
  const bindings = tensors.map(({ name, element, write }, i) =>
    `@group(0) @binding(${i}) var<storage, ${write ? "read_write" : "read"}> ${name}: ` +
    `array<${element}>;`
  );
  if (uniforms.length > 0) {
    const fields = uniforms.map(({ name, type }) => `${name}: ${type}`).join(", ");
    bindings.push(`struct Uniforms { ${fields} }`);
    bindings.push(`@group(0) @binding(${tensors.length}) var<uniform> uniforms: Uniforms;`);
  }
  const source = `${bindings.join("\n")}\n${code}`;
  let pipelines = compiled.get(device);
  if (pipelines === undefined) compiled.set(device, pipelines = new Map());
  let pipeline = pipelines.get(source);
  if (pipeline === undefined) {
    const module = device.createShaderModule({ code: source });
    pipeline = device.createComputePipeline({
      layout: "auto",
      compute: { module, entryPoint: "main" },
    });
    pipelines.set(source, pipeline);
  }
  return pipeline;
}

/** The buffer of a tensor, with its values on the device and kept until the queue is submitted. */
export function bufferOf(backend: WebgpuBackend, { dataId }: tf.TensorInfo): GPUBuffer {
  backend.uploadToGPU(dataId);
  backend.commandQueueOwnedIds.add(dataId);
  return backend.tensorMap.get(dataId).resource;
}

/** What a run of a program reads and writes. */
export interface GpuRun {
  /** Tensors in the order of the program's arrays; none may appear twice if it is written. */
  readonly tensors: readonly tf.TensorInfo[];
  /** Numbers in the order of the program's uniforms. */
  readonly uniforms?: readonly number[];
  /** Workgroups in all; the program finds its own number by {@linkcode groupNumber}. */
  readonly workgroups: number;
}

/** WGSL that counts workgroups, which are laid out in two dimensions where one does not hold them. */
export const groupNumber = `
fn groupNumber(group: vec3u, groups: vec3u) -> u32 { return group.x + group.y * groups.x; }
`;

/** How many operations are recorded before they are submitted together; tfjs's own default. */
const BATCH = 15;

/** Records a run of a program in the queue of TensorFlow.js, after everything recorded before. */
export function runProgram(
  backend: WebgpuBackend,
  program: GpuProgram,
  { tensors, uniforms = [], workgroups }: GpuRun,
): void {
  const { device } = backend;
  const buffers = tensors.map((tensor) => bufferOf(backend, tensor));
  const pipeline = pipelineOf(device, program);
  if (program.uniforms.length > 0) {
    const bytes = new DataView(new ArrayBuffer(Math.ceil(program.uniforms.length / 4) * 16));
    program.uniforms.forEach(({ type }, i) => {
      if (type === "u32") bytes.setUint32(4 * i, uniforms[i]!, true);
      else bytes.setFloat32(4 * i, uniforms[i]!, true);
    });
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
    const buffer = backend.bufferManager.acquireBuffer(bytes.byteLength, usage);
    backend.queue.writeBuffer(buffer, 0, bytes.buffer);
    backend.uniformPendingDisposal.push(buffer);
    buffers.push(buffer);
  }
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const most = device.limits.maxComputeWorkgroupsPerDimension;
  const rows = Math.ceil(workgroups / most);
  backend.ensureCommandEncoderReady();
  const pass = backend.computePassEncoder ??= backend.commandEncoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(Math.ceil(workgroups / rows), rows);
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

/** A kernel as tfjs calls it; what inputs and attributes there are is the kernel's own affair. */
export type GpuKernel = (call: never) => tf.TensorInfo | tf.TensorInfo[];

/** Registers kernels for the webgpu backend by name; a name that is known already is left as it is. */
export function registerOnce(kernels: Readonly<Record<string, GpuKernel>>): void {
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, "webgpu")) continue;
    tf.registerKernel({
      kernelName,
      backendName: "webgpu",
      kernelFunc: kernelFunc as unknown as tf.KernelFunc,
    });
  }
}
