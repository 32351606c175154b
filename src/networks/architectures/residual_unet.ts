/** The forward pass of residual UNets: what their stages compute. */
import * as tf from "@tensorflow/tfjs";
import { joinColumns, splitColumns } from "../layers/columns.ts";
import { classVectors, linearLayers } from "../layers/conditioning.ts";
import { conv2d } from "../layers/conv2d.ts";
import type { Padding } from "../layers/conv2d_implementation.ts";
import { everySecondPixel } from "../layers/downsample.ts";
import { groupNorm } from "../layers/group_norm.ts";
import { selfAttention } from "../layers/self_attention.ts";
import { nearestUpsample } from "../layers/upsample.ts";
import { checkLabels, type Network } from "../network.ts";
import type { Parameters } from "../weights/parameters.ts";
import type { Stage } from "./residual_unet_stages.ts";

/** A sinusoidal embedding of times. */
export interface TimeWaves {
  /** What times are multiplied by. */
  readonly frequencies: readonly number[];
  /** Whether cosines come before sines. Default false. */
  readonly cosinesFirst?: boolean;
  /** The embedding: `[B, 2 frequencies]`. */
  readonly of: (times: ArrayLike<number>) => Float32Array;
}

/** What residual UNets differ in besides their stages. */
export interface ResidualUnetOptions {
  readonly padding: Padding;
  /** Number of classes; 0: none. */
  readonly classes: number;
  /** The embedding that two linear layers make more of. */
  readonly waves: TimeWaves;
  /** Groups and epsilon of a normalization of so many channels. */
  readonly norm: (channels: number) => { readonly groups: number; readonly epsilon: number };
  /** Heads of attention among so many channels. Default 1. */
  readonly heads?: (channels: number) => number;
  /** At which pixel of a square the windows of a convolution with stride 2 are centered. Default 1. */
  readonly downsampleAt?: 0 | 1;
  /** By what the sums of blocks and attention in the middle are divided. Default 1. */
  readonly middleFactor?: number;
  /** Whether the embedding scales the normalized channels, too, besides shifting them. Default false. */
  readonly scaleShift?: boolean;
  /** Whether images in [0, 1] become such in [-1, 1] first. Default false. */
  readonly centerInput?: boolean;
}

function silu<T extends tf.Tensor>(x: T): T {
  return tf.mul(x, tf.sigmoid(x));
}

/** A linear layer by its name. */
function linear(p: Parameters, name: string) {
  return {
    weight: p[`${name}.weight`] as tf.Tensor2D,
    bias: p[`${name}.bias`] as tf.Tensor1D,
  };
}

/** What time and class tell each block: `[B, channels]`, or twice as many, by the block's name. */
function embeddings(
  p: Parameters,
  { times, labels }: {
    readonly times: ArrayLike<number>;
    readonly labels?: ArrayLike<number> | undefined;
  },
  { blocks, waves }: {
    readonly blocks: readonly Stage[];
    readonly waves: ResidualUnetOptions["waves"];
  },
): Map<string, tf.Tensor2D> {
  const apply = (x: tf.Tensor2D, ...names: string[]) =>
    linearLayers(x, names.map((name) => linear(p, name)));
  const values = waves.of(times);
  const input = tf.tensor2d(values, [times.length, values.length / times.length]);
  const [hidden] = apply(input, "time_embedding.linear_1");
  let [embedded] = apply(silu(hidden!), "time_embedding.linear_2");
  if (labels) {
    const table = p["class_embedding.weight"] as tf.Tensor2D;
    embedded = tf.add(embedded!, classVectors(table, labels));
  }
  const found = apply(silu(embedded!), ...blocks.map(({ name }) => `${name}.time_emb_proj`));
  return new Map(blocks.map(({ name }, i) => [name, found[i]!]));
}

/** A residual UNet: stages between a first convolution and a head. */
export interface ResidualUnetPlan {
  readonly stages: readonly Stage[];
  readonly options: ResidualUnetOptions;
}

/** The forward pass of a residual UNet. */
export function residualUnet({ stages, options }: ResidualUnetPlan): Network["forward"] {
  const { padding, classes, waves, heads = () => 1, downsampleAt = 1 } = options;
  const { middleFactor = 1, scaleShift = false, centerInput = false } = options;
  const blocks = stages.filter(({ op }) => op === "block");

  return (p, { x, times, labels }, { inputGradient = false } = {}) => {
    checkLabels(classes, labels, x.shape[0]);
    const convolve = (input: tf.Tensor4D, name: string, inputGradient = true) =>
      conv2d(input, p[`${name}.weight`] as tf.Tensor4D, {
        padding,
        bias: p[`${name}.bias`] as tf.Tensor1D,
        inputGradient,
      });
    const norm = (name: string) => {
      const scale = p[`${name}.weight`] as tf.Tensor1D;
      return { ...options.norm(scale.size), scale, offset: p[`${name}.bias`] as tf.Tensor1D };
    };
    const divided = (sum: tf.Tensor4D, name: string): tf.Tensor4D =>
      middleFactor !== 1 && name.startsWith("mid_block.") ? tf.div(sum, middleFactor) : sum;
    /** The second normalization and what follows, told the embedding. */
    const conditioned = (input: tf.Tensor4D, name: string, told: tf.Tensor2D): tf.Tensor4D => {
      if (!scaleShift) return groupNorm(input, { ...norm(name), shift: told, activation: "silu" });
      const channels = input.shape[3];
      const [scale, shift] = splitColumns(told, [channels, channels]).map((part) =>
        tf.reshape(part, [-1, 1, 1, channels])
      );
      const normal = groupNorm(input, norm(name));
      return silu(tf.add(tf.mul(normal, tf.add(scale!, 1)), shift!)) as tf.Tensor4D;
    };
    const block = (input: tf.Tensor4D, name: string, told: tf.Tensor2D) => {
      const active = groupNorm(input, { ...norm(`${name}.norm1`), activation: "silu" });
      const middle = conditioned(convolve(active, `${name}.conv1`), `${name}.norm2`, told);
      const shortcut = `${name}.conv_shortcut`;
      const straight = p[`${shortcut}.weight`] ? convolve(input, shortcut) : input;
      return divided(tf.add(straight, convolve(middle, `${name}.conv2`)), name);
    };
    const attention = (input: tf.Tensor4D, name: string) =>
      divided(
        selfAttention(input, {
          norm: norm(`${name}.group_norm`),
          query: linear(p, `${name}.to_q`),
          key: linear(p, `${name}.to_k`),
          value: linear(p, `${name}.to_v`),
          out: linear(p, `${name}.to_out.0`),
          heads: heads(input.shape[3]),
        }),
        name,
      );
    return tf.tidy(() => {
      const told = embeddings(p, { times, labels }, { blocks, waves });
      const kept: tf.Tensor4D[] = [];
      const centered: tf.Tensor4D = centerInput ? tf.sub(tf.mul(x, 2), 1) : x;
      let state = convolve(centered, "conv_in", inputGradient);
      for (const stage of stages) {
        const { op, name } = stage;
        if (op === "keep") {
          kept.push(state);
          continue;
        }
        const input = state;
        const joined = op === "block" && stage.joins ? kept.pop() : undefined;
        // What a stage needs on the way is freed with it.
        state = tf.tidy(() => {
          if (op === "down") return everySecondPixel(convolve(input, name), downsampleAt);
          if (op === "up") return convolve(nearestUpsample(input), name);
          if (op === "attention") return attention(input, name);
          return block(joined ? joinColumns([input, joined]) : input, name, told.get(name)!);
        });
      }
      const active = groupNorm(state, { ...norm("conv_norm_out"), activation: "silu" });
      return convolve(active, "conv_out");
    });
  };
}
