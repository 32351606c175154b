/**
 * The one table of verbs: the overview, completions, the command reference and the package's command
 * line are made from it, and a test holds the tasks of deno.json against it.
 */
import type { Verb } from "./command.ts";

/** A verb before its module is loaded. */
export interface VerbEntry {
  readonly name: string;
  /** One phrase for lists; the verb's own specification says more. */
  readonly summary: string;
  readonly load: () => Promise<{ readonly verb: Verb }>;
}

/** Verbs that belong together. */
export interface VerbGroup {
  readonly title: string;
  readonly verbs: readonly VerbEntry[];
}

/** All verbs by group, in the order in which they are listed. */
export const verbGroups: readonly VerbGroup[] = [
  {
    title: "Begin here",
    verbs: [{
      name: "quickstart",
      summary:
        "Calibrates and evaluates the shipped MNIST network: schedule, table, pictures and a page " +
        "(under ten minutes on two cores)",
      load: () => import("../quickstart.ts"),
    }],
  },
  {
    title: "Step by step",
    verbs: [
      {
        name: "train",
        summary: "Trains a network; --help lists presets and flags",
        load: () => import("../train.ts"),
      },
      {
        name: "calibrate",
        summary: "Finds the scale of each reverse step, against a trained network",
        load: () => import("../calibrate.ts"),
      },
      {
        name: "evaluate",
        summary: "Measures how well the machines predict a network, in numbers and pictures",
        load: () => import("../evaluate.ts"),
      },
      {
        name: "compare",
        summary:
          "Sets the machines of all theories beside a network: agreement, errors, intervals, cost",
        load: () => import("../compare.ts"),
      },
      {
        name: "sample",
        summary: "Makes images from noise, with a network or with a machine",
        load: () => import("../sample.ts"),
      },
      {
        name: "posterior",
        summary: "One prediction of a machine from any number of training images, never held",
        load: () => import("../posterior.ts"),
      },
      {
        name: "quality",
        summary:
          "What images of a network or a machine are worth: distances, diversity, memorization",
        load: () => import("../quality.ts"),
      },
      {
        name: "merge",
        summary: "Joins the shards of a command that was split with --shard, to the last bit",
        load: () => import("../merge.ts"),
      },
      {
        name: "runs",
        summary: "Lists what was done, compares two runs, and makes a page of all",
        load: () => import("../runs.ts"),
      },
    ],
  },
  {
    title: "Look closer",
    verbs: [
      {
        name: "film",
        summary:
          "A film of the reverse process: network and theory side by side, with the window and the " +
          "training patch",
        load: () => import("../film.ts"),
      },
      {
        name: "explore",
        summary:
          "One page in which one sees which training patches made an image, and tries it out",
        load: () => import("../explore.ts"),
      },
      {
        name: "mosaic",
        summary:
          "Shows which training patches made each pixel: mosaics, patches, numbers and a page",
        load: () => import("../mosaic.ts"),
      },
      {
        name: "receptive-field",
        summary: "How far a network looks at each time: maps, profile and table from its Jacobian",
        load: () => import("../receptive_field.ts"),
      },
      {
        name: "stable-target",
        summary:
          "Measures what the Stable Target Field does to targets and to training, in two figures",
        load: () => import("../stable_target.ts"),
      },
      {
        name: "target-study",
        summary:
          "Does the Stable Target Field train faster, stabler, better? Frechet distance against steps, " +
          "over seeds; resumable",
        load: () => import("../target_study.ts"),
      },
      {
        name: "reproduce",
        summary:
          "Row after row of the published table: trains, calibrates, evaluates, and writes " +
          "docs/results.md; resumable, for a night",
        load: () => import("../reproduce.ts"),
      },
      {
        name: "study",
        summary:
          "What agreement depends on: objective, training steps, width, images, times; writes " +
          "docs/studies.md; resumable",
        load: () => import("../study.ts"),
      },
      {
        name: "windows",
        summary:
          "Which window predicts the networks of the zoo best: the k x k box or a soft one; writes " +
          "docs/windows.md; resumable",
        load: () => import("../windows.ts"),
      },
    ],
  },
  {
    title: "On many machines",
    verbs: [
      {
        name: "submit",
        summary: "Does a command in shards on Slurm, Kubernetes or with GNU parallel; resumes",
        load: () => import("../submit.ts"),
      },
      {
        name: "status",
        summary: "How far a submitted job is: done, running, failed shards, time left",
        load: () => import("../status.ts"),
      },
    ],
  },
  {
    title: "Data and files",
    verbs: [
      {
        name: "data",
        summary: "Fetches data sets with checksum and license; without a name it lists them",
        load: () => import("../data.ts"),
      },
      {
        name: "zoo",
        summary: "Lists the trained networks that come with the package, with their numbers",
        load: () => import("../zoo.ts"),
      },
      {
        name: "convert",
        summary: "Networks and scale schedules from and to the files of PyTorch and NumPy",
        load: () => import("../convert.ts"),
      },
      {
        name: "completions",
        summary: "Prints what makes a shell complete verbs, flags and runs",
        load: () => import("../completions.ts"),
      },
    ],
  },
];

/** All verbs, in the order of their groups. */
export const verbEntries: readonly VerbEntry[] = verbGroups.flatMap(({ verbs }) => verbs);
