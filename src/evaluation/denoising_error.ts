import { ArgumentError } from "../core/errors.ts";
import { checkImages, type ImageBatch, sliceBatch } from "../core/image_batch.ts";
import { Random } from "../core/random.ts";
import { mean } from "../core/statistics.ts";
import { predictAs } from "../denoisers/convert.ts";
import type { Denoiser, PredictOptions } from "../denoisers/denoiser.ts";
import { labelPerSample } from "../denoisers/labels.ts";

/**
 * How far a denoiser is from what noisy images were made of, at one time.
 *
 * @category Evaluation
 */
export interface DenoisingError {
  /** Time in (0, 1]. */
  readonly t: number;
  /** Factor of the clean image there. */
  readonly signal: number;
  /** Standard deviation of the noise there. */
  readonly sigma: number;
  /** Mean squared error of xHat0 per value. */
  readonly x0: number;
  /** Standard error of `x0`, from its spread over images; 0 for a single one. */
  readonly x0StandardError: number;
  /** Mean squared error of eps per value: that of xHat0 times (signal / sigma)^2. */
  readonly eps: number;
}

/**
 * Options of {@linkcode denoisingErrors}.
 *
 * @category Evaluation
 */
export interface DenoisingErrorOptions extends PredictOptions {
  /** Times in (0, 1]. */
  readonly times: readonly number[];
  /** Seed of the noise: the same for every denoiser that is asked with it. */
  readonly seed: number;
  /** Images that are asked about in one call; 32 by default. */
  readonly batch?: number | undefined;
  /** Called after each call, with the number of noisy images seen and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Mean squared errors of a denoiser on images with noise, in the units of x0 and of eps whatever it
 * predicts itself: networks of different objectives are compared by them, where their losses cannot
 * be. Asked about images that it was not trained on, a network shows what it has learned and not what
 * it remembers.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   denoisingErrors,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assert } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using machine = createMachine("LS", { images, schedule, patchSize: 5 });
 * const [little, much] = await denoisingErrors(machine, images, { times: [0.1, 0.9], seed: 1 });
 * assert(little!.x0 < much!.x0);
 * ```
 *
 * @param denoiser Network or machine.
 * @param images Clean images `[N, H, W, C]` in [-1, 1].
 * @returns One row a time, in the order of `times`.
 * @throws RangeError if there are no images, or a time has no signal or no noise.
 * @category Evaluation
 */
export async function denoisingErrors(
  denoiser: Denoiser,
  images: ImageBatch,
  options: DenoisingErrorOptions,
): Promise<DenoisingError[]> {
  const { times, seed, batch = 32, onProgress, abort } = options;
  checkImages(images, "clean images");
  const count = images.shape[0];
  if (count === 0) {
    throw new ArgumentError("Cannot measure errors of denoising: no image was given");
  }
  const labels = labelPerSample(options.labels, count);
  const values = images.data.length / count;
  const rows: DenoisingError[] = [];
  for (const [place, t] of times.entries()) {
    const [signal, sigma] = [denoiser.schedule.signal(t), denoiser.schedule.sigma(t)];
    if (!(signal > 0 && sigma > 0)) {
      throw new ArgumentError(
        `Cannot measure errors of denoising at t = ${t}: signal is ${signal}, sigma ${sigma}, ` +
          "expected both above zero",
      );
    }
    const perImage: number[] = [];
    for (let first = 0; first < count; first += batch) {
      abort?.throwIfAborted();
      const clean = sliceBatch(images, first, Math.min(count, first + batch));
      const x = { data: new Float32Array(clean.data.length), shape: clean.shape };
      for (let b = 0; b < clean.shape[0]; b++) {
        // Of its own for each image and time, however the images are cut into batches.
        const eps = new Random(seed, `denoising error ${place}, ${first + b}`).normals(values);
        for (let i = 0; i < values; i++) {
          x.data[b * values + i] = signal * clean.data[b * values + i]! + sigma * eps[i]!;
        }
      }
      const found = await predictAs(denoiser, "x0", {
        ...{ x, t, abort },
        ...labels && { labels: labels.slice(first, first + clean.shape[0]) },
      });
      for (let b = 0; b < clean.shape[0]; b++) {
        let sum = 0;
        for (let i = b * values; i < (b + 1) * values; i++) {
          sum += (found.data[i]! - clean.data[i]!) ** 2;
        }
        perImage.push(sum / values);
      }
      onProgress?.(place * count + perImage.length, times.length * count);
    }
    const x0 = mean(perImage);
    const spread = perImage.reduce((sum, value) => sum + (value - x0) ** 2, 0);
    rows.push({
      ...{ t, signal, sigma, x0 },
      x0StandardError: count > 1 ? Math.sqrt(spread / (count - 1) / count) : 0,
      eps: x0 * (signal / sigma) ** 2,
    });
  }
  return rows;
}
