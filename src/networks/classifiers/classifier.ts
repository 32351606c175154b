import * as tf from "@tensorflow/tfjs";
import { ArgumentError } from "../../core/errors.ts";
import type { ImageShape } from "../../core/image_batch.ts";
import { conv2d } from "../layers/conv2d.ts";
import { groupNorm } from "../layers/group_norm.ts";
import { matMul } from "../layers/mat_mul.ts";
import { maxPool } from "../layers/max_pool.ts";
import {
  convSpecs,
  linearSpecs,
  normSpecs,
  type Parameters,
  type ParameterSpec,
} from "../weights/parameters.ts";

/** Channels of a group of the normalizations. */
const groupChannels = 8;

/**
 * Description of a classifier.
 *
 * @category Networks
 */
export interface ClassifierArchitecture {
  /** Which one. */
  readonly kind: "small-convolutional";
  /** Height and width, each a multiple of 2 for every block, and channels. */
  readonly imageShape: ImageShape;
  /** Classes that it tells apart. */
  readonly classes: number;
  /** Channels of each block, multiples of 8; the last are the features. */
  readonly widths: readonly number[];
}

/**
 * A classifier as a pure function of its parameters.
 *
 * @category Networks
 */
export interface Classifier {
  /** What it was built from. */
  readonly architecture: ClassifierArchitecture;
  /** Its parameters, in the order of the flat vector. */
  readonly parameters: readonly ParameterSpec[];
  /** Values of the last hidden layer: those before the classes. */
  readonly features: number;
  /**
   * Features `[B, features]` of images `[B, H, W, C]`, and what they say of the classes, `[B, classes]`
   * before softmax; differentiable in the parameters.
   *
   * @internal
   */
  forward(
    parameters: Parameters,
    x: tf.Tensor4D,
  ): { readonly features: tf.Tensor2D; readonly logits: tf.Tensor2D };
}

/**
 * A small convolutional classifier: blocks of `maxPool(relu(groupNorm(conv3x3)))`, then one more convolution,
 * whose means over all pixels are the features, and a linear layer to the classes. Small enough to ship, and
 * to train in minutes on a CPU.
 *
 * @example
 * ```ts
 * import { createClassifier } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const { features } = createClassifier({
 *   kind: "small-convolutional",
 *   imageShape: [32, 32, 1],
 *   classes: 10,
 *   widths: [16, 32, 64],
 * });
 * assertEquals(features, 64);
 * ```
 *
 * @throws RangeError if the image cannot be halved once for every block, or a width is no multiple of 8.
 * @category Networks
 */
export function createClassifier(architecture: ClassifierArchitecture): Classifier {
  const { imageShape: [h, w, channels], classes, widths } = architecture;
  const factor = 2 ** widths.length;
  if (h % factor !== 0 || w % factor !== 0 || widths.length === 0) {
    throw new ArgumentError(
      `Cannot build a classifier of ${widths.length} blocks for images of ${h} x ${w}: each ` +
        "block halves them, expected multiples of " + factor,
    );
  }
  const odd = widths.find((width) => !Number.isInteger(width) || width < 1 || width % 8 !== 0);
  if (odd !== undefined || !Number.isInteger(classes) || classes < 2) {
    throw new ArgumentError(
      `Cannot build a classifier of widths ${widths.join(", ")} for ${classes} classes: expected ` +
        "multiples of 8, and at least 2 classes",
    );
  }
  const last = widths.at(-1)!;
  const inputs = [channels, ...widths];
  const parameters = [
    ...[...widths, last].flatMap((width, i) => [
      ...convSpecs(`blocks.${i}.conv`, inputs[i]!, width),
      ...normSpecs(`blocks.${i}.norm`, width),
    ]),
    ...linearSpecs("classes", last, classes),
  ];
  return {
    architecture,
    parameters,
    features: last,
    forward(p, x) {
      const [features, logits] = tf.tidy(() => {
        let state = x;
        for (let i = 0; i <= widths.length; i++) {
          const width = widths[i] ?? last;
          const convolved = conv2d(state, p[`blocks.${i}.conv.weight`] as tf.Tensor4D, {
            padding: "zeros",
            bias: p[`blocks.${i}.conv.bias`] as tf.Tensor1D,
            inputGradient: i > 0,
          });
          const normal = groupNorm(convolved, {
            groups: width / groupChannels,
            scale: p[`blocks.${i}.norm.weight`] as tf.Tensor1D,
            offset: p[`blocks.${i}.norm.bias`] as tf.Tensor1D,
            activation: "relu",
          });
          state = i < widths.length ? maxPool(normal) : normal;
        }
        const features = tf.mean(state, [1, 2]) as tf.Tensor2D;
        const logits = tf.add(
          matMul(features, p["classes.weight"] as tf.Tensor2D),
          p["classes.bias"]!,
        ) as tf.Tensor2D;
        return [features, logits];
      });
      return { features: features!, logits: logits! };
    },
  };
}
