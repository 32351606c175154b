import * as tf from "@tensorflow/tfjs";

/** A kernel as tfjs calls it; what inputs and attributes there are is the kernel's own affair. */
export type CustomKernel = (call: never) => tf.TensorInfo | tf.TensorInfo[];

/** Registers kernels for a backend by name; a name that it knows already is left as it is. */
export function registerOnce(
  backendName: "wasm" | "webgpu",
  kernels: Readonly<Record<string, CustomKernel>>,
): void {
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, backendName)) continue;
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: kernelFunc as unknown as tf.KernelFunc,
    });
  }
}
