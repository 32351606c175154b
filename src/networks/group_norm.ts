import * as tf from "@tensorflow/tfjs";
import { customGradient } from "./custom_gradient.ts";

/** What follows a normalisation: `silu(x) = x * sigmoid(x)`. */
export type Activation = "none" | "relu" | "silu";

/** Options of {@linkcode groupNorm}. */
export interface GroupNormOptions {
  /** Number of groups; divides the channels. */
  readonly groups: number;
  /** Factor of each channel, `[C]`. */
  readonly scale: tf.Tensor1D;
  /** Added to each channel after that, `[C]`. */
  readonly offset: tf.Tensor1D;
  /** Added to every pixel before normalising, `[B, C]`: the time embedding. */
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
 * @param x `[B, H, W, C]`.
 * @returns `[B, H, W, C]`.
 * @throws RangeError if the groups do not divide the channels.
 */
export function groupNorm(x: tf.Tensor4D, options: GroupNormOptions): tf.Tensor4D {
  const { groups, scale, offset, shift, epsilon = 1e-5, activation = "none" } = options;
  const [b, h, w, c] = x.shape;
  const pixels = h * w;
  if (!Number.isInteger(groups) || groups < 1 || c % groups !== 0) {
    throw new RangeError(`Cannot normalise ${c} channels in ${groups} groups: they do not divide`);
  }

  /** Sums over pixels `[B, 1, C]` to means over groups, given back to every channel. */
  const groupMean = (sums: tf.Tensor): tf.Tensor => {
    const members = c / groups;
    const means = tf.mul(tf.sum(tf.reshape(sums, [b, groups, members]), 2, true), 1 / members);
    const spread = tf.mul(means, tf.ones([1, 1, members]));
    return tf.reshape(tf.mul(spread, 1 / pixels), [b, 1, c]);
  };
  const pixelSum = (values: tf.Tensor): tf.Tensor => tf.sum(values, 1, true);
  const centred = (x: tf.Tensor, mean: tf.Tensor, shift: tf.Tensor | undefined): tf.Tensor => {
    const less = shift ? tf.sub(mean, tf.reshape(shift, [b, 1, c])) : mean;
    return tf.sub(tf.reshape(x, [b, pixels, c]), less);
  };
  const inputs: tf.Tensor[] = shift ? [x, scale, offset, shift] : [x, scale, offset];

  return customGradient(inputs, {
    forward() {
      const flat = tf.reshape(x, [b, pixels, c]);
      const sums = pixelSum(flat);
      const mean = groupMean(
        shift ? tf.add(sums, tf.mul(tf.reshape(shift, [b, 1, c]), pixels)) : sums,
      );
      const z = centred(x, mean, shift);
      const inverse = tf.rsqrt(tf.add(groupMean(pixelSum(tf.square(z))), epsilon));
      const before = tf.add(tf.mul(z, tf.mul(inverse, scale)), offset);
      const value = activation === "relu"
        ? tf.relu(before)
        : activation === "silu"
        ? tf.mul(before, tf.sigmoid(before))
        : before;
      return { value: tf.reshape(value, x.shape), kept: [mean, inverse] };
    },

    backward(dy, saved) {
      const [x, scale, offset] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const [mean, inverse] = saved.slice(-2) as [tf.Tensor, tf.Tensor];
      const normal = tf.mul(centred(x, mean, shift && saved[3]), inverse);
      let d = tf.reshape(dy, [b, pixels, c]);
      if (activation !== "none") {
        const before = tf.add(tf.mul(normal, scale), offset);
        if (activation === "relu") d = tf.mul(d, tf.cast(tf.greater(before, 0), "float32"));
        else {
          const s = tf.sigmoid(before);
          d = tf.mul(d, tf.mul(s, tf.add(1, tf.mul(before, tf.sub(1, s)))));
        }
      }
      const [sum, product] = [pixelSum(d), pixelSum(tf.mul(d, normal))];
      const along = tf.add(
        groupMean(tf.mul(sum, scale)),
        tf.mul(normal, groupMean(tf.mul(product, scale))),
      );
      const dx = tf.mul(tf.sub(tf.mul(d, scale), along), inverse);
      return [
        tf.reshape(dx, x.shape),
        tf.reshape(tf.sum(product, 0), [c]),
        tf.reshape(tf.sum(sum, 0), [c]),
        ...shift ? [tf.reshape(pixelSum(dx), [b, c])] : [],
      ];
    },
  }) as tf.Tensor4D;
}
