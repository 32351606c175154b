import { ArgumentError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { type BetaSchedule, betaSchedules, betasOf } from "./betas.ts";
import type { NoiseSchedule } from "./noise_schedule.ts";
import { checkTime } from "./time.ts";
import { timestepAt } from "./timesteps.ts";

/**
 * Parameters of {@linkcode ddpmDiscrete}.
 *
 * @category Noise schedules
 */
export interface DdpmDiscreteParameters {
  /** How the betas rise: `linear` (default), `scaled_linear`, `squaredcos_cap_v2` or `sigmoid`. */
  readonly betaSchedule?: BetaSchedule | undefined;
  /** Number T of steps, 1000 by default. */
  readonly timesteps?: number | undefined;
  /** First beta, 0.0001 by default; not for `squaredcos_cap_v2`. */
  readonly betaStart?: number | undefined;
  /** Last beta, 0.02 by default; not for `squaredcos_cap_v2`. */
  readonly betaEnd?: number | undefined;
  /** The betas themselves, in place of all that. */
  readonly betas?: readonly number[] | undefined;
}

/** Processes of more steps are none that anybody trained on. */
const mostTimesteps = 100_000;

function checkBeta(beta: number, name: string): void {
  if (beta > 0 && beta < 1) return;
  throw new ArgumentError(
    `Cannot make the ddpm_discrete schedule: ${name} is ${beta}, expected a number between 0 and 1`,
  );
}

/** Checked parameters, all of them: those that make the same schedule again. */
function resolve(given: DdpmDiscreteParameters) {
  const fail = (problem: string) => {
    throw new ArgumentError(`Cannot make the ddpm_discrete schedule: ${problem}`);
  };
  if (given.betas !== undefined) {
    const { betas, ...others } = given;
    const other = Object.entries(others).find(([, value]) => value !== undefined)?.[0];
    if (other !== undefined) fail(`${other} is given beside betas; give one`);
    if (betas.length < 1 || betas.length > mostTimesteps) {
      fail(`it has ${betas.length} betas, expected 1 to ${mostTimesteps}`);
    }
    // A step may add nothing, as the last ones of a process that is cut off.
    betas.forEach((beta, i) => beta === 0 && i > 0 || checkBeta(beta, `betas[${i}]`));
    return { parameters: { betas: [...betas] }, betas: Float32Array.from(betas) };
  }
  const { betaSchedule = "linear", timesteps = 1000 } = given;
  if (!betaSchedules.includes(betaSchedule)) {
    fail(`betaSchedule is ${quoted(betaSchedule)}, expected ${betaSchedules.join(", ")}`);
  }
  if (!(Number.isInteger(timesteps) && timesteps >= 1 && timesteps <= mostTimesteps)) {
    fail(`timesteps is ${timesteps}, expected an integer from 1 to ${mostTimesteps}`);
  }
  if (betaSchedule === "squaredcos_cap_v2") {
    const parameters = { betaSchedule, timesteps };
    return { parameters, betas: betasOf(parameters) };
  }
  const { betaStart = 0.0001, betaEnd = 0.02 } = given;
  checkBeta(betaStart, "betaStart");
  checkBeta(betaEnd, "betaEnd");
  const parameters = { betaSchedule, timesteps, betaStart, betaEnd };
  return { parameters, betas: betasOf(parameters) };
}

/** `-ln(alphaBar)` at the clean image and after each step, from float32 as the networks know it. */
function losses(betas: Float32Array): Float64Array {
  const out = new Float64Array(betas.length + 1);
  let product = 1;
  betas.forEach((beta, i) => {
    product *= Math.fround(1 - beta);
    const alphaBar = Math.fround(product);
    // Small betas may be lost in the rounding of their product.
    out[i + 1] = Math.max(out[i]!, -Math.log(alphaBar));
    if (!(alphaBar > 0)) {
      throw new ArgumentError(
        `Cannot make the ddpm_discrete schedule: after ${
          i + 1
        } of ${betas.length} steps no signal ` +
          "is left; give smaller betas",
      );
    }
  });
  if (out[1] === 0) {
    throw new ArgumentError(
      `Cannot make the ddpm_discrete schedule: its first beta is ${
        betas[0]
      }, which is no noise in ` +
        "float32; expected at least 1e-7",
    );
  }
  return out;
}

/**
 * Slopes of a monotone cubic through equally spaced values (Fritsch & Carlson, SIAM J. Numer. Anal. 17
 * (1980) 238; harmonic means): nowhere steep enough to turn back.
 */
function monotoneSlopes(values: Float64Array): Float64Array {
  const last = values.length - 1;
  const rise = (i: number) => values[i + 1]! - values[i]!;
  return values.map((_, i) => {
    if (i === 0) return rise(0);
    if (i === last) return rise(last - 1);
    const [before, after] = [rise(i - 1), rise(i)];
    return before > 0 && after > 0 ? 2 * before * after / (before + after) : 0;
  });
}

/** The cubic between two neighbors at the fraction s of the way. */
function hermite(
  s: number,
  { from, to, slopeFrom, slopeTo }: {
    readonly from: number;
    readonly to: number;
    readonly slopeFrom: number;
    readonly slopeTo: number;
  },
): number {
  const rest = 1 - s;
  return from + (to - from) * s * s * (3 - 2 * s) + s * rest * (slopeFrom * rest - slopeTo * s);
}

/**
 * The discrete process of Ho et al. (arXiv 2006.11239, equation 4) as Hugging Face's diffusers has it: T
 * steps n = 0 .. T - 1, each with its beta, `alphaBar_n` the product of 1 - beta up to there,
 * `signal = sqrt(alphaBar)`, `sigma = sqrt(1 - alphaBar)`.
 *
 * Step n is at t = (n + 1) / T, where signal and sigma are exactly those of n; t = 0 is the clean image,
 * alphaBar = 1. Between steps `ln(alphaBar)` follows a monotone cubic, so that signal and sigma are
 * smooth and each time has its own. The betas and their products are rounded to float32, as networks
 * were trained with them.
 *
 * @example
 * ```ts
 * import { ddpmDiscrete } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { signal, sigma } = ddpmDiscrete();
 * // Step 0 is at t = 1 / 1000 and has the variance of the first beta.
 * assertAlmostEquals(sigma(0.001) ** 2, 0.0001, 1e-7);
 * assertAlmostEquals(signal(1), 0.00635, 1e-5);
 * ```
 *
 * @returns A schedule named `ddpm_discrete`.
 * @throws RangeError if a parameter is out of range, or betas stand beside what would decide them.
 * @category Noise schedules
 */
export function ddpmDiscrete(
  parameters: DdpmDiscreteParameters = {},
): NoiseSchedule {
  const { parameters: resolved, betas } = resolve(parameters);
  const values = losses(betas);
  const slopes = monotoneSlopes(values);
  const loss = (t: number): number => {
    const at = timestepAt(betas.length, checkTime(t)) + 1;
    const from = Math.min(Math.floor(at), betas.length - 1);
    if (at === from || at === from + 1) return values[at]!;
    return hermite(at - from, {
      from: values[from]!,
      to: values[from + 1]!,
      slopeFrom: slopes[from]!,
      slopeTo: slopes[from + 1]!,
    });
  };
  return {
    name: "ddpm_discrete",
    parameters: resolved,
    signal: (t) => Math.exp(-0.5 * loss(t)),
    sigma: (t) => Math.sqrt(-Math.expm1(-loss(t))),
  };
}
