import * as tf from "@tensorflow/tfjs";
import type { Conv2dImplementation, Conv2dInputs } from "./conv2d_implementation.ts";
import { pad } from "./pad.ts";

function shifted({ x, shift }: Conv2dInputs): tf.Tensor4D {
  return shift ? tf.add(x, tf.reshape(shift, [x.shape[0], 1, 1, x.shape[3]])) : x;
}

/**
 * The convolution of `conv2d.ts` as a composition of tfjs operations, for backends without kernels of our own.
 *
 * dx is a forward convolution with the flipped filter, the filter's gradient k * k matrix products
 * of shifted slices: operations that every backend of tfjs has.
 */
export const composedConv2d: Conv2dImplementation = {
  forward(inputs, { padding, relu }) {
    const { filter, bias } = inputs;
    const padded = pad(shifted(inputs), filter.shape[0] >> 1, padding);
    let y: tf.Tensor4D = tf.conv2d(padded, filter, 1, "valid");
    if (bias) y = tf.add(y, bias);
    return relu ? tf.relu(y) : y;
  },

  backward({ y, dy, ...inputs }, { padding, relu, inputGradient }) {
    const { x, filter, shift } = inputs;
    const [k, , ci, co] = filter.shape;
    const [n, h, w] = x.shape;
    const r = k >> 1;
    const gradient: tf.Tensor4D = relu ? tf.mul(dy, tf.cast(tf.greater(y, 0), "float32")) : dy;
    const padded = pad(shifted(inputs), r, padding);
    const rows = tf.reshape(gradient, [n * h * w, co]);
    const taps: tf.Tensor[] = [];
    for (let ky = 0; ky < k; ky++) {
      for (let kx = 0; kx < k; kx++) {
        const slice = tf.slice(padded, [0, ky, kx, 0], [n, h, w, ci]);
        taps.push(tf.matMul(tf.transpose(tf.reshape(slice, [n * h * w, ci])), rows));
      }
    }
    const flipped: tf.Tensor4D = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
    const wanted = inputGradient || shift !== undefined;
    // One zero for an unwanted gradient: tfjs refuses its shape to whoever asks for it all the same.
    const dx = wanted ? tf.conv2d(pad(gradient, r, padding), flipped, 1, "valid") : tf.zeros([1]);
    return {
      x: dx,
      filter: tf.reshape(tf.stack(taps), [k, k, ci, co]),
      bias: tf.sum(gradient, [0, 1, 2]),
      shift: shift ? tf.sum(dx, [1, 2]) : dx,
    };
  },
};
