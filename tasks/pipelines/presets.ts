/**
 * Named training configurations: the networks of the published table (arXiv 2412.20292, table 1) and
 * small ones for a CPU.
 */
import {
  type Architecture,
  architectureDefaults,
  type ArchitectureSizes,
} from "../../src/networks/architectures/architecture.ts";
import { defaultFormulation, type FormulationChoice } from "../../src/training/formulation.ts";
import type { Padding } from "../../src/networks/layers/conv2d_implementation.ts";

/** What a preset decides; flags of `deno task train` replace single values. */
export interface TrainingPreset extends FormulationChoice, ArchitectureSizes {
  /** One line for the help page. */
  readonly about: string;
  readonly architecture: Architecture["kind"];
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

/** Recipe of the paper, whose sizes are the architectures' defaults: Adam, rate 1e-4 times 0.999965 a step, batch 128, no decay. */
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

/** For two CPU cores: narrow, short, with what makes a short training count. */
const small = {
  ...published,
  width: 48,
  channels: [32, 64, 128],
  embedding: 64,
  blocks: 1,
  images: 5000,
  steps: 12_000,
  batchSize: 16,
  learningRate: 2e-3,
  warmup: 200,
  decay: "cosine",
  emaDecay: 0.999,
  clipNorm: 1,
  timePower: 2,
  shards: 2,
} as const;

/** Data sets of the table: training images, and whether networks on them are told the class. */
const datasets = {
  "mnist": { title: "MNIST", size: 60_000, conditional: false },
  "fashion-mnist": { title: "FashionMNIST", size: 60_000, conditional: true },
  "cifar10": { title: "CIFAR-10", size: 50_000, conditional: true },
  "celeba": { title: "CelebA", size: 162_770, conditional: false },
} as const;
type TableDataset = keyof typeof datasets;

const EPOCHS = 300;

/** A row of the published table. */
function row(
  dataset: TableDataset,
  architecture: "resnet" | "unet",
  padding: Padding,
): [string, TrainingPreset] {
  const { title, size, conditional } = datasets[dataset];
  const network = architecture === "resnet" ? "ResNet" : "UNet";
  const about = `${title} ${network} with ${
    padding === "zeros" ? "zero" : "circular"
  } padding, as published`;
  const steps = Math.round(EPOCHS * size / published.batchSize);
  const name = `${dataset}-${architecture}-${padding}`;
  return [name, { ...published, about, dataset, architecture, conditional, padding, steps }];
}

/** Small networks on 5,000 images of a data set. */
function smallOnes(dataset: TableDataset): [string, TrainingPreset][] {
  const { title, conditional } = datasets[dataset];
  const common = { ...small, dataset, conditional };
  return [
    [`${dataset}-small`, {
      ...common,
      about: `Zero-padded ResNet on 5,000 images of ${title}`,
      architecture: "resnet",
      padding: "zeros",
    }],
    [`${dataset}-small-circular`, {
      ...common,
      about: "The same with circular padding",
      architecture: "resnet",
      padding: "circular",
    }],
    [`${dataset}-unet-small`, {
      ...common,
      about: `Zero-padded UNet on 5,000 images of ${title}`,
      architecture: "unet",
      padding: "zeros",
    }],
  ];
}

const mnistResnet = {
  ...small,
  dataset: "mnist",
  architecture: "resnet",
  conditional: false,
  padding: "zeros",
} as const;

/** All presets by name: the small ones, then every row of the published table. */
export const presets: Readonly<Record<string, TrainingPreset>> = Object.fromEntries<TrainingPreset>(
  [
    ["mnist-tiny", {
      ...small,
      about: "A minute of training, to see everything work",
      dataset: "mnist",
      architecture: "resnet",
      images: 1000,
      conditional: false,
      padding: "zeros",
      width: 16,
      layers: 4,
      steps: 600,
      warmup: 50,
    }],
    ...smallOnes("mnist"),
    ["mnist-small-edm", {
      ...mnistResnet,
      about: "mnist-small under EDM: preconditioned, log-normal noise",
      noiseSchedule: "edm",
      objective: "x0",
    }],
    ["mnist-small-ve", {
      ...mnistResnet,
      about: "mnist-small under the variance-exploding process",
      noiseSchedule: "ve",
    }],
    ["mnist-small-stf", {
      ...mnistResnet,
      about: "EDM trained on the Stable Target Field over 1,024 digits",
      noiseSchedule: "edm",
      objective: "x0",
      target: "stable",
    }],
    ...smallOnes("fashion-mnist"),
    ...smallOnes("cifar10"),
    ...smallOnes("celeba"),
    ["cifar10-attention-unet-small", {
      ...small,
      about: "UNet with self-attention at 16 x 16; --attention 0 is the same without",
      dataset: "cifar10",
      architecture: "attention-unet",
      conditional: true,
      padding: "zeros",
      channels: [32, 64, 64],
      learningRate: 1e-3,
    }],
    row("mnist", "unet", "zeros"),
    row("cifar10", "unet", "zeros"),
    row("fashion-mnist", "unet", "zeros"),
    row("celeba", "unet", "zeros"),
    row("mnist", "resnet", "zeros"),
    row("mnist", "resnet", "circular"),
    row("cifar10", "resnet", "zeros"),
    row("cifar10", "resnet", "circular"),
    row("fashion-mnist", "resnet", "zeros"),
    row("celeba", "resnet", "zeros"),
    ["cifar10-attention-unet", {
      ...published,
      // The recipe of the network's own paper (arXiv 2006.11239, section B), but for its 800,000 steps.
      about: "CIFAR-10 UNet with self-attention, the size of Ho et al.",
      dataset: "cifar10",
      architecture: "attention-unet",
      conditional: true,
      padding: "zeros",
      channels: [128, 256, 256, 256],
      learningRate: 2e-4,
      warmup: 5000,
      decay: 1,
      emaDecay: 0.9999,
      clipNorm: 1,
      steps: 200_000,
    }],
  ],
);

/** Names of the presets. */
export const presetNames: readonly string[] = Object.keys(presets);
