/** Which images of a folder belong to which part of a data set. */
import { quoted } from "../core/quoted.ts";
import { type FolderPart, isFiller, partOf, partsAmong } from "./folder_parts.ts";
import { type FileSurvey, surveyFiles } from "./folder_survey.ts";
import { isHidden, partsOfPath, readableFormats } from "./image_paths.ts";
import {
  byTop,
  count,
  entered,
  type Fail,
  type PlacedImage,
  some,
  unwrapped,
} from "./placed_images.ts";
import type { ClassesFrom, SplitName } from "./source.ts";

/** A part of the set. */
export interface Part {
  readonly images: readonly PlacedImage[];
  /** Folders that are called so. */
  readonly folders: readonly string[];
}

/** Images by the part that they belong to. */
export interface Layout {
  /** Parts by name; "all" where there are none. */
  readonly parts: ReadonlyMap<FolderPart | "all", Part>;
  /** Images that belong to no part. */
  readonly outside: readonly PlacedImage[];
}

/** The images and the parts that they belong to. */
export function findParts(
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

/** Where there are no parts. */
const whole = (images: readonly PlacedImage[]): Layout => ({
  parts: new Map([["all", { images, folders: [] }]]),
  outside: [],
});

function noImages(paths: readonly string[]): string {
  if (paths.length === 0) return `empty, expected ${readableFormats} images, or folders of them`;
  const example = paths.find((path) => !isHidden(path)) ?? paths[0];
  const out = paths.filter((path) => partsOfPath(path) === undefined).length;
  const why = out === 0 ? "" : `, of which ${out} have names that lead out of it`;
  return `no ${readableFormats} image among its ${paths.length} files (such as ${
    quoted(example)
  })${why}`;
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
export function imagesOf(
  { parts }: Layout,
  { split, classesFrom, fail }: {
    readonly split: SplitName;
    readonly classesFrom: ClassesFrom | undefined;
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
