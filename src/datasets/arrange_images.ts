/** What the paths of a folder of images say: parts of the set, classes, order. */
import { DataFormatError } from "../core/errors.ts";
import type { Split } from "./source.ts";

/** Images of one part of a set, in order. */
export interface ArrangedImages {
  /** Index of each image in the list of paths. */
  readonly indices: readonly number[];
  /** Class of each image; zeros when there are no classes. */
  readonly labels: Uint8Array;
  /** Names of the classes, sorted; empty when there are none. */
  readonly classNames: readonly string[];
}

/** Whether a path is that of an image, and not hidden. */
export const isImagePath = (path: string): boolean =>
  /\.(jpe?g|png)$/i.test(path) && !/(^|\/)(\.|__MACOSX(\/|$))/.test(path);

const compare = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;

/**
 * Sorts the images among the paths below a folder, by code units, and finds their classes: the first
 * folder on the way to an image. Folders `train` and `test` at the top are parts of the set; without
 * them everything is the training part. One folder that holds everything else counts as the top.
 *
 * @param paths Paths below the folder, with "/" between parts. Files that are no JPEG or PNG by name,
 * and hidden ones, are passed over.
 * @param options.split Which part is wanted.
 * @param options.source Path of the folder, for error messages.
 * @throws DataFormatError if there is no image, the part is not there, images lie both in the folder and
 * in class folders, or there are more than 256 classes.
 */
export function arrangeImages(
  paths: readonly string[],
  { split, source }: { readonly split: Split; readonly source: string },
): ArrangedImages {
  const fail = (problem: string): never => {
    throw new DataFormatError(source, problem);
  };
  let images = paths
    .map((path, index) => ({ index, path, parts: path.split("/") }))
    .filter(({ path }) => isImagePath(path));
  if (images.length === 0) {
    fail(
      paths.length === 0
        ? "empty, expected JPEG or PNG images, or folders of them"
        : `no JPEG or PNG image among its ${paths.length} files (such as ${paths[0]})`,
    );
  }
  // How many folders have been entered on the way from the top to the classes.
  let entered = 0;
  const top = ({ parts }: { readonly parts: readonly string[] }) =>
    parts.length > entered + 1 ? parts[entered]! : "";
  const tops = () => new Set(images.map(top));
  const isPart = (name: string) => name === "train" || name === "test";
  for (let all = tops(); all.size === 1 && !all.has("") && ![...all].some(isPart); all = tops()) {
    entered++;
  }
  let wanted = (_: string): boolean => true;
  const inParts = [...tops()].filter(isPart);
  if (inParts.length > 0) {
    // Classes are those of both parts, so that labels mean the same in both.
    images = images.filter((image) => isPart(top(image)));
    const part = new Map(images.map((image) => [image.path, top(image)]));
    wanted = (path) => part.get(path) === split;
    entered++;
  } else if (split === "test") {
    fail('it has no test part: expected folders "train" and "test" in it');
  }
  const names = tops();
  if (names.has("") && names.size > 1) {
    fail("images lie both in it and in folders in it; classes need a folder each");
  }
  const classNames = names.has("") ? [] : [...names].sort(compare);
  if (classNames.length > 256) fail(`${classNames.length} folders of images, at most 256 classes`);
  images = images.filter(({ path }) => wanted(path)).sort((a, b) => compare(a.path, b.path));
  if (images.length === 0) fail(`no images in a folder ${split}, only in ${inParts.join(", ")}`);
  return {
    indices: images.map(({ index }) => index),
    labels: Uint8Array.from(images, (image) => Math.max(0, classNames.indexOf(top(image)))),
    classNames,
  };
}
