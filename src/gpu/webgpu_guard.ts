import { DeviceUnavailableError } from "../core/errors.ts";

/** What is guarded of TensorFlow.js's webgpu backend. */
export interface GuardedBackend {
  readonly device: GPUDevice;
  readonly bufferManager: {
    acquireBuffer(size: number, usage: number, ...rest: readonly unknown[]): GPUBuffer;
  };
  read(dataId: object): Promise<unknown>;
}

const failures = new WeakMap<object, () => DeviceUnavailableError | undefined>();

/**
 * Does something with a guarded backend. What throws because the device has failed, such as writing to a
 * buffer that could not be made, throws the failure instead.
 *
 * @throws DeviceUnavailableError if the device has failed.
 */
export async function explained<T>(backend: object, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Failures are told in a turn of their own.
    await new Promise((resolve) => setTimeout(resolve));
    throw failures.get(backend)?.() ?? error;
  }
}

/**
 * Makes failures of a GPU loud. Left alone, the backend answers a tensor above the device's binding
 * limit, and everything after memory ran out, with zeros; and it reads from a lost device.
 *
 * - A buffer above the device's limits is refused before it is made.
 * - Any other error of the device, and its loss, ends every reading of a tensor from then on: no
 *   number leaves the GPU unseen.
 *
 * Both throw {@linkcode DeviceUnavailableError}.
 */
export function guardWebgpu(backend: GuardedBackend, adapter: string): void {
  const { device, bufferManager } = backend;
  let failure: DeviceUnavailableError | undefined;
  failures.set(backend, () => failure);
  const failed = new Promise<never>((_, reject) => {
    const fail = (what: string) => {
      failure ??= new DeviceUnavailableError(
        `The GPU ${adapter} ${
          what.replaceAll(/\s*\n\s*/g, " ").trim()
        }; the last checkpoint is kept`,
        {
          remedy: (say) => `begin again, with a smaller batch or ${say.option("backend", "wasm")}`,
        },
      );
      reject(failure);
    };
    device.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      event.preventDefault();
      fail(
        error instanceof GPUOutOfMemoryError
          ? `has no memory left (${error.message})`
          : `refused an operation (${error.message})`,
      );
    });
    void device.lost.then(({ message, reason }) => fail(`was lost (${message || reason})`));
  });
  failed.catch(() => {});

  const acquire = bufferManager.acquireBuffer.bind(bufferManager);
  bufferManager.acquireBuffer = (size, usage, ...rest) => {
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    const limit = usage & GPUBufferUsage.STORAGE
      ? Math.min(maxBufferSize, maxStorageBufferBindingSize)
      : maxBufferSize;
    if (size > limit) {
      throw new DeviceUnavailableError(
        `Cannot hold a tensor of ${size} bytes on the GPU ${adapter}: its limit is ${limit}`,
        { remedy: (say) => `use a smaller batch, or ${say.option("backend", "wasm")}` },
      );
    }
    return acquire(size, usage, ...rest);
  };

  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    if (failure) throw failure;
    const values = await Promise.race([read(dataId), failed]).catch((error) => {
      throw failure ?? error;
    });
    // Errors are told in a turn of their own, which may come after the reading.
    await new Promise((resolve) => setTimeout(resolve));
    if (failure) throw failure;
    return values;
  };
}
