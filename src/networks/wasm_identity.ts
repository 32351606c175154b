/** Copies that are none: a fault of the wasm backend of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";

/** A part of the wasm backend. */
interface CountingBackend {
  incRef(dataId: object): void;
}

interface Call {
  readonly inputs: { readonly x: tf.TensorInfo };
  readonly backend: CountingBackend;
}

let shared = false;

/**
 * Makes the wasm backend's clones share their values, as those of the other backends do: no operation writes
 * into a tensor. As it is it copies them, and every operation with a gradient clones what it keeps: a
 * tenth of the time of a training step.
 */
export function shareClones(): void {
  if (shared) return;
  const kernel = tf.getKernel("Identity", "wasm");
  if (!kernel) return;
  shared = true;
  tf.unregisterKernel("Identity", "wasm");
  const identity = (call: Call): tf.TensorInfo => {
    const { inputs: { x }, backend } = call;
    // Strings lie outside the memory and are not counted.
    if (x.dtype === "string") return kernel.kernelFunc(call as never) as tf.TensorInfo;
    backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
  tf.registerKernel({
    kernelName: "Identity",
    backendName: "wasm",
    kernelFunc: identity as unknown as tf.KernelFunc,
  });
}
