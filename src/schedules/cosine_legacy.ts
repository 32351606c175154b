import type { NoiseSchedule } from "./noise_schedule.ts";
import { checkTime } from "./time.ts";

/**
 * The cosine schedule without an offset in the numerator, as the public code of Kamb & Ganguli
 * (arXiv 2412.20292) trains and samples: `alphaBar(t) = cos^2((t / 1.008) * pi / 2)`.
 *
 * `signal(1)` is 0.0125, so no clip is needed; signal and sigma are a cosine and a sine, accurate at
 * every t.
 *
 * @example
 * ```ts
 * import { cosineLegacy } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { signal } = cosineLegacy();
 * // Next to nothing of the image is left.
 * assertAlmostEquals(signal(1), 0.0125, 1e-3);
 * ```
 *
 * @returns A schedule named `cosine_legacy`, without parameters.
 * @category Noise schedules
 */
export function cosineLegacy(): NoiseSchedule {
  const angle = (t: number) => (checkTime(t) / 1.008) * (Math.PI / 2);
  return {
    name: "cosine_legacy",
    parameters: {},
    signal: (t) => Math.cos(angle(t)),
    sigma: (t) => Math.sin(angle(t)),
  };
}
