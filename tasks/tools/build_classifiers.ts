/**
 * `deno task build:classifiers`: trains the classifiers that ship, by the recipes below, measures them on
 * held-out images, and writes data/classifiers.
 */
import { fromFileUrl, join } from "@std/path";
import { sha256Hex } from "../../src/core/sha256.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { datasetSources, loadDataset } from "../../src/datasets/registry_files.ts";
import { writeJsonText } from "../../src/formats/json_text.ts";
import { parseSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { type Classifier, createClassifier } from "../../src/networks/classifiers/classifier.ts";
import { classify } from "../../src/networks/classifiers/classify.ts";
import {
  readClassifier,
  writeClassifier,
} from "../../src/networks/classifiers/classifier_weights.ts";
import { parameterCount } from "../../src/networks/weights/parameters.ts";
import { writeFileAtomic } from "../../src/runs/atomic_write.ts";
import { readIfThere } from "../../src/runs/kept_file.ts";
import type { TrainingState } from "../../src/training/optimization.ts";
import { trainClassifier } from "../../src/training/train_classifier.ts";
import { classifierEntries, type ClassifierEntry } from "../../src/zoo/classifiers.ts";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { readingWith } from "../pipelines/reading.ts";
import { keepDocument } from "./generated_document.ts";
import { licenseOf } from "./zoo/add_entry.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));
const folder = join(root, "data/classifiers");

/** What decides a classifier, besides the images. */
interface Recipe {
  readonly widths: readonly number[];
  readonly epochs: number;
  readonly flip: boolean;
}

const recipes: Readonly<Record<string, Recipe>> = {
  "mnist": { widths: [16, 32, 64], epochs: 4, flip: false },
  "fashion-mnist": { widths: [16, 32, 64], epochs: 6, flip: true },
  "cifar10": { widths: [24, 48, 96], epochs: 40, flip: true },
};
const [batchSize, shift, seed] = [64, 2, 1];

/** This command. */
export const verb = defineVerb({
  name: "build:classifiers",
  description:
    "Trains a classifier whose last hidden layer images are compared by, measures it on held-out " +
    "images, and puts it into data/classifiers in half precision. Run again, it goes on after the " +
    "last whole epoch.",
  flags: {
    dataset: {
      type: "choice",
      choices: Object.keys(recipes) as [string, ...string[]],
      help: "Data set whose classes it tells apart; without it the index is written anew",
    },
    from: { type: "string", placeholder: "PATH", help: "Its training part, where it is not found" },
    heldOut: {
      type: "string",
      placeholder: "PATH",
      help: "Its test part, where that is elsewhere",
    },
    images: { type: "integer", min: 1, help: "Train on so many images only" },
    out: { type: "string", default: "runs", placeholder: "FOLDER", help: "Folder of states" },
  },
  examples: [
    "build:classifiers --dataset mnist",
    "build:classifiers --dataset cifar10 --from train.bin --held-out test.bin",
  ],
}, async (context) => {
  const { flags, abort, progress, print } = context;
  const { dataset, from, heldOut, images, out } = flags;
  let entries = [...classifierEntries];
  if (dataset !== undefined) {
    const reading = readingWith({ progress, abort });
    const [data, held] = [
      await loadDataset(dataset, { ...reading, size: 32, split: "train", from, images }),
      await loadDataset(dataset, { ...reading, size: 32, split: "test", from: heldOut ?? from }),
    ];
    const { name: backend } = await startBackend("wasm");
    const recipe = recipes[dataset]!;
    const [height, width, channels] = data.images.shape.slice(1) as [number, number, number];
    const classifier = createClassifier({
      kind: "small-convolutional",
      imageShape: [height, width, channels],
      classes: Math.max(...data.labels) + 1,
      widths: recipe.widths,
    });
    const state = join(out, `classifier-${dataset}-${data.sha256.slice(0, 12)}.safetensors`);
    const trained = await trainFrom(state, classifier, { data, recipe, context });
    const training = {
      images: data.images.shape[0],
      datasetSha256: data.sha256,
      epochs: recipe.epochs,
      ...{ batchSize, shift, flip: recipe.flip, seed, backend },
      command: `build:classifiers --dataset ${dataset}`,
    };
    const bytes = writeClassifier(
      { classifier, parameters: trained.average, training: { dataset, ...training } },
      { half: true },
    );
    const address = `${dataset}.safetensors`;
    const accuracy = await accuracyOf(bytes, held);
    await Deno.mkdir(folder, { recursive: true });
    await writeFileAtomic(join(folder, address), bytes);
    const source = datasetSources.find(({ name }) => name === dataset);
    if (source === undefined) throw new CommandError(`${dataset} is no data set`);
    const entry: ClassifierEntry = {
      name: dataset,
      weights: { address, bytes: bytes.length, sha256: await sha256Hex(bytes) },
      architecture: classifier.architecture,
      parameters: parameterCount(classifier.parameters),
      accuracy,
      heldOut: { split: "test", images: held.images.shape[0], sha256: held.sha256 },
      training,
      license: licenseOf(source.about),
    };
    entries = [...entries.filter(({ name }) => name !== dataset), entry];
    print(
      `${dataset}: ${bytes.length} bytes, accuracy ${accuracy} on ${held.images.shape[0]} images`,
    );
  }
  const order = Object.keys(recipes);
  entries.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const text = writeJsonText({ format: "els-classifiers", version: 1, entries });
  print(
    await keepDocument(join(folder, "index.json"), text, {
      check: false,
      task: "build:classifiers",
    }),
  );
});

/** Trains, or goes on from the state in a file, which it removes in the end. */
async function trainFrom(
  path: string,
  classifier: Classifier,
  { data, recipe, context: { abort, progress } }: {
    readonly data: ImageDataset;
    readonly recipe: Recipe;
    readonly context: { readonly abort: AbortSignal; readonly progress: Progress };
  },
): Promise<TrainingState> {
  const bytes = await readIfThere(path);
  const resume = bytes === undefined ? undefined : stateOf(bytes, path);
  const perEpoch = Math.ceil(data.images.shape[0] / batchSize);
  const bar = progress.start({
    label: "train",
    total: recipe.epochs * perEpoch,
    done: resume?.step ?? 0,
    unit: "images",
    unitsPerStep: batchSize,
  });
  let average = NaN;
  const state = await trainClassifier(classifier, {
    images: data.images,
    labels: data.labels,
    ...{ epochs: recipe.epochs, batchSize, shift, flip: recipe.flip, seed, resume, abort },
    onStep: ({ step, loss }) => {
      average = Number.isNaN(average) ? loss : 0.98 * average + 0.02 * loss;
      bar.update(step, { loss: average });
    },
    onEpoch: async (_, { step, ...vectors }) => {
      const tensors = Object.entries(vectors).map(([name, data]) =>
        [name, { dtype: "F32" as const, shape: [data.length], data }] as const
      );
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await writeFileAtomic(
        path,
        writeSafetensors(new Map(tensors), { checksum: true, metadata: { step: `${step}` } }),
      );
    },
  });
  bar.finish();
  return state;
}

/** What a verb's progress gives. */
type Progress = Parameters<Parameters<typeof defineVerb>[1]>[0]["progress"];

function stateOf(bytes: Uint8Array, path: string): TrainingState {
  const { tensors, metadata } = parseSafetensors(bytes, path, { checksum: "required" });
  const of = (name: string) => Float32Array.from(tensors.get(name)!.data as Float32Array);
  return {
    step: Number(metadata.step),
    parameters: of("parameters"),
    average: of("average"),
    mean: of("mean"),
    square: of("square"),
  };
}

/** Share of images whose most probable class is theirs, by the bytes that ship. */
async function accuracyOf(bytes: Uint8Array, held: ImageDataset): Promise<number> {
  const { probabilities: { data, shape: [rows, classes] } } = await classify(
    readClassifier(bytes, "the classifier"),
    held.images,
  );
  let right = 0;
  for (let row = 0; row < rows; row++) {
    const sure = data.subarray(row * classes, (row + 1) * classes);
    if (sure.indexOf(Math.max(...sure)) === held.labels[row]) right++;
  }
  return right / rows;
}

if (import.meta.main) await runVerb(verb);
