import type { NetworkPrediction, Preconditioning } from "../denoisers/preconditioning.ts";
import { preconditioningFactors } from "../denoisers/preconditioning.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import type { Decomposition } from "./target.ts";

/**
 * The forward process and what the network makes of it.
 *
 * @category Training
 */
export interface Formulation {
  /** The forward process. */
  readonly schedule: NoiseSchedule;
  /** What the network predicts; eps by default. */
  readonly prediction?: NetworkPrediction;
  /** What stands between raw network and images; `none` by default. */
  readonly preconditioning?: Preconditioning;
}

/**
 * What the raw network is to say, so that the wrapped one predicts the decomposition's image and noise:
 * eps, x0, or `v = signal eps - sigma x0` (Salimans & Ho, arXiv 2202.00512), or behind EDM preconditioning
 * `F = (x0 - cSkip x) / cOut` (Karras et al., arXiv 2206.00364, equation 8).
 *
 * @example
 * ```ts
 * import { rawTarget } from "@els/toolkit/training";
 * import { cosineLegacy } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const parts = { x0: Float32Array.of(1), eps: Float32Array.of(-1) };
 * const schedule = cosineLegacy();
 * // Without preconditioning it is what the network predicts: the noise, unless said otherwise.
 * assertEquals(rawTarget(parts, { schedule, times: [0.5] }), parts.eps);
 * ```
 *
 * @param times Time of each image, above 0.
 * @returns As many values as there are in the decomposition.
 * @category Training
 */
export function rawTarget(
  parts: Decomposition,
  options: Formulation & {
    readonly times: ArrayLike<number>;
  },
): Float32Array {
  const { x0, eps } = parts;
  const { times, schedule, prediction = "eps", preconditioning = { kind: "none" } } = options;
  const edm = preconditioning.kind === "edm";
  if (!edm && prediction === "eps") return eps;
  if (!edm && prediction === "x0") return x0;
  const values = x0.length / times.length;
  const out = new Float32Array(x0.length);
  for (let b = 0; b < times.length; b++) {
    const [signal, sigma] = [schedule.signal(times[b]!), schedule.sigma(times[b]!)];
    let [ofX0, ofEps] = [-sigma, signal];
    if (edm) {
      // x0 - cSkip x over cOut, with x put in: no difference of nearly equal numbers is left.
      const { sigmaData } = preconditioning;
      const deviation = Math.hypot(sigma, signal * sigmaData);
      [ofX0, ofEps] = [sigma / sigmaData / deviation, -signal * sigmaData / deviation];
    }
    for (let i = b * values; i < (b + 1) * values; i++) {
      out[i] = ofX0 * x0[i]! + ofEps * eps[i]!;
    }
  }
  return out;
}

/**
 * How much the squared error of an image counts, by its noise.
 *
 * `unit`: the raw network's squared error, 1 for all; for eps that is the simple loss of DDPM
 * (arXiv 2006.11239, equation 14), behind EDM preconditioning the lambda of EDM. The others are the
 * squared error in eps (`noise`), x0 or v, EDM's lambda (`edm`), or the error of x0 times
 * `max(snr, 1)` (`truncated_snr`, arXiv 2202.00512) or `min(snr, 5)` (`min_snr`, arXiv 2303.09556).
 *
 * @category Training
 */
export type LossWeighting = "unit" | "noise" | "x0" | "v" | "edm" | "truncated_snr" | "min_snr";

/**
 * Names of the weightings.
 *
 * @category Training
 */
export const lossWeightings: readonly [LossWeighting, ...LossWeighting[]] = [
  "unit",
  "noise",
  "x0",
  "v",
  "edm",
  "truncated_snr",
  "min_snr",
];

/**
 * Weight of the raw network's squared error at time t.
 *
 * @example
 * ```ts
 * import { lossWeight } from "@els/toolkit/training";
 * import { cosineLegacy } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // An error of the noise counts as one where the noise is predicted.
 * assertAlmostEquals(lossWeight("noise", { schedule: cosineLegacy(), t: 0.3 }), 1);
 * ```
 *
 * @param weighting What is to count.
 * @param options.t Time in (0, 1].
 * @param options.sigmaData Standard deviation of the data, for `edm`; that of the preconditioning, or 0.5,
 * by default.
 * @category Training
 */
export function lossWeight(
  weighting: LossWeighting,
  options:
    & Formulation
    & { readonly t: number; readonly sigmaData?: number },
): number {
  const { t, schedule, prediction = "eps", preconditioning = { kind: "none" }, sigmaData } =
    options;
  if (weighting === "unit") return 1;
  const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
  const snr = (signal / sigma) ** 2;
  const data = sigmaData ??
    ("sigmaData" in preconditioning ? preconditioning.sigmaData : 0.5);
  // What a squared error of x0 counts ..
  const lambda = {
    noise: snr,
    x0: 1,
    v: ((signal ** 2 + sigma ** 2) / sigma) ** 2,
    edm: snr + 1 / data ** 2,
    truncated_snr: Math.max(snr, 1),
    min_snr: Math.min(snr, 5),
  }[weighting];
  // .. and how large an error of x0 a unit error of the raw network makes.
  const error = preconditioning.kind === "edm"
    ? preconditioningFactors(preconditioning, { schedule, t }).cOut
    : { eps: sigma / signal, x0: 1, v: sigma / (signal ** 2 + sigma ** 2) }[prediction];
  return lambda * error ** 2;
}
