import { ArgumentError } from "../core/errors.ts";
import {
  checkImages,
  type ImageBatch,
  type ImageShape,
  imageShapeOf,
} from "../core/image_batch.ts";
import { isPatchSize } from "../core/patch_size.ts";
import { prepareImages, type TrainingSet } from "./training_set.ts";
import type { PatchRule, PosteriorRequest } from "./patch_posterior.ts";
import { checkWindow, type Window } from "./window.ts";

/** Whether the rule compares patches of a size k; `whole` and `shifts` compare whole images. */
export function hasScale(rule: PatchRule): boolean {
  return rule !== "whole" && rule !== "shifts";
}

/**
 * Largest patch size that a rule can use on images of a shape.
 *
 * A patch must fit the image where training patches lie inside it or both sides wrap. With zero
 * padding, k = 2 min(H, W) - 1 lets every patch see the whole image.
 *
 * @returns An odd number; 1 for rules without a scale.
 */
export function largestScale(rule: PatchRule, [height, width]: ImageShape): number {
  const side = Math.min(height, width);
  if (!hasScale(rule)) return 1;
  return rule === "interior" || rule === "wrapped" ? side - 1 + side % 2 : 2 * side - 1;
}

/** What scales are used with. */
export interface ScaleUse {
  readonly rule: PatchRule;
  readonly shape: ImageShape;
  /** Absent: scales are sizes of k x k patches. */
  readonly window?: Window | undefined;
}

/**
 * Checks that the scales are odd, or widths of a window, ascending, and fit the images.
 *
 * @throws RangeError that names the scale and what is allowed.
 */
export function checkScales(scales: readonly number[], { rule, shape, window }: ScaleUse): void {
  if (window !== undefined) checkWindow(window);
  if (scales.length === 0) {
    throw new ArgumentError("Cannot compute a posterior: the list of scales is empty");
  }
  if (!hasScale(rule)) {
    if (scales.length === 1) return;
    throw new ArgumentError(
      `Cannot compute the posterior of rule "${rule}" at ${scales.length} scales: it has none, pass one entry`,
    );
  }
  const largest = window === undefined || rule === "interior"
    ? largestScale(rule, shape)
    : Number.MAX_VALUE;
  scales.forEach((k, i) => {
    if (window !== undefined && !(k >= 1 && k <= largest)) {
      throw new ArgumentError(
        `Cannot use a window of width ${k}: for rule "${rule}" and images of ${shape[0]} x ${
          shape[1]
        } a width is ${largest === Number.MAX_VALUE ? "1 or more" : `from 1 to ${largest}`}`,
      );
    }
    if (window === undefined && !isPatchSize(k, largest)) {
      throw new ArgumentError(
        `Cannot use scale ${k}: for rule "${rule}" and images of ${shape[0]} x ${
          shape[1]
        } a scale is odd, from 1 to ${largest}`,
      );
    }
    if (i > 0 && k <= scales[i - 1]!) {
      throw new ArgumentError(`Cannot use scales ${scales.join(", ")}: expected ascending order`);
    }
  });
}

function checkFinite(batch: ImageBatch, what: string): void {
  const { data } = batch;
  // A sum is NaN or infinite if any term is; only then is it worth finding which.
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]!;
  if (Number.isFinite(sum)) return;
  const at = data.findIndex((value) => !Number.isFinite(value));
  throw new ArgumentError(
    `Cannot compute a posterior: value ${at} of the ${what} is ${
      data[at]
    }, expected finite numbers`,
  );
}

function checkLength(batch: ImageBatch, what: string): void {
  checkImages(batch, what);
  const { data, shape } = batch;
  const expected = shape.reduce((product, size) => product * size, 1);
  if (data.length !== expected || shape.some((size) => !Number.isInteger(size) || size < 0)) {
    throw new ArgumentError(
      `Cannot compute a posterior: the ${what} of shape [${
        shape.join(", ")
      }] has ${data.length} values, expected ${expected}`,
    );
  }
}

/**
 * Checks a request before any work.
 *
 * @throws RangeError if a scale, the noise level, a window or a value of the query cannot be used.
 */
export function checkRequest(
  { query, rule, scales, window, signal, sigma }: PosteriorRequest,
): void {
  checkLength(query, "query");
  if (query.shape[1] * query.shape[2] * query.shape[3] === 0) {
    throw new ArgumentError(
      `Cannot compute a posterior of images of shape [${query.shape.join(", ")}]`,
    );
  }
  checkScales(scales, { rule, shape: imageShapeOf(query), window });
  for (const [name, value] of [["signal", signal], ["sigma", sigma]] as const) {
    if (!(value > 0 && value < Infinity)) {
      throw new ArgumentError(
        `Cannot compute a posterior: ${name} is ${value}, expected a positive number`,
      );
    }
  }
  checkFinite(query, "query");
}

/**
 * Checks training images against the query's shape. Their values are looked at once.
 *
 * @returns The images with what is known about them.
 * @throws RangeError if shapes differ, an index of `select` lies outside the tile, or a value is not finite.
 */
export function checkTile(
  tile: ImageBatch,
  shape: ImageShape,
  select?: Uint32Array,
): TrainingSet {
  checkLength(tile, "training images");
  const found = imageShapeOf(tile);
  if (found.some((size, axis) => size !== shape[axis])) {
    throw new ArgumentError(
      `Cannot match a query of ${shape.join(" x ")} to training images of ${found.join(" x ")}`,
    );
  }
  const outside = select?.find((index) => index >= tile.shape[0]);
  if (outside !== undefined) {
    throw new ArgumentError(`Cannot select image ${outside} of a tile of ${tile.shape[0]}`);
  }
  const images = prepareImages(tile);
  images.once(checkTrainingImages);
  return images;
}

function checkTrainingImages(images: ImageBatch): void {
  checkFinite(images, "training images");
}
