/** Which training images a class restricts a machine to, and what all machines ask of noisy images. */
import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch, ImageShape } from "../core/image_batch.ts";

/** Training images of each class. */
export class Candidates {
  readonly #name: string;
  readonly #labels: ArrayLike<number> | undefined;
  readonly #ofLabel = new Map<number, Uint32Array>();

  /** @param name Name of the machine, for messages. */
  constructor(name: string, labels: ArrayLike<number> | undefined) {
    this.#name = name;
    this.#labels = labels;
  }

  /**
   * Of some images in their order, those of a class, counted from the first of the some; undefined, all of
   * them, without one. There may be none: images of others may lie elsewhere.
   */
  among(
    label: number | null,
    { from, to }: { readonly from: number; readonly to: number },
  ): Uint32Array | undefined {
    if (label === null) return undefined;
    const labels = this.#labelsFor(label);
    const found: number[] = [];
    for (let i = from; i < to; i++) if (labels[i] === label) found.push(i - from);
    return Uint32Array.from(found);
  }

  /** Numbers of the images of a class; undefined, all of them, without one. */
  of(label: number | null): Uint32Array | undefined {
    if (label === null) return undefined;
    const labels = this.#labelsFor(label);
    let indices = this.#ofLabel.get(label);
    if (indices === undefined) {
      const found: number[] = [];
      for (let i = 0; i < labels.length; i++) if (labels[i] === label) found.push(i);
      indices = Uint32Array.from(found);
      this.#ofLabel.set(label, indices);
    }
    if (indices.length === 0) {
      throw new ArgumentError(
        `Cannot predict class ${label} with ${this.#name}: none of its ${labels.length} training ` +
          "images is of that class",
      );
    }
    return indices;
  }

  #labelsFor(label: number): ArrayLike<number> {
    if (this.#labels !== undefined) return this.#labels;
    throw new ArgumentError(
      `Cannot predict class ${label} with ${this.#name}: its training images have no labels`,
    );
  }
}

/** The queries of each class. */
export function groupByLabel(
  labels: number[] | null,
  queries: number,
): Map<number | null, number[]> {
  const groups = new Map<number | null, number[]>();
  for (let i = 0; i < queries; i++) {
    const label = labels?.[i] ?? null;
    const members = groups.get(label);
    if (members) members.push(i);
    else groups.set(label, [i]);
  }
  return groups;
}

/**
 * Checks that noisy images have the shape of a machine's training images.
 *
 * @throws RangeError that names both.
 */
export function checkNoisyShape(
  { shape }: ImageBatch,
  { name, imageShape }: { readonly name: string; readonly imageShape: ImageShape },
): void {
  const [found, expected] = [shape.slice(1).join(" x "), imageShape.join(" x ")];
  if (found === expected) return;
  throw new ArgumentError(
    `Cannot denoise images of ${found}: ${name} has training images of ${expected}`,
  );
}

/** All pixels of an image, row by row. */
export function allPixels(height: number, width: number): (readonly [number, number])[] {
  return Array.from(
    { length: height * width },
    (_, i) => [Math.floor(i / width), i % width] as const,
  );
}

/**
 * Pixels to explain as row * W + column.
 *
 * @throws RangeError if one lies outside the image.
 */
export function flatPixels(
  pixels: readonly (readonly [row: number, column: number])[],
  { height, width }: { readonly height: number; readonly width: number },
): Uint32Array {
  const isPlace = (at: number, size: number) => Number.isInteger(at) && at >= 0 && at < size;
  return Uint32Array.from(pixels, ([row, column]) => {
    if (isPlace(row, height) && isPlace(column, width)) return row * width + column;
    throw new ArgumentError(
      `Cannot explain pixel (${row}, ${column}): images have ${height} x ${width}, rows and columns ` +
        "from 0",
    );
  });
}
