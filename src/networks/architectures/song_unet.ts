import { ArgumentError } from "../../core/errors.ts";
import * as tf from "@tensorflow/tfjs";
import type { ArchitectureDefinition } from "./architecture_definition.ts";
import {
  hasShortcut,
  type SongBlock,
  type SongStage,
  songStageFlops,
  songStages,
  songStageSpecs,
} from "./song_unet_stages.ts";
import { joinColumns } from "../layers/columns.ts";
import { linearLayers } from "../layers/conditioning.ts";
import { conv2d } from "../layers/conv2d.ts";
import { groupNorm } from "../layers/group_norm.ts";
import { pad } from "../layers/pad.ts";
import { double, filterReach, halve, halveBordered } from "../layers/resample.ts";
import { selfAttention } from "../layers/self_attention.ts";
import { fourierRates, geometricRates, waveEmbedding } from "../layers/time_embedding.ts";
import { type ArchitectureBase, checkLabels, type Network } from "../network.ts";
import { linearSpecs, type Parameters, type ParameterSpec } from "../weights/parameters.ts";

const MOST_GROUPS = 32;
const LEAST_CHANNELS = 4;
const NORM_EPSILON = 1e-6;
/** What a sum of two branches is multiplied by, such that its variance stays that of one. */
const HALF_POWER = Math.SQRT1_2;

/**
 * Description of the UNet of Song et al. (arXiv 2011.13456): DDPM++ and NCSN++.
 *
 * @category Networks
 */
export interface SongUnetArchitecture extends ArchitectureBase {
  /** Which architecture. */
  readonly kind: "song-unet";
  /** Channels after the first convolution. Published for 32 x 32 pixels: 128. */
  readonly width: number;
  /** Channels at each level, finest first, multiples of 4. Published: 256, 256, 256. */
  readonly channels: readonly number[];
  /** Residual blocks at each level on the way down, one more on the way up. Published: 4. */
  readonly blocks: number;
  /** Heights at which attention follows blocks; in the middle it does anyway. Published: 16. */
  readonly attention: readonly number[];
  /** Width of what all blocks are told of time and class. Published: 512. */
  readonly embedding: number;
  /** Values that the time is turned into first, even. Published: 128 (DDPM++), 256 (NCSN++). */
  readonly waves: number;
  /**
   * Frequencies of these values, half as many, drawn once and never trained: NCSN++. Empty: sinusoids at
   * geometric frequencies, DDPM++.
   */
  readonly frequencies: readonly number[];
  /** How the image itself joins the way down: "standard": not at all, "residual": NCSN++. */
  readonly encoder: "standard" | "skip" | "residual";
  /** Whether each level of the way up adds to the image ("skip"), or the last alone gives it. */
  readonly decoder: "standard" | "skip";
  /** Filter by which sizes are halved and doubled: 1, 1 (DDPM++) or 1, 3, 3, 1 (NCSN++). */
  readonly filter: readonly number[];
}

function check(architecture: SongUnetArchitecture): void {
  const { imageShape: [h, w], width, channels, blocks, waves, frequencies, filter } = architecture;
  const refuse = (problem: string): never => {
    throw new ArgumentError(`Cannot build a UNet of Song et al. ${problem}`);
  };
  const whole = (value: number, least: number) => Number.isInteger(value) && value >= least;
  for (const c of [width, ...channels]) {
    if (!whole(c, LEAST_CHANNELS) || c % groupsOf(c) !== 0 || c % LEAST_CHANNELS !== 0) {
      refuse(`with ${c} channels: expected a multiple of 4, above 128 of 32`);
    }
  }
  if (channels.length === 0) refuse("without levels: channels are needed for one at least");
  if (!whole(blocks, 1)) refuse(`of ${blocks} blocks: at least 1 is needed`);
  if (!whole(architecture.embedding, 1)) {
    refuse(`with an embedding of ${architecture.embedding} values`);
  }
  const cell = 2 ** (channels.length - 1);
  if (h !== w || h % cell !== 0) {
    refuse(
      `of ${channels.length} levels for images of ${h} x ${w}: they must be square, a multiple of ` +
        `${cell} wide`,
    );
  }
  if (!whole(waves, 4) || waves % 2 !== 0) {
    refuse(`with ${waves} waves: expected an even number from 4`);
  }
  if (frequencies.length !== 0 && 2 * frequencies.length !== waves) {
    refuse(
      `with ${frequencies.length} frequencies for ${waves} waves: expected half as many, or none`,
    );
  }
  if (!frequencies.every(Number.isFinite)) refuse("whose frequencies are not all finite");
  const sum = filter.reduce((all, tap) => all + tap, 0);
  if (filter.length < 2 || filter.length % 2 !== 0 || !(Math.abs(sum) > 0 && sum < Infinity)) {
    refuse(`with the filter ${filter}: expected an even number of taps whose sum is not zero`);
  }
  if (filterReach(filter) + 1 > h / cell) {
    refuse(`with a filter of ${filter.length} taps: the smallest level is ${h / cell} pixels wide`);
  }
}

function groupsOf(channels: number): number {
  return Math.min(MOST_GROUPS, Math.floor(channels / LEAST_CHANNELS));
}

function silu<T extends tf.Tensor>(x: T): T {
  return tf.mul(x, tf.sigmoid(x));
}

/** Parameters of what turns time and class into the embedding. */
function embeddingSpecs({ waves, embedding, classes }: SongUnetArchitecture): ParameterSpec[] {
  return [
    ...classes > 0 ? linearSpecs("map_label", classes, waves) : [],
    ...linearSpecs("map_layer0", waves, embedding),
    ...linearSpecs("map_layer1", embedding, embedding),
  ];
}

/** The network's parameters and layers, by name. */
class Layers {
  readonly #parameters: Parameters;
  readonly #architecture: SongUnetArchitecture;

  constructor(parameters: Parameters, architecture: SongUnetArchitecture) {
    this.#parameters = parameters;
    this.#architecture = architecture;
  }

  linear(name: string) {
    return {
      weight: this.#parameters[`${name}.weight`] as tf.Tensor2D,
      bias: this.#parameters[`${name}.bias`] as tf.Tensor1D,
    };
  }

  convolve(x: tf.Tensor4D, name: string, inputGradient = true): tf.Tensor4D {
    return conv2d(x, this.#parameters[`${name}.weight`] as tf.Tensor4D, {
      padding: this.#architecture.padding,
      bias: this.#parameters[`${name}.bias`] as tf.Tensor1D,
      inputGradient,
    });
  }

  norm(name: string) {
    const scale = this.#parameters[`${name}.weight`] as tf.Tensor1D;
    const offset = this.#parameters[`${name}.bias`] as tf.Tensor1D;
    return { groups: groupsOf(scale.size), scale, offset, epsilon: NORM_EPSILON };
  }

  resample(x: tf.Tensor4D, way: SongBlock["resample"]): tf.Tensor4D {
    const { filter, padding } = this.#architecture;
    if (way === undefined) return x;
    return way === "down" ? halve(x, filter, padding) : double(x, filter, padding);
  }

  /** Queries, keys and values of a channel are neighbors in the file: each on its own. */
  #projections(name: string): [query: Linear, key: Linear, value: Linear] {
    const weight = this.#parameters[`${name}.weight`] as tf.Tensor4D;
    const inputs = weight.shape[2];
    // The parts side by side first: on wasm to take them apart along the last axis is ten times slower.
    const parts = <T extends tf.Tensor>(values: tf.Tensor, shape: number[]) =>
      tf.unstack(tf.reshape(tf.transpose(tf.reshape(values, [-1, 3])), [3, ...shape])) as T[];
    const weights = parts<tf.Tensor2D>(weight, [inputs, inputs]);
    const biases = parts<tf.Tensor1D>(this.#parameters[`${name}.bias`]!, [inputs]);
    return weights.map((weight, i) => ({ weight, bias: biases[i]! })) as [Linear, Linear, Linear];
  }

  attend(x: tf.Tensor4D, name: string): tf.Tensor4D {
    const [query, key, value] = this.#projections(`${name}.qkv`);
    const out = this.#parameters[`${name}.proj.weight`] as tf.Tensor4D;
    const [, , inputs, outputs] = out.shape;
    return tf.mul(
      selfAttention(x, {
        ...{ query, key, value, norm: this.norm(`${name}.norm2`) },
        out: {
          weight: tf.reshape(out, [inputs, outputs]),
          bias: this.#parameters[`${name}.proj.bias`] as tf.Tensor1D,
        },
      }),
      HALF_POWER,
    );
  }

  /** A residual block, told `shift` of time and class. */
  block(x: tf.Tensor4D, stage: SongBlock, shift: tf.Tensor2D): tf.Tensor4D {
    const { name, resample } = stage;
    const active = groupNorm(x, { ...this.norm(`${name}.norm0`), activation: "silu" });
    const middle = groupNorm(this.convolve(this.resample(active, resample), `${name}.conv0`), {
      ...{ ...this.norm(`${name}.norm1`), shift, activation: "silu" },
    });
    const straight = hasShortcut(stage)
      ? this.convolve(this.resample(x, resample), `${name}.skip`)
      : x;
    const sum = tf.add(straight, this.convolve(middle, `${name}.conv1`));
    const out = tf.mul<tf.Tensor4D>(sum, HALF_POWER);
    return stage.attention ? this.attend(out, name) : out;
  }

  /** The smaller image of a residual branch: convolved, as wide as the filter reaches, then halved. */
  halved(x: tf.Tensor4D, name: string): tf.Tensor4D {
    const { filter, padding } = this.#architecture;
    const bordered = pad(x, filterReach(filter), padding);
    return halveBordered(this.convolve(bordered, name), filter);
  }
}

interface Linear {
  readonly weight: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
}

/** What each block adds to its channels: each `[B, channels]`. */
function shiftsOf(
  layers: Layers,
  { waves, frequencies, classes }: SongUnetArchitecture,
  { times, labels, blocks }: {
    readonly times: ArrayLike<number>;
    readonly labels: ArrayLike<number> | undefined;
    readonly blocks: readonly SongBlock[];
  },
): Map<string, tf.Tensor2D> {
  const rates = frequencies.length > 0 ? fourierRates(frequencies) : geometricRates(waves);
  const waving = waveEmbedding(times, rates);
  let state: tf.Tensor2D = tf.tensor2d(waving, [times.length, waves]);
  const linear = (x: tf.Tensor2D, ...names: string[]) =>
    linearLayers(x, names.map((name) => layers.linear(name)));
  if (labels !== undefined) {
    const oneHot = new Float32Array(labels.length * classes);
    for (let i = 0; i < labels.length; i++) oneHot[i * classes + labels[i]!] = Math.sqrt(classes);
    const [label] = linear(tf.tensor2d(oneHot, [labels.length, classes]), "map_label");
    state = tf.add(state, label!);
  }
  for (const name of ["map_layer0", "map_layer1"]) state = silu(linear(state, name)[0]!);
  const found = linear(state, ...blocks.map(({ name }) => `${name}.affine`));
  return new Map(blocks.map(({ name }, i) => [name, found[i]!]));
}

/** Goes through the stages. */
function run(
  stages: readonly SongStage[],
  layers: Layers,
  { x, shifts, inputGradient }: {
    readonly x: tf.Tensor4D;
    readonly shifts: ReadonlyMap<string, tf.Tensor2D>;
    readonly inputGradient: boolean;
  },
): tf.Tensor4D {
  const kept: tf.Tensor4D[] = [];
  let state = x;
  /** The image on its own way down. */
  let branch = x;
  let image: tf.Tensor4D | undefined;
  for (const stage of stages) {
    const { op, name } = stage;
    if (op === "first") kept.push(state = layers.convolve(x, name, inputGradient));
    if (op === "block") {
      const [before, beside] = [state, stage.joins ? kept.pop() : undefined];
      // What lies between is freed here: of 56 million parameters that is 100 MB an image.
      state = tf.tidy(() =>
        layers.block(beside ? joinColumns([before, beside]) : before, stage, shifts.get(name)!)
      );
      if (stage.keeps) kept.push(state);
    }
    if (op === "skip") {
      branch = layers.resample(branch, "down");
      kept[kept.length - 1] = state = tf.add(state, layers.convolve(branch, name, inputGradient));
    }
    if (op === "residual") {
      branch = tf.mul(tf.add(state, layers.halved(branch, name)), HALF_POWER);
      kept[kept.length - 1] = state = branch;
    }
    if (op === "head") {
      const active = groupNorm(state, { ...layers.norm(`${name}_norm`), activation: "silu" });
      const out = layers.convolve(active, `${name}_conv`);
      image = image === undefined ? out : tf.add(layers.resample(image, "up"), out);
    }
  }
  return image!;
}

/**
 * The UNet of Song et al. (arXiv 2011.13456) as Karras et al. (arXiv 2206.00364, table 7) configure it:
 * DDPM++ (one way down, means of pairs) or NCSN++ (random frequencies, a residual branch of the image,
 * binomial filters). Residual blocks of group normalization, SiLU and convolution, whose sums are scaled
 * to keep their variance; self-attention with one head.
 *
 * Names of parameters are those of NVIDIA's EDM. Augmentation labels are not among them: they are zero
 * whenever images are made.
 *
 * @example
 * ```ts
 * import { songUnet } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const network = songUnet({
 *   kind: "song-unet",
 *   imageShape: [16, 16, 3],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 16,
 *   channels: [16, 32],
 *   blocks: 1,
 *   attention: [8],
 *   embedding: 64,
 *   waves: 16,
 *   frequencies: [],
 *   encoder: "standard",
 *   decoder: "standard",
 *   filter: [1, 1],
 * });
 * // Attention in the middle sees the whole image.
 * assertEquals(network.receptiveField, Infinity);
 * ```
 *
 * @throws RangeError if a size is out of range, or an image cannot be halved so often.
 * @category Networks
 */
export function songUnet(architecture: SongUnetArchitecture): Network<SongUnetArchitecture> {
  check(architecture);
  const { imageShape: [height, width, colors], classes, embedding } = architecture;
  const stages = songStages({ ...architecture, height, colors });
  const blocks = stages.filter((stage): stage is SongBlock => stage.op === "block");
  const pixels = height * width;
  return {
    architecture,
    rebuildable: true,
    parameters: [
      ...embeddingSpecs(architecture),
      ...stages.flatMap((stage) => songStageSpecs(stage, { colors, embedding })),
    ],
    receptiveField: Infinity,
    flopsPerImage: stages.reduce((sum, stage) => {
      const level = stage.op === "first" ? 0 : stage.level;
      return sum + songStageFlops(stage, { colors, pixels: pixels / 4 ** level });
    }, 0),
    forward(parameters, { x, times, labels }, { inputGradient = false } = {}) {
      checkLabels(classes, labels, x.shape[0]);
      return tf.tidy(() => {
        const layers = new Layers(parameters, architecture);
        const shifts = shiftsOf(layers, architecture, { times, labels, blocks });
        return run(stages, layers, { x, shifts, inputGradient });
      });
    },
  };
}

/** The entry of Song et al.'s UNet among the architectures. */
export const songUnetDefinition: ArchitectureDefinition<SongUnetArchitecture> = {
  kind: "song-unet",
  title: "Song UNet",
  about: "Song et al.'s DDPM++ and NCSN++ as in EDM: residual blocks, self-attention in the middle",
  fields: {
    width: { type: "integer", min: 4, default: 128, about: "channels after the first convolution" },
    channels: {
      type: "integers",
      min: 4,
      default: [256, 256, 256],
      about: "channels at each level, finest first",
    },
    blocks: {
      type: "integer",
      min: 1,
      max: 1000,
      default: 4,
      about: "residual blocks at each level",
    },
    attention: {
      type: "integers",
      min: 1,
      empty: true,
      default: [16],
      about: "heights with self-attention",
    },
    embedding: { type: "integer", min: 1, default: 512, about: "width of the embedding" },
    waves: {
      type: "integer",
      min: 4,
      default: 128,
      about: "values that the time is turned into, even",
    },
    frequencies: { type: "numbers", default: [], about: "frequencies of NCSN++'s embedding" },
    encoder: {
      type: "choice",
      choices: ["standard", "skip", "residual"],
      default: "standard",
      about: "how the image joins the way down",
    },
    decoder: {
      type: "choice",
      choices: ["standard", "skip"],
      default: "standard",
      about: "whether every level adds to the image",
    },
    filter: {
      type: "integers",
      min: 1,
      default: [1, 1],
      about: "taps by which sizes are halved and doubled",
    },
  },
  create: songUnet,
};
