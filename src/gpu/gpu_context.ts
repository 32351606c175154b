import { DeviceUnavailableError } from "../core/errors.ts";
import { type AdapterInfo, adapterName, findAdapter, isSoftware } from "./adapter.ts";
import { compile, type CompiledProgram } from "./compile.ts";
import { describeGpuError, type DeviceWatch, watchDevice } from "./device_watch.ts";
import {
  type GpuProgram,
  hasParams,
  packParams,
  paramsStride,
  type ParamTypes,
  type ParamValues,
} from "./program.ts";

const wantedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
] as const;

/**
 * Opens a device of its own with the limits that the posterior can use.
 *
 * @throws DeviceUnavailableError if there is no adapter, or it refuses.
 */
export async function openGpu(): Promise<GpuContext> {
  const adapter = await findAdapter();
  if (!adapter) {
    throw new DeviceUnavailableError(
      "Cannot compute a posterior with WebGPU: no GPU adapter was found; use the wasm backend",
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const name of wantedLimits) requiredLimits[name] = adapter.limits[name];
  const device = await adapter.requestDevice({ requiredLimits }).catch((error: Error) => {
    throw new DeviceUnavailableError(
      `Cannot use the GPU ${adapterName(adapter.info)}: ${error.message}`,
    );
  });
  return new GpuContext(device, { info: adapter.info as AdapterInfo, owned: true });
}

/** A run of a program among those that are submitted together. */
export interface Dispatch {
  readonly program: CompiledProgram;
  readonly params: Readonly<Record<string, number>>;
  /** Buffers of the program's arrays, in their order. */
  readonly buffers: readonly GPUBuffer[];
  /** Workgroups along each axis. */
  readonly groups: readonly [x: number, y: number, z?: number];
}

/** A dispatch whose numbers are those that the program asks for. */
export function dispatchOf<P extends ParamTypes>(
  program: CompiledProgram<GpuProgram<P>>,
  rest: Omit<Dispatch, "program" | "params"> & { readonly params: ParamValues<P> },
): Dispatch {
  return { program, ...rest };
}

/** A device; every failure of it becomes a `DeviceUnavailableError`. */
export class GpuContext {
  readonly device: GPUDevice;
  /** Name of the adapter. */
  readonly adapter: string;
  /** A software adapter: right, slow, and without a need for many threads. */
  readonly software: boolean;
  readonly #watch: DeviceWatch;
  readonly #owned: boolean;
  #ended: DeviceUnavailableError | undefined;

  constructor(
    device: GPUDevice,
    { info, owned }: { readonly info?: AdapterInfo; readonly owned: boolean },
  ) {
    this.device = device;
    this.#watch = watchDevice(device, info);
    this.adapter = this.#watch.adapter;
    this.software = isSoftware(
      info ?? (device as { adapterInfo?: AdapterInfo }).adapterInfo ?? {},
    );
    this.#owned = owned;
  }

  /** Compiles a program; the same one again is free. */
  async compile<G extends GpuProgram>(program: G): Promise<CompiledProgram<G>> {
    try {
      return await this.orFail(compile(this.device, program));
    } catch (error) {
      if (error instanceof DeviceUnavailableError) throw error;
      throw new DeviceUnavailableError(
        `The GPU ${this.adapter} cannot compile a program: ${(error as Error).message.trim()}`,
      );
    }
  }

  /**
   * Makes a buffer, if the device's limits allow it.
   *
   * @throws DeviceUnavailableError if they do not.
   */
  buffer(label: string, bytes: number, usage: number): GPUBuffer {
    this.#throwIfEnded();
    this.#watch.checkBuffer({
      what: label,
      bytes,
      usage,
      remedy: () => "pass fewer queries at once, or use the wasm backend",
    });
    return this.device.createBuffer({ label, size: Math.ceil(bytes / 16) * 16 || 16, usage });
  }

  /** Makes a storage buffer that holds some numbers. */
  upload(label: string, data: ArrayBufferView<ArrayBuffer>): GPUBuffer {
    const buffer = this.buffer(
      label,
      data.byteLength,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    );
    this.device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  /** Makes a buffer for the numbers of so many dispatches. */
  paramsBuffer(dispatches: number): GPUBuffer {
    const { COPY_DST, UNIFORM } = GPUBufferUsage;
    return this.buffer("parameters", dispatches * paramsStride, UNIFORM | COPY_DST);
  }

  /** Submits dispatches, one after the other; `params` takes the numbers of as many. */
  submit(dispatches: readonly Dispatch[], params: GPUBuffer): void {
    const { device } = this;
    const packed = new DataView(new ArrayBuffer(dispatches.length * paramsStride));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    dispatches.forEach(({ program: { program, pipeline, layout }, params: values, ...rest }, i) => {
      const at = i * paramsStride;
      packParams(program, values, { into: packed, at });
      const resources: GPUBindingResource[] = rest.buffers.map((buffer) => ({ buffer }));
      if (hasParams(program)) resources.unshift({ buffer: params, offset: 0, size: paramsStride });
      const entries = resources.map((resource, binding) => ({ binding, resource }));
      pass.setPipeline(pipeline);
      pass.setBindGroup(
        0,
        device.createBindGroup({ layout, entries }),
        hasParams(program) ? [at] : [],
      );
      pass.dispatchWorkgroups(...rest.groups);
    });
    pass.end();
    device.queue.writeBuffer(params, 0, packed);
    device.queue.submit([encoder.finish()]);
  }

  /**
   * Does something that allocates and submits, without awaiting in between.
   *
   * @returns What it returns, once the GPU has checked it.
   * @throws DeviceUnavailableError if memory ran out or the device refused.
   */
  async guarded<T>(work: () => T): Promise<T> {
    this.#throwIfEnded();
    const { device } = this;
    const filters = ["validation", "out-of-memory", "internal"] as const;
    for (const filter of filters) device.pushErrorScope(filter);
    let result: T;
    let errors: Promise<GPUError | null>[] = [];
    try {
      result = work();
    } finally {
      errors = filters.map(() => device.popErrorScope());
    }
    const found = (await this.orFail(Promise.all(errors))).find((error) => error !== null);
    if (found) throw this.#watch.error(describeGpuError(found));
    return result;
  }

  /** Reads a buffer back. */
  async read(buffer: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    const { device } = this;
    const staging = await this.guarded(() => {
      const staging = this.buffer(
        "results",
        bytes,
        GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      );
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes);
      device.queue.submit([encoder.finish()]);
      return staging;
    });
    try {
      await this.orFail(staging.mapAsync(GPUMapMode.READ, 0, bytes));
      return staging.getMappedRange(0, bytes).slice(0);
    } finally {
      staging.destroy();
    }
  }

  /** Waits for everything submitted so far. */
  async finished(): Promise<void> {
    await this.orFail(this.device.queue.onSubmittedWorkDone());
  }

  /** The promise, or the loss of the device if that comes first. */
  async orFail<T>(promise: Promise<T>): Promise<T> {
    if (this.#ended) throw this.#ended;
    try {
      return await this.#watch.orFail(promise);
    } catch (error) {
      throw this.#ended ?? error;
    }
  }

  /** Ends a device that was opened here; one passed in is left alone. */
  dispose(): void {
    this.#ended ??= new DeviceUnavailableError(
      "Cannot compute a posterior: the backend has been disposed",
    );
    if (this.#owned) this.device.destroy();
  }

  #throwIfEnded(): void {
    const failure = this.#ended ?? this.#watch.failure;
    if (failure) throw failure;
  }
}
