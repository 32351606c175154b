/** Images in a folder with the folders on the way to them, and words about them. */
import { DataFormatError, type ErrorDetails } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";

/** An image with the folders on the way to it, those left out that have been entered. */
export interface PlacedImage {
  /** Index of its path. */
  readonly index: number;
  /** The path, without what says nothing in it. */
  readonly path: string;
  readonly folders: readonly string[];
}

/** Refuses a folder. */
export type Fail = (problem: string, details?: ErrorDetails) => never;

/** Refuses the folder at a path. */
export const failAt = (source: string): Fail => (problem, details = {}) => {
  throw new DataFormatError(source, problem, details);
};

/** The first folder on the way to an image; empty if there is none. */
export const top = ({ folders }: PlacedImage): string => folders[0] ?? "";

/** Images by their first folder; those without one under "". */
export function byTop(images: readonly PlacedImage[]): Map<string, PlacedImage[]> {
  const all = new Map<string, PlacedImage[]>();
  for (const image of images) {
    const own = all.get(top(image));
    if (own === undefined) all.set(top(image), [image]);
    else own.push(image);
  }
  return all;
}

/** Goes into the first folder of each image. */
export const entered = (images: readonly PlacedImage[]): PlacedImage[] =>
  images.map((image) => ({ ...image, folders: image.folders.slice(1) }));

/** Goes into a folder that holds all images, as often as there is one that may be passed. */
export function unwrapped(
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

/** Number of images in words. */
export const count = (images: readonly unknown[]) =>
  `${images.length.toLocaleString("en")} image${images.length === 1 ? "" : "s"}`;

/** A few names in words. */
export function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => quoted(name, 30)).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
