import * as tf from "@tensorflow/tfjs";
import { joinColumns } from "./columns.ts";
import { conv2d } from "./conv2d.ts";

/**
 * Transposed 2 x 2 convolution with stride 2: each pixel becomes a square of 2 x 2 pixels, a linear
 * function of its channels. Squares do not overlap, so it is a 1 x 1 convolution to four times the
 * channels, laid out in space.
 *
 * @param x `[B, H, W, Ci]`.
 * @param filter `[1, 1, Ci, 2 * 2 * Co]`, as a parameter of kind "transposed" lies in memory.
 * @param bias `[Co]`.
 * @returns `[B, 2 H, 2 W, Co]`.
 */
export function transposedConv2d(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor1D,
): tf.Tensor4D {
  const [b, h, w] = x.shape;
  const co = bias.size;
  const four = joinColumns([bias, bias, bias, bias]);
  const squares = conv2d(x, filter, { padding: "zeros", bias: four });
  const rows = tf.transpose(tf.reshape(squares, [b * h, w, 2, 2 * co]), [0, 2, 1, 3]);
  return tf.reshape(rows, [b, 2 * h, 2 * w, co]);
}

/**
 * Each pixel as a square of 2 x 2 equal ones, by copies whose gradients are exact on every backend;
 * tfjs's own nearest neighbors have a wrong gradient on the cpu backend for more than one image.
 *
 * @param x `[B, H, W, C]`.
 * @returns `[B, 2 H, 2 W, C]`.
 */
export function nearestUpsample(x: tf.Tensor4D): tf.Tensor4D {
  const [b, h, w, c] = x.shape;
  const rows = tf.reshape(joinColumns([x, x]), [b * h, 2 * w * c]);
  return tf.reshape(joinColumns([rows, rows]), [b, 2 * h, 2 * w, c]);
}
