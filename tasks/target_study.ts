/** `deno task target-study`: does the Stable Target Field train better networks? @module */
import { basename } from "@std/path";
import type { ImageBatch } from "../src/core/image_batch.ts";
import { datasetNames, loadDataset } from "../src/datasets/registry_files.ts";
import { featureMoments } from "../src/evaluation/quality/feature_moments.ts";
import { frechetDistance } from "../src/evaluation/quality/frechet_distance.ts";
import { startBackend } from "../src/networks/backend.ts";
import { findClassifier, loadClassifier } from "../src/zoo/classifiers.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { textIfThere } from "./cli/text_file.ts";
import { machineFlags, maxPixelsFlag } from "./pipelines/flags.ts";
import { chosenImages } from "./pipelines/quality_sets.ts";
import { readingWith } from "./pipelines/reading.ts";
import { makeFolderOf, writeOutput } from "./pipelines/write_output.ts";
import { chosen } from "./reproduce/flags.ts";
import { notesOf } from "./reproduce/markdown.ts";
import { documentResult } from "./reproduce/parts.ts";
import {
  targetCells,
  type TargetPlan,
  targetProcesses,
  type TargetSources,
} from "./target_study/cells.ts";
import { distancesCsv, distancesPicture, targetDocument } from "./target_study/document.ts";
import { featuresOf } from "./target_study/measure.ts";
import { finishedCell, runCell, type TargetRecord } from "./target_study/run_cell.ts";

/** Times at which networks are asked about held-out images. */
const times = Array.from({ length: 10 }, (_, i) => (i + 1) / 10);

/** This command. */
export const verb = defineVerb({
  name: "target-study",
  description:
    "Does the Stable Target Field (arXiv 2302.00670) train faster, stabler, better? Trains the same " +
    "small network on each forward process with targets over reference batches of several sizes, from " +
    "several seeds, follows the Frechet distance of its images against steps, and writes a document " +
    "with a table and a figure. Each training is a run of its own that resumes; more seeds or sizes " +
    "are added to what is done.",
  flags: {
    ...grouped("What to do", {
      processes: {
        type: "string",
        placeholder: "NAMES",
        help: `Forward processes: ${
          targetProcesses.map(({ name }) => name).join(", ")
        }; default: all`,
      },
      references: {
        type: "integers",
        min: 1,
        default: [1, 64, 1024],
        placeholder: "1,64,1024",
        help: "Images behind each target; 1 is plain training, with which the others are compared",
      },
      seeds: {
        type: "integers",
        min: 0,
        default: [1, 2, 3],
        placeholder: "1,2,3",
        help: "Seeds: of each, weights, images, noise and times are the same for all sizes",
      },
      writeOnly: {
        type: "boolean",
        help: "Write the document from what is done, and do nothing else",
      },
    }),
    ...grouped("Data", {
      dataset: {
        type: "choice",
        choices: datasetNames,
        default: "mnist",
        help: "Data set, one that a classifier ships for",
      },
      from: {
        type: "string",
        placeholder: "PATH",
        path: "read",
        help: "File or folder that holds the data set",
      },
      images: { type: "integer", min: 2, default: 10_000, help: "The first so many images" },
      size: {
        type: "integer",
        min: 8,
        max: 64,
        default: 16,
        help: "Height and width of the images",
      },
      heldOutImages: { type: "integer", min: 2, default: 2000, help: "Held-out images" },
      maxPixels: maxPixelsFlag,
    }),
    ...grouped("Network", {
      channels: {
        type: "integers",
        min: 8,
        default: [16, 32, 64],
        placeholder: "16,32,64",
        help: "Channels of the UNet at each level",
      },
    }),
    ...grouped("Training", {
      steps: { type: "integer", min: 1, default: 1000, help: "Training steps of each network" },
      every: {
        type: "integer",
        min: 1,
        default: 250,
        help: "Steps from measurement to measurement",
      },
      batchSize: { type: "integer", min: 1, default: 16, help: "Images per step" },
    }),
    ...grouped("Sampling", {
      samples: { type: "integer", min: 2, default: 400, help: "Images at each measurement" },
      samplerSteps: { type: "integer", min: 1, default: 10, help: "Steps that make them" },
    }),
    backend: { ...machineFlags.backend, help: "Where TensorFlow.js computes" },
    ...grouped("Output", {
      out: {
        type: "string",
        default: "docs/stable-target-study.md",
        placeholder: "FILE",
        path: "write a file",
        help: "The document; its figure and table lie beside it",
      },
      runs: {
        type: "string",
        default: "runs/target-study",
        placeholder: "FOLDER",
        path: "write in the folder",
        help: "Folder of the trainings",
      },
    }),
  },
  examples: [
    "target-study",
    "target-study --seeds 1,2,3,4,5",
    "target-study --processes ve --references 1,1024 --steps 300 --every 100 --out runs/quick.md",
  ],
  result: {
    "finished": "whether all that was asked for is done; false after Ctrl-C",
    "files.document": "the document",
    "cells": "trainings that are done: process, references, seed, measures",
  },
}, async ({ flags, abort, progress, print }) => {
  const processes = chosen(targetProcesses, { names: flags.processes, flag: "processes" });
  if (flags.steps % flags.every !== 0) {
    throw new CommandError(
      `--steps is ${flags.steps}, expected a multiple of --every, ${flags.every}, so that the last ` +
        "measurement is of the end",
    );
  }
  const cells = targetCells({
    processes,
    references: [...new Set(flags.references)].sort((a, b) => a - b),
    seeds: [...new Set(flags.seeds)],
  });
  const reading = readingWith({ progress, abort });
  const { dataset, size, from, maxPixels } = flags;
  const load = (split: "train" | "test", images?: number) =>
    loadDataset(dataset, {
      ...{ split, size, from, maxPixels, images, orAll: images !== undefined },
      ...reading,
    });
  const [data, heldOut] = [await load("train", flags.images), await load("test")];
  reading.finish();
  if (data.sha256 === heldOut.sha256) {
    throw new CommandError(
      `${dataset} has no test part of its own where it was found; name a folder that has both with ` +
        "--from",
    );
  }
  const largest = Math.max(...flags.references);
  if (largest > data.images.shape[0]) {
    throw new CommandError(
      `--references has ${largest}, expected at most the number of images, ${data.images.shape[0]}`,
    );
  }
  const backend = await startBackend(flags.backend);
  if (backend.name === "webgpu") {
    throw new CommandError(
      "The study compares trainings step by step on the CPU; run it with --backend wasm",
    );
  }
  const classifier = await loadClassifier(dataset);
  const choose = (images: ImageBatch, count: number, stream: string) =>
    chosenImages(images, { count, seed: 1, stream });
  const unseen = choose(heldOut.images, flags.heldOutImages, "held-out images");
  const momentsOf = async (images: ImageBatch) =>
    featureMoments(await featuresOf(images, { classifier, abort }));
  const sources: TargetSources = {
    ...{ data, classifier, backend, heldOut: unseen, heldOutSha256: heldOut.sha256 },
    reference: await momentsOf(unseen),
    features: {
      name: `classifier of ${dataset}`,
      sha256: findClassifier(dataset).weights.sha256,
    },
  };
  const plan: TargetPlan = {
    architecture: {
      ...{ kind: "unet", imageShape: [size, size, data.images.shape[3]], padding: "zeros" },
      ...{ classes: 0, channels: flags.channels, embedding: 64, norm: "group" },
    },
    recipe: {
      ...{ steps: flags.steps, batchSize: flags.batchSize, learningRate: 1e-3 },
      ...{ warmup: Math.min(100, Math.ceil(flags.steps / 10)), emaDecay: 0.99, clipNorm: 1 },
    },
    every: flags.every,
    sampling: { samples: flags.samples, steps: flags.samplerSteps, seed: 2 },
    denoising: { images: Math.min(64, unseen.shape[0]), times, seed: 3 },
  };
  const other = await momentsOf(choose(data.images, flags.samples, "training images"));
  const about = {
    ...{ dataset, images: data.images.shape[0], heldOut: unseen.shape[0] },
    ...{ features: sources.features.name, width: other.width },
    floor: frechetDistance(other, sources.reference).distance,
  };
  const context = { plan, sources, runs: flags.runs, abort, progress };

  const write = async (records: readonly TargetRecord[]) => {
    const stem = flags.out.replace(/\.md$/, "");
    const earlier = await textIfThere(flags.out) ?? "";
    await makeFolderOf(flags.out);
    const picture = await distancesPicture({ processes, records, about });
    const [svg, csv] = [`${stem}-frechet.svg`, `${stem}-frechet.csv`];
    if (picture !== undefined) await writeOutput(svg, picture);
    await writeOutput(csv, distancesCsv(records));
    const document = {
      ...{ plan, processes, records, asked: cells.length, about },
      ...{ command: commandLine(flags), notes: notesOf(earlier) },
    };
    await writeOutput(
      flags.out,
      targetDocument(document, { picture: picture && basename(svg), table: basename(csv) }),
    );
  };
  const records: TargetRecord[] = [];
  for (const [i, cell] of cells.entries()) {
    if (abort.aborted) break;
    const done = await finishedCell(cell, context);
    if (done === undefined && !flags.writeOnly) {
      progress.note(`\nTraining ${i + 1} of ${cells.length}`);
      const made = await runCell(cell, context);
      if (made === undefined) break;
      records.push(made);
      await write(records);
    } else if (done !== undefined) records.push(done);
  }
  await write(records);
  const result = documentResult(flags.out, { aborted: abort.aborted, print });
  return {
    ...result,
    finished: records.length === cells.length,
    cells: records.map(({ process, references, seed, measures }) => ({
      ...{ process, references, seed, measures },
    })),
  };
});

/** The command that does the same, without flags that are as usual. */
function commandLine(
  flags: Readonly<Record<string, unknown>>,
): string {
  const told = ["processes", "references", "seeds", "dataset", "images", "size", "heldOutImages"]
    .concat("channels", "steps", "every", "batchSize", "samples", "samplerSteps");
  const words = told.flatMap((name) => {
    const { default: usual } = verb.spec.flags[name as keyof typeof verb.spec.flags] as {
      readonly default?: unknown;
    };
    const value = flags[name];
    if (value === undefined || String(value) === String(usual)) return [];
    return [`--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}`];
  });
  return ["deno task target-study", ...words].join(" ");
}

if (import.meta.main) await runVerb(verb);
