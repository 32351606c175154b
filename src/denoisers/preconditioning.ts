import { ArgumentError } from "../core/errors.ts";
import { noiseAt } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { timestepAt } from "../schedules/timesteps.ts";

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
 * - `edm`, `vp`, `ve`: three columns of table 1 of Karras et al. (arXiv 2206.00364): input scaling, a
 *   skip connection, an output scale, and what tells the noise in place of t; the wrapped network predicts
 *   x0. Networks of Song et al. (arXiv 2011.13456) were trained behind `vp` and `ve`.
 * - `timesteps`: F sees x and the number of the step, 0 to T - 1, in place of t = (step + 1) / T, as the
 *   networks of Ho et al. (arXiv 2006.11239) do; see `ddpm_discrete`.
 *
 * @category Networks
 */
export type Preconditioning =
  | { readonly kind: "none" }
  | {
    readonly kind: "input" | "edm";
    /** Standard deviation of the clean images' values. */
    readonly sigmaData: number;
  }
  | {
    readonly kind: "timesteps";
    /** Number T of the process's steps. */
    readonly timesteps: number;
  }
  | {
    readonly kind: "vp";
    /** Growth of the rate of noise over the whole time; 19.9 in the paper. */
    readonly betaD: number;
    /** Rate of noise at time 0; 0.1 in the paper. */
    readonly betaMin: number;
    /** Number of discrete times that the network was trained on; 1000 in the paper. */
    readonly timesteps: number;
  }
  | { readonly kind: "ve" };

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

/** A time and the two factors of the process there. */
interface NoisyTime {
  readonly t: number;
  readonly signal: number;
  readonly sigma: number;
}

/** One kind of preconditioning: what of it is impossible, and its factors. */
interface PreconditioningRow<P extends Preconditioning> {
  /** Whether networks are trained behind it here; the others are those of other programs. */
  readonly trained: boolean;
  /** Complains of impossible numbers, or of a prediction that the wrapped network cannot make. */
  check(given: P, prediction: NetworkPrediction): void;
  factors(given: P, at: NoisyTime): PreconditioningFactors;
}

function checkSigmaData({ kind, sigmaData }: Preconditioning & { readonly sigmaData: number }) {
  if (!(Number.isFinite(sigmaData) && sigmaData > 0)) {
    throw new ArgumentError(
      `Cannot use ${kind} preconditioning: sigmaData is ${sigmaData}, expected a positive number`,
    );
  }
}

function checkPredictsX0({ kind }: Preconditioning, prediction: NetworkPrediction): void {
  if (prediction === "x0") return;
  throw new ArgumentError(
    `Cannot predict ${prediction} with ${kind.toUpperCase()} preconditioning: it predicts x0; ` +
      'use the objective x0, or "input" preconditioning',
  );
}

function checkNoise({ t, sigma }: NoisyTime): void {
  if (sigma > 0) return;
  throw new ArgumentError(
    `Cannot precondition at t = ${t}: sigma is ${sigma}, there is no noise to remove`,
  );
}

/**
 * The time at which the variance-preserving process with a linear rate has a noise level, in 32 bits as its
 * authors compute it: times a thousand, the digits that are lost can be seen in an embedding.
 */
function vpTime(
  level: number,
  { betaD, betaMin }: { readonly betaD: number; readonly betaMin: number },
): number {
  const { fround, log, sqrt } = Math;
  const l = fround(level);
  const grown = fround(log(fround(1 + fround(l * l))));
  const root = fround(sqrt(fround(fround(grown * fround(2 * betaD)) + betaMin ** 2)));
  return fround(fround(root - fround(betaMin)) / fround(betaD));
}

const rows: {
  readonly [K in Preconditioning["kind"]]: PreconditioningRow<
    Preconditioning & { readonly kind: K }
  >;
} = {
  none: {
    trained: true,
    check: () => {},
    factors: (_, { t }) => ({ cSkip: 0, cOut: 1, cIn: 1, cNoise: t }),
  },
  input: {
    trained: true,
    check: checkSigmaData,
    factors: ({ sigmaData }, { t, signal, sigma }) => ({
      ...{ cSkip: 0, cOut: 1, cIn: 1 / Math.hypot(sigma, signal * sigmaData), cNoise: t },
    }),
  },
  edm: {
    trained: true,
    check(given, prediction) {
      checkSigmaData(given);
      checkPredictsX0(given, prediction);
    },
    factors({ sigmaData }, at) {
      checkNoise(at);
      const { signal, sigma } = at;
      const deviation = Math.hypot(sigma, signal * sigmaData);
      return {
        cSkip: signal * (sigmaData / deviation) ** 2,
        cOut: sigma * sigmaData / deviation,
        cIn: 1 / deviation,
        cNoise: Math.log(sigma / signal) / 4,
      };
    },
  },
  vp: {
    trained: false,
    check(given, prediction) {
      const { betaD, betaMin, timesteps } = given;
      for (const [name, value] of Object.entries({ betaD, betaMin, timesteps })) {
        if (Number.isFinite(value) && value > 0) continue;
        throw new ArgumentError(
          `Cannot use vp preconditioning: ${name} is ${value}, expected a positive number`,
        );
      }
      checkPredictsX0(given, prediction);
    },
    factors(given, at) {
      checkNoise(at);
      const { signal, sigma } = at;
      return {
        cSkip: 1 / signal,
        cOut: -sigma / signal,
        cIn: 1 / Math.hypot(sigma, signal),
        cNoise: (given.timesteps - 1) * vpTime(sigma / signal, given),
      };
    },
  },
  ve: {
    trained: false,
    check: checkPredictsX0,
    factors(_, at) {
      checkNoise(at);
      const { signal, sigma } = at;
      const level = sigma / signal;
      return { cSkip: 1 / signal, cOut: level, cIn: 1 / signal, cNoise: Math.log(level / 2) };
    },
  },
  timesteps: {
    trained: false,
    check({ timesteps }) {
      if (!(Number.isInteger(timesteps) && timesteps >= 1 && timesteps <= 1e6)) {
        throw new ArgumentError(
          `Cannot number timesteps: their count is ${timesteps}, expected an integer from 1 to 1e6`,
        );
      }
    },
    // Before the first step there is none whose number could be told.
    factors: ({ timesteps }, { t }) => ({
      ...{ cSkip: 0, cOut: 1, cIn: 1, cNoise: Math.max(0, timestepAt(timesteps, t)) },
    }),
  },
};

function rowOf<P extends Preconditioning>({ kind }: P): PreconditioningRow<P> {
  return rows[kind] as unknown as PreconditioningRow<P>;
}

/**
 * Names of the kinds of preconditioning.
 *
 * @category Networks
 */
export const preconditioningKinds: readonly Preconditioning["kind"][] = Object.keys(
  rows,
) as Preconditioning["kind"][];

/**
 * Names of the kinds behind which networks are trained here.
 *
 * @category Networks
 */
export type TrainedPreconditioning = "none" | "input" | "edm";

/** Those of {@linkcode TrainedPreconditioning}. */
export const trainedPreconditionings: readonly TrainedPreconditioning[] = preconditioningKinds
  .filter((kind) => rows[kind].trained) as TrainedPreconditioning[];

/**
 * The kind, if networks are trained behind it here.
 *
 * @throws RangeError if it is that of another program's networks.
 */
export function trainedKind({ kind }: Preconditioning): TrainedPreconditioning {
  if (rows[kind].trained) return kind as TrainedPreconditioning;
  throw new ArgumentError(
    `Cannot train behind ${kind} preconditioning: expected ${trainedPreconditionings.join(", ")}`,
  );
}

/**
 * Checks that a network can predict what it is said to.
 *
 * @throws RangeError if a number is not positive, or preconditioning that predicts x0 comes with eps or v.
 */
export function checkPreconditioning(
  prediction: NetworkPrediction,
  preconditioning: Preconditioning,
): void {
  rowOf(preconditioning).check(preconditioning, prediction);
}

/**
 * The factors at time t. Where cSkip is 0 and cOut 1, the output is the prediction.
 *
 * The formulas of the paper hold for `signal = 1`; other processes are divided by their signal first, so with
 * level `l = sigma / signal` and x itself as input those of EDM become `cSkip = signal sigmaData^2 / s2`,
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
 * @param t Time in [0, 1]; above 0 for `edm`, `vp` and `ve`.
 * @throws RangeError if t lies outside.
 * @category Networks
 */
export function preconditioningFactors(
  preconditioning: Preconditioning,
  options: { readonly schedule: NoiseSchedule; readonly t: number },
): PreconditioningFactors {
  const { schedule, t } = options;
  return rowOf(preconditioning).factors(preconditioning, { t, ...noiseAt(schedule, t) });
}
