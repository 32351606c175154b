/** The classifiers that ship: small networks whose last hidden layer is what images are compared by. */
import index from "../../data/classifiers/index.json" with { type: "json" };
import { ArgumentError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import type { ClassifierArchitecture } from "../networks/classifiers/classifier.ts";
import {
  readClassifier,
  type TrainedClassifier,
} from "../networks/classifiers/classifier_weights.ts";
import { readZooFile, type ZooOptions } from "./zoo_files.ts";
import type { ZooFile } from "./zoo_index.ts";

/**
 * A classifier that ships, and what is known of it.
 *
 * @category Zoo
 */
export interface ClassifierEntry {
  /** Name of the data set whose classes it tells apart. */
  readonly name: string;
  /** The weights, in half precision. */
  readonly weights: ZooFile;
  /** What it was built from. */
  readonly architecture: ClassifierArchitecture;
  /** Parameters. */
  readonly parameters: number;
  /** Share of held-out images that these very weights name rightly. */
  readonly accuracy: number;
  /** The images that this was measured on. */
  readonly heldOut: { readonly split: string; readonly images: number; readonly sha256: string };
  /** How it was trained. */
  readonly training: {
    readonly images: number;
    readonly datasetSha256: string;
    readonly epochs: number;
    readonly batchSize: number;
    readonly shift: number;
    readonly flip: boolean;
    readonly seed: number;
    readonly backend: string;
    readonly command: string;
  };
  /** What the images may be used for. */
  readonly license: string;
}

/**
 * The classifiers that ship, one for each of MNIST, FashionMNIST and CIFAR-10.
 *
 * @example
 * ```ts
 * import { classifierEntries } from "@els/toolkit/zoo";
 * import { assert } from "@std/assert";
 *
 * assert(classifierEntries.every(({ accuracy }) => accuracy > 0.6));
 * ```
 *
 * @category Zoo
 */
export const classifierEntries: readonly ClassifierEntry[] = index
  .entries as readonly unknown[] as readonly ClassifierEntry[];

/** The folder of the classifiers in this package. */
export const classifierFolder: URL = new URL("../../data/classifiers/", import.meta.url);

/**
 * Loads a classifier that ships: in Deno and Node from the package's folder, elsewhere by `fetch`.
 *
 * @example
 * ```ts
 * import { loadClassifier } from "@els/toolkit/zoo";
 * import { classify, startBackend } from "@els/toolkit/networks";
 * import { loadDataset } from "@els/toolkit";
 * import { assertEquals } from "@std/assert";
 *
 * await startBackend("wasm");
 * const { images } = await loadDataset("mnist", { images: 10 });
 * const { features } = await classify(await loadClassifier("mnist"), images);
 * assertEquals(features.shape, [10, 64]);
 * ```
 *
 * @param name Data set whose classes it tells apart.
 * @throws ArgumentError if there is none of that name.
 * @throws DataFormatError if the file is missing, or not the one whose checksum the index has.
 * @throws ToolkitError if it has to be fetched and cannot.
 * @category Zoo
 */
export async function loadClassifier(
  name: string,
  options: ZooOptions = {},
): Promise<TrainedClassifier> {
  const { weights } = findClassifier(name);
  const bytes = await readZooFile(weights, { base: classifierFolder, ...options });
  return readClassifier(bytes, `the classifier of ${name}`);
}

/**
 * The entry of a name.
 *
 * @throws ArgumentError that lists the names, if there is none.
 */
export function findClassifier(name: string): ClassifierEntry {
  const entry = classifierEntries.find((each) => each.name === name);
  if (entry !== undefined) return entry;
  throw new ArgumentError(
    `Cannot find a classifier of ${quoted(name)}: expected one of ${
      classifierEntries.map(({ name }) => name).join(", ")
    }`,
  );
}
