/** Choosing images of a data set by class and number. */
import { ArgumentError } from "../core/errors.ts";
import { someOfEachClass } from "./choose_images.ts";
import type { ClassLabels } from "./class_labels.ts";

/**
 * Options of {@linkcode subsetIndices}.
 *
 * @category Data sets
 */
export interface SubsetOptions {
  /** Take this many of what the classes leave; all when absent. */
  readonly images?: number | undefined;
  /** Which ones: the first (default), or of each class its share, chosen at random. */
  readonly choice?: "first" | "of each class" | undefined;
  /** Seed of that choice. Default 1. */
  readonly imagesSeed?: number | undefined;
  /** Images that cannot be taken; others take their places. */
  readonly except?: ReadonlySet<number> | undefined;
  /** Take all where there are fewer than `images`, instead of refusing. Default false. */
  readonly orAll?: boolean | undefined;
  /** Keep only these classes; all when absent. */
  readonly classes?: readonly number[] | undefined;
  /** Names of the classes; how many there are decides which class numbers exist. */
  readonly classNames: readonly string[];
  /** What the images are called in error messages, such as "mnist train". */
  readonly what: string;
}

/**
 * Indices, ascending, of `images` images whose label is one of `classes`.
 *
 * @param labels Class of each image.
 * @throws RangeError if a class does not exist or is given twice, or if there are fewer images than
 * asked for, unless all are fine then; the message says how many there are.
 */
export function subsetIndices(
  labels: ClassLabels,
  { images, choice, imagesSeed = 1, except, orAll = false, classes, classNames, what }:
    SubsetOptions,
): Uint32Array {
  if (images !== undefined && (!Number.isInteger(images) || images < 1)) {
    throw new ArgumentError(`Cannot take ${images} images of ${what}: not a positive integer`);
  }
  const wanted = new Set(classes ?? []);
  if (classes !== undefined) {
    for (const label of classes) {
      if (!Number.isInteger(label) || label < 0 || label >= classNames.length) {
        const known = classNames.length === 0
          ? "has no classes"
          : `has ${classNames.length} classes, 0 (${classNames[0]}) to ${classNames.length - 1} (${
            classNames.at(-1)
          })`;
        throw new ArgumentError(`Cannot select class ${label}: ${what} ${known}`);
      }
    }
    if (classes.length === 0 || wanted.size !== classes.length) {
      throw new ArgumentError(
        `Cannot select classes "${classes.join(",")}" of ${what}: name each wanted class once`,
      );
    }
  }
  const found: number[] = [];
  for (let i = 0; i < labels.length; i++) {
    if (classes === undefined || wanted.has(labels[i]!)) found.push(i);
  }
  const usable = except === undefined ? found : found.filter((i) => !except.has(i));
  if (images !== undefined && images > usable.length && !orAll) {
    const which = classes === undefined ? "" : ` of class ${classes.join(", ")}`;
    throw new ArgumentError(
      `Cannot take ${images} images${which} of ${what}: there are ${usable.length}`,
      { remedy: (say) => `ask for no more (${say.option("images", usable.length)})` },
    );
  }
  if (images === undefined) return Uint32Array.from(usable);
  if (choice !== "of each class") return Uint32Array.from(usable.slice(0, images));
  // Of all, so that what cannot be taken does not change which of the others are.
  const options = { labels, count: images, seed: imagesSeed, except: except ?? new Set<number>() };
  return Uint32Array.from(someOfEachClass(found, options));
}
