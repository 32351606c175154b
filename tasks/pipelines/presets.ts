/**
 * Named training configurations: the networks of the published table (arXiv 2412.20292, table 1) and
 * small ones for a CPU.
 */
import {
  architectureDefaults,
  type ArchitectureSizes,
  type TrainableArchitecture,
} from "../../src/networks/architectures/architecture.ts";
import { defaultFormulation, type FormulationChoice } from "../../src/training/formulation.ts";
import type { Padding } from "../../src/networks/layers/conv2d_implementation.ts";

/** What a preset decides; flags of `deno task train` replace single values. */
export interface TrainingPreset extends FormulationChoice, ArchitectureSizes {
  readonly architecture: TrainableArchitecture["kind"];
  readonly dataset: string;
  /** Number of training images; absent: all. */
  readonly images?: number;
  readonly conditional: boolean;
  readonly padding: Padding;
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

/**
 * Recipe of the paper, whose sizes are the architectures' defaults: Adam, rate 1e-4 times 0.999965 a
 * step, batch 128, no decay, 300 epochs.
 */
const published = {
  ...defaultFormulation,
  ...architectureDefaults,
  noiseSchedule: "cosine_legacy",
  objective: "noise",
  batchSize: 128,
  learningRate: 1e-4,
  warmup: 0,
  decay: 0.999965,
  weightDecay: 0,
  emaDecay: 0,
  clipNorm: 0,
  shards: 8,
} as const;

/**
 * For two CPU cores: narrow, short, with what makes a short training count. They predict v: an error of
 * eps counts sigma / signal times in the image, 80 times at t = 1, one of v never more than once.
 */
const small = {
  ...published,
  objective: "v",
  width: 48,
  channels: [32, 64, 128],
  embedding: 64,
  blocks: 1,
  steps: 6000,
  batchSize: 16,
  learningRate: 2e-3,
  warmup: 200,
  decay: "cosine",
  emaDecay: 0.999,
  clipNorm: 1,
  timePower: 2,
  shards: 2,
} as const;

/**
 * Images of small presets: no more than a CPU compares samples with. Of networks that are told the class
 * those of one class are compared.
 */
const fewImages = {
  "mnist": 5000,
  "fashion-mnist": 5000,
  "cifar10": 4000,
  "celeba": 2000,
} as const;

/** The recipe of the attention UNet's paper (arXiv 2006.11239, section B), but for its 800,000 steps. */
const ho = {
  ...published,
  channels: [128, 256, 256, 256],
  steps: 200_000,
  learningRate: 2e-4,
  warmup: 5000,
  decay: 1,
  emaDecay: 0.9999,
  clipNorm: 1,
} as const;

const EPOCHS = 300;

/** Training images of the data sets, and whether networks on them are told the class. */
const datasets = {
  "mnist": { size: 60_000, conditional: false },
  "fashion-mnist": { size: 60_000, conditional: true },
  "cifar10": { size: 50_000, conditional: true },
  "celeba": { size: 162_770, conditional: false },
} as const;

/** Which network is trained on what. */
function on(
  dataset: keyof typeof datasets,
  architecture: TrainableArchitecture["kind"] = "resnet",
  padding: Padding = "zeros",
): Pick<TrainingPreset, "dataset" | "architecture" | "padding" | "conditional" | "steps"> {
  const { size, conditional } = datasets[dataset];
  const steps = Math.round(EPOCHS * size / published.batchSize);
  return { dataset, architecture, padding, conditional, steps };
}

/** The same for a CPU: which network, and the first few images. */
function few(...[dataset, ...network]: Parameters<typeof on>) {
  return { ...on(dataset, ...network), images: fewImages[dataset] };
}

/** Name, which network on what, recipe, and what differs from it. Later ones win. */
type PresetRow = readonly [
  name: string,
  network: ReturnType<typeof on> | ReturnType<typeof few>,
  recipe: typeof published | typeof small | typeof ho,
  changes?: Partial<TrainingPreset>,
];

const tiny = { images: 1000, width: 16, layers: 4, steps: 600, warmup: 50 } as const;
/** Where machines are slower, by images or by scales, than on the first row. */
const fewer = { images: 2000 } as const;
const attention = { channels: [24, 24, 48], learningRate: 1e-3 } as const;
const ve = { noiseSchedule: "ve", objective: "noise" } as const;
const edm = { noiseSchedule: "edm", objective: "x0" } as const;

/** The presets: small ones, then every row of the published table. */
const table: readonly PresetRow[] = [
  ["mnist-tiny", few("mnist"), small, tiny],
  ["mnist-small", few("mnist"), small],
  ["mnist-small-circular", few("mnist", "resnet", "circular"), small, fewer],
  ["mnist-unet-small", few("mnist", "unet"), small, fewer],
  ["mnist-unet-small-circular", few("mnist", "unet", "circular"), small, fewer],
  ["mnist-small-edm", few("mnist"), small, edm],
  ["mnist-small-ve", few("mnist"), small, ve],
  ["mnist-small-stf", few("mnist"), small, { ...edm, target: "stable" }],
  ["fashion-mnist-small", few("fashion-mnist"), small],
  ["fashion-mnist-small-circular", few("fashion-mnist", "resnet", "circular"), small],
  ["fashion-mnist-unet-small", few("fashion-mnist", "unet"), small],
  ["fashion-mnist-unet-small-circular", few("fashion-mnist", "unet", "circular"), small],
  ["cifar10-small", few("cifar10"), small],
  ["cifar10-small-circular", few("cifar10", "resnet", "circular"), small],
  ["cifar10-unet-small", few("cifar10", "unet"), small],
  ["cifar10-unet-small-circular", few("cifar10", "unet", "circular"), small],
  ["celeba-small", few("celeba"), small],
  ["celeba-small-circular", few("celeba", "resnet", "circular"), small],
  ["celeba-unet-small", few("celeba", "unet"), small],
  ["celeba-unet-small-circular", few("celeba", "unet", "circular"), small],
  ["cifar10-attention-unet-small", few("cifar10", "attention-unet"), small, attention],
  ["mnist-unet-zeros", on("mnist", "unet"), published],
  ["cifar10-unet-zeros", on("cifar10", "unet"), published],
  ["fashion-mnist-unet-zeros", on("fashion-mnist", "unet"), published],
  ["celeba-unet-zeros", on("celeba", "unet"), published],
  ["mnist-resnet-zeros", on("mnist"), published],
  ["mnist-resnet-circular", on("mnist", "resnet", "circular"), published],
  ["cifar10-resnet-zeros", on("cifar10"), published],
  ["cifar10-resnet-circular", on("cifar10", "resnet", "circular"), published],
  ["fashion-mnist-resnet-zeros", on("fashion-mnist"), published],
  ["celeba-resnet-zeros", on("celeba"), published],
  ["cifar10-attention-unet", on("cifar10", "attention-unet"), ho],
];

/** All presets by name. */
export const presets: Readonly<Record<string, TrainingPreset>> = Object.fromEntries(
  table.map(([name, network, recipe, changes]) => [name, { ...network, ...recipe, ...changes }]),
);

/** Names of the presets. */
export const presetNames: readonly string[] = table.map(([name]) => name);
