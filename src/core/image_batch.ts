import { ArgumentError, ArgumentTypeError } from "./errors.ts";

/**
 * Shape of one image: height, width, channels.
 *
 * @category Images
 */
export type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * A batch of images or of per-pixel predictions.
 *
 * `data` holds `[B, H, W, C]` values, channels fastest. Clean images lie in [-1, 1].
 *
 * @category Images
 */
export interface ImageBatch {
  /** Values in `[B, H, W, C]` order. */
  readonly data: Float32Array;
  /** `[B, H, W, C]`. */
  readonly shape: readonly [batch: number, height: number, width: number, channels: number];
}

/**
 * Checks that images are what the types say, for callers without types: bytes of 0 to 255 would pass for
 * very bright values and give nonsense.
 *
 * @param images What should be a batch.
 * @param what What they are, for the message: "training images".
 * @throws TypeError that names what was found.
 */
export function checkImages(images: ImageBatch, what = "images"): void {
  const data: unknown = images?.data;
  const found = Object.prototype.toString.call(data).slice("[object ".length, -1);
  // Compared by name, since arrays of another realm (a frame, a test runner) are as good.
  if (found === "Float32Array") return;
  const remedy = /^Uint8(Clamped)?Array$/.test(found)
    ? "make images of bytes with bytesToImages"
    : ArrayBuffer.isView(data) || Array.isArray(data)
    ? "make one of numbers with Float32Array.from"
    : "give { data, shape }, as imageBatch makes it";
  throw new ArgumentTypeError(
    `Cannot use the ${what}: found values in ${
      data === undefined ? "nothing" : `${/^[AIO]/.test(found) ? "an" : "a"} ${found}`
    }, expected a Float32Array of values in [-1, 1]; ${remedy}`,
  );
}

/**
 * Wraps values as a batch of images, checking that the length fits the shape.
 *
 * @example
 * ```ts
 * import { imageBatch } from "@els/toolkit/machines";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const batch = imageBatch(new Float32Array(2 * 8 * 8), [2, 8, 8, 1]);
 * assertEquals(batch.shape, [2, 8, 8, 1]);
 * assertThrows(() => imageBatch(new Float32Array(3), [1, 2, 2, 1]), RangeError);
 * ```
 *
 * @throws RangeError if `data` does not hold B * H * W * C values.
 * @throws TypeError if it is no Float32Array.
 * @category Images
 */
export function imageBatch(data: Float32Array, shape: ImageBatch["shape"]): ImageBatch {
  checkImages({ data, shape });
  const [b, h, w, c] = shape;
  if (data.length !== b * h * w * c) {
    throw new ArgumentError(
      `Cannot make an image batch: ${data.length} values do not fill the shape [${
        shape.join(", ")
      }]`,
    );
  }
  return { data, shape };
}

/**
 * Number of values in one image of the batch: H * W * C.
 *
 * @example
 * ```ts
 * import { imageBatch, valuesPerImage } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(valuesPerImage(imageBatch(new Float32Array(24), [2, 2, 2, 3])), 12);
 * ```
 *
 * @category Images
 */
export function valuesPerImage(batch: ImageBatch): number {
  checkImages(batch);
  const { shape: [, h, w, c] } = batch;
  return h * w * c;
}

/**
 * The image shape `[H, W, C]` of a batch.
 *
 * @example
 * ```ts
 * import { imageBatch, imageShapeOf } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(imageShapeOf(imageBatch(new Float32Array(24), [2, 2, 2, 3])), [2, 2, 3]);
 * ```
 *
 * @category Images
 */
export function imageShapeOf(batch: ImageBatch): ImageShape {
  checkImages(batch);
  const { shape: [, h, w, c] } = batch;
  return [h, w, c];
}

/**
 * Images `start` (inclusive) to `end` (exclusive) of a batch, as a view that shares memory.
 *
 * @example
 * ```ts
 * import { imageBatch, sliceBatch } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const batch = imageBatch(Float32Array.of(1, 2, 3), [3, 1, 1, 1]);
 * assertEquals(sliceBatch(batch, 1, 3).data, Float32Array.of(2, 3));
 * ```
 *
 * @throws RangeError if the range does not lie within the batch.
 * @category Images
 */
export function sliceBatch(batch: ImageBatch, start: number, end: number): ImageBatch {
  checkImages(batch);
  const [b, h, w, c] = batch.shape;
  if (!(start >= 0 && start <= end && end <= b)) {
    throw new ArgumentError(`Cannot slice images ${start}..${end} of a batch of ${b}`);
  }
  const n = h * w * c;
  return { data: batch.data.subarray(start * n, end * n), shape: [end - start, h, w, c] };
}

/**
 * The images at `indices`, copied into a new batch in that order.
 *
 * @example
 * ```ts
 * import { gatherImages, imageBatch } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const batch = imageBatch(Float32Array.of(1, 2, 3), [3, 1, 1, 1]);
 * assertEquals(gatherImages(batch, [2, 0]).data, Float32Array.of(3, 1));
 * ```
 *
 * @throws RangeError if an index lies outside the batch.
 * @category Images
 */
export function gatherImages(batch: ImageBatch, indices: ArrayLike<number>): ImageBatch {
  checkImages(batch);
  const [b, h, w, c] = batch.shape;
  const n = h * w * c;
  const data = new Float32Array(indices.length * n);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!Number.isInteger(index) || index < 0 || index >= b) {
      throw new ArgumentError(`Cannot gather image ${index} of a batch of ${b}`);
    }
    data.set(batch.data.subarray(index * n, (index + 1) * n), i * n);
  }
  return { data, shape: [indices.length, h, w, c] };
}

/**
 * Joins batches of the same image shape along the batch axis.
 *
 * @example
 * ```ts
 * import { concatBatches, imageBatch } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const one = (value: number) => imageBatch(Float32Array.of(value), [1, 1, 1, 1]);
 * assertEquals(concatBatches([one(1), one(2)]).shape, [2, 1, 1, 1]);
 * ```
 *
 * @throws RangeError if the list is empty or the image shapes differ.
 * @category Images
 */
export function concatBatches(batches: readonly ImageBatch[]): ImageBatch {
  const first = batches[0];
  if (first === undefined) throw new ArgumentError("Cannot join an empty list of image batches");
  const [, h, w, c] = first.shape;
  let total = 0;
  for (const batch of batches) {
    checkImages(batch);
    const { shape } = batch;
    if (shape[1] !== h || shape[2] !== w || shape[3] !== c) {
      throw new ArgumentError(
        `Cannot join images of ${shape.slice(1).join(" x ")} to images of ${h} x ${w} x ${c}`,
      );
    }
    total += shape[0];
  }
  const data = new Float32Array(total * h * w * c);
  let offset = 0;
  for (const batch of batches) {
    data.set(batch.data, offset);
    offset += batch.data.length;
  }
  return { data, shape: [total, h, w, c] };
}
