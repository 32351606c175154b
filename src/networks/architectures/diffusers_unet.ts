import { ArgumentError } from "../../core/errors.ts";
import { receptiveRange } from "../analysis/receptive_range.ts";
import { classSpecs } from "../layers/conditioning.ts";
import { timestepFrequencies, timestepWaves } from "../layers/timestep_waves.ts";
import type { ArchitectureBase, Network } from "../network.ts";
import { convSpecs, linearSpecs, normSpecs } from "../weights/parameters.ts";
import type { ArchitectureDefinition } from "./architecture_definition.ts";
import { residualUnet, type ResidualUnetPlan } from "./residual_unet.ts";
import { plan, rangeStages, stageFlops, stageSpecs } from "./residual_unet_stages.ts";

/**
 * Description of a UNet2DModel of Hugging Face's diffusers; fields are named as in its `config.json`.
 *
 * @category Networks
 */
export interface DiffusersUnetArchitecture extends ArchitectureBase {
  /** Which architecture. */
  readonly kind: "diffusers-unet";
  /** Channels at each level, finest first (`block_out_channels`). */
  readonly channels: readonly number[];
  /** Residual blocks at each level on the way down, one more on the way up (`layers_per_block`). */
  readonly blocks: number;
  /** 1 at each level with attention on the way down, else 0, finest first. */
  readonly downAttention: readonly number[];
  /** The same on the way up, finest first as well. */
  readonly upAttention: readonly number[];
  /** Whether there is attention in the middle. */
  readonly addAttention: boolean;
  /** Channels of a head; 0: all are of one. */
  readonly attentionHeadDim: number;
  /** Groups of each normalization. */
  readonly normNumGroups: number;
  /** Added to the variance in each normalization. */
  readonly normEps: number;
  /** What is subtracted in the exponent of the embedding of time. */
  readonly freqShift: number;
  /** Whether cosines come before sines in it. */
  readonly flipSinToCos: boolean;
  /** 1: a border all around images that are halved; 0: on the right and below only. */
  readonly downsamplePadding: number;
  /** By what sums in the middle are divided. */
  readonly midBlockScaleFactor: number;
  /** Whether the network takes images in [0, 1] to [-1, 1] itself. */
  readonly centerInputSample: boolean;
  /** Whether time shifts channels (`default`), or scales them, too. */
  readonly resnetTimeScaleShift: "default" | "scale_shift";
}

function check(architecture: DiffusersUnetArchitecture): void {
  const { channels, blocks, downAttention, upAttention, imageShape: [h, w] } = architecture;
  const { attentionHeadDim, normNumGroups, addAttention, padding } = architecture;
  const refuse = (problem: string) => {
    throw new ArgumentError(`Cannot build a diffusers UNet: ${problem}`);
  };
  if (channels.length === 0 || !channels.every((c) => Number.isInteger(c) && c > 0)) {
    refuse(`its channels are [${channels}], expected positive integers`);
  }
  if (channels[0]! % 2 !== 0 || channels[0]! < 4) {
    refuse(`its finest level has ${channels[0]} channels, expected an even number from 4`);
  }
  if (!Number.isInteger(blocks) || blocks < 1) refuse(`it has ${blocks} blocks at each level`);
  for (const [name, list] of Object.entries({ downAttention, upAttention })) {
    if (list.length !== channels.length || !list.every((n) => n === 0 || n === 1)) {
      refuse(`its ${name} is [${list}], expected a 0 or 1 for each of ${channels.length} levels`);
    }
  }
  const cell = 2 ** (channels.length - 1);
  if (h % cell !== 0 || w % cell !== 0) {
    refuse(
      `images of ${h} x ${w} cannot be halved ${channels.length - 1} times, as its ` +
        `${channels.length} levels need`,
    );
  }
  const ungrouped = channels.find((c) => c % normNumGroups !== 0);
  if (ungrouped !== undefined) {
    refuse(`${normNumGroups} groups (norm_num_groups) do not divide ${ungrouped} channels`);
  }
  const unheaded = channels.find((c, level) =>
    attentionHeadDim > 0 && c % attentionHeadDim !== 0 &&
    (downAttention[level] === 1 || upAttention[level] === 1 ||
      (addAttention && level === channels.length - 1))
  );
  if (unheaded !== undefined) {
    refuse(`heads of ${attentionHeadDim} channels (attention_head_dim) do not divide ${unheaded}`);
  }
  if (![0, 1].includes(architecture.downsamplePadding)) {
    refuse(`its downsample_padding is ${architecture.downsamplePadding}, expected 0 or 1`);
  }
  if (architecture.freqShift >= channels[0]! / 2) {
    refuse(`its freq_shift is ${architecture.freqShift}, expected less than ${channels[0]! / 2}`);
  }
  if (padding !== "zeros") refuse(`its padding is ${padding}, expected zeros`);
}

/**
 * Its stages, and what they compute.
 *
 * @throws RangeError if sizes do not fit each other or the image.
 */
export function diffusersUnetPlan(architecture: DiffusersUnetArchitecture): ResidualUnetPlan {
  check(architecture);
  const { channels, padding, classes, freqShift, flipSinToCos } = architecture;
  const { downAttention, upAttention, addAttention, attentionHeadDim } = architecture;
  const { normNumGroups: groups, normEps: epsilon, downsamplePadding } = architecture;
  const width = channels[0]!;
  return {
    stages: plan({
      ...architecture,
      attention: {
        down: (level) => downAttention[level] === 1,
        up: (level) => upAttention[level] === 1,
        middle: addAttention,
      },
    }),
    options: {
      padding,
      classes,
      waves: {
        frequencies: timestepFrequencies(width / 2, freqShift),
        cosinesFirst: flipSinToCos,
        of: (times) => timestepWaves(times, { width, freqShift, flipSinToCos }),
      },
      norm: () => ({ groups, epsilon }),
      heads: (c) => attentionHeadDim === 0 ? 1 : c / attentionHeadDim,
      downsampleAt: downsamplePadding === 0 ? 1 : 0,
      middleFactor: architecture.midBlockScaleFactor,
      scaleShift: architecture.resnetTimeScaleShift === "scale_shift",
      centerInput: architecture.centerInputSample,
    },
  };
}

/**
 * The UNet2DModel of Hugging Face's diffusers, of DownBlock2D, AttnDownBlock2D, UpBlock2D and
 * AttnUpBlock2D: what DDPM's networks (Ho et al., arXiv 2006.11239) and most tutorials' are.
 * Parameters have the names of its newer files. The network is told numbers of timesteps.
 *
 * @example
 * ```ts
 * import { createNetwork, diffusersUnetDefinition } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const { fields } = diffusersUnetDefinition;
 * const network = createNetwork({
 *   kind: "diffusers-unet",
 *   imageShape: [32, 32, 3],
 *   padding: "zeros",
 *   classes: 0,
 *   // That of google/ddpm-cifar10-32.
 *   channels: [128, 256, 256, 256],
 *   blocks: 2,
 *   downAttention: [0, 1, 0, 0],
 *   upAttention: [0, 1, 0, 0],
 *   addAttention: true,
 *   attentionHeadDim: 0,
 *   normNumGroups: fields.normNumGroups.default,
 *   normEps: 1e-6,
 *   freqShift: 1,
 *   flipSinToCos: false,
 *   downsamplePadding: 0,
 *   midBlockScaleFactor: 1,
 *   centerInputSample: false,
 *   resnetTimeScaleShift: "default",
 * });
 * assertEquals(network.receptiveField, Infinity);
 * ```
 *
 * @throws RangeError if sizes do not fit each other or the image.
 * @category Networks
 */
export function diffusersUnet(
  architecture: DiffusersUnetArchitecture,
): Network<DiffusersUnetArchitecture> {
  const unetPlan = diffusersUnetPlan(architecture);
  const { stages, options: { scaleShift } } = unetPlan;
  const { imageShape: [h, w, colors], channels, classes } = architecture;
  const finest = channels[0]!;
  const width = 4 * finest;
  const pixels = h * w;
  const attends = stages.some(({ op }) => op === "attention");
  return {
    architecture,
    rebuildable: true,
    parameters: [
      ...linearSpecs("time_embedding.linear_1", finest, width),
      ...linearSpecs("time_embedding.linear_2", width, width),
      ...classSpecs("class_embedding", { classes, width }),
      ...convSpecs("conv_in", colors, finest),
      ...stages.flatMap((stage) => stageSpecs(stage, { width, scaleShift: scaleShift ?? false })),
      ...normSpecs("conv_norm_out", finest),
      ...convSpecs("conv_out", finest, colors),
    ],
    receptiveField: attends ? Infinity : receptiveRange(rangeStages(stages)),
    flopsPerImage: stages.reduce(
      (sum, stage) => sum + stageFlops(stage, pixels / 4 ** stage.level),
      2 * 2 * 9 * colors * finest * pixels,
    ),
    forward: residualUnet(unetPlan),
  };
}

/**
 * The entry of diffusers' UNet2DModel among the architectures; defaults are its own.
 *
 * @category Networks
 */
export const diffusersUnetDefinition: ArchitectureDefinition<DiffusersUnetArchitecture> = {
  kind: "diffusers-unet",
  title: "diffusers UNet",
  about: "UNet2DModel of Hugging Face's diffusers",
  fields: {
    channels: {
      type: "integers",
      min: 1,
      default: [224, 448, 672, 896],
      about: "channels at each level, finest first",
    },
    blocks: { type: "integer", min: 1, max: 1000, default: 2, about: "blocks at each level" },
    downAttention: {
      type: "integers",
      min: 0,
      default: [0, 1, 1, 1],
      about: "levels with attention on the way down",
    },
    upAttention: {
      type: "integers",
      min: 0,
      default: [0, 1, 1, 1],
      about: "levels with attention on the way up",
    },
    addAttention: { type: "boolean", default: true, about: "attention in the middle" },
    attentionHeadDim: { type: "integer", min: 0, default: 8, about: "channels of a head; 0: all" },
    normNumGroups: { type: "integer", min: 1, default: 32, about: "groups of normalizations" },
    normEps: { type: "number", min: 0, max: 1, default: 1e-5, about: "added to variances" },
    freqShift: { type: "number", min: 0, max: 1e6, default: 0, about: "shift of frequencies" },
    flipSinToCos: { type: "boolean", default: true, about: "cosines before sines" },
    downsamplePadding: { type: "integer", min: 0, max: 1, default: 1, about: "border of halving" },
    midBlockScaleFactor: {
      type: "number",
      min: 1e-6,
      max: 1e6,
      default: 1,
      about: "what sums in the middle are divided by",
    },
    centerInputSample: { type: "boolean", default: false, about: "images come in [0, 1]" },
    resnetTimeScaleShift: {
      type: "choice",
      choices: ["default", "scale_shift"],
      default: "default",
      about: "what time does to channels",
    },
  },
  create: diffusersUnet,
};
