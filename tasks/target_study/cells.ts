/** The cells of the study of stable targets: a training for each process, reference batch and seed. */
import type { FeatureMoments } from "../../src/evaluation/quality/feature_moments.ts";
import type { ImageBatch } from "../../src/core/image_batch.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import type { BackendInfo } from "../../src/networks/backend.ts";
import type { UnetArchitecture } from "../../src/networks/architectures/unet.ts";
import type { TrainedClassifier } from "../../src/networks/classifiers/classifier_weights.ts";
import type { RunConfig } from "../../src/runs/run_record.ts";
import {
  defaultFormulation,
  type ResolvedFormulation,
  resolveFormulation,
} from "../../src/training/formulation.ts";

/** A forward process with what a network on it learns. */
export interface TargetProcess {
  readonly name: string;
  readonly title: string;
  /** Everything around the network, in a sentence. */
  readonly about: string;
  readonly formulation: ResolvedFormulation;
}

/** The processes that the Stable Target Field was proposed for. */
export const targetProcesses: readonly [TargetProcess, ...TargetProcess[]] = [
  {
    name: "ve",
    title: "VE",
    about: "sigma 0.02 to 100, x0 behind EDM's factors, t uniform",
    formulation: resolveFormulation({
      ...defaultFormulation,
      ...{ noiseSchedule: "ve", objective: "x0", preconditioning: "edm" },
    }),
  },
  {
    name: "vp",
    title: "VP",
    about: "linear rate 0.1 to 20, v, t uniform",
    formulation: resolveFormulation({
      ...defaultFormulation,
      ...{ noiseSchedule: "vp_linear", objective: "v" },
    }),
  },
  {
    name: "edm",
    title: "EDM",
    about: "sigma 0.002 to 80, x0 behind EDM's factors, log-normal noise",
    formulation: resolveFormulation({
      ...defaultFormulation,
      ...{ noiseSchedule: "edm", objective: "x0" },
    }),
  },
];

/** A training. */
export interface TargetCell {
  readonly process: TargetProcess;
  /** Images behind each target, n; 1: the image behind the example. */
  readonly references: number;
  readonly seed: number;
}

/** What is the same in all cells. */
export interface TargetPlan {
  readonly architecture: UnetArchitecture;
  readonly recipe: {
    readonly steps: number;
    readonly batchSize: number;
    readonly learningRate: number;
    readonly warmup: number;
    readonly emaDecay: number;
    readonly clipNorm: number;
  };
  /** Steps from one measurement to the next. */
  readonly every: number;
  /** Images that are made at each measurement, and how. */
  readonly sampling: {
    readonly samples: number;
    readonly steps: number;
    readonly seed: number;
  };
  /** Held-out images that are denoised, and the times. */
  readonly denoising: {
    readonly images: number;
    readonly times: readonly number[];
    readonly seed: number;
  };
}

/** What cells are computed from. */
export interface TargetSources {
  readonly data: ImageDataset;
  /** Held-out images in the networks' size. */
  readonly heldOut: ImageBatch;
  readonly heldOutSha256: string;
  /** Sums over the features of all held-out images. */
  readonly reference: FeatureMoments;
  readonly classifier: TrainedClassifier;
  /** Name and checksum of the classifier. */
  readonly features: { readonly name: string; readonly sha256: string };
  readonly backend: BackendInfo;
}

/**
 * All cells, such that what is done first can be compared: every process and reference batch of the first
 * seed, then those of the second.
 */
export function targetCells(
  { processes, references, seeds }: {
    readonly processes: readonly TargetProcess[];
    readonly references: readonly number[];
    readonly seeds: readonly number[];
  },
): TargetCell[] {
  return seeds.flatMap((seed) =>
    processes.flatMap((process) => references.map((n) => ({ process, references: n, seed })))
  );
}

/** A cell's name for labels and bars. */
export function cellName({ process, references, seed }: TargetCell): string {
  return `${process.name}-n${references}-seed${seed}`;
}

/** Everything that decides the result of a cell: what its run is known by. */
export function cellConfig(
  { process, references, seed }: TargetCell,
  { plan, sources }: { readonly plan: TargetPlan; readonly sources: TargetSources },
): RunConfig {
  const { data, reference, features, backend } = sources;
  return {
    process: process.name,
    ...process.formulation.choice,
    target: references === 1 ? "plain" : "stable",
    references,
    seed,
    ...plan,
    dataset: data.name,
    images: data.images.shape[0],
    datasetSha256: data.sha256,
    heldOutImages: reference.count,
    heldOutSha256: sources.heldOutSha256,
    features: features.name,
    featuresSha256: features.sha256,
    backend: backend.name,
  };
}
