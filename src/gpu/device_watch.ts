/** What a GPU refuses, and what becomes of everything after it has failed. @module */
import { DeviceUnavailableError, type Remedy } from "../core/errors.ts";
import { type AdapterInfo, adapterName } from "./adapter.ts";

/** What failed, in a few words that follow the name of the GPU. */
export function describeGpuError(error: GPUError): string {
  const what = error instanceof GPUOutOfMemoryError ? "has no memory left" : "refused an operation";
  return `${what} (${error.message})`;
}

const onOneLine = (text: string) => text.replaceAll(/\s*\n\s*/g, " ").trim();

/** The first failure of a device ends everything on it: no number leaves it unseen. */
export class DeviceWatch {
  readonly device: GPUDevice;
  /** Name of the adapter. */
  readonly adapter: string;
  /** Rejects when the device fails. */
  readonly #failed: Promise<never>;
  #failure: DeviceUnavailableError | undefined;
  readonly #reject: (error: DeviceUnavailableError) => void;

  constructor(device: GPUDevice, adapter: string) {
    this.device = device;
    this.adapter = adapter;
    let fail!: (error: DeviceUnavailableError) => void;
    this.#failed = new Promise((_, reject) => fail = reject);
    this.#failed.catch(() => {});
    this.#reject = fail;
    void device.lost.then(({ message, reason }) => {
      this.fail(`was lost (${message || reason || "no reason given"})`);
    });
  }

  /** Why the device is of no use any more. */
  get failure(): DeviceUnavailableError | undefined {
    return this.#failure;
  }

  /** Notes that the device has failed; the words follow its name. Later ones change nothing. */
  fail(what: string): void {
    this.#failure ??= this.error(what);
    this.#reject(this.#failure);
  }

  /** An error of the device that need not end everything. */
  error(what: string): DeviceUnavailableError {
    return new DeviceUnavailableError(
      `The GPU ${this.adapter} ${onOneLine(what)}; what was finished before is kept`,
      {
        remedy: (say) => `begin again, with less at once or ${say.option("backend", "wasm")}`,
      },
    );
  }

  /** The promise, or the failure of the device if that comes first. */
  async orFail<T>(promise: Promise<T>): Promise<T> {
    if (this.#failure) throw this.#failure;
    try {
      return await Promise.race([promise, this.#failed]);
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  /**
   * Looks at the device's limits before a buffer is made: beyond them some devices give zeros.
   *
   * @throws DeviceUnavailableError if the buffer does not fit.
   */
  checkBuffer(
    { what, bytes, usage, remedy }: {
      readonly what: string;
      readonly bytes: number;
      readonly usage: number;
      readonly remedy: Remedy;
    },
  ): void {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const limit = usage & GPUBufferUsage.STORAGE
      ? Math.min(maxBufferSize, maxStorageBufferBindingSize)
      : maxBufferSize;
    if (bytes <= limit) return;
    throw new DeviceUnavailableError(
      `Cannot hold ${what} of ${bytes} bytes on the GPU ${this.adapter}: its limit is ${limit}`,
      { remedy },
    );
  }
}

const watches = new WeakMap<GPUDevice, DeviceWatch>();

/** The one watch of a device; the adapter is named by whoever asks first. */
export function watchDevice(device: GPUDevice, info?: AdapterInfo): DeviceWatch {
  let watch = watches.get(device);
  if (watch === undefined) {
    const about = info ?? (device as { adapterInfo?: AdapterInfo }).adapterInfo ?? {};
    watches.set(device, watch = new DeviceWatch(device, adapterName(about)));
  }
  return watch;
}
