/** Which rows the evidence has, and how much of everything each budget spends on them. */
import type { TimeGridName } from "../../src/samplers/time_grid.ts";
import { presets } from "../pipelines/presets.ts";
import {
  type ResolvedTraining,
  resolveTraining,
  type TrainingFlags,
} from "../pipelines/training.ts";
import { shippedWeights } from "../pipelines/sources.ts";
import { publishedAgreement } from "./published.ts";

/** Data sets, in the order of the document. */
export const evidenceDatasets = ["mnist", "fashion-mnist", "cifar10", "celeba"] as const;

/** A data set that the evidence uses. */
export type EvidenceDataset = typeof evidenceDatasets[number];

/** A network to be predicted. */
export interface EvidenceRow {
  /** Data set, network and padding, such as "mnist-resnet-zeros". */
  readonly name: string;
  readonly dataset: EvidenceDataset;
  readonly network: "resnet" | "unet";
  readonly padding: "zeros" | "circular";
}

/** Every row; those of the published table first. */
export const evidenceRows: readonly EvidenceRow[] = (["resnet", "unet"] as const)
  .flatMap((network) =>
    (["zeros", "circular"] as const).flatMap((padding) =>
      evidenceDatasets.map((dataset) => ({
        name: `${dataset}-${network}-${padding}`,
        dataset,
        network,
        padding,
      }))
    )
  ).sort((a, b) => Number(b.name in publishedAgreement) - Number(a.name in publishedAgreement));

/** Times that network and machines take. */
export interface Protocol {
  /** Short name for files and flags. */
  readonly name: string;
  readonly grid: TimeGridName;
  /** Steps of the machines. */
  readonly steps: number;
  readonly networkSteps: number;
}

function protocol(grid: TimeGridName, steps: number, networkSteps = steps): Protocol {
  const network = networkSteps === steps ? "" : `-network-${networkSteps}`;
  return { name: `${grid}-${steps}${network}`, grid, steps, networkSteps };
}

/** How many images and samples a row gets. */
export interface RowSizes {
  /** Images behind the machines that are evaluated: the first of the network's own. */
  readonly machineImages: number | undefined;
  /** Images to calibrate with, where every scale is tried; at most `machineImages`. */
  readonly calibrationImages: number;
  readonly calibrationSamples: number;
  readonly samples: number;
}

/** A budget. */
export interface Budget {
  readonly about: string;
  /** The first is the main one. */
  readonly protocols: readonly Protocol[];
  /** Samples that the study of scales refines on. */
  readonly refineSamples: number;
  /** Largest number of steps whose scales are refined: the cost grows with its square. */
  readonly refineSteps: number;
  /** Flags over the row's preset. */
  readonly training: (row: EvidenceRow) => Omit<TrainingFlags, "seed">;
  readonly sizes: (row: EvidenceRow) => RowSizes;
  /** Weights that are there already. */
  readonly weights: Readonly<Record<string, string>>;
}

/** As in the paper, networks on these are told the class, and machines search that class only. */
export function isConditional({ dataset }: EvidenceRow): boolean {
  return dataset === "cifar10" || dataset === "fashion-mnist";
}

/** The budgets by name. */
export const budgets = {
  tiny: {
    about: "minutes: to see everything work",
    protocols: [protocol("cubic", 4), protocol("uniform", 5)],
    refineSamples: 2,
    refineSteps: 8,
    training: ({ network }) => ({
      images: 200,
      steps: 60,
      emaDecay: 0.9,
      warmup: 20,
      ...network === "resnet" ? { width: 16, layers: 3 } : { channels: [8, 16] },
    }),
    sizes: () => ({
      machineImages: 100,
      calibrationImages: 50,
      calibrationSamples: 2,
      samples: 4,
    }),
    weights: {},
  },
  small: {
    about: "a few hours on two cores",
    protocols: [protocol("cubic", 8), protocol("uniform", 20)],
    refineSamples: 6,
    refineSteps: 8,
    training: (row) => ({
      images: isConditional(row) ? 5000 : 2000,
      steps: 1500,
      emaDecay: 0.99,
      ...row.network === "resnet" ? { width: 32 } : { channels: [16, 32, 64] },
    }),
    sizes: (row) => ({
      machineImages: isConditional(row) ? 2000 : 500,
      calibrationImages: isConditional(row) ? 1000 : 200,
      calibrationSamples: isConditional(row) ? 5 : 3,
      samples: isConditional(row) ? 20 : 12,
    }),
    weights: { "mnist-resnet-zeros": shippedWeights },
  },
  full: {
    about: "days on two cores: the small presets whole",
    protocols: [protocol("cubic", 8), protocol("uniform", 20)],
    refineSamples: 16,
    refineSteps: 20,
    training: () => ({}),
    sizes: () => ({
      machineImages: 5000,
      calibrationImages: 5000,
      calibrationSamples: 10,
      samples: 100,
    }),
    weights: { "mnist-resnet-zeros": shippedWeights },
  },
  paper: {
    about: "the paper's networks, images and steps, for a GPU",
    protocols: [protocol("uniform", 20, 150), protocol("uniform", 20), protocol("cubic", 8)],
    refineSamples: 16,
    refineSteps: 20,
    training: () => ({}),
    sizes: () => ({
      machineImages: undefined,
      calibrationImages: 10_000,
      calibrationSamples: 20,
      samples: 100,
    }),
    weights: {},
  },
} as const satisfies Record<string, Budget>;

/** Name of a budget. */
export type BudgetName = keyof typeof budgets;

/** Names of the budgets. */
export const budgetNames = Object.keys(budgets) as [BudgetName, ...BudgetName[]];

/** The preset that trains a row: one of its own, or that of zero padding. */
function presetOf({ dataset, network, padding }: EvidenceRow, budget: BudgetName): string {
  const own = budget === "paper"
    ? `${dataset}-${network}-${padding}`
    : `${dataset}${network === "unet" ? "-unet" : ""}-small${
      padding === "circular" ? "-circular" : ""
    }`;
  if (own in presets) return own;
  return own.replace(/-circular$/, budget === "paper" ? "-zeros" : "");
}

/** The training of a row: what `deno task train` does with these flags. */
export function trainingOf(row: EvidenceRow, budget: BudgetName): ResolvedTraining {
  const { training }: Budget = budgets[budget];
  const preset = presetOf(row, budget);
  return resolveTraining(preset, {
    seed: 1,
    ...training(row),
    ...presets[preset]!.padding !== row.padding && { padding: row.padding },
  });
}
