import { ArgumentError } from "../../core/errors.ts";
import type { ArchitectureDefinition } from "./architecture_definition.ts";
import { classSpecs } from "../layers/conditioning.ts";
import type { ArchitectureBase, Network } from "../network.ts";
import { convSpecs, linearSpecs, normSpecs, zeroed } from "../weights/parameters.ts";
import { receptiveRange } from "../analysis/receptive_range.ts";
import { residualUnet, type ResidualUnetPlan } from "./residual_unet.ts";
import { plan, rangeStages, stageFlops, stageSpecs } from "./residual_unet_stages.ts";
import { timeEmbedding, timeFrequencies } from "../layers/time_embedding.ts";

const MOST_GROUPS = 32;
/** A group of one channel would undo what the time adds to the channel before it is normalized. */
const LEAST_CHANNELS = 4;
const NORM_EPSILON = 1e-6;
/** Time runs over 0 .. 1000 here, as in the networks that this one is like. */
export const ATTENTION_UNET_TIMES = 1000;

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

/** Groups of a normalization of so many channels. */
export function attentionUnetGroups(channels: number): number {
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

/**
 * Its stages, and what they compute.
 *
 * @throws RangeError if a size is out of range.
 */
export function attentionUnetPlan(architecture: AttentionUnetArchitecture): ResidualUnetPlan {
  check(architecture);
  const { imageShape: [h], channels, padding, classes } = architecture;
  const d = channels[0]! / 2;
  const attends = (level: number) => architecture.attention.includes(h / 2 ** level);
  const middle = architecture.attention.length > 0;
  return {
    stages: plan({ ...architecture, attention: { down: attends, up: attends, middle } }),
    options: {
      padding,
      classes,
      waves: {
        frequencies: timeFrequencies(d).map((frequency) => ATTENTION_UNET_TIMES * frequency),
        of: (times) => timeEmbedding(Array.from(times, (t) => ATTENTION_UNET_TIMES * t), 2 * d),
      },
      norm: (channels) => ({ groups: attentionUnetGroups(channels), epsilon: NORM_EPSILON }),
    },
  };
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
  const unetPlan = attentionUnetPlan(architecture);
  const { stages } = unetPlan;
  const { imageShape: [h, w, colors], channels, classes } = architecture;
  const finest = channels[0]!;
  const width = 4 * finest;
  const specsOf = (wanted: boolean) =>
    stages.filter(({ op }) => (op === "attention") === wanted)
      .flatMap((stage) => stageSpecs(stage, { width }));
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
    forward: residualUnet(unetPlan),
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
