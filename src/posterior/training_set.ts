import type { ImageBatch } from "../core/image_batch.ts";

/**
 * Training images with what backends have found out about them: copies in memory that threads share,
 * boxes of their foregrounds, their largest value. It is an image batch itself, so it goes wherever
 * one does; the images must not change while it is in use.
 *
 * @category Posterior
 */
export interface TrainingSet extends ImageBatch {
  /** What `compute` makes of the images, computed once for each function. */
  once<T>(compute: (images: ImageBatch) => T): T;
}

class Prepared implements TrainingSet {
  readonly data: Float32Array;
  readonly shape: ImageBatch["shape"];
  readonly #found = new Map<(images: ImageBatch) => unknown, unknown>();

  constructor({ data, shape }: ImageBatch) {
    this.data = data;
    this.shape = shape;
  }

  once<T>(compute: (images: ImageBatch) => T): T {
    if (!this.#found.has(compute)) this.#found.set(compute, compute(this));
    return this.#found.get(compute) as T;
  }
}

/** Sets of images that were handed over without one: the same array gets the same set again. */
const known = new WeakMap<Float32Array, TrainingSet>();

/**
 * Prepares training images, so that what backends compute of them is kept with them.
 *
 * @example
 * ```ts
 * import { bytesToImages, prepareImages, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = prepareImages(bytesToImages(syntheticTextures({ images: 4, size: 8 })));
 * const brightest = images.once(({ data }) => Math.max(...data));
 * assertEquals([prepareImages(images) === images, brightest <= 1], [true, true]);
 * ```
 *
 * @returns The same object where it is prepared already.
 * @category Posterior
 */
export function prepareImages(images: ImageBatch): TrainingSet {
  if (images instanceof Prepared) return images;
  const before = known.get(images.data);
  if (before !== undefined && before.shape.join() === images.shape.join()) return before;
  const prepared = new Prepared(images);
  known.set(images.data, prepared);
  return prepared;
}
