import * as tf from "@tensorflow/tfjs";
import type { Network } from "../networks/network.ts";
import { type FlatParameters, unflatten } from "../networks/parameters.ts";

/** A batch of regression examples: noisy images, what to predict from them, and when. */
export interface TrainingBatch {
  /** Noisy images. */
  readonly x: Float32Array;
  /** What the network should say. */
  readonly target: Float32Array;
  /** `[B, H, W, C]` of both. */
  readonly shape: readonly [number, number, number, number];
  /** What the network is told about each image's noise: its time in [0, 1], or what stands for it. */
  readonly times: ArrayLike<number>;
  /** Class of each image, for a conditional network. */
  readonly labels?: ArrayLike<number>;
  /** How much each image's error counts; 1 by default. */
  readonly weights?: ArrayLike<number>;
}

/**
 * Mean squared error (each image's times its weight) of a network over a batch and its gradient, on the backend in use.
 *
 * @returns The loss, mean over all values, and its gradient as one flat vector.
 */
export async function lossAndGradients(
  network: Network,
  parameters: FlatParameters,
  { x, target, shape, times, labels, weights }: TrainingBatch,
): Promise<{ loss: number; gradients: Float32Array }> {
  const [loss, gradients] = tf.tidy(() => {
    const tensors = unflatten(network.parameters, parameters);
    const names = network.parameters.map(({ name }) => name);
    // Copies: the cpu backend keeps a reference to the values that it is given.
    const input = { x: tf.tensor4d(x.slice(), [...shape]), times, ...labels && { labels } };
    const wanted = tf.tensor4d(target.slice(), [...shape]);
    const counts = weights && tf.tensor4d(Float32Array.from(weights), [shape[0], 1, 1, 1]);
    const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const named = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      const errors = tf.squaredDifference(network.forward(named, input), wanted);
      return tf.mean(counts ? tf.mul(errors, counts) : errors) as tf.Scalar;
    })(names.map((name) => tensors[name]!));
    // One vector, so that a GPU is read once.
    return [value, tf.concat(grads.map((gradient) => tf.reshape(gradient, [-1])))] as const;
  });
  const [value, flat] = await Promise.all([loss.data(), gradients.data()]);
  tf.dispose([loss, gradients]);
  return { loss: value[0]!, gradients: flat as Float32Array };
}
