import { ArgumentError } from "../../core/errors.ts";
import * as tf from "@tensorflow/tfjs";
import type { ArchitectureDefinition } from "./architecture_definition.ts";
import { plan, rangeStages, stageFlops, stageSpecs } from "./attention_unet_stages.ts";
import { classSpecs, classVectors, linearLayers } from "../layers/conditioning.ts";
import { joinColumns } from "../layers/columns.ts";
import { conv2d } from "../layers/conv2d.ts";
import { oddPixels } from "../layers/downsample.ts";
import { groupNorm } from "../layers/group_norm.ts";
import { type ArchitectureBase, checkLabels, type Network } from "../network.ts";
import {
  convSpecs,
  linearSpecs,
  normSpecs,
  type Parameters,
  zeroed,
} from "../weights/parameters.ts";
import { receptiveRange } from "../analysis/receptive_range.ts";
import { selfAttention } from "../layers/self_attention.ts";
import { timeEmbedding } from "../layers/time_embedding.ts";
import { nearestUpsample } from "../layers/upsample.ts";

const MOST_GROUPS = 32;
/** A group of one channel would undo what the time adds to the channel before it is normalized. */
const LEAST_CHANNELS = 4;
const NORM_EPSILON = 1e-6;
/** Time runs over 0 .. 1000 here, as in the networks that this one is like. */
const TIME_SCALE = 1000;

/**
 * Description of the residual UNet with self-attention.
 *
 * @category Networks
 */
export interface AttentionUnetArchitecture extends ArchitectureBase {
  /** Which architecture. */
  readonly kind: "attention-unet";
  /** Channels at each level, finest first, multiples of 4. Ho et al.: 128, 256, 256, 256. */
  readonly channels: readonly number[];
  /** Residual blocks at each level on the way down, one more on the way up. Ho et al.: 2. */
  readonly blocks: number;
  /**
   * Heights at which attention follows each block; where there are any, it is in the middle, too.
   * Ho et al.: 16. Empty: attention is switched off, and all else is the same.
   */
  readonly attention: readonly number[];
}

function groupsOf(channels: number): number {
  let groups = Math.min(MOST_GROUPS, Math.floor(channels / LEAST_CHANNELS));
  while (channels % groups !== 0) groups--;
  return groups;
}

function check(architecture: AttentionUnetArchitecture): void {
  const { channels, blocks, attention, imageShape: [h, w] } = architecture;
  if (
    channels.length === 0 ||
    !channels.every((c) => Number.isInteger(c) && c > 0 && c % LEAST_CHANNELS === 0)
  ) {
    throw new ArgumentError(
      `Cannot build an attention UNet of channels ${channels}: they must be multiples of ` +
        `${LEAST_CHANNELS}`,
    );
  }
  if (!Number.isInteger(blocks) || blocks < 1) {
    throw new ArgumentError(
      `Cannot build an attention UNet of ${blocks} blocks: at least 1 is needed`,
    );
  }
  const cell = 2 ** (channels.length - 1);
  if (h % cell !== 0 || w % cell !== 0) {
    throw new ArgumentError(
      `Cannot build an attention UNet of ${channels.length} levels for images of ${h} x ${w}: ` +
        `the sizes must be multiples of ${cell}`,
    );
  }
  const heights = channels.map((_, level) => h / 2 ** level);
  const missing = attention.find((height) => !heights.includes(height));
  if (missing !== undefined) {
    throw new ArgumentError(
      `Cannot put attention at height ${missing}: the levels have heights ${heights.join(", ")}`,
    );
  }
}

function silu<T extends tf.Tensor>(x: T): T {
  return tf.mul(x, tf.sigmoid(x));
}

/**
 * The residual UNet of Ho et al. (arXiv 2006.11239): blocks of group normalization, SiLU and 3 x 3
 * convolution, twice, with the time added between; convolutions with stride 2 down, nearest neighbors
 * and a convolution up; self-attention at chosen sizes. The paper on the ELS machine predicts such
 * networks in part only; with `attention: []` the same network has none, which is the experiment.
 *
 * With and without attention the other parameters have the same names, the same order and, from the
 * same seed, the same initial values; attention starts as the identity (its last layer is zero), so that
 * both begin as the same function.
 *
 * Names of parameters are those that diffusers' UNet2DModel gives them.
 *
 * @example
 * ```ts
 * import { attentionUnet } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const network = attentionUnet({
 *   kind: "attention-unet",
 *   imageShape: [16, 16, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   channels: [16, 32],
 *   blocks: 1,
 *   attention: [8],
 * });
 * // With attention it sees the whole image.
 * assertEquals(network.receptiveField, Infinity);
 * ```
 *
 * @throws RangeError if a size is out of range, an image cannot be halved so often, or no level has a
 * height that attention was asked at.
 * @category Networks
 */
export function attentionUnet(
  architecture: AttentionUnetArchitecture,
): Network<AttentionUnetArchitecture> {
  check(architecture);
  const { imageShape: [h, w, colors], channels, padding, classes } = architecture;
  const stages = plan({ ...architecture, height: h });
  const finest = channels[0]!;
  const width = 4 * finest;
  const blocks = stages.filter(({ op }) => op === "block");
  const specsOf = (wanted: boolean) =>
    stages.filter(({ op }) => (op === "attention") === wanted)
      .flatMap((stage) => stageSpecs(stage, width));
  const parameters = [
    ...linearSpecs("time_embedding.linear_1", finest, width),
    ...linearSpecs("time_embedding.linear_2", width, width),
    ...classSpecs("class_embedding", { classes, width }),
    ...convSpecs("conv_in", colors, finest),
    ...specsOf(false),
    ...normSpecs("conv_norm_out", finest),
    ...zeroed(convSpecs("conv_out", finest, colors)),
    ...specsOf(true),
  ];
  const pixels = h * w;
  const ends = 2 * 2 * 9 * colors * finest * pixels;

  /** What each block adds to its channels: each [B, channels]. */
  function shifts(
    p: Parameters,
    times: ArrayLike<number>,
    labels: ArrayLike<number> | undefined,
  ): Map<string, tf.Tensor2D> {
    const linear = (x: tf.Tensor2D, ...names: string[]) =>
      linearLayers(
        x,
        names.map((name) => ({
          weight: p[`${name}.weight`] as tf.Tensor2D,
          bias: p[`${name}.bias`] as tf.Tensor1D,
        })),
      );
    const scaled = Array.from(times, (t) => TIME_SCALE * t);
    const waves = tf.tensor2d(timeEmbedding(scaled, finest), [times.length, finest]);
    const [hidden] = linear(waves, "time_embedding.linear_1");
    let [embedded] = linear(silu(hidden!), "time_embedding.linear_2");
    if (labels) {
      const table = p["class_embedding.weight"] as tf.Tensor2D;
      embedded = tf.add(embedded!, classVectors(table, labels));
    }
    const names = blocks.map(({ name }) => `${name}.time_emb_proj`);
    const found = linear(silu(embedded!), ...names);
    return new Map(blocks.map(({ name }, i) => [name, found[i]!]));
  }

  return {
    architecture,
    rebuildable: true,
    parameters,
    receptiveField: architecture.attention.length > 0
      ? Infinity
      : receptiveRange(rangeStages(stages)),
    flopsPerImage: stages.reduce(
      (sum, stage) => sum + stageFlops(stage, pixels / 4 ** stage.level),
      ends,
    ),
    forward(p, { x, times, labels }, { inputGradient = false } = {}) {
      checkLabels(classes, labels, x.shape[0]);
      return tf.tidy(() => {
        const shift = shifts(p, times, labels);
        const convolve = (input: tf.Tensor4D, name: string, inputGradient = true) =>
          conv2d(input, p[`${name}.weight`] as tf.Tensor4D, {
            padding,
            bias: p[`${name}.bias`] as tf.Tensor1D,
            inputGradient,
          });
        const norm = (name: string) => {
          const scale = p[`${name}.weight`] as tf.Tensor1D;
          const offset = p[`${name}.bias`] as tf.Tensor1D;
          return { groups: groupsOf(scale.size), scale, offset, epsilon: NORM_EPSILON };
        };
        const linear = (name: string) => ({
          weight: p[`${name}.weight`] as tf.Tensor2D,
          bias: p[`${name}.bias`] as tf.Tensor1D,
        });
        const block = (input: tf.Tensor4D, name: string) => {
          const active = groupNorm(input, { ...norm(`${name}.norm1`), activation: "silu" });
          const middle = groupNorm(convolve(active, `${name}.conv1`), {
            ...norm(`${name}.norm2`),
            shift: shift.get(name)!,
            activation: "silu",
          });
          const shortcut = `${name}.conv_shortcut`;
          const straight = p[`${shortcut}.weight`] ? convolve(input, shortcut) : input;
          return tf.add(straight, convolve(middle, `${name}.conv2`)) as tf.Tensor4D;
        };
        const kept: tf.Tensor4D[] = [];
        let state = convolve(x, "conv_in", inputGradient);
        for (const stage of stages) {
          const { op, name } = stage;
          if (op === "keep") kept.push(state);
          if (op === "block") {
            state = block(stage.joins ? joinColumns([state, kept.pop()!]) : state, name);
          }
          if (op === "down") state = oddPixels(convolve(state, name));
          if (op === "up") state = convolve(nearestUpsample(state), name);
          if (op === "attention") {
            state = selfAttention(state, {
              norm: norm(`${name}.group_norm`),
              query: linear(`${name}.to_q`),
              key: linear(`${name}.to_k`),
              value: linear(`${name}.to_v`),
              out: linear(`${name}.to_out.0`),
            });
          }
        }
        const active = groupNorm(state, { ...norm("conv_norm_out"), activation: "silu" });
        return convolve(active, "conv_out");
      });
    },
  };
}

/** The attention UNet's entry among the architectures. */
export const attentionUnetDefinition: ArchitectureDefinition<AttentionUnetArchitecture> = {
  kind: "attention-unet",
  title: "Attention UNet",
  about:
    "Ho et al.'s: residual blocks of GroupNorm, SiLU and convolution, self-attention where asked",
  fields: {
    channels: {
      type: "integers",
      min: 1,
      default: [64, 128, 256],
      about: "channels at each level, finest first",
    },
    blocks: {
      type: "integer",
      min: 1,
      max: 1000,
      default: 2,
      about: "residual blocks at each level",
    },
    attention: {
      type: "integers",
      min: 1,
      empty: true,
      default: [16],
      about: "heights with self-attention",
    },
  },
  create: attentionUnet,
};
