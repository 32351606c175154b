/** What the paths of a folder of images say: parts of the set, classes, order. */
import { DataFormatError, type ErrorDetails } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { type ClassLabels, classLabels, mostClasses } from "./class_labels.ts";
import { type FolderPart, isFiller, partOf, partsAmong } from "./folder_parts.ts";
import {
  type FileSurvey,
  type FolderSurvey,
  type PartSurvey,
  type PlacedImage,
  surveyFiles,
} from "./folder_survey.ts";
import { isHidden, readableFormats } from "./image_paths.ts";
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

/** A part of the set. */
interface Part {
  readonly images: readonly PlacedImage[];
  /** Folders that are called so. */
  readonly folders: readonly string[];
}

/** Images by the part that they belong to. */
interface Layout {
  /** Parts by name; "all" where there are none. */
  readonly parts: ReadonlyMap<FolderPart | "all", Part>;
  /** Images that belong to no part. */
  readonly outside: readonly PlacedImage[];
}

const compare = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;
const top = ({ folders }: PlacedImage): string => folders[0] ?? "";

/** Images by their first folder; those without one under "". */
function byTop(images: readonly PlacedImage[]): Map<string, PlacedImage[]> {
  const all = new Map<string, PlacedImage[]>();
  for (const image of images) {
    const own = all.get(top(image));
    if (own === undefined) all.set(top(image), [image]);
    else own.push(image);
  }
  return all;
}

/** Goes into the first folder of each image. */
const entered = (images: readonly PlacedImage[]): PlacedImage[] =>
  images.map((image) => ({ ...image, folders: image.folders.slice(1) }));

/** Goes into a folder that holds all images, as often as there is one that may be passed. */
function unwrapped(
  images: readonly PlacedImage[],
  mayPass: (name: string) => boolean,
): readonly PlacedImage[] {
  const first = images[0]?.folders ?? [];
  let deep = 0;
  while (
    deep < first.length && mayPass(first[deep]!) &&
    images.every(({ folders }) => folders[deep] === first[deep])
  ) deep++;
  return deep === 0
    ? images
    : images.map((image) => ({ ...image, folders: image.folders.slice(deep) }));
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
  const { kept, loose, classNames } = classesOf(used, { classesFrom, known: train, fail });
  if (classNames.length > mostClasses) {
    fail(`${classNames.length} folders of images, at most ${mostClasses} classes`);
  }
  const numbers = new Map(classNames.map((name, i) => [name, i]));
  const sorted = kept.toSorted((a, b) => compare(a.path, b.path));
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

/** The images and the parts that they belong to. */
function findParts(
  paths: readonly string[],
  { classesFrom, fail }: {
    readonly classesFrom: ClassesFrom | undefined;
    readonly fail: Fail;
  },
): { readonly files: FileSurvey; readonly layout: Layout } {
  const files = surveyFiles(paths);
  if (files.images.length === 0) fail(noImages(paths));
  const images = unwrapped(files.images, (name) => [undefined, "extra"].includes(partOf(name)));
  const layout = classesFrom === "top" ? whole(images) : findLayout(images, { classesFrom, fail });
  return { files, layout };
}

const failAt = (source: string): Fail => (problem, details = {}) => {
  throw new DataFormatError(source, problem, details);
};

/** Where there are no parts. */
const whole = (images: readonly PlacedImage[]): Layout => ({
  parts: new Map([["all", { images, folders: [] }]]),
  outside: [],
});

/** Images of each class. */
function surveyClasses(
  { kept, classNames }: Pick<FoundClasses, "kept" | "classNames">,
): Pick<PartSurvey, "images" | "classes"> {
  const counts = new Map(classNames.map((name) => [name, 0]));
  for (const image of kept) {
    const before = counts.get(top(image));
    if (before !== undefined) counts.set(top(image), before + 1);
  }
  return { images: kept.length, classes: [...counts].map(([name, images]) => ({ name, images })) };
}

type Fail = (problem: string, details?: ErrorDetails) => never;

function noImages(paths: readonly string[]): string {
  if (paths.length === 0) return `empty, expected ${readableFormats} images, or folders of them`;
  const example = paths.find((path) => !isHidden(path)) ?? paths[0];
  return `no ${readableFormats} image among its ${paths.length} files (such as ${quoted(example)})`;
}

/** Number of images in words. */
const count = (images: readonly unknown[]) =>
  `${images.length.toLocaleString("en")} image${images.length === 1 ? "" : "s"}`;

/** A few names in words. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => quoted(name, 30)).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/** Finds the parts: folders at the top, or folders in each class folder. */
function findLayout(
  images: readonly PlacedImage[],
  { classesFrom, fail }: {
    readonly classesFrom: ClassesFrom | undefined;
    readonly fail: Fail;
  },
): Layout {
  const tops = byTop(images);
  const loose = tops.get("") ?? [];
  tops.delete("");
  const parts = partsAmong(tops.keys());
  const others = [...tops].filter(([name]) => !parts.has(name));
  if (parts.size > 0) {
    if (others.length > 0 && classesFrom !== "parts") {
      const names = others.map(([name]) => name);
      fail(
        `${some([...parts.keys()])} ${parts.size === 1 ? "is" : "are"} beside ${some(names)}: ` +
          `a part of the set, or a class as the others are?`,
        {
          remedy: (say) =>
            `say so with ${say.option("classesFrom", "parts")} or ${
              say.option("classesFrom", "top")
            }`,
        },
      );
    }
    const found = new Map<FolderPart, Part>();
    for (const [name, part] of parts) {
      const { images, folders } = found.get(part) ?? { images: [], folders: [] };
      found.set(part, {
        images: images.concat(withoutWrapping(tops.get(name)!, name)),
        folders: [...folders, name],
      });
    }
    return { parts: found, outside: [...loose, ...others.flatMap(([, own]) => own)] };
  }
  const inner = findInnerParts(others, { classesFrom, fail });
  if (inner !== undefined) return { ...inner, outside: [...inner.outside, ...loose] };
  return whole(images);
}

/** A part's images, whose folder has been entered, and what only wraps them up: `seg_train/seg_train`. */
function withoutWrapping(images: readonly PlacedImage[], name: string): readonly PlacedImage[] {
  const part = partOf(name);
  return unwrapped(
    entered(images),
    (inner) =>
      inner.toLowerCase() === name.toLowerCase() || isFiller(inner) ||
      (part !== undefined && partOf(inner) === part),
  );
}

/** The parts where each class has its own: `cat/train`, `cat/test`, `dog/train`, ... */
function findInnerParts(
  classes: readonly (readonly [name: string, images: readonly PlacedImage[]])[],
  { classesFrom, fail }: {
    readonly classesFrom: ClassesFrom | undefined;
    readonly fail: Fail;
  },
): Layout | undefined {
  const found = new Map<FolderPart, PlacedImage[]>();
  const outside: PlacedImage[] = [];
  for (const [, images] of classes) {
    for (const image of images) {
      const inner = image.folders[1];
      const part = inner === undefined ? undefined : partOf(inner);
      if (part === undefined) outside.push(image);
      else if (found.get(part)?.push(image) === undefined) found.set(part, [image]);
    }
  }
  const [inPart] = [...found.values()][0] ?? [];
  if (inPart === undefined) return undefined;
  if (outside.length > 0 && classesFrom !== "parts") {
    fail(
      `some images are in parts of their class, such as ${
        quoted(inPart.path)
      }, some are not, such ` +
        `as ${quoted(outside[0]!.path)}`,
      {
        remedy: (say) =>
          `use only the former with ${say.option("classesFrom", "parts")}, or all with ` +
          say.option("classesFrom", "top"),
      },
    );
  }
  const parts = new Map([...found].map(([part, images]) => [part, { images, folders: [] }]));
  return { parts, outside };
}

/** The images of the part that is wanted. */
function imagesOf(
  { parts }: Layout,
  { split, classesFrom, fail }: Pick<ArrangeOptions, "split" | "classesFrom"> & {
    readonly fail: Fail;
  },
): readonly PlacedImage[] {
  const everything = parts.get("all")?.images;
  if (everything !== undefined) {
    if (split === "train" || split === "all") return everything;
    const why = classesFrom === "top"
      ? "all of it is one part"
      : `expected folders "train" and "${split}" in it`;
    return fail(`it has no ${split} part: ${why}`);
  }
  if (split === "all") {
    return [...parts].flatMap(([part, { images }]) => part === "extra" ? [] : images);
  }
  const wanted = parts.get(split);
  if (wanted !== undefined && wanted.folders.length > 1 && classesFrom !== "parts") {
    return fail(`its folders ${some(wanted.folders)} are all called as a ${split} part is`, {
      remedy: (say) =>
        `name one of them with ${say.option("from")}, or take all with ` +
        say.option("classesFrom", "parts"),
    });
  }
  if (wanted !== undefined) return wanted.images;
  const there = [...parts].map(([part, { images }]) => `${part} (${count(images)})`).join(", ");
  const [first] = [...parts.keys()].filter((part) => part !== "extra");
  return fail(
    `it has no ${split} part, only ${there}`,
    first === undefined ? {} : {
      remedy: (say) =>
        `use another with ${say.option("split", first)}, or all with ${say.option("split", "all")}`,
    },
  );
}

/** What is made of the images of a part. */
interface FoundClasses {
  readonly kept: readonly PlacedImage[];
  /** Images beside the class folders, which are left out. */
  readonly loose: readonly PlacedImage[];
  readonly classNames: readonly string[];
}

/**
 * Classes of a part: its folders.
 *
 * @param options.known Classes of the training part, which come first.
 * @param options.fail What to do in doubt; absent: take the folders.
 */
function classesOf(
  images: readonly PlacedImage[],
  { classesFrom, known, fail }: {
    readonly classesFrom: ClassesFrom | undefined;
    readonly known: readonly string[];
    readonly fail: Fail | undefined;
  },
): FoundClasses {
  const flat: FoundClasses = { kept: images, loose: [], classNames: [] };
  if (classesFrom === "none") return flat;
  const tops = byTop(images);
  const loose = tops.get("") ?? [];
  tops.delete("");
  if (tops.size === 0) return flat;
  const own = [...tops.keys()].sort(compare);
  // A single folder of another name than the classes have wraps up images whose class is not known.
  if (loose.length === 0 && own.length === 1 && known.length > 1 && !known.includes(own[0]!)) {
    return flat;
  }
  if (loose.length > 0 && classesFrom === undefined && fail !== undefined) {
    fail(
      `images lie both in it (${count(loose)}, such as ${
        quoted(loose[0]!.path)
      }) and in folders in ` +
        `it (${some(own)}); classes need a folder each`,
      {
        remedy: (say) =>
          `use those in folders with ${say.option("classesFrom", "top")}, or all without classes ` +
          `with ${say.option("classesFrom", "none")}`,
      },
    );
  }
  return {
    kept: images.filter((image) => top(image) !== ""),
    loose,
    classNames: [...known, ...own.filter((name) => !known.includes(name))],
  };
}
