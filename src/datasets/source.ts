import { ArgumentError } from "../core/errors.ts";
import type { ReadLimits } from "../formats/read_limits.ts";
import type { ClassLabels } from "./class_labels.ts";
import type { LabeledBytes } from "./labeled_bytes.ts";
import type { ByteImages } from "./resize.ts";

/**
 * Which part of a data set.
 *
 * @category Data sets
 */
export type Split = "train" | "test";

/**
 * What can be asked of a folder of images: a part, or all of it together.
 *
 * @category Data sets
 */
export type SplitName = Split | "validation" | "all";

/**
 * What the folders in a folder of images are, where that can be read in two ways. "top": those at the top
 * are classes, whatever they are called. "parts": those that are called as parts are parts, and what is
 * in none is left out. "none": there are no classes.
 *
 * @category Data sets
 */
export type ClassesFrom = "top" | "parts" | "none";

/**
 * What a data set is asked for when it is opened.
 *
 * @category Data sets
 */
export interface DatasetRequest extends Pick<ReadLimits, "maxBytes"> {
  /** Part of the set. */
  readonly split: Split;
  /** Height and width wanted. Sets whose images have sizes of their own, or none, deliver this. */
  readonly size: number;
  /** 1 for gray, 3 for color; absent: as the set is. Only sets of mixed images need look at it. */
  readonly channels?: 1 | 3 | undefined;
  /** File or folder that holds the set; absent: it is looked for where it usually lies. */
  readonly from?: string | undefined;
  /** Pixels that a picture may have before it is resized. Only sets of pictures need look at it. */
  readonly maxPixels?: number | undefined;
  /** The same as `split`, of sets that list in `splits` that they have more. */
  readonly part?: SplitName | undefined;
  /** What folders are classes. Only folders of images need look at it. */
  readonly classesFrom?: ClassesFrom | undefined;
  /** Leave out files that cannot be read, instead of refusing. Only sets of many files need look at it. */
  readonly skipUnreadable?: boolean | undefined;
}

/**
 * A file that was left out.
 *
 * @category Data sets
 */
export interface UnreadableImage {
  /** Its place among the images that were asked for. */
  readonly at: number;
  /** What is wrong with it, in one line that names it. */
  readonly problem: string;
}

/**
 * Images that were asked for, and those among them that could not be read.
 *
 * @category Data sets
 */
export interface ReadImages extends ByteImages {
  /** Left out of the stack; only if `skipUnreadable` was asked for. */
  readonly unreadable?: readonly UnreadableImage[];
}

/**
 * How the images of a set are read. Only sets of many files need look at it.
 *
 * @category Data sets
 */
export interface ReadOptions {
  /** Is told how many have been read, of all. */
  readonly onProgress?: ImportProgress | undefined;
  /** Stops the reading: it then throws the signal's reason. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * A data set that was found: everything is known but the pixels, which are read when asked for.
 *
 * @category Data sets
 */
export interface OpenDataset {
  /** Class of every image; zeros when there are no classes. */
  readonly labels: ClassLabels;
  /** Names of the classes; empty when the set has none. */
  readonly classNames: readonly string[];
  /**
   * Reads the images at `indices` (ascending), in that order.
   *
   * @throws DataFormatError if a file is missing or damaged.
   */
  read(indices: Uint32Array, options?: ReadOptions): Promise<ReadImages>;
  /** Each reading goes through whole files: many images at a time are read faster than few. */
  readonly readsMany?: boolean;
  /** How a number of images is chosen: the first ones (default), or some of each class. */
  readonly choice?: "first" | "of each class";
  /** What people should know before they use it: a line each, when it is opened and once it is read. */
  readonly remarks?: {
    readonly opened: readonly string[];
    read(): readonly string[];
  };
}

/**
 * A file of a data set as its authors publish it.
 *
 * @category Data sets
 */
export interface OfficialFile {
  /** Name of the file. */
  readonly name: string;
  /** Where it is published; absent when it has to be fetched by hand. */
  readonly url?: string;
  /** Size in bytes. */
  readonly bytes: number;
  /** Its published checksum, in lower-case hexadecimal. */
  readonly checksum: { readonly algorithm: "md5" | "sha256"; readonly hex: string };
}

/**
 * Reports how far an import has come, in units of its own.
 *
 * @category Data sets
 */
export type ImportProgress = (done: number, total: number) => void;

/**
 * How `deno task data` brings a data set here.
 *
 * @category Data sets
 */
export interface DatasetArchive {
  /** The files, in the order in which they are fetched. */
  readonly files: readonly OfficialFile[];
  /** For files without an address: what a person has to do to get them, as one sentence. */
  readonly byHand?: string;
  /**
   * Turns the verified files at `paths` (in the order of `files`) into what
   * {@linkcode DatasetSource.open} finds in `folder`; absent when the files are used as they are.
   * Whatever stops it leaves nothing there that looks finished.
   */
  unpack?(paths: readonly string[], options: {
    readonly folder: string;
    readonly abort?: AbortSignal | undefined;
    readonly onProgress?: ImportProgress | undefined;
  }): Promise<void>;
}

/**
 * What people need to know about a data set before they use it.
 *
 * @category Data sets
 */
export interface DatasetAbout {
  /** What the images show and how many there are, as one phrase. */
  readonly what: string;
  /** License or terms of use. */
  readonly license: string;
  /** Page of the authors. */
  readonly page?: string;
}

/**
 * A data set that can be loaded by name: one file makes one of these, the registry lists them. Your own too.
 *
 * @category Data sets
 */
export interface DatasetSource {
  /** Name in the registry. */
  readonly name: string;
  /** What the set is and how it may be used. */
  readonly about: DatasetAbout;
  /** How it is fetched; absent when there is nothing to fetch. */
  readonly archive?: DatasetArchive;
  /** Parts that it has; absent: "train" and "test". */
  readonly splits?: readonly SplitName[];
  /** Where it is looked for, most wanted first; empty when it lies in no folder. */
  readonly folders?: readonly string[];
  /**
   * Finds one split and reads what there is to know without its pixels.
   *
   * @throws DataFormatError if its files are missing or damaged.
   */
  open(request: DatasetRequest): OpenDataset | Promise<OpenDataset>;
}

/**
 * A data set whose images are in memory already.
 *
 * @example
 * ```ts
 * import { openInMemory, syntheticTextures } from "@els/toolkit/datasets";
 * import { assertEquals } from "@std/assert";
 *
 * const opened = openInMemory(syntheticTextures({ images: 6, size: 8 }), ["a", "b", "c", "d"]);
 * assertEquals((await opened.read(Uint32Array.of(0, 5))).shape, [2, 8, 8, 1]);
 * ```
 *
 * @param all Images as bytes `[N, H, W, C]`, with a class each; zeros where there are no classes.
 * @param classNames Names of the classes; empty when the set has none.
 * @category Data sets
 */
export function openInMemory(all: LabeledBytes, classNames: readonly string[]): OpenDataset {
  const [n, h, w, c] = all.shape;
  const values = h * w * c;
  if (all.pixels.length !== n * values || all.labels.length !== n) {
    throw new ArgumentError(
      `Cannot open ${n} images of ${h} x ${w} x ${c}: found ${all.pixels.length} bytes and ` +
        `${all.labels.length} labels, expected ${n * values} and ${n}`,
    );
  }
  return {
    labels: all.labels,
    classNames,
    read(indices) {
      const pixels = new Uint8Array(indices.length * values);
      indices.forEach((index, i) =>
        pixels.set(all.pixels.subarray(index * values, (index + 1) * values), i * values)
      );
      return Promise.resolve({ pixels, shape: [indices.length, h, w, c] as const });
    },
  };
}
