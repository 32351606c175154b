import { cyclicShift } from "../core/cyclic_shift.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Explanation } from "../machines/explanation.ts";

/**
 * Connected pixels that one training image made at one shift: a piece that was copied as a whole.
 *
 * @category Evaluation
 */
export interface CopiedRegion {
  /** Training image. */
  readonly image: number;
  /** Rows and columns from the pixels to what they copy. */
  readonly shift: readonly [rows: number, columns: number];
  /** Number of its pixels. */
  readonly pixels: number;
  /** Weight of their heaviest candidates, as mean over the pixels. */
  readonly weight: number;
}

/**
 * The regions of one image, which they fill without overlap.
 *
 * @category Evaluation
 */
export interface CopiedRegions {
  /** Rows and columns of the image. */
  readonly shape: readonly [height: number, width: number];
  /** Place of each pixel's region in `regions`, `[H * W]`; -1 for pixels that were not explained. */
  readonly regionOf: Int32Array;
  /** In the order in which reading the image, row by row, meets them. */
  readonly regions: readonly CopiedRegion[];
}

/**
 * Options of {@linkcode copiedRegions}.
 *
 * @category Evaluation
 */
export interface CopiedRegionsOptions {
  /** Which of the queries; 0 when absent. */
  readonly query?: number;
  /** Whether images are tori, as for ES, ELS and ELS_wrapped: opposite borders touch. Default false. */
  readonly wrap?: boolean;
}

/**
 * What {@linkcode copiedRegions} reads of an explanation.
 *
 * @category Evaluation
 */
export type ExplainedPixels = Pick<
  Explanation,
  "shape" | "xHat0" | "pixels" | "image" | "row" | "column" | "weight"
>;

/**
 * Finds the pieces that a machine copied: pixels that touch along a side and whose heaviest candidates lie in
 * the same training image at the same shift.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   copiedRegions,
 *   cosineLegacy,
 *   createMachine,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("IS", { images, schedule: cosineLegacy() });
 * // The ideal score copies whole training images.
 * const { regions } = copiedRegions(await machine.explain(images, 0.02), { query: 2 });
 * assertEquals(regions.map(({ image, pixels }) => [image, pixels]), [[2, 64]]);
 * ```
 *
 * @throws RangeError if there is no such query.
 * @category Evaluation
 */
export function copiedRegions(
  explanation: ExplainedPixels,
  options: CopiedRegionsOptions = {},
): CopiedRegions {
  const { query = 0, wrap = false } = options;
  const { shape: [queries, count, top], pixels, image, row, column, weight } = explanation;
  const [, height, width] = explanation.xHat0.shape;
  if (!(Number.isInteger(query) && query >= 0 && query < queries)) {
    throw new ArgumentError(`Cannot look at query ${query}: there are ${queries}`);
  }
  // The heaviest candidate of each pixel, as its place in the lists.
  const first = new Int32Array(height * width).fill(-1);
  for (let e = 0; e < count; e++) {
    const at = (query * count + e) * top, [y, x] = pixels[e]!;
    if (image[at]! >= 0) first[y * width + x] = at;
  }
  const shiftOf = (pixel: number): readonly [number, number] => {
    const at = first[pixel]!;
    const rows = row[at]! - Math.floor(pixel / width), columns = column[at]! - pixel % width;
    return wrap ? [cyclicShift(rows, height), cyclicShift(columns, width)] : [rows, columns];
  };
  const regionOf = new Int32Array(height * width).fill(-1);
  const regions: CopiedRegion[] = [];
  const waiting: number[] = [];
  for (let start = 0; start < regionOf.length; start++) {
    if (first[start]! < 0 || regionOf[start]! >= 0) continue;
    const source = image[first[start]!]!, shift = shiftOf(start);
    const place = regions.length;
    let found = 0, sum = 0;
    regionOf[start] = place;
    waiting.push(start);
    while (waiting.length > 0) {
      const pixel = waiting.pop()!;
      found++;
      sum += weight[first[pixel]!]!;
      for (const next of neighbors(pixel, { height, width, wrap })) {
        if (first[next]! < 0 || regionOf[next]! >= 0 || image[first[next]!] !== source) continue;
        const [rows, columns] = shiftOf(next);
        if (rows !== shift[0] || columns !== shift[1]) continue;
        regionOf[next] = place;
        waiting.push(next);
      }
    }
    regions.push({ image: source, shift, pixels: found, weight: sum / found });
  }
  return { shape: [height, width], regionOf, regions };
}

function neighbors(
  pixel: number,
  { height, width, wrap }: {
    readonly height: number;
    readonly width: number;
    readonly wrap: boolean;
  },
): number[] {
  const y = Math.floor(pixel / width), x = pixel % width;
  const found: number[] = [];
  for (const [dy, dx] of [[-1, 0], [0, -1], [0, 1], [1, 0]] as const) {
    const [v, u] = [y + dy, x + dx];
    if (wrap) found.push(((v + height) % height) * width + (u + width) % width);
    else if (v >= 0 && v < height && u >= 0 && u < width) found.push(v * width + u);
  }
  return found;
}
