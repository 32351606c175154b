import { ArgumentError } from "../core/errors.ts";
import type { NoiseSchedule } from "./noise_schedule.ts";

/**
 * Noise per signal, `sigma(t) / signal(t)`: what a process looks like after division by its signal, and
 * the sigma of Karras et al. (arXiv 2206.00364, equation 4). It never falls with t.
 *
 * @example
 * ```ts
 * import { edm, noiseLevel } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(noiseLevel(edm(), 1), 80);
 * ```
 *
 * @param t Time in [0, 1].
 * @throws RangeError if t lies outside [0, 1].
 * @category Noise schedules
 */
export function noiseLevel(schedule: NoiseSchedule, t: number): number {
  return schedule.sigma(t) / schedule.signal(t);
}

/** The two factors of a process at one time: `x_t = signal x0 + sigma eps`. */
export interface NoiseFactors {
  /** Factor of the clean image. */
  readonly signal: number;
  /** Standard deviation of the noise. */
  readonly sigma: number;
}

/** Signal and sigma of a process at a time t in [0, 1]. */
export function noiseAt(schedule: NoiseSchedule, t: number): NoiseFactors {
  return { signal: schedule.signal(t), sigma: schedule.sigma(t) };
}

/**
 * Whether two records of a time have the same noise, up to a tolerance relative to 1 + the value: 1e-6 for
 * numbers that went through a file, as by default.
 */
export function isSameNoise(a: NoiseFactors, b: NoiseFactors, tolerance = 1e-6): boolean {
  const same = (p: number, q: number) => Math.abs(p - q) <= tolerance * (1 + Math.abs(p));
  return same(a.signal, b.signal) && same(a.sigma, b.sigma);
}

/**
 * Whether a process preserves variance, `signal^2 + sigma^2 = 1`, as far as t = 1 tells; the others, VE and
 * EDM among them, let the noise grow beside the image.
 */
export function preservesVariance(schedule: NoiseSchedule): boolean {
  return Math.abs(Math.hypot(schedule.signal(1), schedule.sigma(1)) - 1) < 1e-9;
}

/**
 * The earliest time above 0 whose noise level is at least `level`, by bisection to double precision.
 *
 * Where a process starts at some least noise (VE and EDM), lower levels give a time just above 0,
 * which has that least noise.
 *
 * @example
 * ```ts
 * import { cosine, noiseLevel, timeAtLevel } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const schedule = cosine();
 * assertAlmostEquals(noiseLevel(schedule, timeAtLevel(schedule, 2)), 2);
 * ```
 *
 * @param level A positive number up to the level at t = 1.
 * @throws RangeError if the level is not positive, or above that of t = 1.
 * @category Noise schedules
 */
export function timeAtLevel(schedule: NoiseSchedule, level: number): number {
  const highest = noiseLevel(schedule, 1);
  // The level itself may carry a few roundings of another formula.
  if (!(level > 0 && level <= highest * (1 + 1e-12))) {
    throw new ArgumentError(
      `Cannot find the time of noise level ${level} on ${schedule.name}: expected more than 0 and ` +
        `at most ${highest}, its level at t = 1`,
    );
  }
  let [low, high] = [0, 1];
  // 2^-64 is below the spacing of doubles everywhere but next to 0, where no schedule changes.
  for (let halvings = 0; halvings < 64; halvings++) {
    const middle = (low + high) / 2;
    if (noiseLevel(schedule, middle) >= level) high = middle;
    else low = middle;
  }
  return high;
}
