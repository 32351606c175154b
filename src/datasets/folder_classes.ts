/** Classes of the images in a part of a data set: its folders. */
import { quoted } from "../core/quoted.ts";
import type { PartSurvey } from "./folder_survey.ts";
import { byTop, count, type Fail, type PlacedImage, some, top } from "./placed_images.ts";
import type { ClassesFrom } from "./source.ts";

/** What is made of the images of a part. */
export interface FoundClasses {
  readonly kept: readonly PlacedImage[];
  /** Images beside the class folders, which are left out. */
  readonly loose: readonly PlacedImage[];
  readonly classNames: readonly string[];
}

/**
 * Classes of a part: its folders.
 *
 * @param options.known Classes of the training part, which come first.
 * @param options.inParts Whether the set is in parts.
 * @param options.fail What to do in doubt; absent: take the folders.
 */
export function classesOf(
  images: readonly PlacedImage[],
  { classesFrom, known, fail, inParts = false }: {
    readonly classesFrom: ClassesFrom | undefined;
    readonly known: readonly string[];
    readonly fail: Fail | undefined;
    readonly inParts?: boolean;
  },
): FoundClasses {
  const flat: FoundClasses = { kept: images, loose: [], classNames: [] };
  if (classesFrom === "none") return flat;
  const tops = byTop(images);
  const loose = tops.get("") ?? [];
  tops.delete("");
  if (tops.size === 0) return flat;
  const own = [...tops.keys()].sort();
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
          `use those in folders with ${
            say.option("classesFrom", inParts ? "parts" : "top")
          }, or all without classes ` +
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

/** Images of each class. */
export function surveyClasses(
  { kept, classNames }: Pick<FoundClasses, "kept" | "classNames">,
): Pick<PartSurvey, "images" | "classes"> {
  const counts = new Map(classNames.map((name) => [name, 0]));
  for (const image of kept) {
    const before = counts.get(top(image));
    if (before !== undefined) counts.set(top(image), before + 1);
  }
  return { images: kept.length, classes: [...counts].map(([name, images]) => ({ name, images })) };
}
