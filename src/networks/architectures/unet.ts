import { ArgumentError } from "../../core/errors.ts";
import * as tf from "@tensorflow/tfjs";
import type { ArchitectureDefinition } from "./architecture_definition.ts";
import { CLASS_TABLE, classSpecs, embed, linearLayers } from "../layers/conditioning.ts";
import { joinColumns } from "../layers/columns.ts";
import { conv2d } from "../layers/conv2d.ts";
import { groupNorm } from "../layers/group_norm.ts";
import { maxPool } from "../layers/max_pool.ts";
import { type ArchitectureBase, checkLabels, type Network } from "../network.ts";
import {
  convSpecs,
  linearSpecs,
  normSpecs,
  type Parameters,
  type ParameterSpec,
  transposedSpecs,
} from "../weights/parameters.ts";
import { type RangeStage, receptiveRange } from "../analysis/receptive_range.ts";
import { transposedConv2d } from "../layers/upsample.ts";

const MOST_GROUPS = 32;
/** Added to the variances of its normalizations. */
export const UNET_EPSILON = 1e-5;

/** Groups of a normalization of so many channels. */
export const unetGroups = (channels: number): number => Math.min(MOST_GROUPS, channels);

/**
 * Description of the UNet of the paper.
 *
 * @category Networks
 */
export interface UnetArchitecture extends ArchitectureBase {
  /** Which architecture. */
  readonly kind: "unet";
  /** Channels at each level, finest first; the last is the bottleneck. Published: 64, 128, 256. */
  readonly channels: readonly number[];
  /** Width of the time embedding; even, at least 4. Published: 256. */
  readonly embedding: number;
  /** What follows each convolution of a block, before the ReLU. Published: "none". */
  readonly norm: "none" | "group";
}

/** One block: `x + linear(relu(embedding))`, then twice convolution, normalization and ReLU. */
interface Block {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** The block works on images of size / 2^level. */
  readonly level: number;
}

function blockSpecs(
  { name, inputs, outputs }: Block,
  { embedding, norm }: UnetArchitecture,
): ParameterSpec[] {
  const second = norm === "group" ? 3 : 2;
  const normalization = (index: number) =>
    norm === "group" ? normSpecs(`${name}.model.${index}`, outputs) : [];
  return [
    ...linearSpecs(`${name}.emb.1`, embedding, inputs),
    ...convSpecs(`${name}.model.0`, inputs, outputs),
    ...normalization(1),
    ...convSpecs(`${name}.model.${second}`, outputs, outputs),
    ...normalization(second + 1),
  ];
}

/** The stages that widen what an output sees, on the longest way: through the bottleneck. */
function rangeStages(levels: number): RangeStage[] {
  const down: RangeStage[] = ["conv", "conv", "pool"];
  const up: RangeStage[] = ["upsample", "conv", "conv"];
  const halvings = Array.from({ length: levels - 1 });
  return [...halvings.flatMap(() => down), "conv", "conv", ...halvings.flatMap(() => up), "conv"];
}

function check({ channels, embedding, imageShape: [h, w] }: UnetArchitecture): void {
  if (channels.length === 0 || !channels.every((c) => Number.isInteger(c) && c > 0)) {
    throw new ArgumentError(
      `Cannot build a UNet of channels ${channels}: they must be positive integers`,
    );
  }
  if (!Number.isInteger(embedding) || embedding < 4 || embedding % 2 !== 0) {
    throw new ArgumentError(
      `Cannot build a UNet of embedding ${embedding}: the width must be even, at least 4`,
    );
  }
  const cell = 2 ** (channels.length - 1);
  if (h % cell !== 0 || w % cell !== 0) {
    throw new ArgumentError(
      `Cannot build a UNet of ${channels.length} levels for images of ${h} x ${w}: ` +
        `the sizes must be multiples of ${cell}`,
    );
  }
}

/**
 * The UNet of Kamb & Ganguli (arXiv 2412.20292): blocks of two 3 x 3 convolutions with a max pool
 * between levels, and back by transposed 2 x 2 convolutions, each followed by a block on the
 * concatenation with what the level had on the way down; no residual connections.
 *
 * Names of parameters are those of the public code's state dict.
 *
 * @example
 * ```ts
 * import { unet } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const network = unet({
 *   kind: "unet",
 *   imageShape: [16, 16, 1],
 *   padding: "circular",
 *   classes: 0,
 *   channels: [8, 16],
 *   embedding: 16,
 *   norm: "none",
 * });
 * assertEquals(network.architecture.channels, [8, 16]);
 * ```
 *
 * @throws RangeError if a size is not positive, the embedding is odd, an image cannot be halved so
 * often, or group normalization (32 groups, or one per channel) does not divide the channels.
 * @category Networks
 */
export function unet(architecture: UnetArchitecture): Network<UnetArchitecture> {
  check(architecture);
  const { imageShape: [h, w, colors], channels, embedding, norm, padding, classes } = architecture;
  const depth = channels.length - 1;
  const feature = channels.slice(0, depth).map((outputs, level): Block => ({
    name: `feature_blocks.${level}`,
    inputs: channels[level - 1] ?? colors,
    outputs,
    level,
  }));
  const bottleneck: Block = {
    name: "bottleneck",
    inputs: channels[depth - 1] ?? colors,
    outputs: channels[depth]!,
    level: depth,
  };
  const output = feature.toReversed().map(({ outputs, level }, i): Block => ({
    name: `output_blocks.${i}`,
    inputs: 2 * outputs,
    outputs,
    level,
  }));
  const blocks = [...feature, bottleneck, ...output];
  const uneven = norm === "group" && channels.find((count) => count % unetGroups(count) !== 0);
  if (uneven) {
    throw new ArgumentError(
      `Cannot normalize ${uneven} channels: above ${MOST_GROUPS} they must be multiples of it`,
    );
  }
  const parameters = [
    ...classSpecs(CLASS_TABLE, { classes, width: embedding }),
    ...blocks.flatMap((block) => blockSpecs(block, architecture)),
    ...output.flatMap(({ outputs, level }, i) =>
      transposedSpecs(`upsamples.${i}`, channels[level + 1]!, outputs)
    ),
    ...linearSpecs("last_emb.1", embedding, channels[0]!),
    ...convSpecs("output_conv", channels[0]!, colors),
  ];
  const flops = (level: number, weights: number) => 2 * weights * h * w / 4 ** level;
  const flopsPerImage = blocks.reduce(
    (sum, { inputs, outputs, level }) => sum + flops(level, 9 * outputs * (inputs + outputs)),
    0,
  ) +
    output.reduce(
      (sum, { outputs, level }) => sum + flops(level, channels[level + 1]! * outputs),
      0,
    ) +
    flops(0, 9 * channels[0]! * colors);

  /** What each block, and the head, adds to its input: each [B, channels]. */
  function shifts(p: Parameters, embedded: tf.Tensor2D): Map<string, tf.Tensor2D> {
    const names = [...blocks.map(({ name }) => `${name}.emb`), "last_emb"];
    const layers = names.map((name) => ({
      weight: p[`${name}.1.weight`] as tf.Tensor2D,
      bias: p[`${name}.1.bias`] as tf.Tensor1D,
    }));
    const found = linearLayers(tf.relu(embedded), layers);
    return new Map(names.map((name, i) => [name, found[i]!]));
  }

  return {
    architecture,
    rebuildable: true,
    parameters,
    receptiveField: receptiveRange(rangeStages(channels.length)),
    flopsPerImage,
    forward(p, { x, times, labels }, { inputGradient = false } = {}) {
      checkLabels(classes, labels, x.shape[0]);
      return tf.tidy(() => {
        const shift = shifts(p, embed(p, { times, labels }, embedding));
        const vector = (name: string) => p[name] as tf.Tensor1D;
        const convolve = (
          input: tf.Tensor4D,
          name: string,
          options: { shift?: tf.Tensor2D; relu?: boolean; inputGradient?: boolean },
        ) =>
          conv2d(input, p[`${name}.weight`] as tf.Tensor4D, {
            padding,
            bias: vector(`${name}.bias`),
            ...options,
          });
        const normalize = (input: tf.Tensor4D, name: string) =>
          groupNorm(input, {
            groups: unetGroups(input.shape[3]),
            epsilon: UNET_EPSILON,
            scale: vector(`${name}.weight`),
            offset: vector(`${name}.bias`),
            activation: "relu",
          });
        const run = (input: tf.Tensor4D, { name, level }: Block) => {
          const relu = norm === "none";
          const first = convolve(input, `${name}.model.0`, {
            shift: shift.get(`${name}.emb`)!,
            relu,
            inputGradient: inputGradient || level > 0 || input !== x,
          });
          if (relu) return convolve(first, `${name}.model.2`, { relu });
          const second = convolve(normalize(first, `${name}.model.1`), `${name}.model.3`, {});
          return normalize(second, `${name}.model.4`);
        };
        let state = x;
        const skips: tf.Tensor4D[] = [];
        for (const block of feature) {
          const features = run(state, block);
          skips.push(features);
          state = maxPool(features);
        }
        state = run(state, bottleneck);
        output.forEach((block, i) => {
          const name = `upsamples.${i}`;
          const filter = p[`${name}.weight`] as tf.Tensor4D;
          const larger = transposedConv2d(state, filter, vector(`${name}.bias`));
          state = run(joinColumns([skips[block.level]!, larger]), block);
        });
        return convolve(state, "output_conv", { shift: shift.get("last_emb")! });
      });
    },
  };
}

/** The UNet's entry among the architectures. */
export const unetDefinition: ArchitectureDefinition<UnetArchitecture> = {
  kind: "unet",
  title: "UNet",
  about: "the paper's: max pool down, transposed convolutions up, skips concatenated",
  fields: {
    channels: {
      type: "integers",
      min: 1,
      default: [64, 128, 256],
      about: "channels at each level, finest first",
    },
    embedding: {
      type: "integer",
      min: 4,
      default: 256,
      about: "width of the time embedding, even",
    },
    norm: { type: "choice", choices: ["none", "group"], default: "none", about: "normalization" },
  },
  create: unet,
};
