import * as tf from "@tensorflow/tfjs";
import type { Network } from "../networks/network.ts";
import { type FlatParameters, type Parameters, unflatten } from "../networks/weights/parameters.ts";

/**
 * A batch of regression examples: noisy images, what to predict from them, and when.
 *
 * @category Training
 */
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
  readonly labels?: ArrayLike<number> | undefined;
  /** How much each image's error counts; 1 by default. */
  readonly weights?: ArrayLike<number> | undefined;
}

/**
 * Mean squared error (each image's times its weight) of a network over a batch and its gradients, as
 * tensors on the backend in use; call it in `tf.tidy`.
 *
 * @param tensors Parameters of the network.
 * @returns The loss, mean over all values, and the gradients in the order of the network's parameters.
 * @internal
 */
export function meanLossAndGradients(
  network: Network,
  tensors: Parameters,
  { x, target, shape, times, labels, weights }: TrainingBatch,
): { loss: tf.Tensor; gradients: tf.Tensor[] } {
  const names = network.parameters.map(({ name }) => name);
  // Copies: the cpu backend keeps a reference to the values that it is given.
  const input = { x: tf.tensor4d(x.slice(), [...shape]), times, labels };
  const wanted = tf.tensor4d(target.slice(), [...shape]);
  const counts = weights && tf.tensor4d(Float32Array.from(weights), [shape[0], 1, 1, 1]);
  const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
    const named = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    const errors = tf.squaredDifference(network.forward(named, input), wanted);
    const counted = counts ? tf.mul(errors, counts) : errors;
    // Image by image first: tfjs gives each sum to a single workgroup of a GPU.
    return tf.mean(tf.mean(tf.reshape(counted, [shape[0], -1]), 1)) as tf.Scalar;
  })(names.map((name) => tensors[name]!));
  return { loss: value, gradients: grads };
}

/**
 * Mean squared error (each image's times its weight) of a network over a batch and its gradient, on the backend in use.
 *
 * @example
 * ```ts
 * import { ExampleStream, lossAndGradients } from "@els/toolkit/training";
 * import { createNetwork, initialParameters, Random, startBackend } from "@els/toolkit/networks";
 * import { bytesToImages, createSchedule, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * await startBackend("cpu");
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * const batch = await new ExampleStream({ images, schedule, batchSize: 2, seed: 1 }).batch(1);
 * const parameters = initialParameters(network.parameters, new Random(1));
 * const { loss } = await lossAndGradients(network, parameters, batch);
 * assertEquals(loss > 0, true);
 * ```
 *
 * @returns The loss, mean over all values, and its gradient as one flat vector.
 * @category Training
 */
export async function lossAndGradients(
  network: Network,
  parameters: FlatParameters,
  batch: TrainingBatch,
): Promise<{ loss: number; gradients: Float32Array }> {
  const [loss, flat] = tf.tidy(() => {
    const tensors = unflatten(network.parameters, parameters);
    const { loss, gradients } = meanLossAndGradients(network, tensors, batch);
    // One vector, so that a GPU is read once.
    return [loss, tf.concat(gradients.map((gradient) => tf.reshape(gradient, [-1])))] as const;
  });
  const [value, gradients] = await Promise.all([loss.data(), flat.data()]);
  tf.dispose([loss, flat]);
  return { loss: value[0]!, gradients: gradients as Float32Array };
}
