/** What an explanation looks like: pictures of a mosaic, pixel by pixel, as canvases and PNG take them. */
import { cyclicShift } from "../core/cyclic_shift.ts";
import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import type { Explanation } from "../machines/explanation.ts";
import { levelColor } from "./level_color.ts";
import { shiftColor, type SourceColors } from "./mosaic_colors.ts";

/**
 * A picture in bytes: red, green, blue and opacity of each pixel, row by row, as `ImageData` takes them.
 *
 * @category Figures
 */
export interface RgbaPicture {
  /** `[H, W, 4]`, 0 to 255. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/**
 * What pictures of an explanation are made of.
 *
 * @category Figures
 */
export type PicturedExplanation = Pick<
  Explanation,
  "shape" | "xHat0" | "pixels" | "image" | "row" | "column" | "weight" | "entropy"
>;

/**
 * How opaque a pixel of a mosaic is by the weight of its heaviest candidate: the square root, since few
 * eyes tell a weight of a tenth from white by a tenth of a color.
 *
 * @example
 * ```ts
 * import { mosaicOpacity } from "@els/toolkit/figures";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([0, 0.25, 1].map(mosaicOpacity), [0, 0.5, 1]);
 * ```
 *
 * @param weight 0 to 1.
 * @returns 0 (not seen) to 1.
 * @category Figures
 */
export function mosaicOpacity(weight: number): number {
  return Math.sqrt(Math.min(1, Math.max(0, weight)));
}

/** Colors each explained pixel by the heaviest candidate of it; others stay transparent. */
function pictureOf(
  explanation: PicturedExplanation,
  query: number,
  color: (
    at: number,
    pixel: readonly [row: number, column: number],
    cell: number,
  ) => readonly [red: number, green: number, blue: number, opacity: number],
): RgbaPicture {
  const { shape: [queries, pixels, top], image } = explanation;
  if (!(Number.isInteger(query) && query >= 0 && query < queries)) {
    throw new ArgumentError(`Cannot look at query ${query}: there are ${queries}`);
  }
  const [, height, width] = explanation.xHat0.shape;
  const data = new Uint8ClampedArray(4 * height * width);
  for (let e = 0; e < pixels; e++) {
    const cell = query * pixels + e, pixel = explanation.pixels[e]!;
    if (image[cell * top]! < 0) continue;
    const [red, green, blue, opacity] = color(cell * top, pixel, cell);
    data.set([red, green, blue, 255 * opacity], 4 * (pixel[0] * width + pixel[1]));
  }
  return { data, width, height };
}

/**
 * The mosaic: each pixel in the color of the training image that its heaviest candidate lies in, as opaque
 * as {@linkcode mosaicOpacity} of its weight.
 *
 * @example
 * ```ts
 * import { sourceColors, sourcePicture } from "@els/toolkit/figures";
 * import { bytesToImages, cosineLegacy, createMachine, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("IS", { images, schedule: cosineLegacy() });
 * const colors = sourceColors([1]);
 * const { data } = sourcePicture(await machine.explain(images, 0.02), { query: 1, colors });
 * assertEquals([...data.subarray(0, 4)], [0x34, 0x80, 0xfc, 255]);
 * ```
 *
 * @throws RangeError if there is no such query.
 * @category Figures
 */
export function sourcePicture(
  explanation: PicturedExplanation,
  options: { readonly colors: SourceColors; readonly query?: number },
): RgbaPicture {
  const { colors, query = 0 } = options;
  return pictureOf(explanation, query, (at) => [
    ...rgbOf(colors.of(explanation.image[at]!)),
    mosaicOpacity(explanation.weight[at]!),
  ]);
}

/**
 * Where pixels were copied from: each in the {@linkcode shiftColor} of the way to its heaviest candidate, as
 * opaque as in {@linkcode sourcePicture}.
 *
 * @example
 * ```ts
 * import { shiftPicture } from "@els/toolkit/figures";
 * import { bytesToImages, cosineLegacy, createMachine, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("IS", { images, schedule: cosineLegacy() });
 * const { data } = shiftPicture(await machine.explain(images, 0.02));
 * assertEquals([...data.subarray(0, 4)], [171, 171, 171, 255]); // nothing is shifted
 * ```
 *
 * @param options.wrap Whether images are tori: shifts go the shorter way. Default false.
 * @param options.reach Shift with the full strength of color, in pixels; half the image when absent.
 * @throws RangeError if there is no such query.
 * @category Figures
 */
export function shiftPicture(
  explanation: PicturedExplanation,
  options: { readonly query?: number; readonly wrap?: boolean; readonly reach?: number } = {},
): RgbaPicture {
  const [, height, width] = explanation.xHat0.shape;
  const { query = 0, wrap = false, reach = Math.max(height, width) / 2 } = options;
  return pictureOf(explanation, query, (at, [y, x]) => {
    const rows = explanation.row[at]! - y, columns = explanation.column[at]! - x;
    const shift = wrap
      ? [cyclicShift(rows, height), cyclicShift(columns, width)] as const
      : [rows, columns] as const;
    return [...shiftColor(shift, { reach }), mosaicOpacity(explanation.weight[at]!)];
  });
}

/**
 * Weight of each pixel's heaviest candidate, from white (0) to almost black (1).
 *
 * @example
 * ```ts
 * import { weightPicture } from "@els/toolkit/figures";
 * import { bytesToImages, cosineLegacy, createMachine, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("IS", { images, schedule: cosineLegacy() });
 * const { data } = weightPicture(await machine.explain(images, 0.02));
 * assertEquals([...data.subarray(0, 4)], [6, 30, 48, 255]);
 * ```
 *
 * @throws RangeError if there is no such query.
 * @category Figures
 */
export function weightPicture(
  explanation: PicturedExplanation,
  options: { readonly query?: number } = {},
): RgbaPicture {
  return pictureOf(explanation, options.query ?? 0, (at) => opaque(explanation.weight[at]!));
}

/**
 * Entropy of each pixel's candidates, from white (0: one candidate has all weight) to almost black.
 *
 * @example
 * ```ts
 * import { entropyPicture } from "@els/toolkit/figures";
 * import { bytesToImages, cosineLegacy, createMachine, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("IS", { images, schedule: cosineLegacy() });
 * const { data } = entropyPicture(await machine.explain(images, 0.02), { most: Math.log(4) });
 * assertEquals([...data.subarray(0, 4)], [255, 255, 255, 255]);
 * ```
 *
 * @param options.most Entropy in nats that is almost black.
 * @throws RangeError if there is no such query.
 * @category Figures
 */
export function entropyPicture(
  explanation: PicturedExplanation,
  options: { readonly most: number; readonly query?: number },
): RgbaPicture {
  const { most, query = 0 } = options;
  return pictureOf(
    explanation,
    query,
    (_at, _pixel, cell) => opaque(most > 0 ? explanation.entropy[cell]! / most : 0),
  );
}

/**
 * The image that results if every pixel is copied from its heaviest candidate alone.
 *
 * @example
 * ```ts
 * import { copiedImage } from "@els/toolkit/figures";
 * import { bytesToImages, cosineLegacy, createMachine, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("IS", { images, schedule: cosineLegacy() });
 * const explanation = await machine.explain(images, 0.02);
 * assertEquals(copiedImage(explanation, { images, query: 3 }).data, images.data.slice(3 * 64));
 * ```
 *
 * @param options.images The machine's training images.
 * @returns `[1, H, W, C]`; pixels that were not explained are 0.
 * @throws RangeError if there is no such query.
 * @category Figures
 */
export function copiedImage(
  explanation: PicturedExplanation,
  options: { readonly images: ImageBatch; readonly query?: number },
): ImageBatch {
  const { images, query = 0 } = options;
  const [, height, width, channels] = images.shape;
  const data = new Float32Array(height * width * channels);
  // The colors are of no interest: this visits the explained pixels.
  pictureOf(explanation, query, (at, [y, x]) => {
    const { image, row, column } = explanation;
    const from = ((image[at]! * height + row[at]!) * width + column[at]!) * channels;
    data.set(images.data.subarray(from, from + channels), (y * width + x) * channels);
    return [0, 0, 0, 0];
  });
  return { data, shape: [1, height, width, channels] };
}

function opaque(level: number): [number, number, number, number] {
  const [red, green, blue] = levelColor(level);
  return [red!, green!, blue!, 1];
}

function rgbOf(hex: string): [number, number, number] {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
