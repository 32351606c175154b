import { ArgumentError } from "../../core/errors.ts";
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
  /** Number of heads; divides C. Default 1. */
  readonly heads?: number;
}

/** Linear layers of every pixel, side by side, as one 1 x 1 convolution. */
function pixelwise(x: tf.Tensor4D, layers: readonly LinearTensors[]): tf.Tensor4D {
  const weight = joinColumns(layers.map((layer) => layer.weight));
  const bias = joinColumns(layers.map((layer) => layer.bias));
  const [inputs, outputs] = weight.shape;
  const filter: tf.Tensor4D = tf.reshape(weight, [1, 1, inputs, outputs]);
  return conv2d(x, filter, { padding: "zeros", bias });
}

/** Each head's channels as a batch entry of its own: `[B, N, C]` to `[B heads, N, C / heads]`. */
function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor3D {
  if (heads === 1) return x;
  const [b, n, c] = x.shape;
  const parted = tf.transpose(tf.reshape(x, [b, n, heads, c / heads]), [0, 2, 1, 3]);
  return tf.reshape(parted, [b * heads, n, c / heads]);
}

/** The reverse of {@linkcode splitHeads}. */
function joinHeads(x: tf.Tensor3D, heads: number): tf.Tensor3D {
  if (heads === 1) return x;
  const [all, n, d] = x.shape;
  const b = all / heads;
  const joined = tf.transpose(tf.reshape(x, [b, heads, n, d]), [0, 2, 1, 3]);
  return tf.reshape(joined, [b, n, heads * d]);
}

/**
 * What queries find among keys: `softmax(query key^T / sqrt(d)) value` for each head, which has
 * d = C / heads channels, head after head (Vaswani et al., arXiv 1706.03762, section 3.2).
 *
 * @param query `[B, N, C]`, as are key and value.
 * @returns `[B, N, C]`.
 * @throws RangeError if the heads do not divide the channels.
 */
export function attend(
  query: tf.Tensor3D,
  { key, value, heads = 1 }: {
    readonly key: tf.Tensor3D;
    readonly value: tf.Tensor3D;
    readonly heads?: number;
  },
): tf.Tensor3D {
  const [, , c] = query.shape;
  if (!Number.isInteger(heads) || heads < 1 || c % heads !== 0) {
    throw new ArgumentError(`Cannot split ${c} channels among ${heads} heads: they do not divide`);
  }
  const [q, k, v] = [tf.mul(query, 1 / Math.sqrt(c / heads)) as tf.Tensor3D, key, value].map((
    part,
  ) => splitHeads(part, heads)) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const scores = matMul(q, k, { transposeB: true });
  return joinHeads(matMul(tf.softmax(scores), v), heads);
}

/**
 * Self-attention of all pixels with a residual connection:
 * `x + out(attention(query, key, value))` of the normalized x, as in the networks of Ho et al.
 * (arXiv 2006.11239), who have one head.
 *
 * @param x `[B, H, W, C]`.
 * @returns `[B, H, W, C]`.
 * @throws RangeError if the heads do not divide the channels.
 */
export function selfAttention(
  x: tf.Tensor4D,
  { norm, query, key, value, out, heads = 1 }: SelfAttentionOptions,
): tf.Tensor4D {
  const [b, h, w, c] = x.shape;
  const all = pixelwise(groupNorm(x, norm), [query, key, value]);
  const [q, k, v] = splitColumns(
    tf.reshape(all, [b, h * w, 3 * c]) as tf.Tensor3D,
    [c, c, c],
  ) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const mixture = attend(q, { key: k, value: v, heads });
  return tf.add(x, pixelwise(tf.reshape(mixture, [b, h, w, c]), [out]));
}
