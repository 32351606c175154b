import { checkImages, type ImageBatch } from "../core/image_batch.ts";
import { Random } from "../core/random.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * Options of {@linkcode addNoise}.
 *
 * @category Denoisers
 */
export interface AddNoiseOptions {
  /** The forward process. */
  readonly schedule: NoiseSchedule;
  /** Time in [0, 1]. */
  readonly t: number;
  /** Seed of the noise. */
  readonly seed: number;
}

/**
 * Draws from the forward process: `signal(t) * x0 + sigma(t) * eps`.
 *
 * @example
 * ```ts
 * import { addNoise, createSchedule, imageBatch } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const clean = imageBatch(new Float32Array(16).fill(1), [1, 4, 4, 1]);
 * const schedule = createSchedule("cosine_legacy");
 * const noisy = addNoise(clean, { schedule, t: 0.5, seed: 1 });
 * assertEquals(noisy.shape, clean.shape);
 * ```
 *
 * @param x0 Clean images `[B, H, W, C]` in [-1, 1].
 * @returns Noisy images of the same shape.
 * @throws RangeError if t lies outside [0, 1].
 * @category Denoisers
 */
export function addNoise(x0: ImageBatch, options: AddNoiseOptions): ImageBatch {
  checkImages(x0, "clean images");
  const { schedule, t, seed } = options;
  const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
  const eps = new Random(seed, "forward process").normals(x0.data.length);
  return { data: eps.map((noise, i) => signal * x0.data[i]! + sigma * noise), shape: x0.shape };
}
