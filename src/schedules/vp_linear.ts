import { ArgumentError } from "../core/errors.ts";
import type { NoiseSchedule } from "./noise_schedule.ts";
import { checkTime } from "./time.ts";

/**
 * Parameters of {@linkcode vpLinear}.
 *
 * @category Noise schedules
 */
export interface VpLinearParameters {
  /** Rate at t = 0, at least 0; 0.1 by default. */
  readonly betaMin?: number;
  /** Rate at t = 1, positive and at least betaMin; 20 by default. */
  readonly betaMax?: number;
}

/**
 * The variance-preserving diffusion with a linear rate (Song et al., arXiv 2011.13456, appendix C):
 * `beta(t) = betaMin + t (betaMax - betaMin)`, `alphaBar(t) = exp(-integral of beta from 0 to t)`.
 *
 * @example
 * ```ts
 * import { vpLinear } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { signal, sigma } = vpLinear({ betaMax: 10 });
 * assertAlmostEquals(signal(0.3) ** 2 + sigma(0.3) ** 2, 1);
 * ```
 *
 * @returns A schedule named `vp_linear`.
 * @throws RangeError if a parameter is out of range.
 * @category Noise schedules
 */
export function vpLinear(
  parameters: VpLinearParameters = {},
): NoiseSchedule {
  const { betaMin = 0.1, betaMax = 20 } = parameters;
  if (!(betaMin >= 0 && betaMin < Infinity)) {
    throw new ArgumentError(
      `Cannot make the vp_linear schedule: betaMin is ${betaMin}, expected a finite number >= 0`,
    );
  }
  if (!(betaMax > 0 && betaMax >= betaMin && betaMax <= 1000)) {
    throw new ArgumentError(
      `Cannot make the vp_linear schedule: betaMax is ${betaMax}, expected a positive number from ` +
        `betaMin (${betaMin}) to 1000, beyond which the signal at t = 1 vanishes`,
    );
  }
  const integral = (t: number) => checkTime(t) * (betaMin + 0.5 * t * (betaMax - betaMin));
  return {
    name: "vp_linear",
    parameters: { betaMin, betaMax },
    signal: (t) => Math.exp(-0.5 * integral(t)),
    sigma: (t) => Math.sqrt(-Math.expm1(-integral(t))),
  };
}
