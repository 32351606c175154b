import * as tf from "@tensorflow/tfjs";
import { customGradient } from "./custom_gradient.ts";
import { wasmMaxPool, wasmMaxPoolGradient } from "./wasm/max_pool_kernels.ts";

/** The larger of neighbors along one axis of pairs: `[n, 2, m]` to `[n, 1, m]`. */
function maxOfPairs(x: tf.Tensor3D): tf.Tensor3D {
  const [n, , m] = x.shape;
  // Where both are equal tf.maximum passes the gradient to its first argument, as PyTorch does.
  return tf.maximum(tf.slice(x, [0, 0, 0], [n, 1, m]), tf.slice(x, [0, 1, 0], [n, 1, m]));
}

/**
 * Maximum over squares of 2 x 2 pixels. The gradient goes to the first largest of a square, in the
 * order of rows.
 *
 * Why not tf.maxPool: its gradient is wrong on the wasm backend where a square is all negative. There it is
 * our own SIMD kernel (`wasm/pool.as.ts`), elsewhere a composition of tfjs operations.
 *
 * @param x `[B, H, W, C]`, H and W even.
 * @returns `[B, H / 2, W / 2, C]`.
 */
export function maxPool(x: tf.Tensor4D): tf.Tensor4D {
  const [b, h, w, c] = x.shape;
  if (tf.getBackend() === "wasm") {
    return customGradient([x], {
      forward: () => ({ value: wasmMaxPool(x) }),
      backward: (dy, [x]) => [wasmMaxPoolGradient(x as tf.Tensor4D, dy)],
    }) as tf.Tensor4D;
  }
  const rows = maxOfPairs(tf.reshape(x, [b * h * w / 2, 2, c]));
  const squares = maxOfPairs(tf.reshape(rows, [b * h / 2, 2, w / 2 * c]));
  return tf.reshape(squares, [b, h / 2, w / 2, c]);
}
