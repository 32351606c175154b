import { ArgumentError } from "../core/errors.ts";
import { checkImages, type ImageBatch } from "../core/image_batch.ts";

/**
 * Options of {@linkcode tileImages}.
 *
 * @category Figures
 */
export interface TileOptions {
  /** Side of the square of equal pixels that one image pixel becomes, at least 1. */
  readonly factor: number;
  /** White space between images in pixels of the picture. */
  readonly gutter: number;
}

/**
 * Lays rows of images side by side on white, each pixel enlarged to a square.
 *
 * @example
 * ```ts
 * import { tileImages } from "@els/toolkit/figures";
 * import { bytesToImages, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 3, size: 8 }));
 * assertEquals(tileImages([images], { factor: 2, gutter: 1 }).shape, [1, 16, 50, 1]);
 * ```
 *
 * @param rows One batch `[B, H, W, C]` per row, values from -1 (black) to 1 (white); C is 1 or 3.
 *   Gray rows among colored ones become gray RGB.
 * @returns One picture `[1, height, width, C]`.
 * @throws RangeError if a row is missing, shapes differ, a value is not a number, or an option is
 *   not a whole number.
 * @category Figures
 */
export function tileImages(
  rows: readonly ImageBatch[],
  options: TileOptions,
): ImageBatch {
  const { factor, gutter } = options;
  const first = rows[0];
  if (first === undefined || first.shape[0] === 0) {
    throw new ArgumentError("Cannot tile images: none were given");
  }
  if (!Number.isInteger(factor) || factor < 1 || !Number.isInteger(gutter) || gutter < 0) {
    throw new ArgumentError(
      `Cannot tile images: factor ${factor} and gutter ${gutter}, expected whole numbers, ` +
        "the factor at least 1",
    );
  }
  for (const row of rows) checkImages(row);
  const [, h, w] = first.shape;
  const columns = Math.max(...rows.map(({ shape }) => shape[0]));
  const channels = rows.some(({ shape }) => shape[3] === 3) ? 3 : 1;
  const width = columns * w * factor + (columns - 1) * gutter;
  const height = rows.length * h * factor + (rows.length - 1) * gutter;
  const data = new Float32Array(width * height * channels).fill(1);
  rows.forEach(({ data: values, shape }, row) => {
    const [batch, rowHeight, rowWidth, c] = shape;
    if (rowHeight !== h || rowWidth !== w || (c !== 1 && c !== 3)) {
      throw new ArgumentError(
        `Cannot tile images: row ${row} has images of ${rowHeight} x ${rowWidth} x ${c}, ` +
          `expected ${h} x ${w} x 1 or 3`,
      );
    }
    for (let i = 0; i < batch * h * w; i++) {
      const image = Math.floor(i / (h * w));
      const left = image * (w * factor + gutter) + (i % w) * factor;
      const top = row * (h * factor + gutter) + (Math.floor(i / w) % h) * factor;
      for (let channel = 0; channel < channels; channel++) {
        const value = values[i * c + (c === 1 ? 0 : channel)]!;
        if (Number.isNaN(value)) {
          throw new ArgumentError(`Cannot tile images: image ${image} of row ${row} holds NaN`);
        }
        for (let y = top; y < top + factor; y++) {
          for (let x = left; x < left + factor; x++) {
            data[(y * width + x) * channels + channel] = value;
          }
        }
      }
    }
  });
  return { data, shape: [1, height, width, channels] };
}
