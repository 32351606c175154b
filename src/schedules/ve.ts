import { checkRange, type SigmaRange } from "./sigma_range.ts";
import type { NoiseSchedule } from "./noise_schedule.ts";
import { checkTime } from "./time.ts";

/**
 * The variance-exploding diffusion (Song et al., arXiv 2011.13456, appendix C): `signal = 1`,
 * `sigma(t) = sigmaMin (sigmaMax / sigmaMin)^t`, equal steps of t multiplying the noise by equal
 * factors.
 *
 * The paper's 0.01 and 50 are for pixels in [0, 1]; the defaults 0.02 and 100 are the same for pixels
 * in [-1, 1]. t = 0 is the clean image, sigma(0) = 0: a sampler's last step removes sigmaMin too.
 *
 * @example
 * ```ts
 * import { ve } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // In equal factors from 0.02 to 100.
 * assertAlmostEquals(ve().sigma(1), 100);
 * ```
 *
 * @returns A schedule named `ve`.
 * @throws RangeError if a parameter is out of range.
 * @category Noise schedules
 */
export function ve(parameters: SigmaRange = {}): NoiseSchedule {
  const { sigmaMin = 0.02, sigmaMax = 100 } = parameters;
  checkRange("ve", { sigmaMin, sigmaMax });
  return {
    name: "ve",
    parameters: { sigmaMin, sigmaMax },
    signal: (t) => {
      checkTime(t);
      return 1;
    },
    sigma: (t) => checkTime(t) === 0 ? 0 : sigmaMin * (sigmaMax / sigmaMin) ** t,
  };
}
