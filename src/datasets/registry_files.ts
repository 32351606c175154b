import { ArgumentError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { arraysSource } from "./arrays_files.ts";
import { celebaSource } from "./celeba_files.ts";
import { cifar100CoarseSource, cifar100Source } from "./cifar100_files.ts";
import { cifar10Source } from "./cifar10_files.ts";
import type { ImageDataset } from "./dataset.ts";
import { datasetLabel } from "./dataset_label.ts";
import { emnistSources } from "./emnist_files.ts";
import { fashionMnistSource } from "./fashion_mnist_files.ts";
import { imageFolderSource } from "./image_folder_files.ts";
import { toImageDataset } from "./image_dataset.ts";
import { kmnistSource } from "./kmnist_files.ts";
import { mnistSource } from "./mnist_files.ts";
import { parquetSource } from "./parquet_files.ts";
import { qmnistSource } from "./qmnist_files.ts";
import type { ClassesFrom, DatasetSource, OpenDataset, ReadOptions, SplitName } from "./source.ts";
import { type StreamedDataset, toStreamedDataset } from "./streamed_dataset.ts";
import { svhnSource } from "./svhn_files.ts";
import { syntheticSource } from "./synthetic_source.ts";
import { texturesSource } from "./textures_source.ts";

const builtIn: readonly DatasetSource[] = [
  mnistSource,
  fashionMnistSource,
  kmnistSource,
  qmnistSource,
  ...emnistSources,
  cifar10Source,
  cifar100Source,
  cifar100CoarseSource,
  svhnSource,
  celebaSource,
  imageFolderSource,
  arraysSource,
  parquetSource,
  syntheticSource,
  texturesSource,
];

const sources = [...builtIn];
const names = sources.map(({ name }) => name);

/** Every data set that {@linkcode loadDataset} knows; those of {@linkcode registerDataset} join them. */
export const datasetSources: readonly DatasetSource[] = sources;

/**
 * Names that {@linkcode loadDataset} knows; those of {@linkcode registerDataset} join them.
 *
 * @category Data sets
 */
export const datasetNames: readonly string[] = names;

/**
 * Makes a data set of your own known by its name, so that {@linkcode loadDataset} loads it: with the choice of
 * images and classes, the resizing and the checksum that all data sets have.
 *
 * @param source Where its images come from; `openInMemory` makes one of bytes that are there.
 * @throws RangeError if the name is that of a data set of this package.
 *
 * @example
 * ```ts
 * import { loadDataset, openInMemory, registerDataset } from "@els/toolkit/datasets";
 * import { assertEquals } from "@std/assert";
 *
 * const pixels = new Uint8Array(10 * 16 * 16).map((_, i) => i % 256);
 * registerDataset({
 *   name: "ramps",
 *   about: { what: "ten gray ramps", license: "mine" },
 *   open: () => openInMemory({ pixels, shape: [10, 16, 16, 1], labels: new Uint8Array(10) }, []),
 * });
 * const { images } = await loadDataset("ramps", { images: 4, size: 16 });
 * assertEquals(images.shape, [4, 16, 16, 1]);
 * ```
 * @category Data sets
 */
export function registerDataset(source: DatasetSource): void {
  const { name } = source;
  if (builtIn.some((known) => known.name === name)) {
    throw new ArgumentError(
      `Cannot register the data set "${name}": the name is that of a data set of this package; give it ` +
        "another",
    );
  }
  const at = names.indexOf(name);
  if (at >= 0) sources[at] = source;
  else {
    sources.push(source);
    names.push(name);
  }
}

/**
 * Options of {@linkcode loadDataset}.
 *
 * @category Data sets
 */
export interface LoadDatasetOptions extends ReadOptions {
  /** "train" (default) or "test"; of a folder of images also "validation" or "all". */
  readonly split?: SplitName;
  /**
   * Take this many images, counted after the choice of classes; all when absent. The first ones, but of a
   * folder with classes as many of each as its share is, chosen by `imagesSeed`.
   */
  readonly images?: number | undefined;
  /** Seed of the choice of images of a folder with classes. Default 1. */
  readonly imagesSeed?: number | undefined;
  /** How a number of images is chosen; absent: as said above. */
  readonly choice?: "first" | "of each class" | undefined;
  /** Take all where there are fewer than `images`, instead of refusing. Default false. */
  readonly orAll?: boolean | undefined;
  /** Keep only these classes; all when absent. Labels keep their numbers. */
  readonly classes?: readonly number[] | undefined;
  /** Height and width to resize to, 1 to 4096. Default 32. */
  readonly size?: number;
  /** 1 to make the images gray, 3 to make them color; default: as the set is. */
  readonly channels?: 1 | 3 | undefined;
  /** File or folder that holds the set, when it is not found by itself. */
  readonly from?: string | undefined;
  /** Pixels that a picture of a folder may have before it is resized. Default 2^26, 64 megapixels. */
  readonly maxPixels?: number | undefined;
  /**
   * Most bytes that one of its files may unpack to, whatever it declares. Default: what the files of the
   * set take, and slack.
   */
  readonly maxBytes?: number | undefined;
  /** What the folders in a folder of images are, where that can be read in two ways. */
  readonly classesFrom?: ClassesFrom | undefined;
  /** Leave out images of a folder that cannot be read, instead of refusing. Default false. */
  readonly skipUnreadable?: boolean | undefined;
  /**
   * Is told, a line each, what people should know about a set before they use it: of a folder its parts and
   * classes, sizes and colors, and what is left out and why.
   */
  readonly tell?: ((line: string) => void) | undefined;
}

/**
 * Loads images of a data set by name.
 *
 * @example
 * ```ts
 * import { loadDataset } from "@els/toolkit";
 * import { assertEquals } from "@std/assert";
 *
 * const { images, labels } = await loadDataset("synthetic", { images: 5, classes: [0, 2], size: 16 });
 * assertEquals(images.shape, [5, 16, 16, 1]);
 * assertEquals([...labels], [0, 2, 0, 2, 0]);
 * ```
 *
 * @param name One of {@linkcode datasetNames}.
 * @returns The chosen images, with the SHA-256 of exactly these.
 * @throws RangeError if the name, the split, a class or the size does not exist, or there are fewer
 * images than asked for and all are not fine either.
 * @throws DataFormatError if the set's files are missing or damaged.
 * @category Data sets
 */
export async function loadDataset(
  name: string,
  options: LoadDatasetOptions = {},
): Promise<ImageDataset> {
  const { open, label, split, size } = await openDataset(name, options);
  const { channels, images, imagesSeed, choice, orAll, classes, tell, onProgress, abort } = options;
  return await toImageDataset(open, {
    ...{ name, label, split, size, channels, images, imagesSeed, choice, orAll, classes },
    ...{ tell, onProgress, abort },
  });
}

/**
 * Opens a data set by name so that its images can be read tile by tile, as often as they are needed, and need
 * not fit into memory: the same images as {@linkcode loadDataset} gives.
 *
 * @example
 * ```ts
 * import { streamDataset } from "@els/toolkit/datasets";
 * import { assertEquals } from "@std/assert";
 *
 * const { images } = await streamDataset("textures", { size: 16 });
 * assertEquals(images.shape, [1_000_000, 16, 16, 1]);
 * for await (const tile of images.tiles({ from: 999_999 })) assertEquals(tile.shape[0], 1);
 * ```
 *
 * @param name One of {@linkcode datasetNames}.
 * @throws RangeError as {@linkcode loadDataset} does.
 * @throws DataFormatError if the set's files are missing or damaged.
 * @category Data sets
 */
export async function streamDataset(
  name: string,
  options: LoadDatasetOptions = {},
): Promise<StreamedDataset> {
  const { open, label, split, size } = await openDataset(name, options);
  const { channels, images, imagesSeed, choice, orAll, classes, tell } = options;
  return await toStreamedDataset(open, {
    ...{ name, label, split, size, channels, images, imagesSeed, choice, orAll, classes, tell },
  });
}

/** Opens a data set by name. */
async function openDataset(name: string, options: LoadDatasetOptions): Promise<{
  readonly open: OpenDataset;
  readonly label: string;
  readonly split: SplitName;
  readonly size: number;
}> {
  const { split = "train", size = 32, channels, from } = options;
  const source = datasetSources.find((known) => known.name === name);
  if (source === undefined) {
    throw new ArgumentError(
      `Cannot load data set "${name}": the known ones are ${datasetNames.join(", ")}`,
    );
  }
  const { splits = ["train", "test"] } = source;
  if (!splits.includes(split)) {
    throw new ArgumentError(
      `Cannot load split ${quoted(split)} of ${name}: expected ${
        splits.map((each) => quoted(each)).join(" or ")
      }`,
    );
  }
  if (!Number.isInteger(size) || size < 1 || size > 4096) {
    throw new ArgumentError(
      `Cannot load ${name} at size ${size}: expected an integer from 1 to 4096`,
    );
  }
  if (channels !== undefined && channels !== 1 && channels !== 3) {
    throw new ArgumentError(`Cannot load ${name} with ${channels} channels: expected 1 or 3`);
  }
  const { classesFrom, skipUnreadable, maxPixels, maxBytes } = options;
  const open = await source.open({
    ...{ split: split === "test" ? "test" : "train", part: split, size, channels, from },
    ...{ classesFrom, skipUnreadable, maxPixels, maxBytes },
  });
  return { open, label: datasetLabel(name, from), split, size };
}
