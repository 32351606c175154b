import * as tf from "@tensorflow/tfjs";
import { joinColumns, splitColumns } from "./columns.ts";
import { conv2d } from "./conv2d.ts";
import { groupNorm } from "./group_norm.ts";
import { matMul } from "./mat_mul.ts";

/** A linear layer as it lies in memory. */
export interface LinearTensors {
  /** `[in, out]`. */
  readonly weight: tf.Tensor2D;
  /** `[out]`. */
  readonly bias: tf.Tensor1D;
}

/** Parameters of {@linkcode selfAttention}. */
export interface SelfAttentionOptions {
  /** Groups, scale and offset of the normalization before it. */
  readonly norm: Parameters<typeof groupNorm>[1];
  /** Queries, keys and values, each C to C. */
  readonly query: LinearTensors;
  readonly key: LinearTensors;
  readonly value: LinearTensors;
  /** What turns the mixture of values into the change of x, C to C. */
  readonly out: LinearTensors;
}

/** Linear layers of every pixel, side by side, as one 1 x 1 convolution. */
function pixelwise(x: tf.Tensor4D, layers: readonly LinearTensors[]): tf.Tensor4D {
  const weight = joinColumns(layers.map((layer) => layer.weight));
  const bias = joinColumns(layers.map((layer) => layer.bias));
  const [inputs, outputs] = weight.shape;
  const filter: tf.Tensor4D = tf.reshape(weight, [1, 1, inputs, outputs]);
  return conv2d(x, filter, { padding: "zeros", bias });
}

/**
 * Self-attention of all pixels with one head and a residual connection:
 * `x + out(softmax(query key^T / sqrt(C)) value)` of the normalized x, as in the networks of Ho et al.
 * (arXiv 2006.11239).
 *
 * @param x `[B, H, W, C]`.
 * @returns `[B, H, W, C]`.
 */
export function selfAttention(
  x: tf.Tensor4D,
  { norm, query, key, value, out }: SelfAttentionOptions,
): tf.Tensor4D {
  const [b, h, w, c] = x.shape;
  const all = pixelwise(groupNorm(x, norm), [query, key, value]);
  const [q, k, v] = splitColumns(
    tf.reshape(all, [b, h * w, 3 * c]) as tf.Tensor3D,
    [c, c, c],
  ) as [
    tf.Tensor3D,
    tf.Tensor3D,
    tf.Tensor3D,
  ];
  const scaled: tf.Tensor3D = tf.mul(q, 1 / Math.sqrt(c));
  const scores = matMul(scaled, k, { transposeB: true });
  const mixture = matMul(tf.softmax(scores), v);
  return tf.add(x, pixelwise(tf.reshape(mixture, [b, h, w, c]), [out]));
}
