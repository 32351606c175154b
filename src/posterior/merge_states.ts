import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch, ImageShape } from "../core/image_batch.ts";
import type { PosteriorState } from "./patch_posterior.ts";

/**
 * A state before the first candidate: the neutral element of {@linkcode mergeStates}.
 *
 * @example
 * ```ts
 * import { emptyState, mergeStates, referencePosterior } from "@els/toolkit/machines";
 * import { bytesToImages, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 4 }));
 * const request = { query: images, rule: "interior", scales: [3], signal: 0.8, sigma: 0.6 } as const;
 * const run = referencePosterior().begin(request);
 * await run.accumulate(images);
 * const state = await run.finish();
 * // It is the zero of merging.
 * assertEquals(mergeStates(state, emptyState(state.shape)), state);
 * ```
 *
 * @category Posterior
 */
export function emptyState(shape: PosteriorState["shape"]): PosteriorState {
  const [queries, scales, pixels, channels] = shape;
  const cells = queries * scales * pixels;
  return {
    shape,
    logScale: new Float64Array(cells).fill(-Infinity),
    sum: new Float64Array(cells),
    acc: new Float64Array(cells * channels),
  };
}

/**
 * Adds the candidates of `from` to those of `into`, in place.
 *
 * A state stands for the pair `(sum, acc) * exp(logScale)`; states add like such pairs, hence in any order
 * and grouping, up to rounding.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   emptyState,
 *   mergeInto,
 *   referencePosterior,
 *   sliceBatch,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 4 }));
 * const request = { query: images, rule: "interior", scales: [3], signal: 0.8, sigma: 0.6 } as const;
 * const sum = emptyState([4, 1, 16, 1]);
 * // Parts of the training set may be summed anywhere, and merged in any order.
 * for (const start of [2, 0]) {
 *   const run = referencePosterior().begin(request);
 *   await run.accumulate(sliceBatch(images, start, start + 2));
 *   mergeInto(sum, await run.finish());
 * }
 * assertEquals(sum.sum.every((value) => value > 0), true);
 * ```
 *
 * @throws RangeError if the shapes differ.
 * @category Posterior
 */
export function mergeInto(into: PosteriorState, from: PosteriorState): void {
  if (into.shape.some((size, axis) => size !== from.shape[axis])) {
    throw new ArgumentError(
      `Cannot merge states of shapes [${into.shape.join(", ")}] and [${from.shape.join(", ")}]`,
    );
  }
  const channels = into.shape[3];
  for (let i = 0; i < into.logScale.length; i++) {
    const logScale = Math.max(into.logScale[i]!, from.logScale[i]!);
    if (logScale === -Infinity) continue;
    const keep = Math.exp(into.logScale[i]! - logScale);
    const add = Math.exp(from.logScale[i]! - logScale);
    into.logScale[i] = logScale;
    into.sum[i] = into.sum[i]! * keep + from.sum[i]! * add;
    for (let c = i * channels; c < (i + 1) * channels; c++) {
      into.acc[c] = into.acc[c]! * keep + from.acc[c]! * add;
    }
  }
}

/** Writes the states of some queries, the first of which is `first`, over those of a larger batch. */
export function setQueries(into: PosteriorState, from: PosteriorState, first: number): void {
  const [, scales, pixels, channels] = into.shape;
  const cell = first * scales * pixels;
  into.logScale.set(from.logScale, cell);
  into.sum.set(from.sum, cell);
  into.acc.set(from.acc, cell * channels);
}

/** The state of one query at one scale, as a copy. */
export function stateAt(
  { shape, logScale, sum, acc }: PosteriorState,
  { query, scale }: { readonly query: number; readonly scale: number },
): PosteriorState {
  const [, scales, pixels, channels] = shape;
  const cell = (query * scales + scale) * pixels;
  return {
    shape: [1, 1, pixels, channels],
    logScale: logScale.slice(cell, cell + pixels),
    sum: sum.slice(cell, cell + pixels),
    acc: acc.slice(cell * channels, (cell + pixels) * channels),
  };
}

/**
 * The state of all candidates of two states, from two sets of training images.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   mergeStates,
 *   referencePosterior,
 *   sliceBatch,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 4 }));
 * const request = { query: images, rule: "interior", scales: [3], signal: 0.8, sigma: 0.6 } as const;
 * const of = async (start: number) => {
 *   const run = referencePosterior().begin(request);
 *   await run.accumulate(sliceBatch(images, start, start + 2));
 *   return await run.finish();
 * };
 * const [a, b] = [await of(0), await of(2)];
 * assertEquals(mergeStates(a, b), mergeStates(b, a));
 * ```
 *
 * @throws RangeError if the shapes differ.
 * @category Posterior
 */
export function mergeStates(a: PosteriorState, b: PosteriorState): PosteriorState {
  const merged: PosteriorState = {
    shape: a.shape,
    logScale: a.logScale.slice(),
    sum: a.sum.slice(),
    acc: a.acc.slice(),
  };
  mergeInto(merged, b);
  return merged;
}

/**
 * Options of {@linkcode posteriorMean}.
 *
 * @category Posterior
 */
export interface PosteriorMeanOptions {
  /** Height, width, channels of the query. */
  readonly imageShape: ImageShape;
  /** Index of the scale; the first when absent. */
  readonly scale?: number;
}

/**
 * The posterior mean of the clean image, `acc / sum` at every pixel.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   posteriorMean,
 *   referencePosterior,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 4 }));
 * const request = { query: images, rule: "interior", scales: [3], signal: 0.8, sigma: 0.6 } as const;
 * const run = referencePosterior().begin(request);
 * await run.accumulate(images);
 * const mean = posteriorMean(await run.finish(), { imageShape: [4, 4, 1] });
 * assertEquals(mean.shape, images.shape);
 * ```
 *
 * @returns `[B, H, W, C]`.
 * @throws RangeError if the shape does not fit, or a pixel has no candidate (no image was accumulated).
 * @category Posterior
 */
export function posteriorMean(
  state: PosteriorState,
  options: PosteriorMeanOptions,
): ImageBatch {
  const { imageShape: [height, width, channels], scale = 0 } = options;
  const [queries, scales, pixels] = state.shape;
  if (
    height * width !== pixels || channels !== state.shape[3] ||
    !(Number.isInteger(scale) && scale >= 0 && scale < scales)
  ) {
    throw new ArgumentError(
      `Cannot read scale ${scale} of a state of shape [${state.shape.join(", ")}] as images of ${
        [height, width, channels].join(" x ")
      }`,
    );
  }
  const data = new Float32Array(queries * pixels * channels);
  for (let b = 0; b < queries; b++) {
    for (let p = 0; p < pixels; p++) {
      const cell = (b * scales + scale) * pixels + p;
      const sum = state.sum[cell]!;
      if (!(sum > 0)) {
        throw new ArgumentError(
          `Cannot take the posterior mean: no training image is a candidate for query ${b}`,
        );
      }
      for (let c = 0; c < channels; c++) {
        data[(b * pixels + p) * channels + c] = state.acc[cell * channels + c]! / sum;
      }
    }
  }
  return { data, shape: [queries, height, width, channels] };
}
