/** The studies: what agreement depends on, one factor of the training against the times of the sampler. */
import type { TrainingFlags } from "../pipelines/training.ts";
import { type Experiment, isConditional, type TimeProtocol, timeProtocol } from "./experiments.ts";
import type { ExperimentSizes, Profile } from "./profiles.ts";

type Training = Omit<TrainingFlags, "seed">;

/** What a study varies in the training. */
export interface StudyFactor {
  /** What it is called in tables and on axes. */
  readonly title: string;
  /** The values that are tried when none are named. */
  readonly values: readonly string[];
  /** Every value there is, if they are names; absent: any whole number from 1 on. */
  readonly names?: readonly string[];
  /** Flags over what is the same in all studies, for a value. */
  readonly training: (value: string, experiment: Experiment) => Training;
}

/** One part of a study: a network, and the times at which it and its machine are asked. */
export interface StudyCell {
  /** Value of the study's factor. */
  readonly value: string;
  readonly protocol: TimeProtocol;
}

/** Sizes that a command line may name; absent: the usual ones. */
export type StudySizes =
  & { readonly [K in keyof ExperimentSizes]?: ExperimentSizes[K] | undefined }
  & {
    /** Training steps, but where they are what is varied. */
    readonly steps?: number | undefined;
  };

/** Where a cell stands in the study's figure. */
export interface StudyPlace {
  readonly at: number | string;
  readonly line: string;
}

/** A question of the form: how does agreement change with this? */
export interface Study {
  readonly name: string;
  /** What is asked, in a sentence. */
  readonly about: string;
  readonly factor: StudyFactor;
  /** The times that are tried when none are named. */
  readonly protocols: readonly TimeProtocol[];
  /** Title of the figure's axis. */
  readonly axis: string;
  readonly place: (cell: StudyCell) => StudyPlace;
  /** Whether the networks' errors on images that they have not seen are measured, too. */
  readonly errors?: true;
  /** Whether machines have every image that their network saw, however long that takes. */
  readonly allImages?: true;
}

/** Objectives, as `train` takes them; whatever presets have, they say all of it. */
const objectives: Readonly<Record<string, { readonly title: string; readonly flags: Training }>> = {
  "v": { title: "v", flags: objectiveFlags({ objective: "v" }) },
  "x0": { title: "x0, weights min(SNR, 5)", flags: objectiveFlags({ objective: "x0" }) },
  "x0-edm": {
    title: "x0 behind EDM's factors",
    flags: objectiveFlags({ objective: "x0", preconditioning: "edm" }),
  },
  "x0-unit": {
    title: "x0, equal weights",
    flags: objectiveFlags({ objective: "x0", weighting: "x0" }),
  },
  "eps": { title: "eps", flags: objectiveFlags({ objective: "noise" }) },
  "eps-v": {
    title: "eps, weights of v",
    flags: objectiveFlags({ objective: "noise", weighting: "v" }),
  },
};

function objectiveFlags(flags: Training): Training {
  return { preconditioning: "auto", weighting: "auto", ...flags };
}

/** The objective of all studies that do not vary it. */
const usualObjective = "v";

/** What is the same in all studies, so that they share networks: the ResNets train within minutes. */
function base(experiment: Experiment): Training {
  const steps = isConditional(experiment) ? 1500 : 1000;
  return { steps, ...objectives[usualObjective]!.flags };
}

/** The value of a factor in words. */
export function valueTitle(value: string): string {
  const number = Number(value);
  return objectives[value]?.title ??
    (Number.isInteger(number) ? number.toLocaleString("en") : value);
}

const objective = {
  title: "objective",
  names: Object.keys(objectives),
  training: (value: string) => objectives[value]!.flags,
} as const;

/** A factor of whole numbers. */
function counted(
  title: string,
  values: readonly number[],
  training: (value: number, experiment: Experiment) => Training,
): StudyFactor {
  return {
    title,
    values: values.map(String),
    training: (value, experiment) => training(Number(value), experiment),
  };
}

const gridName = ({ grid, steps }: TimeProtocol) => `${grid} ${steps}`;
const againstValue = ({ value, protocol }: StudyCell) => ({
  at: Number(value),
  line: gridName(protocol),
});
const main = [timeProtocol("cubic", 8), timeProtocol("uniform", 20)];

/** The studies by what they vary. */
export const studies: readonly [Study, ...Study[]] = [
  {
    name: "objective",
    about: "What should a network be trained to say, and by which times should it be asked?",
    factor: { ...objective, values: objective.names },
    protocols: [
      ...[10, 20, 50].map((steps) => timeProtocol("uniform", steps)),
      ...[6, 8].map((steps) => timeProtocol("cubic", steps)),
    ],
    axis: "times of the sampler",
    place: ({ value, protocol }) => ({ at: gridName(protocol), line: valueTitle(value) }),
    errors: true,
  },
  {
    name: "steps",
    about: "Does longer training bring a network closer to its machine?",
    factor: counted("training steps", [750, 1500, 3000, 6000, 12_000], (steps) => ({ steps })),
    protocols: main,
    axis: "training steps",
    place: againstValue,
  },
  {
    name: "width",
    about: "Does a wider network come closer to its machine?",
    factor: counted(
      "channels",
      [16, 32, 48, 64],
      (width, { network }) =>
        network === "resnet" ? { width } : { channels: [width, 2 * width, 4 * width] },
    ),
    protocols: main,
    axis: "channels (UNets: of the first level)",
    place: againstValue,
  },
  {
    name: "images",
    about: "How does agreement depend on the number of images that network and machine have?",
    factor: counted("training images", [500, 1000, 2000, 4000], (images) => ({ images })),
    protocols: main,
    axis: "training images of network and machine",
    place: againstValue,
    allImages: true,
  },
  {
    name: "sampler",
    about: "How many steps do network and machine need, and where should they lie?",
    factor: { ...objective, values: [usualObjective] },
    protocols: [
      ...[4, 6, 8, 12].map((steps) => timeProtocol("cubic", steps)),
      ...[10, 20, 50].map((steps) => timeProtocol("uniform", steps)),
    ],
    axis: "steps of network and machine",
    place: ({ value, protocol }) => ({
      at: protocol.steps,
      line: `${valueTitle(value)}, ${protocol.grid}`,
    }),
  },
];

/** Names of the studies. */
export const studyNames = studies.map(({ name }) => name) as [string, ...string[]];

/** The parts of a study, value after value. */
export function studyCells(
  { values, protocols }: {
    readonly values: readonly string[];
    readonly protocols: readonly TimeProtocol[];
  },
): StudyCell[] {
  return values.flatMap((value) => protocols.map((protocol) => ({ value, protocol })));
}

/** How many images and samples a part gets: a study on CIFAR-10 takes about an hour on two cores. */
export function studySizes(
  { allImages }: Study,
  { experiment, given = {} }: {
    readonly experiment: Experiment;
    /** What the command line says. */
    readonly given?: StudySizes;
  },
): ExperimentSizes {
  const conditional = isConditional(experiment);
  const usual: ExperimentSizes = {
    ...allImages ? {} : { machineImages: conditional ? 2000 : 1000 },
    ...{ calibrationImages: conditional ? 1000 : 500, calibrationSamples: 4, samples: 20 },
  };
  const { steps: _, ...sizes } = given;
  const named = Object.entries(sizes).filter(([, size]) => size !== undefined);
  return { ...usual, ...Object.fromEntries(named) };
}

/** The profile under which the parts of one value are ordinary experiments. */
export function studyProfile(study: Study, { value, given }: {
  readonly value: string;
  readonly given: StudySizes;
}): Profile {
  const { factor, name, about, protocols } = study;
  return {
    name: `study-${name}`,
    about,
    protocols,
    refineSamples: 0,
    refineSteps: 0,
    networks: "small",
    training: (experiment) => ({
      ...base(experiment),
      ...given.steps !== undefined && { steps: given.steps },
      ...factor.training(value, experiment),
    }),
    sizes: (experiment) => studySizes(study, { experiment, given }),
    weights: {},
  };
}
