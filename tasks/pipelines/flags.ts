/** Flags that several commands share. */
import { samplerNames, samplerTable } from "../../src/samplers/samplers.ts";
import { timeGridNames, timeGrids } from "../../src/samplers/time_grid.ts";

/** The rows of a table in one phrase: "ddim (first order), heun (second order)". */
function described(
  rows: readonly { readonly name: string; readonly description?: string | undefined }[],
): string {
  return rows.map(({ name, description }) => `${name} (${description})`).join(", ");
}

/** Which images the machine may use. */
export const imageFlags = {
  dataset: {
    type: "string",
    placeholder: "NAME",
    help: "Machine's data set; default: the network's",
  },
  from: { type: "string", placeholder: "PATH", help: "File or folder that holds the data set" },
  images: {
    type: "integer",
    min: 1,
    help: "First so many images; default: as many as the network's",
  },
  classes: { type: "integers", min: 0, placeholder: "3,7", help: "Images of these classes only" },
  colors: {
    type: "choice",
    choices: ["gray", "rgb"],
    help: "Make the images gray or color; default: as the network's",
  },
} as const;

/** Which samples are looked at. */
export const sampleFlags = {
  sampler: {
    type: "choice",
    choices: samplerNames,
    default: "ddim",
    help: `How images are made from noise: ${described(samplerTable)}`,
  },
  seed: { type: "integer", min: 0, default: 1, help: "Seed of the noise" },
  labels: {
    type: "integers",
    min: 0,
    placeholder: "0..9",
    help: "Classes of the samples in turn, for a conditional network",
  },
} as const;

/** How times are spread. */
export const gridFlag = {
  type: "choice",
  choices: timeGridNames,
  help: `How times are spread: ${described(timeGrids)}`,
} as const;

/** Where things are computed. */
export const machineFlags = {
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
} as const;

/** Where results go. */
export const outFlags = {
  out: { type: "string", default: "runs", placeholder: "FOLDER", help: "Folder of the runs" },
  fresh: { type: "boolean", help: "Begin a new run even where this one can be resumed" },
} as const;
