import { ArgumentError } from "../core/errors.ts";
import { checkRange, type SigmaRange } from "./sigma_range.ts";
import type { NoiseSchedule } from "./noise_schedule.ts";
import { checkTime } from "./time.ts";

/**
 * Parameters of {@linkcode edm}.
 *
 * @category Noise schedules
 */
export interface EdmParameters extends SigmaRange {
  /** Exponent rho of the grid, at least 1; larger: finer steps at low noise. 7 by default. */
  readonly rho?: number;
}

/**
 * The process of Karras et al. (arXiv 2206.00364): `signal = 1`, and sigma runs through their grid
 * (equation 5) evenly in t:
 * `sigma(t) = (sigmaMin^(1/rho) + t (sigmaMax^(1/rho) - sigmaMin^(1/rho)))^rho`.
 *
 * So a uniform grid of t is a rho grid of sigma. t = 0 is the clean image, sigma(0) = 0, which is the
 * end of the paper's grid too; `karrasTimeGrid` gives that grid to the digit.
 *
 * @example
 * ```ts
 * import { edm } from "@els/toolkit/machines";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const { signal, sigma } = edm({ sigmaMax: 50 });
 * assertEquals(signal(1), 1);
 * assertAlmostEquals(sigma(1), 50);
 * ```
 *
 * @returns A schedule named `edm`, with the paper's 0.002, 80 and 7 by default.
 * @throws RangeError if a parameter is out of range.
 * @category Noise schedules
 */
export function edm(
  parameters: EdmParameters = {},
): NoiseSchedule {
  const { sigmaMin = 0.002, sigmaMax = 80, rho = 7 } = parameters;
  checkRange("edm", { sigmaMin, sigmaMax });
  if (!(rho >= 1 && rho <= 100)) {
    throw new ArgumentError(`Cannot make the edm schedule: rho is ${rho}, expected 1 to 100`);
  }
  const [low, high] = [sigmaMin ** (1 / rho), sigmaMax ** (1 / rho)];
  return {
    name: "edm",
    parameters: { sigmaMin, sigmaMax, rho },
    signal: (t) => {
      checkTime(t);
      return 1;
    },
    sigma: (t) => {
      if (checkTime(t) === 0) return 0;
      return t === 1 ? sigmaMax : (low + t * (high - low)) ** rho;
    },
  };
}
