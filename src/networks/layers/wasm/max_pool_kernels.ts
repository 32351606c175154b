/** Registers the SIMD max pool of `pool.as.ts` with the wasm backend of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import { registerOnce } from "../custom_kernel.ts";
import { convModule } from "./conv2d_kernels.ts";

const FORWARD_KERNEL = "ElsMaxPool";
const BACKWARD_KERNEL = "ElsMaxPoolGradient";

interface Call<Names extends string> {
  readonly inputs: Readonly<Record<Names, tf.TensorInfo>>;
  readonly backend: object;
}

function forward({ inputs: { x }, backend }: Call<"x">): tf.TensorInfo {
  const module = convModule(backend);
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const out = module.output([n, h / 2, w / 2, c]);
  module.functions.maxPool(module.pointer(x), module.pointer(out), n * h / 2, w, c);
  return out;
}

function backward({ inputs: { x, dy }, backend }: Call<"x" | "dy">): tf.TensorInfo {
  const module = convModule(backend);
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const dx = module.output(x.shape);
  const pointers = [x, dy, dx].map((tensor) => module.pointer(tensor));
  module.functions.maxPoolGradient(...pointers, n * h / 2, w, c);
  return dx;
}

function register(): void {
  registerOnce("wasm", { [FORWARD_KERNEL]: forward, [BACKWARD_KERNEL]: backward });
}

/** The max pool of `max_pool.ts`; the backend in use must be wasm. */
export function wasmMaxPool(x: tf.Tensor4D): tf.Tensor4D {
  register();
  return tf.engine().runKernel(FORWARD_KERNEL, { x }) as tf.Tensor4D;
}

/** Its gradient. */
export function wasmMaxPoolGradient(x: tf.Tensor4D, dy: tf.Tensor): tf.Tensor4D {
  register();
  return tf.engine().runKernel(BACKWARD_KERNEL, { x, dy }) as tf.Tensor4D;
}
