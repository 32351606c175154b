import * as tf from "@tensorflow/tfjs";
import type { GroupNormImplementation } from "./group_norm_implementation.ts";

function pixelSum(values: tf.Tensor): tf.Tensor {
  return tf.sum(values, 1, true);
}

/** Sums over pixels `[B, 1, C]` to means over pixels and groups, given back to every channel. */
function groupMean(
  sums: tf.Tensor,
  { groups, pixels }: { readonly groups: number; readonly pixels: number },
): tf.Tensor {
  const [b, , c] = sums.shape as [number, number, number];
  const members = c / groups;
  const mean = tf.mul(
    tf.sum(tf.reshape(sums, [b, groups, members]), 2, true),
    1 / (members * pixels),
  );
  return tf.reshape(tf.mul(mean, tf.ones([1, 1, members])), [b, 1, c]);
}

/** The normalization of `group_norm.ts` as a composition of tfjs operations. */
export const composedGroupNorm: GroupNormImplementation = {
  forward({ x, scale, offset, shift }, { groups, epsilon, activation }) {
    const [b, h, w, c] = x.shape;
    const size = { groups, pixels: h * w };
    const flat = tf.reshape(x, [b, h * w, c]);
    const added = shift && tf.reshape(shift, [b, 1, c]);
    const sums = pixelSum(flat);
    const mean = groupMean(added ? tf.add(sums, tf.mul(added, h * w)) : sums, size);
    const center = added ? tf.sub(mean, added) : mean;
    const centered = tf.sub(flat, center);
    const factor = tf.rsqrt(tf.add(groupMean(pixelSum(tf.square(centered)), size), epsilon));
    const before = tf.add(tf.mul(centered, tf.mul(factor, scale)), offset);
    const value = activation === "relu"
      ? tf.relu(before)
      : activation === "silu"
      ? tf.mul(before, tf.sigmoid(before))
      : before;
    return { value: tf.reshape(value, x.shape), statistics: tf.concat([center, factor], 1) };
  },

  backward({ x, scale, offset, statistics, dy }, { groups, activation }) {
    const [b, h, w, c] = x.shape;
    const size = { groups, pixels: h * w };
    const [center, factor] = tf.split(statistics, 2, 1) as [tf.Tensor, tf.Tensor];
    const normal = tf.mul(tf.sub(tf.reshape(x, [b, h * w, c]), center), factor);
    let d = tf.reshape(dy, [b, h * w, c]);
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
      groupMean(tf.mul(sum, scale), size),
      tf.mul(normal, groupMean(tf.mul(product, scale), size)),
    );
    const dx = tf.mul(tf.sub(tf.mul(d, scale), along), factor);
    return [
      tf.reshape(dx, x.shape),
      tf.reshape(tf.sum(product, 0), [c]),
      tf.reshape(tf.sum(sum, 0), [c]),
      tf.reshape(pixelSum(dx), [b, c]),
    ];
  },
};
