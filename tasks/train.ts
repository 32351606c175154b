/** `deno task train`: trains a network and writes its weights. @module */
import { datasetNames } from "../src/datasets/registry_files.ts";
import { architectureDefinitions } from "../src/networks/architectures/architecture.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { architectureFlags } from "./pipelines/architecture_flags.ts";
import { startBackend } from "../src/networks/backend.ts";
import { formulationFlags } from "./pipelines/formulation_flags.ts";
import { resolveTraining, runTraining } from "./pipelines/training.ts";
import { presetNames } from "./pipelines/presets.ts";

const flags = {
  preset: {
    type: "choice",
    choices: presetNames as readonly [string, ...string[]],
    default: "mnist-small",
    help: "Configuration to start from; the flags below replace single values of it",
  },
  dataset: { type: "choice", choices: datasetNames, help: "Data set" },
  from: { type: "string", placeholder: "PATH", help: "File or folder that holds the data set" },
  images: { type: "integer", min: 1, help: "Train on the first so many images" },
  size: { type: "integer", min: 1, max: 4096, help: "Height and width of the images; default: 32" },
  colors: {
    type: "choice",
    choices: ["gray", "rgb"],
    help: "Make the images gray or color; default: as they are",
  },
  classes: { type: "integers", min: 0, placeholder: "3,7", help: "Train on these classes only" },
  ...architectureFlags,
  ...formulationFlags,
  steps: { type: "integer", min: 1, help: "Steps" },
  batchSize: { type: "integer", min: 1, help: "Images per step" },
  learningRate: { type: "number", min: 0, help: "Largest learning rate" },
  warmup: { type: "integer", min: 0, help: "Steps of warm-up" },
  decay: { type: "string", placeholder: "RULE", help: "Rate's factor per step, or cosine" },
  weightDecay: { type: "number", min: 0, help: "Decoupled weight decay" },
  emaDecay: { type: "number", min: 0, max: 1, help: "Decay of the average of weights; 0: none" },
  clipNorm: { type: "number", min: 0, help: "Largest norm of a gradient; 0: any" },
  shards: { type: "integer", min: 1, help: "Parts that a batch is cut into, for threads" },
  seed: { type: "integer", min: 0, default: 1, help: "Seed of everything random" },
  backend: {
    type: "choice",
    choices: ["auto", "webgpu", "wasm", "cpu"],
    default: "auto",
    help: "Where TensorFlow.js computes",
  },
  workers: { type: "integer", min: 1, help: "Threads; default: one per shard, at most the cores" },
  out: { type: "string", default: "runs", placeholder: "FOLDER", help: "Folder of the runs" },
  fresh: { type: "boolean", help: "Begin a new run even where this one can be resumed" },
  dryRun: { type: "boolean", help: "Print the resolved configuration and stop" },
} as const;

/** This command. */
export const verb = defineVerb({
  name: "train",
  description: `Trains a diffusion network (${
    architectureDefinitions.map(({ title }) => title).join(", ")
  }), and writes its weights ` +
    "with everything that is needed to use them. Run again, it goes on where it stopped.",
  flags,
  examples: [
    "deno task train --preset mnist-tiny",
    "deno task train --preset mnist-tiny --noise-schedule edm --objective x0 --target stable",
    "deno task train --preset mnist-small --classes 3,7 --steps 4000 --seed 2",
    "deno task train --preset cifar10-unet-small --channels 16,32,64 --norm group --padding circular",
    "deno task train --preset cifar10-attention-unet-small --attention 0",
  ],
}, async ({ flags: given, abort, progress }) => {
  const training = resolveTraining(given.preset, given);
  if (given.dryRun) {
    console.log(JSON.stringify({ ...training.resolved, backend: given.backend }, null, 2));
    return;
  }
  const backend = await startBackend(given.backend);
  const { weights, path, step, steps } = await runTraining(
    training,
    { backend, abort, progress },
    given,
  );
  console.log(
    step === steps
      ? `Weights: ${weights}`
      : `Stopped at step ${step} of ${steps}; the same command resumes ${path}`,
  );
});

if (import.meta.main) await runVerb(verb);
