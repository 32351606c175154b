import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, imageBatch, type ImageShape } from "../core/image_batch.ts";
import { Random } from "../core/random.ts";
import { preservesVariance } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * Options of {@linkcode initialNoise}.
 *
 * @category Samplers
 */
export interface InitialNoiseOptions {
  /** Seed, an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** How many images. */
  readonly samples: number;
  /** Number of the first sample; 0 by default. */
  readonly first?: number;
  /** Height, width, channels. */
  readonly imageShape: ImageShape;
  /**
   * The forward process that the noise ends. Its sigma(1) is the standard deviation, except that a
   * variance-preserving process has 1, as without a schedule: there the image's share is part of it.
   */
  readonly schedule?: NoiseSchedule;
}

/**
 * The noise x_T that sampling starts from: Gaussian, one stream of random numbers per sample.
 *
 * Sample i is a function of seed, i and image shape only, so batches, resumed work and longer runs
 * all see the same noise.
 *
 * @example
 * ```ts
 * import { initialNoise, sliceBatch } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const four = initialNoise({ seed: 1, samples: 4, imageShape: [8, 8, 1] });
 * // Each sample has a stream of its own: it is the same whatever is drawn beside it.
 * const last = initialNoise({ seed: 1, samples: 1, first: 3, imageShape: [8, 8, 1] });
 * assertEquals(last.data, sliceBatch(four, 3, 4).data);
 * ```
 *
 * @returns Noise `[samples, H, W, C]`.
 * @throws RangeError if a number is not an integer in range.
 * @category Samplers
 */
export function initialNoise(
  options: InitialNoiseOptions,
): ImageBatch {
  const { seed, samples, first = 0, imageShape, schedule } = options;
  const [h, w, c] = imageShape;
  for (const [what, value, min] of [["samples", samples, 1], ["first", first, 0]] as const) {
    if (!Number.isSafeInteger(value) || value < min) {
      throw new ArgumentError(
        `Cannot draw noise: ${what} is ${value}, expected an integer >= ${min}`,
      );
    }
  }
  const deviation = schedule === undefined ? 1 : noiseDeviation(schedule);
  const length = h * w * c;
  const data = new Float32Array(samples * length);
  for (let i = 0; i < samples; i++) {
    data.set(new Random(seed, `x_T/${first + i}`).normals(length), i * length);
  }
  if (deviation !== 1) { for (let i = 0; i < data.length; i++) data[i] = data[i]! * deviation; }
  return imageBatch(data, [samples, h, w, c]);
}

/**
 * Standard deviation of x_T: 1 for a variance-preserving process, sigma(1) for any other.
 *
 * @example
 * ```ts
 * import { cosineLegacy, edm, noiseDeviation } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([noiseDeviation(cosineLegacy()), noiseDeviation(edm())], [1, 80]);
 * ```
 *
 * @category Samplers
 */
export function noiseDeviation(schedule: NoiseSchedule): number {
  return preservesVariance(schedule) ? 1 : schedule.sigma(1);
}
