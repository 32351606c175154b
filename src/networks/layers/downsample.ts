import * as tf from "@tensorflow/tfjs";

/**
 * Every second pixel in both directions. After a 3 x 3 convolution these are what a convolution with
 * stride 2 gives: beginning with pixel 0, one whose first window is centered there (a border of one on
 * all sides); with pixel 1, one whose first window begins at the first pixel (a border of one on the
 * right and below).
 *
 * @param x `[B, H, W, C]`, H and W even.
 * @returns `[B, H / 2, W / 2, C]`.
 */
export function everySecondPixel(x: tf.Tensor4D, first: 0 | 1): tf.Tensor4D {
  const [b, h, w, c] = x.shape;
  const rows = tf.slice(
    tf.reshape(x, [b * h / 2, 2, w * c]),
    [0, first, 0],
    [b * h / 2, 1, w * c],
  );
  const count = b * h * w / 4;
  const pixels = tf.slice(tf.reshape(rows, [count, 2, c]), [0, first, 0], [count, 1, c]);
  return tf.reshape(pixels, [b, h / 2, w / 2, c]);
}
