/** Flags that several commands share. */
import { samplerNames, samplerTable } from "../../src/samplers/samplers.ts";
import { timeGridNames, timeGrids } from "../../src/samplers/time_grid.ts";
import { grouped } from "../cli/flags.ts";

/** The rows of a table in one phrase: "ddim (first order), heun (second order)". */
function described(
  rows: readonly { readonly name: string; readonly description?: string | undefined }[],
): string {
  return rows.map(({ name, description }) => `${name} (${description})`).join(", ");
}

/** The network that is looked at. */
export const networkFlags = grouped("Network", {
  run: {
    type: "string",
    placeholder: "RUN",
    madeBy: ["train"],
    zoo: true,
    path: "read",
    help: "Training run (latest, its number or name), weights file, or zoo:NAME; default: " +
      "zoo:mnist-resnet-zeros",
  },
});

/** A calibration, as a run or a file. */
export const scheduleFlag = {
  type: "string",
  placeholder: "RUN",
  madeBy: ["calibrate", "quickstart"],
  zoo: true,
  path: "read",
  help: "Calibration run (latest, its number or name), scale_schedule.json, or zoo:NAME",
} as const;

/** Scales without times. */
export const scalesFlag = {
  type: "string",
  placeholder: "FILE",
  path: "read",
  help: "Instead: a bare list (.pt, .npy, .csv, .json, or 3,3,5) whose index 0 is t = 1/n",
} as const;

/** How large a picture of a folder may be. */
export const maxPixelsFlag = {
  type: "integer",
  min: 1,
  help: "Pixels that a picture may have before it is resized; default: 67,108,864 (64 megapixels)",
} as const;

/** How a folder of images is read. */
export const folderFlags = grouped("Data", {
  split: {
    type: "choice",
    choices: ["train", "validation", "test", "all"],
    help: "Part of the data set; default: train. Only folders have validation, and all together",
  },
  classesFrom: {
    type: "choice",
    choices: ["top", "parts", "none"],
    help:
      "Of a folder that can be read in two ways: all folders at its top are classes, those called " +
      "as parts (train, test ..) are parts, or there are no classes",
  },
  imagesSeed: {
    type: "integer",
    min: 0,
    help: "Seed by which --images chooses in a folder with classes, of each its share; default: 1",
  },
  skipUnreadable: {
    type: "boolean",
    open: true,
    help: "Leave out images of a folder that cannot be read, and say which",
  },
});

/** Which images the machine may use. */
export const imageFlags = grouped("Data", {
  dataset: {
    type: "string",
    placeholder: "NAME",
    help: "Machines' data set; default: the network's",
  },
  from: {
    type: "string",
    placeholder: "PATH",
    path: "read",
    help: "File or folder that holds the data set; default: where the network's was",
  },
  images: {
    type: "integer",
    min: 1,
    help:
      "So many images, the first ones or of each class of a folder its share; default: as many " +
      "as the network's",
  },
  classes: { type: "integers", min: 0, placeholder: "3,7", help: "Images of these classes only" },
  colors: {
    type: "choice",
    choices: ["gray", "rgb"],
    alsoSpelled: ["colours"],
    help: "Make the images gray or color; default: as the network's",
  },
  ...folderFlags,
  maxPixels: maxPixelsFlag,
});

/** Which samples are looked at. */
export const sampleFlags = grouped("Sampling", {
  sampler: {
    type: "choice",
    choices: samplerNames,
    default: "ddim",
    help: `How images are made from noise: ${described(samplerTable)}`,
  },
  clip: {
    type: "number",
    min: 0,
    help: "Clip clean images that the network finds to -X .. X, with ddim and ddpm; 0: do not; " +
      "default: as it was saved",
  },
  seed: { type: "integer", min: 0, default: 1, help: "Seed of the noise" },
  labels: {
    type: "integers",
    min: 0,
    placeholder: "0..9",
    help: "Classes of the samples in turn, for a conditional network",
  },
});

/** How times are spread. */
export const gridFlag = {
  type: "choice",
  group: "Sampling",
  choices: timeGridNames,
  help: `How times are spread: ${described(timeGrids)}`,
} as const;

/** Where things are computed. */
export const machineFlags = grouped("Where", {
  backend: {
    type: "choice",
    choices: ["auto", "webgpu", "wasm", "cpu"],
    default: "auto",
    help: "Where TensorFlow.js computes the network; auto: a GPU that is not software, else wasm",
  },
  posterior: {
    type: "choice",
    choices: ["auto", "webgpu", "wasm", "reference"],
    default: "auto",
    help: "Where the machine is computed; auto: where the network is; reference: float64, slow",
  },
  workers: { type: "integer", min: 1, help: "Threads of the machine; default: the cores" },
});

/** Where results go. */
export const outFlags = grouped("Output", {
  out: {
    type: "string",
    default: "runs",
    placeholder: "FOLDER",
    path: "write in the folder",
    help: "Folder of the runs",
  },
  fresh: { type: "boolean", help: "Begin a new run even where this one can be resumed" },
});
