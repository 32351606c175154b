/** `deno task train`: trains a network and writes its weights. @module */
import { datasetNames } from "../src/datasets/registry_files.ts";
import {
  type Architecture,
  architectureDefaults,
  architectureDefinitions,
  architectureFields,
} from "../src/networks/architectures/architecture.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { runResultFields } from "./cli/run_result.ts";
import { folderFlags, maxPixelsFlag, outFlags } from "./pipelines/flags.ts";
import { architectureFlags } from "./pipelines/architecture_flags.ts";
import { startBackend } from "../src/networks/backend.ts";
import { formulationFlags } from "./pipelines/formulation_flags.ts";
import { resolveTraining, runTraining } from "./pipelines/training.ts";
import { presetNames, presets } from "./pipelines/presets.ts";

const flags = {
  ...grouped("Start from", {
    preset: {
      type: "choice",
      choices: presetNames as readonly [string, ...string[]],
      default: "mnist-small",
      help: "Configuration to start from; the flags below replace single values of it",
    },
  }),
  ...grouped("Data", {
    dataset: { type: "choice", choices: datasetNames, help: "Data set" },
    from: {
      type: "string",
      placeholder: "PATH",
      path: "read",
      help: "File or folder that holds the data set",
    },
    images: {
      type: "integer",
      min: 1,
      help: "Train on so many images, the first ones or of each class of a folder its share; a " +
        "preset's number is only the most it takes",
    },
    size: { type: "integer", min: 1, max: 4096, help: "Height and width of the images" },
    colors: {
      type: "choice",
      choices: ["gray", "rgb"],
      alsoSpelled: ["colours"],
      help: "Make the images gray or color; default: as they are",
    },
    ...folderFlags,
    maxPixels: maxPixelsFlag,
    classes: { type: "integers", min: 0, placeholder: "3,7", help: "Train on these classes only" },
  }),
  ...architectureFlags,
  ...formulationFlags,
  ...grouped("Training", {
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
  }),
  ...grouped("Where", {
    backend: {
      type: "choice",
      choices: ["auto", "webgpu", "wasm", "cpu"],
      default: "auto",
      help: "Where TensorFlow.js computes",
    },
    workers: {
      type: "integer",
      min: 1,
      help: "Threads; default: one per shard, at most the cores",
    },
  }),
  ...outFlags,
  ...grouped("Output", {
    dryRun: { type: "boolean", help: "Print the resolved configuration and stop" },
  }),
} as const;

/** Defaults that the chosen preset, and what it is replaced with, decide. */
function presetDefaults(given: {
  readonly preset?: string | undefined;
  readonly architecture?: string | undefined;
}) {
  const { preset = flags.preset.default, architecture } = given;
  const values: Record<string, unknown> = { ...presets[preset], size: 32 };
  const kind = architecture ?? presets[preset]!.architecture;
  // Sizes of other networks have no say.
  const own = Object.keys(architectureFields(kind as Architecture["kind"]));
  for (const name of Object.keys(architectureDefaults)) {
    if (!own.includes(name)) delete values[name];
  }
  return { of: `--preset ${preset}`, values: { ...values, images: values["images"] ?? "all" } };
}

/** This command. */
export const verb = defineVerb({
  name: "train",
  description: `Trains a diffusion network (${
    architectureDefinitions.map(({ title }) => title).join(", ")
  }), and writes its weights ` +
    "with everything that is needed to use them. Run again, it goes on where it stopped.",
  flags,
  examples: [
    "train --preset mnist-tiny",
    "train --preset mnist-tiny --noise-schedule edm --objective x0 --target stable",
    "train --preset mnist-small --classes 3,7 --steps 4000 --seed 2",
    "train --preset cifar10-unet-small --channels 16,32,64 --norm group --padding circular",
    "train --preset cifar10-attention-unet-small --attention 0",
    "train --dataset folder --from pictures/circles --colors gray",
  ],
  dependentDefaults: presetDefaults,
  result: {
    ...runResultFields,
    "files.weights": "the network, with everything that is needed to use it (safetensors)",
    "files.report": "a page with losses, first samples and configuration",
    "files.samples": "first samples above images of the data set, as a picture",
    "files.losses": "losses over steps, as a picture",
    "files.log": "loss, gradient norm and learning rate of each step (JSON lines)",
    "numbers.steps": "training steps",
    "numbers.images": "training images",
    "numbers.loss": "mean loss over the last quarter of the steps",
    "numbers.undertrained": "whether the loss was still falling noticeably",
    "config": "with --dry-run: the resolved configuration",
  },
}, async ({ flags: given, abort, progress, print }) => {
  const training = resolveTraining(given.preset, given);
  if (given.dryRun) {
    const config = { ...training.resolved, backend: given.backend };
    print(JSON.stringify(config, null, 2));
    return { finished: false, config };
  }
  const backend = await startBackend(given.backend);
  const { weights, report, path, step, steps, result } = await runTraining(
    training,
    { backend, abort, progress },
    given,
  );
  if (step < steps) {
    print(`Stopped at step ${step} of ${steps}; the same command resumes ${path}`);
  } else {
    print(`Weights: ${weights}`);
    if (report !== undefined) {
      print(`Page:    ${report}`);
    }
  }
  return result;
});

if (import.meta.main) await runVerb(verb);
