import { ArgumentError } from "../core/errors.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * What a network is trained to predict.
 *
 * @category Networks
 */
export type NetworkPrediction = "eps" | "x0" | "v";

/**
 * What stands between a raw network F and the noisy images x.
 *
 * - `none`: F sees x and t.
 * - `input`: F sees x divided by its standard deviation, so that inputs keep unit variance however large
 *   sigma gets, and t. What VE and EDM networks that predict eps or v need.
 * - `edm`: input scaling, a skip connection, an output scale and `ln(sigma) / 4` in place of t
 *   (Karras et al., arXiv 2206.00364, table 1); the wrapped network predicts x0.
 *
 * @category Networks
 */
export type Preconditioning =
  | { readonly kind: "none" }
  | {
    readonly kind: "input" | "edm";
    /** Standard deviation of the clean images' values. */
    readonly sigmaData: number;
  };

/**
 * Names of the kinds of preconditioning.
 *
 * @category Networks
 */
export const preconditioningKinds: readonly ["none", "input", "edm"] = ["none", "input", "edm"];

/**
 * The factors of `cSkip x + cOut F(cIn x; cNoise)` at one time.
 *
 * @category Networks
 */
export interface PreconditioningFactors {
  /** Factor of x beside the network's output. */
  readonly cSkip: number;
  /** Factor of the network's output. */
  readonly cOut: number;
  /** Factor of the network's input. */
  readonly cIn: number;
  /** What the network is told as the time. */
  readonly cNoise: number;
}

/**
 * Checks that a network can predict what it is said to.
 *
 * @throws RangeError if sigmaData is not positive, or EDM preconditioning comes with eps or v.
 */
export function checkPreconditioning(
  prediction: NetworkPrediction,
  preconditioning: Preconditioning,
): void {
  if (preconditioning.kind === "none") return;
  const { kind, sigmaData } = preconditioning;
  if (!(Number.isFinite(sigmaData) && sigmaData > 0)) {
    throw new ArgumentError(
      `Cannot use ${kind} preconditioning: sigmaData is ${sigmaData}, expected a positive number`,
    );
  }
  if (kind === "edm" && prediction !== "x0") {
    throw new ArgumentError(
      `Cannot predict ${prediction} with EDM preconditioning: it predicts x0; ` +
        'use the objective x0, or "input" preconditioning',
    );
  }
}

/**
 * The factors at time t. Without `edm`, cSkip is 0 and cOut 1: the output is the prediction.
 *
 * The formulas of EDM hold for `signal = 1`; other processes are divided by their signal first, so with
 * level `l = sigma / signal` and x itself as input they become `cSkip = signal sigmaData^2 / s2`,
 * `cOut = sigma sigmaData / sqrt(s2)`, `cIn = 1 / sqrt(s2)`, `s2 = sigma^2 + signal^2 sigmaData^2`.
 *
 * @example
 * ```ts
 * import { preconditioningFactors } from "@els/toolkit/networks";
 * import { edm } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { cSkip } = preconditioningFactors({ kind: "edm", sigmaData: 0.5 }, { schedule: edm(), t: 1 });
 * // At sigma = 80 the network's output is all.
 * assertAlmostEquals(cSkip, 0.5 ** 2 / (80 ** 2 + 0.5 ** 2));
 * ```
 *
 * @param t Time in [0, 1]; above 0 for `edm`.
 * @throws RangeError if t lies outside.
 * @category Networks
 */
export function preconditioningFactors(
  preconditioning: Preconditioning,
  options: { readonly schedule: NoiseSchedule; readonly t: number },
): PreconditioningFactors {
  const { schedule, t } = options;
  if (preconditioning.kind === "none") return { cSkip: 0, cOut: 1, cIn: 1, cNoise: t };
  const { kind, sigmaData } = preconditioning;
  const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
  const deviation = Math.hypot(sigma, signal * sigmaData);
  if (kind === "input") return { cSkip: 0, cOut: 1, cIn: 1 / deviation, cNoise: t };
  if (!(sigma > 0)) {
    throw new ArgumentError(
      `Cannot precondition at t = ${t}: sigma is ${sigma}, there is no noise to remove`,
    );
  }
  return {
    cSkip: signal * (sigmaData / deviation) ** 2,
    cOut: sigma * sigmaData / deviation,
    cIn: 1 / deviation,
    cNoise: Math.log(sigma / signal) / 4,
  };
}
