import { ArgumentError } from "../../core/errors.ts";
import * as tf from "@tensorflow/tfjs";
import type { ArchitectureDefinition } from "./architecture_definition.ts";
import { CLASS_TABLE, classSpecs, embed } from "../layers/conditioning.ts";
import { joinColumns, splitColumns } from "../layers/columns.ts";
import { conv2d } from "../layers/conv2d.ts";
import { matMul } from "../layers/mat_mul.ts";
import { type ArchitectureBase, checkLabels, type Network } from "../network.ts";
import { convSpecs, linearSpecs, normSpecs, type Parameters } from "../weights/parameters.ts";

/** Groups of the normalization of what time and class tell a layer. */
export const RESNET_GROUPS = 8;
/** Added to its variances. */
export const RESNET_EPSILON = 1e-5;

/**
 * Description of the ResNet of the paper.
 *
 * @category Networks
 */
export interface ResnetArchitecture extends ArchitectureBase {
  /** Which architecture. */
  readonly kind: "resnet";
  /** Channels inside; even, a multiple of 8. */
  readonly width: number;
  /** Number of residual layers. */
  readonly layers: number;
  /** Size of the convolutions, odd. */
  readonly kernelSize: number;
}

/**
 * The convolution-only ResNet of Kamb & Ganguli (arXiv 2412.20292): a stem, residual layers
 * `state += relu(conv_i(state + e_i))` with `e_i = relu(groupNorm8(linear_i(embedding)))`, and a head
 * `conv(state + e_last)`, all k x k, no normalization of images.
 *
 * Names of parameters are those of the public code's state dict.
 *
 * @example
 * ```ts
 * import { resnet } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const network = resnet({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 2,
 *   kernelSize: 3,
 * });
 * assertEquals(network.receptiveField, 9);
 * ```
 *
 * @throws RangeError if the width is no multiple of 8, the kernel is even or larger than reaches across
 * the image, or a size is not positive.
 * @category Networks
 */
export function resnet(architecture: ResnetArchitecture): Network<ResnetArchitecture> {
  const { imageShape: [h, w, channels], width, layers, kernelSize: k, padding, classes } =
    architecture;
  if (!Number.isInteger(width) || width < RESNET_GROUPS || width % RESNET_GROUPS !== 0) {
    throw new ArgumentError(`Cannot build a ResNet of width ${width}: it must be a multiple of 8`);
  }
  if (!Number.isInteger(layers) || layers < 1) {
    throw new ArgumentError(`Cannot build a ResNet of ${layers} layers: it needs at least 1`);
  }
  if (!Number.isInteger(k) || k < 1 || k % 2 === 0) {
    throw new ArgumentError(`Cannot build a ResNet of ${k} x ${k} convolutions: k must be odd`);
  }
  const widest = 2 * Math.min(h, w) - 1;
  if (k > widest) {
    throw new ArgumentError(
      `Cannot build a ResNet of ${k} x ${k} convolutions for images of ${h} x ${w}: k must be at most ` +
        `${widest}, which reaches from every pixel to every other`,
    );
  }
  const indices = Array.from({ length: layers + 1 }, (_, i) => i);
  const parameters = [
    ...classSpecs(CLASS_TABLE, { classes, width }),
    ...convSpecs("up_projection", channels, width, k),
    ...indices.flatMap((i) => [
      ...linearSpecs(`embs.${i}.0`, width, width),
      ...normSpecs(`embs.${i}.1`, width),
    ]),
    ...indices.slice(0, layers).flatMap((i) => convSpecs(`convs.${i}.0`, width, width, k)),
    ...convSpecs("down_projection", width, channels, k),
  ];

  /** e_0 .. e_layers, each [B, width]; all linear layers are one matrix product. */
  function shifts(p: Parameters, embedding: tf.Tensor2D) {
    const batch = embedding.shape[0];
    const all = (suffix: string) => joinColumns(indices.map((i) => p[`embs.${i}.${suffix}`]!));
    const linear = tf.add(
      matMul(embedding, all("0.weight") as tf.Tensor2D),
      all("0.bias"),
    );
    const groups = tf.reshape(linear, [batch, (layers + 1) * RESNET_GROUPS, width / RESNET_GROUPS]);
    const centered = tf.sub(groups, tf.mean(groups, 2, true));
    const variance = tf.mean(tf.square(centered), 2, true);
    const normal = tf.div(centered, tf.sqrt(tf.add(variance, RESNET_EPSILON)));
    const flat = tf.reshape(normal, [batch, (layers + 1) * width]);
    const e = tf.relu(tf.add(tf.mul(flat, all("1.weight")), all("1.bias")));
    return splitColumns(e as tf.Tensor2D, indices.map(() => width));
  }

  return {
    architecture,
    rebuildable: true,
    parameters,
    receptiveField: 1 + (layers + 2) * (k - 1),
    flopsPerImage: 2 * h * w * k * k * (2 * channels * width + layers * width * width),
    forward(p, { x, times, labels }, { inputGradient = false } = {}) {
      checkLabels(classes, labels, x.shape[0]);
      const weight = (name: string) => p[`${name}.weight`] as tf.Tensor4D;
      const bias = (name: string) => p[`${name}.bias`] as tf.Tensor1D;
      return tf.tidy(() => {
        const e = shifts(p, embed(p, { times, labels }, width));
        let state = conv2d(x, weight("up_projection"), {
          padding,
          bias: bias("up_projection"),
          inputGradient,
        });
        for (let i = 0; i < layers; i++) {
          const name = `convs.${i}.0`;
          state = conv2d(state, weight(name), {
            padding,
            bias: bias(name),
            shift: e[i]!,
            relu: true,
            residual: true,
          });
        }
        return conv2d(state, weight("down_projection"), {
          padding,
          bias: bias("down_projection"),
          shift: e[layers]!,
        });
      });
    },
  };
}

/** The ResNet's entry among the architectures. */
export const resnetDefinition: ArchitectureDefinition<ResnetArchitecture> = {
  kind: "resnet",
  title: "ResNet",
  about: "the paper's: residual k x k convolutions, no normalization",
  fields: {
    width: {
      type: "integer",
      min: RESNET_GROUPS,
      default: 256,
      about: "channels, a multiple of 8",
    },
    layers: { type: "integer", min: 1, max: 1000, default: 6, about: "residual layers" },
    kernelSize: { type: "integer", min: 1, odd: true, default: 3, about: "size of convolutions" },
  },
  create: resnet,
};
