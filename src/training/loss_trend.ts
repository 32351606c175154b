import { mean } from "../core/statistics.ts";

/** How the losses of a training stood when it ended. */
export interface LossTrend {
  /** Mean loss over the third quarter of the steps, and over the last. */
  readonly third: number;
  readonly last: number;
  /** Standard error of their difference. */
  readonly error: number;
  /** Estimate of the part of the loss that twice as many steps would take away; negative: it rose. */
  readonly gain: number;
}

/** Steps below which means over quarters say nothing. */
const fewest = 20;

/**
 * Part of the loss that must be within reach of twice the steps for a training to count as too short. The
 * preset mnist-tiny has 0.22 after its 600 steps, and 0.35 after 150 or 0.17 after 2,400 of them.
 */
const noticeable = 0.2;

/** Midpoints of the last two quarters, as multiples of all steps. */
const [thirdMidpoint, lastMidpoint] = [0.625, 0.875];

/**
 * Where the losses of a training were going.
 *
 * The loss of one step scatters with the times that it drew, so the means over the last two quarters of
 * the steps are compared. Losses fall like powers of the number of steps, L ~ n^-a; the two means give
 * a = log(third / last) / log(0.875 / 0.625), and twice the steps would take away the part 1 - 2^-a. A
 * learning rate that falls to zero quickens the fall at the end of every run somewhat.
 *
 * @param losses Loss of each step.
 * @returns Undefined for fewer than 20 steps.
 */
export function lossTrend(losses: readonly number[]): LossTrend | undefined {
  const n = losses.length;
  if (n < fewest) return undefined;
  const quarters = [2, 3].map((i) => {
    const values = losses.slice(Math.floor(i * n / 4), Math.floor((i + 1) * n / 4));
    const center = mean(values);
    const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) /
      (values.length - 1);
    return { center, squaredError: variance / values.length };
  });
  const [third, last] = [quarters[0]!.center, quarters[1]!.center];
  const exponent = Math.log(third / last) / Math.log(lastMidpoint / thirdMidpoint);
  return {
    third,
    last,
    error: Math.sqrt(quarters[0]!.squaredError + quarters[1]!.squaredError),
    gain: 1 - 2 ** -exponent,
  };
}

/**
 * Whether a network looks undertrained: twice the steps would lower its loss by a fifth or more
 * ({@linkcode LossTrend.gain}), and the loss fell over the last half by more than two standard errors.
 * A network that passes may still be too small, or trained with too low a rate.
 */
export function looksUndertrained({ third, last, error, gain }: LossTrend): boolean {
  return gain >= noticeable && third - last > 2 * error;
}
