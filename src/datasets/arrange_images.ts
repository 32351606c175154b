/** What the paths of a folder of images say: parts of the set, classes, order. */
import { type ClassLabels, classLabels, mostClasses } from "./class_labels.ts";
import { classesOf, surveyClasses } from "./folder_classes.ts";
import { findParts, imagesOf } from "./folder_layout.ts";
import type { FolderSurvey } from "./folder_survey.ts";
import { failAt, type PlacedImage, top } from "./placed_images.ts";
import type { ClassesFrom, SplitName } from "./source.ts";

/** Images of one part of a set, in order. */
export interface ArrangedImages {
  /** Index of each image in the list of paths. */
  readonly indices: readonly number[];
  /** Class of each image; zeros when there are no classes. */
  readonly labels: ClassLabels;
  /** Names of the classes; empty when there are none. */
  readonly classNames: readonly string[];
  /** What else is there. */
  readonly survey: FolderSurvey;
}

/** Options of {@linkcode arrangeImages}. */
export interface ArrangeOptions {
  /** Which part is wanted. */
  readonly split: SplitName;
  /** What the folders at the top are, where that can be read in two ways. */
  readonly classesFrom?: ClassesFrom | undefined;
  /** Path of the folder, for error messages. */
  readonly source: string;
}

/**
 * Finds the images among the paths below a folder, the parts of the set that they belong to, and their
 * classes, in the order of their paths by code units.
 *
 * One folder that holds everything else counts as the top. Folders there that are called as parts usually
 * are, in any case (`train`, `Training`, `valid`, `test_set`), are parts, and so are such folders in each
 * class folder; without them everything is the training part. Classes are the folders in a part. They
 * are numbered as in the training part, in the order of their names; those that only another part has
 * come after.
 *
 * @param paths Paths below the folder, with "/" between parts. Files that are no images by name, and
 * hidden ones, are passed over.
 * @throws DataFormatError if there is no image, the part is not there, what is there can be read in two
 * ways and `classesFrom` does not say which, or there are more than 65,536 classes.
 */
export function arrangeImages(
  paths: readonly string[],
  { split, classesFrom, source }: ArrangeOptions,
): ArrangedImages {
  const fail = failAt(source);
  const { files, layout } = findParts(paths, { classesFrom, fail });
  const used = imagesOf(layout, { split, classesFrom, fail });
  const numbering = layout.parts.get("train")?.images ?? used;
  const train = numbering === used
    ? []
    : classesOf(numbering, { classesFrom, known: [], fail: undefined }).classNames;
  const { kept, loose, classNames } = classesOf(used, {
    ...{ classesFrom, known: train, fail, inParts: !layout.parts.has("all") },
  });
  if (classNames.length > mostClasses) {
    fail(`${classNames.length} folders of images, at most ${mostClasses} classes`);
  }
  const numbers = new Map(classNames.map((name, i) => [name, i]));
  const sorted = kept.toSorted(({ path: a }, { path: b }) => a < b ? -1 : a > b ? 1 : 0);
  return {
    indices: sorted.map(({ index }) => index),
    labels: classLabels(
      sorted.map((image) => numbers.get(top(image)) ?? 0),
      classNames.length,
    ),
    classNames,
    survey: {
      ...files,
      parts: [...layout.parts].map(([name, { images, folders }]) => ({
        name,
        folders,
        // Nothing can be wrong in a part that is not used.
        ...surveyClasses(
          images === used
            ? { kept, classNames }
            : classesOf(images, { classesFrom, known: train, fail: undefined }),
        ),
      })),
      used: split,
      outside: layout.outside.length + loose.length,
      outsideSuch: (layout.outside[0] ?? loose[0])?.path,
    },
  };
}

/**
 * What the paths below a folder hold, part by part, where none is wanted more than others.
 *
 * @throws DataFormatError if there is no image, or parts can be told from classes in two ways.
 */
export function surveyFolder(
  paths: readonly string[],
  { classesFrom, source }: Omit<ArrangeOptions, "split">,
): FolderSurvey {
  const { files, layout } = findParts(paths, { classesFrom, fail: failAt(source) });
  const classesIn = (images: readonly PlacedImage[], known: readonly string[]) =>
    classesOf(images, { classesFrom, known, fail: undefined });
  const train = layout.parts.get("train");
  const known = train === undefined ? [] : classesIn(train.images, []).classNames;
  return {
    ...files,
    parts: [...layout.parts].map(([name, { images, folders }]) => ({
      ...{ name, folders },
      ...surveyClasses(classesIn(images, name === "train" ? [] : known)),
    })),
    used: "all",
    outside: layout.outside.length,
    outsideSuch: layout.outside[0]?.path,
  };
}
