import * as tf from "@tensorflow/tfjs";
import { customGradient } from "./custom_gradient.ts";

function transposed(x: tf.Tensor): tf.Tensor {
  return tf.transpose(x, x.rank === 2 ? [1, 0] : [0, 2, 1]);
}

/**
 * The matrix product of `[.., n, k]` and `[.., k, m]`, both of rank 2 or both of rank 3.
 *
 * Its gradients transpose first and multiply then: what tfjs does, a product of transposed matrices,
 * is some forty times slower on its wasm backend.
 */
export function matMul<T extends tf.Tensor2D | tf.Tensor3D>(a: T, b: T): T {
  return customGradient([a, b], {
    forward: () => ({ value: tf.matMul(a, b) }),
    backward: (dy, [a, b]) => [tf.matMul(dy, transposed(b!)), tf.matMul(transposed(a!), dy)],
  }) as T;
}
