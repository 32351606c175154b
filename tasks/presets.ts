/**
 * Named training configurations: the networks of the published table (arXiv 2412.20292, table 1) and
 * small ones for a CPU.
 */
import { type FormulationChoice, plainFormulation } from "./common/formulation.ts";
import type { Padding } from "../src/networks/conv2d_implementation.ts";

/** What a preset decides; flags of `deno task train` replace single values. */
export interface TrainingPreset extends FormulationChoice {
  /** One line for the help page. */
  readonly about: string;
  readonly dataset: string;
  /** Number of training images; absent: all. */
  readonly images?: number;
  readonly conditional: boolean;
  readonly padding: Padding;
  readonly width: number;
  readonly layers: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly warmup: number;
  /** Factor per step, or "cosine". */
  readonly decay: number | "cosine";
  readonly weightDecay: number;
  readonly emaDecay: number;
  readonly clipNorm: number;
  /** Parts of a batch, for threads. */
  readonly shards: number;
}

/** The recipe of the paper: Adam, rate 1e-4 times 0.999965 a step, batch 128, 300 epochs of 60,000. */
const published = {
  ...plainFormulation,
  width: 256,
  layers: 6,
  noiseSchedule: "cosine_legacy",
  objective: "noise",
  steps: 140_625,
  batchSize: 128,
  learningRate: 1e-4,
  warmup: 0,
  decay: 0.999965,
  weightDecay: 0,
  emaDecay: 0,
  clipNorm: 0,
  shards: 8,
} as const;

/** For two CPU cores: narrow, short, with what makes a short training count. */
const small = {
  ...published,
  width: 48,
  batchSize: 16,
  learningRate: 2e-3,
  warmup: 200,
  decay: "cosine",
  emaDecay: 0.999,
  clipNorm: 1,
  timePower: 2,
  shards: 2,
} as const;

/** All presets by name. */
export const presets = {
  "mnist-small": {
    ...small,
    about: "Zero-padded ResNet on 5,000 digits: the network that the quickstart ships",
    dataset: "mnist",
    images: 5000,
    conditional: false,
    padding: "zeros",
    steps: 12_000,
  },
  "mnist-small-circular": {
    ...small,
    about: "The same with circular padding",
    dataset: "mnist",
    images: 5000,
    conditional: false,
    padding: "circular",
    steps: 12_000,
  },
  "mnist-small-edm": {
    ...small,
    about: "The first under EDM: preconditioned, log-normal noise",
    dataset: "mnist",
    images: 5000,
    conditional: false,
    padding: "zeros",
    noiseSchedule: "edm",
    objective: "x0",
    steps: 12_000,
  },
  "mnist-small-ve": {
    ...small,
    about: "The first under the variance-exploding process",
    dataset: "mnist",
    images: 5000,
    conditional: false,
    padding: "zeros",
    noiseSchedule: "ve",
    steps: 12_000,
  },
  "mnist-small-stf": {
    ...small,
    about: "EDM trained on the Stable Target Field over 1,024 digits",
    dataset: "mnist",
    images: 5000,
    conditional: false,
    padding: "zeros",
    noiseSchedule: "edm",
    objective: "x0",
    target: "stable",
    steps: 12_000,
  },
  "mnist-tiny": {
    ...small,
    about: "A minute of training, to see everything work",
    dataset: "mnist",
    images: 1000,
    conditional: false,
    padding: "zeros",
    width: 16,
    layers: 4,
    steps: 600,
    warmup: 50,
  },
  "mnist-resnet-zeros": {
    ...published,
    about: "MNIST ResNet with zero padding, as published",
    dataset: "mnist",
    conditional: false,
    padding: "zeros",
  },
  "mnist-resnet-circular": {
    ...published,
    about: "MNIST ResNet with circular padding, as published",
    dataset: "mnist",
    conditional: false,
    padding: "circular",
  },
} as const satisfies Record<string, TrainingPreset>;

/** Names of the presets. */
export const presetNames: readonly string[] = Object.keys(presets);
