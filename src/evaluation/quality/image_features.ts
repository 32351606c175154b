import { ArgumentError } from "../../core/errors.ts";
import { checkImages, type ImageBatch, valuesPerImage } from "../../core/image_batch.ts";
import { Random } from "../../core/random.ts";
import type { Features } from "./features.ts";

/**
 * The pixels of images as features: a row of H * W * C values for each. They see what the eye hardly does, such
 * as a shift by one pixel, and need many images: H * W * C is soon above their number.
 *
 * @example
 * ```ts
 * import { pixelFeatures } from "@els/toolkit/quality";
 * import { bytesToImages, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 3, size: 8 }));
 * assertEquals(pixelFeatures(images).shape, [3, 64]);
 * ```
 *
 * @param images `[n, H, W, C]`; the features share their memory.
 * @category Quality
 */
export function pixelFeatures(images: ImageBatch): Features {
  return { data: images.data, shape: [images.shape[0], valuesPerImage(images)] };
}

/**
 * Options of {@linkcode patchFeatures}.
 *
 * @category Quality
 */
export interface PatchFeaturesOptions {
  /** Pixels along a side, k. Default 7. */
  readonly patchSize?: number;
  /** Patches in all, of each image as many. Default 8 of each image. */
  readonly patches?: number;
  /** Seed of the places. Default 0. */
  readonly seed?: number;
}

/**
 * Patches of images as features: rows of k * k * C values, from random places inside the images. They tell
 * whether images are locally right and nothing about how patches are put together. Rows of one image are
 * no independent samples.
 *
 * @example
 * ```ts
 * import { patchFeatures } from "@els/toolkit/quality";
 * import { bytesToImages, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 3, size: 8 }));
 * assertEquals(patchFeatures(images, { patchSize: 3, patches: 30 }).shape, [30, 9]);
 * ```
 *
 * @param images `[n, H, W, C]`.
 * @returns Features; the first patch of each image, then the second of each, and so on.
 * @throws RangeError if patches do not fit into the images, or there are no images.
 * @category Quality
 */
export function patchFeatures(images: ImageBatch, options: PatchFeaturesOptions = {}): Features {
  checkImages(images);
  const [count, height, width, channels] = images.shape;
  const { patchSize: k = 7, patches = 8 * count, seed = 0 } = options;
  if (!Number.isInteger(k) || k < 1 || k > Math.min(height, width)) {
    throw new ArgumentError(
      `Cannot take patches of ${k} x ${k} from images of ${height} x ${width}: expected 1 to ${
        Math.min(height, width)
      }`,
    );
  }
  if (!Number.isInteger(patches) || patches < 1 || count === 0) {
    throw new ArgumentError(`Cannot take ${patches} patches from ${count} images`);
  }
  const random = new Random(seed, `patches of ${k}`);
  const line = k * channels;
  const data = new Float32Array(patches * k * line);
  for (let patch = 0; patch < patches; patch++) {
    const top = random.integer(height - k + 1);
    const left = random.integer(width - k + 1);
    for (let row = 0; row < k; row++) {
      const from = (((patch % count) * height + top + row) * width + left) * channels;
      data.set(images.data.subarray(from, from + line), (patch * k + row) * line);
    }
  }
  return { data, shape: [patches, k * line] };
}
