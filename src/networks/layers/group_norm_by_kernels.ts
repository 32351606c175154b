import * as tf from "@tensorflow/tfjs";
import { type CustomKernel, registerOnce } from "./custom_kernel.ts";
import type { GroupNormImplementation } from "./group_norm_implementation.ts";

const FORWARD_KERNEL = "ElsGroupNorm";
const BACKWARD_KERNEL = "ElsGroupNormBackward";

/** The normalization by a backend's own kernels, of inputs and results as in the implementation. */
export function groupNormByKernels(
  backendName: "wasm" | "webgpu",
  { forward, backward }: { readonly forward: CustomKernel; readonly backward: CustomKernel },
): GroupNormImplementation {
  return {
    forward({ x, scale, offset, shift }, attributes) {
      registerOnce(backendName, { [FORWARD_KERNEL]: forward, [BACKWARD_KERNEL]: backward });
      const inputs = { x, scale, offset, ...shift && { shift } };
      const outputs = tf.engine().runKernel(FORWARD_KERNEL, inputs, { ...attributes });
      const [value, statistics] = outputs as [tf.Tensor, tf.Tensor];
      return { value, statistics };
    },
    backward({ x, scale, offset, statistics, dy }, attributes) {
      const inputs = { x, scale, offset, statistics, dy };
      const gradients = tf.engine().runKernel(BACKWARD_KERNEL, inputs, { ...attributes });
      return gradients as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    },
  };
}
