import { encode } from "fast-png";
import type { ImageBatch } from "../array/image_batch.ts";

/** Pixels of a picture: 8 bits, `[height, width, channels]`. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 1 (grey) or 3 (RGB). */
  readonly channels: 1 | 3;
}

/** Options of {@linkcode tileImages}. */
export interface TileOptions {
  /** Side of the square of equal pixels that one image pixel becomes, at least 1. */
  readonly factor: number;
  /** White space between images in pixels of the picture. */
  readonly gutter: number;
}

/**
 * Lays rows of images side by side on white, each pixel enlarged to a square.
 *
 * @param rows One batch `[B, H, W, C]` per row, values -1 (black) to 1 (white), beyond that clamped;
 *   C is 1 or 3. Grey rows among coloured ones become grey RGB.
 * @throws RangeError if a row is missing, shapes differ, a value is not a number, or an option is
 *   not a whole number.
 */
export function tileImages(rows: readonly ImageBatch[], { factor, gutter }: TileOptions): Pixels {
  const first = rows[0];
  if (first === undefined || first.shape[0] === 0) {
    throw new RangeError("Cannot tile images: none were given");
  }
  if (!Number.isInteger(factor) || factor < 1 || !Number.isInteger(gutter) || gutter < 0) {
    throw new RangeError(
      `Cannot tile images: factor ${factor} and gutter ${gutter}, expected whole numbers, ` +
        "the factor at least 1",
    );
  }
  const [, h, w] = first.shape;
  const columns = Math.max(...rows.map(({ shape }) => shape[0]));
  const channels = rows.some(({ shape }) => shape[3] === 3) ? 3 : 1;
  const width = columns * w * factor + (columns - 1) * gutter;
  const height = rows.length * h * factor + (rows.length - 1) * gutter;
  const data = new Uint8Array(width * height * channels).fill(255);
  rows.forEach(({ data: values, shape }, row) => {
    const [batch, rowHeight, rowWidth, c] = shape;
    if (rowHeight !== h || rowWidth !== w || (c !== 1 && c !== 3)) {
      throw new RangeError(
        `Cannot tile images: row ${row} has images of ${rowHeight} x ${rowWidth} x ${c}, ` +
          `expected ${h} x ${w} x 1 or 3`,
      );
    }
    for (let i = 0; i < batch * h * w; i++) {
      const left = Math.floor(i / (h * w)) * (w * factor + gutter) + (i % w) * factor;
      const top = row * (h * factor + gutter) + (Math.floor(i / w) % h) * factor;
      for (let channel = 0; channel < channels; channel++) {
        const value = values[i * c + (c === 1 ? 0 : channel)]!;
        if (Number.isNaN(value)) {
          throw new RangeError(
            `Cannot tile images: image ${Math.floor(i / (h * w))} of row ${row} holds NaN`,
          );
        }
        const byte = Math.round((Math.min(1, Math.max(-1, value)) + 1) * 127.5);
        for (let y = top; y < top + factor; y++) {
          for (let x = left; x < left + factor; x++) {
            data[(y * width + x) * channels + channel] = byte;
          }
        }
      }
    }
  });
  return { data, width, height, channels };
}

/** Encodes pixels as PNG. */
export function encodePixels({ data, width, height, channels }: Pixels): Uint8Array {
  return encode({ data, width, height, channels, depth: 8 });
}
