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

const programs = new Map<string, GpuProgram>();

/** The program that `build` writes for plain data, whose text may be long: written once. */
export function programOf<T extends readonly object[]>(
  build: (...what: T) => GpuProgram,
  ...what: T
): GpuProgram {
  const key = `${build.name} ${JSON.stringify(what)}`;
  let program = programs.get(key);
  if (program === undefined) programs.set(key, program = build(...what));
  return program;
}

/** What is made once on each device. */
interface OnDevice {
  readonly pipelines: WeakMap<
    GpuProgram,
    { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }
  >;
  /** Uniforms that are sizes: they come again with every step, and are few. */
  readonly sizes: Map<string, GPUBuffer>;
}

const onDevices = new WeakMap<GPUDevice, OnDevice>();

function onDevice(device: GPUDevice): OnDevice {
  let found = onDevices.get(device);
  if (found === undefined) {
    onDevices.set(device, found = { pipelines: new WeakMap(), sizes: new Map() });
  }
  return found;
}

function compile(device: GPUDevice, { code, tensors, uniforms }: GpuProgram) {
  const bindings = tensors.map(({ name, element, write }, i) =>
    `@group(0) @binding(${i}) var<storage, ${write ? "read_write" : "read"}> ${name}: ` +
    `array<${element}>;`
  );
  if (uniforms.length > 0) {
    const fields = uniforms.map(({ name, type }) => `${name}: ${type}`).join(", ");
    bindings.push(`struct Uniforms { ${fields} }`);
    bindings.push(`@group(0) @binding(${tensors.length}) var<uniform> uniforms: Uniforms;`);
  }
  const module = device.createShaderModule({ code: `${bindings.join("\n")}\n${code}` });
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module, entryPoint: "main" },
  });
  return { pipeline, layout: pipeline.getBindGroupLayout(0) };
}

/** The buffer of a program's numbers. */
function uniformBuffer(
  { device, queue, bufferManager, uniformPendingDisposal }: WebgpuBackend,
  { uniforms }: GpuProgram,
  values: readonly number[],
): GPUBuffer {
  const { sizes } = onDevice(device);
  const repeats = uniforms.every(({ type }) => type === "u32");
  const key = values.join();
  const known = repeats ? sizes.get(key) : undefined;
  if (known) return known;
  const bytes = new DataView(new ArrayBuffer(Math.ceil(uniforms.length / 4) * 16));
  uniforms.forEach(({ type }, i) => {
    if (type === "u32") bytes.setUint32(4 * i, values[i]!, true);
    else bytes.setFloat32(4 * i, values[i]!, true);
  });
  const size = bytes.byteLength;
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
  const buffer = repeats
    ? device.createBuffer({ size, usage })
    : bufferManager.acquireBuffer(size, usage);
  queue.writeBuffer(buffer, 0, bytes.buffer);
  if (repeats) sizes.set(key, buffer);
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
export interface GpuRun {
  /** Tensors in the order of the program's arrays; none may appear twice if it is written. */
  readonly tensors: readonly tf.TensorInfo[];
  /** Numbers in the order of the program's uniforms. */
  readonly uniforms?: readonly number[];
  /** Workgroups in all; the program finds its own number by {@linkcode groupNumber}. */
  readonly workgroups: number;
}

/**
 * WGSL that adds up `sum` over a workgroup of `size` invocations, a power of two, in a fixed order. It
 * wants `t`, the number of the invocation, and `sums`, as many floats of the workgroup; the total is in
 * sums[0].
 */
export const workgroupSum = (size: number): string => `
  sums[t] = sum;
  workgroupBarrier();
  for (var half = ${size / 2}u; half > 0u; half /= 2u) {
    if (t < half) { sums[t] += sums[t + half]; }
    workgroupBarrier();
  }`;

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
  if (program.uniforms.length > 0) buffers.push(uniformBuffer(backend, program, uniforms));
  const { pipelines } = onDevice(device);
  let compiled = pipelines.get(program);
  if (compiled === undefined) pipelines.set(program, compiled = compile(device, program));
  const { pipeline, layout } = compiled;
  const bindGroup = device.createBindGroup({
    layout,
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const maxWorkgroups = device.limits.maxComputeWorkgroupsPerDimension;
  const rows = Math.ceil(workgroups / maxWorkgroups);
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
