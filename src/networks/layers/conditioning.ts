/** What a network is told besides the image: the time, and the class if it is conditional. */
import * as tf from "@tensorflow/tfjs";
import { joinColumns, splitColumns } from "./columns.ts";
import { matMul } from "./mat_mul.ts";
import type { Parameters, ParameterSpec } from "../weights/parameters.ts";
import { timeEmbedding } from "./time_embedding.ts";

/** The spec of a table with a vector for each class; none for a network without classes. */
export function classSpecs(
  name: string,
  { classes, width }: { readonly classes: number; readonly width: number },
): ParameterSpec[] {
  if (classes === 0) return [];
  return [{ name: `${name}.weight`, kind: "embedding", shape: [classes, width], fanIn: width }];
}

/** The vectors of some classes from their table `[classes, width]`: `[B, width]`. */
export function classVectors(table: tf.Tensor2D, labels: ArrayLike<number>): tf.Tensor2D {
  const [classes] = table.shape;
  // A one-hot product rather than a gather, whose gradient the wasm backend lacks.
  const oneHot = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) oneHot[i * classes + labels[i]!] = 1;
  return matMul(tf.tensor2d(oneHot, [labels.length, classes]), table);
}

/** Name of the class table in the public code of arXiv 2412.20292. */
export const CLASS_TABLE = "embedding.class_embeddings";

/** The public code's embedding of time, plus that of the class: `[B, width]`. */
export function embed(
  parameters: Parameters,
  { times, labels }: {
    readonly times: ArrayLike<number>;
    readonly labels: ArrayLike<number> | undefined;
  },
  width: number,
): tf.Tensor2D {
  const time = tf.tensor2d(timeEmbedding(times, width), [times.length, width]);
  const table = parameters[`${CLASS_TABLE}.weight`] as tf.Tensor2D | undefined;
  return table && labels ? tf.add(time, classVectors(table, labels)) : time;
}

/**
 * Several linear layers of the same input as one matrix product.
 *
 * @param x `[B, width]`.
 * @returns Their outputs in order, each `[B, outputs]`.
 */
export function linearLayers(
  x: tf.Tensor2D,
  layers: readonly { readonly weight: tf.Tensor2D; readonly bias: tf.Tensor1D }[],
): tf.Tensor2D[] {
  const weights = joinColumns(layers.map(({ weight }) => weight));
  const biases = joinColumns(layers.map(({ bias }) => bias));
  const all: tf.Tensor2D = tf.add(matMul(x, weights), biases);
  return splitColumns(all, layers.map(({ bias }) => bias.size));
}
