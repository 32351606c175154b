import type { ImageBatch } from "../core/image_batch.ts";
import type { ClassLabels } from "./class_labels.ts";
import type { ByteImages } from "./resize.ts";

/**
 * A data set as its files hold it: 8-bit images of their own size, with labels.
 *
 * @category Data sets
 */
export interface LabeledBytes extends ByteImages {
  /** Class of each image. */
  readonly labels: ClassLabels;
}

/**
 * 8-bit images as values in [-1, 1]: `v / 255 * 2 - 1`, rounded once to float32.
 *
 * @example
 * ```ts
 * import { bytesToImages } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = bytesToImages({ pixels: Uint8Array.of(0, 255), shape: [2, 1, 1, 1] });
 * assertEquals(data, Float32Array.of(-1, 1));
 * ```
 *
 * @category Data sets
 */
export function bytesToImages(images: ByteImages): ImageBatch {
  const { pixels, shape } = images;
  const values = Float32Array.from({ length: 256 }, (_, v) => v / 255 * 2 - 1);
  const data = new Float32Array(pixels.length);
  for (let i = 0; i < data.length; i++) data[i] = values[pixels[i]!]!;
  return { data, shape };
}
