import type { DeviceUnavailableError } from "../core/errors.ts";
import type { AdapterInfo } from "../gpu/adapter.ts";
import { describeGpuError, watchDevice } from "../gpu/device_watch.ts";

/** What is guarded of TensorFlow.js's webgpu backend. */
export interface GuardedBackend {
  readonly device: GPUDevice;
  readonly bufferManager: {
    acquireBuffer(size: number, usage: number, ...rest: readonly unknown[]): GPUBuffer;
  };
  read(dataId: object): Promise<unknown>;
}

const failures = new WeakMap<object, () => DeviceUnavailableError | undefined>();

/** Errors are told in a turn of their own, which may come after what they spoil. */
const errorsTold = () => new Promise((resolve) => setTimeout(resolve));

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
    await errorsTold();
    throw failures.get(backend)?.() ?? error;
  }
}

/**
 * Makes failures of a GPU loud. Left alone, the backend answers a tensor above the device's binding
 * limit, and everything after memory ran out, with zeros; and it reads from a lost device.
 *
 * - A buffer above the device's limits is refused before it is made.
 * - Any other error of the device, and its loss, ends every reading of a tensor from then on.
 *
 * Both throw {@linkcode DeviceUnavailableError}.
 */
export function guardWebgpu(backend: GuardedBackend, info: AdapterInfo): void {
  const { device, bufferManager } = backend;
  const watch = watchDevice(device, info);
  failures.set(backend, () => watch.failure);
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    watch.fail(describeGpuError((event as GPUUncapturedErrorEvent).error));
  });

  const acquire = bufferManager.acquireBuffer.bind(bufferManager);
  bufferManager.acquireBuffer = (size, usage, ...rest) => {
    watch.checkBuffer({
      what: "a tensor",
      bytes: size,
      usage,
      remedy: (say) => `use a smaller batch, or ${say.option("backend", "wasm")}`,
    });
    return acquire(size, usage, ...rest);
  };

  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    if (watch.failure) throw watch.failure;
    const values = await watch.orFail(read(dataId));
    await errorsTold();
    if (watch.failure) throw watch.failure;
    return values;
  };
}
