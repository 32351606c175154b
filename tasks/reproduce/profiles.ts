/** How much of everything an experiment gets. */
import { presets } from "../pipelines/presets.ts";
import { defaultNetwork } from "../pipelines/sources.ts";
import {
  type ResolvedTraining,
  resolveTraining,
  type TrainingFlags,
} from "../pipelines/training.ts";
import { zooEntries } from "../../src/zoo/zoo_index.ts";
import { zooPrefix } from "../pipelines/zoo.ts";
import { type Experiment, isConditional, type TimeProtocol, timeProtocol } from "./experiments.ts";

/** How many images and samples an experiment gets. */
export interface ExperimentSizes {
  /** Images behind the machines that are evaluated: the first of the network's own; absent: all. */
  readonly machineImages?: number | undefined;
  /** Images to calibrate with; at most those of the machines. */
  readonly calibrationImages: number;
  /** Trajectories; "auto": these and of the images as many as settle the scales. */
  readonly calibrationSamples: number | "auto";
  readonly samples: number;
}

/** What all experiments of a reproduction have in common. */
export interface Profile {
  readonly name: string;
  readonly about: string;
  /** The first is the main one. */
  readonly protocols: readonly TimeProtocol[];
  /** Samples that the ablation of scales refines on. */
  readonly refineSamples: number;
  /** Largest number of steps whose scales are refined: the cost grows with its square. */
  readonly refineSteps: number;
  /** Whether networks are those of the paper, or the small ones for a CPU. */
  readonly networks: "published" | "small";
  /** Flags over the experiment's preset. */
  readonly training: (experiment: Experiment) => Omit<TrainingFlags, "seed">;
  readonly sizes: (experiment: Experiment) => ExperimentSizes;
  /** Candidate scales; absent: all up to the network's receptive field. */
  readonly scales?: readonly number[] | undefined;
  /** Weights that are there already, by name of experiment. */
  readonly weights: Readonly<Record<string, string>>;
  /** Whether the numbers in the zoo were measured by this profile. */
  readonly measuredZoo?: true;
}

/** What is in the zoo is evaluated as it ships. */
const ofZoo = Object.fromEntries(zooEntries.map(({ name }) => [name, zooPrefix + name]));

/** The profiles, from the cheapest on. */
export const profiles: readonly [Profile, ...Profile[]] = [
  {
    name: "tiny",
    about: "minutes: to see everything work",
    protocols: [timeProtocol("cubic", 4), timeProtocol("uniform", 5)],
    refineSamples: 2,
    refineSteps: 8,
    networks: "small",
    training: ({ network }) => ({
      ...{ images: 200, steps: 60, emaDecay: 0.9, warmup: 20 },
      ...network === "resnet" ? { width: 16, layers: 3 } : { channels: [8, 16] },
    }),
    sizes: () => ({
      ...{ machineImages: 100, calibrationImages: 50, calibrationSamples: 2, samples: 4 },
    }),
    weights: {},
  },
  {
    name: "small",
    about: "a few hours on two cores",
    protocols: [timeProtocol("cubic", 8), timeProtocol("uniform", 20)],
    refineSamples: 6,
    refineSteps: 8,
    networks: "small",
    training: (experiment) => ({
      ...{ images: isConditional(experiment) ? 5000 : 2000, steps: 1500, emaDecay: 0.99 },
      ...experiment.network === "resnet" ? { width: 32 } : { channels: [16, 32, 64] },
    }),
    sizes: (experiment) =>
      isConditional(experiment)
        ? { machineImages: 2000, calibrationImages: 1000, calibrationSamples: 5, samples: 20 }
        : { machineImages: 500, calibrationImages: 200, calibrationSamples: 3, samples: 12 },
    weights: { "mnist-resnet-zeros": defaultNetwork },
  },
  {
    name: "full",
    about: "days on two cores: the small presets whole, as in the zoo",
    protocols: [timeProtocol("cubic", 8), timeProtocol("uniform", 20)],
    refineSamples: 16,
    refineSteps: 20,
    networks: "small",
    training: () => ({}),
    sizes: () => ({ calibrationImages: Infinity, calibrationSamples: "auto", samples: 50 }),
    weights: ofZoo,
    measuredZoo: true,
  },
  {
    name: "paper",
    about: "the paper's networks, images and steps, for a GPU",
    protocols: [
      timeProtocol("uniform", 20, 150),
      timeProtocol("uniform", 20),
      timeProtocol("cubic", 8),
    ],
    refineSamples: 16,
    refineSteps: 20,
    networks: "published",
    training: () => ({}),
    sizes: () => ({ calibrationImages: 10_000, calibrationSamples: 20, samples: 100 }),
    weights: {},
  },
];

/** Names of the profiles. */
export const profileNames = profiles.map(({ name }) => name) as [string, ...string[]];

/** The preset that trains an experiment: one of its own, or that of zero padding. */
function presetOf({ dataset, network, padding }: Experiment, { networks }: Profile): string {
  const published = networks === "published";
  if (network === "attention-unet") return `${dataset}-${network}${published ? "" : "-small"}`;
  const small = `${dataset}${network === "unet" ? "-unet" : ""}-small`;
  if (!published) return padding === "circular" ? `${small}-circular` : small;
  const own = `${dataset}-${network}-${padding}`;
  return own in presets ? own : `${dataset}-${network}-zeros`;
}

/** The training of an experiment: what `deno task train` does with these flags. */
export function trainingOf(experiment: Experiment, profile: Profile): ResolvedTraining {
  const preset = presetOf(experiment, profile);
  return resolveTraining(preset, {
    seed: 1,
    ...profile.training(experiment),
    ...presets[preset]!.padding !== experiment.padding && { padding: experiment.padding },
    ...experiment.attention === false && { attention: [] },
  });
}
