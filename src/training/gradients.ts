import * as tf from "@tensorflow/tfjs";
import type { Network } from "../networks/network.ts";
import { type FlatParameters, sizeOf, unflatten } from "../networks/parameters.ts";

/** A batch of regression examples: noisy images, what to predict from them, and when. */
export interface TrainingBatch {
  /** Noisy images. */
  readonly x: Float32Array;
  /** What the network should say. */
  readonly target: Float32Array;
  /** `[B, H, W, C]` of both. */
  readonly shape: readonly [number, number, number, number];
  /** Time of each image in [0, 1]. */
  readonly times: ArrayLike<number>;
  /** Class of each image, for a conditional network. */
  readonly labels?: ArrayLike<number>;
}

/**
 * Mean squared error of a network over a batch and its gradient, on the backend in use.
 *
 * @returns The loss, mean over all values, and its gradient as one flat vector.
 */
export function lossAndGradients(
  network: Network,
  parameters: FlatParameters,
  { x, target, shape, times, labels }: TrainingBatch,
): { loss: number; gradients: Float32Array } {
  return tf.tidy(() => {
    const tensors = unflatten(network.parameters, parameters);
    const names = network.parameters.map(({ name }) => name);
    const input = {
      x: tf.tensor4d(x, [...shape]),
      times,
      ...labels && { labels },
    };
    const wanted = tf.tensor4d(target, [...shape]);
    const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const named = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      return tf.mean(tf.squaredDifference(network.forward(named, input), wanted)) as tf.Scalar;
    })(names.map((name) => tensors[name]!));
    const size = network.parameters.reduce((sum, spec) => sum + sizeOf(spec), 0);
    const gradients = new Float32Array(size);
    let at = 0;
    grads.forEach((gradient, i) => {
      gradients.set(gradient.dataSync(), at);
      at += sizeOf(network.parameters[i]!);
    });
    return { loss: value.dataSync()[0]!, gradients };
  });
}
