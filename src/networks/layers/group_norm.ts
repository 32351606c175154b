import { ArgumentError } from "../../core/errors.ts";
import * as tf from "@tensorflow/tfjs";
import { customGradient } from "./custom_gradient.ts";
import { composedGroupNorm } from "./group_norm_composed.ts";
import type { Activation } from "./group_norm_implementation.ts";
import { wasmGroupNorm } from "./wasm/group_norm_kernels.ts";
import { webgpuGroupNorm } from "./webgpu/group_norm_kernels.ts";

/** Options of {@linkcode groupNorm}. */
export interface GroupNormOptions {
  /** Number of groups; divides the channels. */
  readonly groups: number;
  /** Factor of each channel, `[C]`. */
  readonly scale: tf.Tensor1D;
  /** Added to each channel after that, `[C]`. */
  readonly offset: tf.Tensor1D;
  /** Added to every pixel before normalizing, `[B, C]`: the time embedding. */
  readonly shift?: tf.Tensor2D;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** What follows. Default "none". */
  readonly activation?: Activation;
}

/**
 * `act(scale * (z - mean) / sqrt(variance + epsilon) + offset)` with `z = x + shift`, mean and variance
 * over the pixels and the channels of a group (Wu & He, arXiv 1803.08494), as one differentiable
 * operation.
 *
 * On wasm it is our own SIMD kernel (`wasm/group_norm.as.ts`) where the channels fill its lanes, on
 * webgpu programs of our own (`webgpu/group_norm_wgsl.ts`), elsewhere a composition of tfjs operations (`group_norm_composed.ts`).
 *
 * @param x `[B, H, W, C]`.
 * @returns `[B, H, W, C]`.
 * @throws RangeError if the groups do not divide the channels, or tensors do not fit them.
 */
export function groupNorm(x: tf.Tensor4D, options: GroupNormOptions): tf.Tensor4D {
  const { groups, scale, offset, shift, epsilon = 1e-5, activation = "none" } = options;
  const [b, , , c] = x.shape;
  if (!Number.isInteger(groups) || groups < 1 || c % groups !== 0) {
    throw new ArgumentError(
      `Cannot normalize ${c} channels in ${groups} groups: they do not divide`,
    );
  }
  if (scale.size !== c || offset.size !== c || (shift && shift.size !== b * c)) {
    throw new ArgumentError(
      `Cannot normalize ${b} images of ${c} channels with ${scale.size} factors, ` +
        `${offset.size} offsets and ${shift?.size ?? "no"} shifts`,
    );
  }
  const backend = tf.getBackend();
  const implementation = backend === "webgpu"
    ? webgpuGroupNorm
    : backend === "wasm" && c % 4 === 0
    ? wasmGroupNorm
    : composedGroupNorm;
  const attributes = { groups, epsilon, activation };
  return customGradient(shift ? [x, scale, offset, shift] : [x, scale, offset], {
    forward() {
      const { value, statistics } = implementation.forward({ x, scale, offset, shift }, attributes);
      return { value, kept: [statistics] };
    },
    backward(dy, saved) {
      const [x, scale, offset] = saved as [tf.Tensor4D, tf.Tensor, tf.Tensor];
      const inputs = { x, scale, offset, shift: shift && saved[3], statistics: saved.at(-1)!, dy };
      return implementation.backward(inputs, attributes).slice(0, shift ? 4 : 3);
    },
  }) as tf.Tensor4D;
}
