import * as tf from "@tensorflow/tfjs";
import type { Padding } from "./conv2d_implementation.ts";

/**
 * Surrounds images by a border of r pixels, zero or wrapped around.
 *
 * @param x `[B, H, W, C]`.
 * @returns `[B, H + 2 r, W + 2 r, C]`.
 */
export function pad(x: tf.Tensor4D, r: number, padding: Padding): tf.Tensor4D {
  if (r === 0) return x;
  if (padding === "zeros") return tf.pad(x, [[0, 0], [r, r], [r, r], [0, 0]]);
  const wrap = (y: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D => {
    const cut = (from: number) => {
      const begin: [number, number, number, number] = [0, 0, 0, 0];
      const extent: [number, number, number, number] = [...y.shape];
      begin[axis] = from;
      extent[axis] = r;
      return tf.slice(y, begin, extent);
    };
    return tf.concat([cut(y.shape[axis] - r), y, cut(0)], axis);
  };
  return wrap(wrap(x, 1), 2);
}
