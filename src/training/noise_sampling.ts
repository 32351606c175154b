import { ArgumentError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { noiseLevel, timeAtLevel } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * How the noise of training examples is drawn.
 *
 * @category Training
 */
export type NoiseSampling =
  | {
    /** Times `1 - (1 - u)^power` for uniform u in (0, 1]. */
    readonly kind: "uniform";
    /**
     * 1 (default): uniform. Above 1: more times near 1, where a sampler's first steps amplify errors of
     * eps most and small networks need most practice.
     */
    readonly power?: number;
  }
  | {
    /**
     * The noise level sigma / signal is log-normal (Karras et al., arXiv 2206.00364, section 5), cut to the
     * range of the schedule.
     */
    readonly kind: "lognormal";
    /** Mean of its logarithm; -1.2 by default. */
    readonly mean?: number;
    /** Standard deviation of its logarithm; 1.2 by default. */
    readonly deviation?: number;
  };

/**
 * Checks how noise is to be drawn.
 *
 * @throws RangeError that names the parameter.
 */
export function checkNoiseSampling(sampling: NoiseSampling): void {
  if (sampling.kind === "uniform") {
    const { power = 1 } = sampling;
    if (!(power > 0)) throw new ArgumentError(`The power of times is ${power}, not positive`);
    return;
  }
  const { mean = -1.2, deviation = 1.2 } = sampling;
  if (!Number.isFinite(mean) || !(deviation > 0 && deviation < Infinity)) {
    throw new ArgumentError(
      `Cannot draw log-normal noise with mean ${mean} and deviation ${deviation}: expected a number ` +
        "and a positive number",
    );
  }
}

/**
 * Draws the times of a batch, all above 0.
 *
 * Uniform times are stratified, one in each of `count` equally likely parts of (0, 1], which lowers the
 * variance of the gradient at no cost.
 *
 * @example
 * ```ts
 * import { drawTimes, Random } from "@els/toolkit/training";
 * import { edm } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const sampling = { kind: "lognormal", mean: -1.2, deviation: 1.2 } as const;
 * const times = drawTimes(sampling, { schedule: edm(), count: 16, random: new Random(1) });
 * assertEquals(times.every((t) => t > 0 && t <= 1), true);
 * ```
 *
 * @category Training
 */
export function drawTimes(
  sampling: NoiseSampling,
  options: {
    readonly schedule: NoiseSchedule;
    readonly count: number;
    readonly random: Random;
  },
): Float64Array {
  const { schedule, count, random } = options;
  if (sampling.kind === "uniform") {
    const { power = 1 } = sampling;
    const strata = random.permutation(count);
    return Float64Array.from(strata, (stratum) => {
      const u = (stratum + 1 - random.uniform()) / count;
      return 1 - (1 - u) ** power;
    });
  }
  const { mean = -1.2, deviation = 1.2 } = sampling;
  const [lowest, highest] = [noiseLevel(schedule, Number.EPSILON), noiseLevel(schedule, 1)];
  return Float64Array.from({ length: count }, () => {
    const level = Math.exp(mean + deviation * random.normal());
    return timeAtLevel(schedule, Math.min(Math.max(level, lowest), highest));
  });
}
