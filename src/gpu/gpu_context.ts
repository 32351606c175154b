import { DeviceUnavailableError } from "../core/errors.ts";
import { type AdapterInfo, adapterName, findAdapter, isSoftware } from "./adapter.ts";

/** A compute pipeline with the layout of its bindings. */
export interface GpuKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** What to compile. */
export interface KernelSource {
  /** WGSL; its binding 0 is the uniform buffer of parameters, addressed with a dynamic offset. */
  readonly code: string;
  /** One letter for each binding from 1 on: `r` is read only, `w` read and written. */
  readonly bindings: string;
}

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

/** A device with its compiled kernels; every failure of it becomes a `DeviceUnavailableError`. */
export class GpuContext {
  readonly device: GPUDevice;
  /** Name of the adapter. */
  readonly adapter: string;
  /** A software adapter: right, slow, and without a need for many threads. */
  readonly software: boolean;
  readonly #owned: boolean;
  readonly #kernels = new Map<string, Promise<GpuKernel>>();
  #failure: DeviceUnavailableError | undefined;
  readonly #failed: Promise<never>;

  constructor(
    device: GPUDevice,
    { info, owned }: { readonly info?: AdapterInfo; readonly owned: boolean },
  ) {
    const about = info ?? (device as { adapterInfo?: AdapterInfo }).adapterInfo ?? {};
    this.device = device;
    this.adapter = adapterName(about);
    this.software = isSoftware(about);
    this.#owned = owned;
    this.#failed = device.lost.then(({ message, reason }) => {
      this.#failure ??= new DeviceUnavailableError(
        `The GPU ${this.adapter} was lost (${message || reason || "no reason given"}); what was ` +
          "finished before is kept",
        { remedy: (say) => `begin again, or with ${say.option("backend", "wasm")}` },
      );
      throw this.#failure;
    });
    this.#failed.catch(() => {});
  }

  /** Compiles a kernel; the same source again is free. */
  async kernel({ code, bindings }: KernelSource): Promise<GpuKernel> {
    const key = `${bindings}\n${code}`;
    let kernel = this.#kernels.get(key);
    if (kernel === undefined) {
      kernel = this.#compile({ code, bindings });
      this.#kernels.set(key, kernel);
      kernel.catch(() => this.#kernels.delete(key));
    }
    return await this.orFail(kernel);
  }

  async #compile({ code, bindings }: KernelSource): Promise<GpuKernel> {
    const { device } = this;
    const visibility = GPUShaderStage.COMPUTE;
    const layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility, buffer: { type: "uniform", hasDynamicOffset: true } },
        ...Array.from(bindings, (kind, i) => ({
          binding: i + 1,
          visibility,
          buffer: { type: kind === "w" ? "storage" as const : "read-only-storage" as const },
        })),
      ],
    });
    const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code });
    const invalid = device.popErrorScope();
    try {
      const compute = { module, entryPoint: "main" };
      const pipeline = await device.createComputePipelineAsync({ layout: pipelineLayout, compute });
      return { pipeline, layout };
    } catch (error) {
      const { message } = await invalid ?? error as Error;
      throw new DeviceUnavailableError(
        `The GPU ${this.adapter} cannot compile a posterior kernel: ${message}`,
      );
    }
  }

  /**
   * Makes a buffer, after looking at the device's limits: beyond them some devices give zeros.
   *
   * @throws DeviceUnavailableError if the device's limits do not allow it.
   */
  buffer(label: string, bytes: number, usage: number): GPUBuffer {
    if (this.#failure) throw this.#failure;
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const limit = usage & GPUBufferUsage.STORAGE
      ? Math.min(maxBufferSize, maxStorageBufferBindingSize)
      : maxBufferSize;
    if (bytes > limit) {
      throw new DeviceUnavailableError(
        `Cannot hold the ${label} on the GPU ${this.adapter}: they take ${bytes} bytes, its limit ` +
          `is ${limit}; pass fewer queries at once, or use the wasm backend`,
      );
    }
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

  /** Binds buffers to a kernel; `params` holds one dispatch's parameters per stride. */
  bind({ layout }: GpuKernel, params: GPUBuffer, buffers: readonly GPUBuffer[]): GPUBindGroup {
    return this.device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: params, offset: 0, size: 64 } },
        ...buffers.map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
      ],
    });
  }

  /**
   * Does something that allocates and submits, without awaiting in between.
   *
   * @returns What it returns, once the GPU has checked it.
   * @throws DeviceUnavailableError if memory ran out or the device refused.
   */
  async guarded<T>(work: () => T): Promise<T> {
    if (this.#failure) throw this.#failure;
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
    if (found) {
      const what = found instanceof GPUOutOfMemoryError ? "has no memory left" : "refused";
      throw new DeviceUnavailableError(
        `The GPU ${this.adapter} ${what} (${found.message.trim()}); what was finished before is ` +
          "kept: pass fewer queries or images at once, or use the wasm backend",
      );
    }
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
    if (this.#failure) throw this.#failure;
    try {
      return await Promise.race([promise, this.#failed]);
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  /** Ends a device that was opened here; one passed in is left alone. */
  dispose(): void {
    this.#kernels.clear();
    this.#failure ??= new DeviceUnavailableError(
      "Cannot compute a posterior: the backend has been disposed",
    );
    if (this.#owned) this.device.destroy();
  }
}
