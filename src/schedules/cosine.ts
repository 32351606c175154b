import { ArgumentError } from "../core/errors.ts";
import type { NoiseSchedule } from "./noise_schedule.ts";
import { checkTime } from "./time.ts";

/**
 * Parameters of {@linkcode cosine}.
 *
 * @category Noise schedules
 */
export interface CosineParameters {
  /** Offset s of the angle, in [0, 1); 0.008 by default. */
  readonly offset?: number;
  /** Lower bound of the signal, in (0, 1); 0.01 by default. */
  readonly minSignal?: number;
}

/**
 * The cosine schedule (Nichol & Dhariwal, arXiv 2102.09672, equation 17), normalized so that
 * `alphaBar(0) = 1`: `alphaBar(t) = f(t) / f(0)`, `f(t) = cos^2(((t + s) / (1 + s)) * pi / 2)`.
 *
 * f(1) is zero, where the clean image cannot be recovered from x and eps. The paper clips the rate
 * of its discrete steps; here, in continuous time, the signal is clipped from below at `minSignal`
 * (and sigma stays `sqrt(1 - signal^2)`). With the defaults the clip acts for t > 0.9936 only.
 *
 * @example
 * ```ts
 * import { cosine } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { signal, sigma } = cosine();
 * assertAlmostEquals(signal(0.5) ** 2 + sigma(0.5) ** 2, 1);
 * ```
 *
 * @returns A schedule named `cosine`.
 * @throws RangeError if a parameter is out of range.
 * @category Noise schedules
 */
export function cosine(parameters: CosineParameters = {}): NoiseSchedule {
  const { offset = 0.008, minSignal = 0.01 } = parameters;
  if (!(offset >= 0 && offset < 1)) {
    throw new ArgumentError(`Cannot make the cosine schedule: offset is ${offset}, not in [0, 1)`);
  }
  if (!(minSignal > 0 && minSignal < 1)) {
    throw new ArgumentError(
      `Cannot make the cosine schedule: minSignal is ${minSignal}, not in (0, 1)`,
    );
  }
  const halfTurn = Math.PI / 2 / (1 + offset);
  const start = offset * halfTurn;
  const maxSigma = Math.sqrt((1 - minSignal) * (1 + minSignal));
  const exactSignal = (t: number) => Math.cos((checkTime(t) + offset) * halfTurn) / Math.cos(start);
  return {
    name: "cosine",
    parameters: { offset, minSignal },
    signal: (t) => Math.max(exactSignal(t), minSignal),
    sigma: (t) => {
      if (exactSignal(t) <= minSignal) return maxSigma;
      // cos^2 a - cos^2 b = sin(b - a) sin(b + a): no cancellation near t = 0.
      const turn = t * halfTurn;
      return Math.sqrt(Math.sin(turn) * Math.sin(turn + 2 * start)) / Math.cos(start);
    },
  };
}
