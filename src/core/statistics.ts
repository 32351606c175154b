/** Summaries of samples. Empty input and input that is not finite is a RangeError, never a NaN. */
import { ArgumentError } from "./errors.ts";
import { Random } from "./random.ts";

/**
 * Arithmetic mean.
 *
 * @example
 * ```ts
 * import { mean } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(mean([1, 2, 6]), 3);
 * ```
 *
 * @throws RangeError if `values` is empty or holds NaN or an infinity.
 * @category Statistics
 */
export function mean(values: ArrayLike<number>): number {
  checkFinite(values, "mean");
  return sum(values) / values.length;
}

/**
 * Median; the mean of the two middle values where their number is even.
 *
 * @example
 * ```ts
 * import { median } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(median([9, 1, 2, 3]), 2.5);
 * ```
 *
 * @throws RangeError if `values` is empty or holds NaN or an infinity.
 * @category Statistics
 */
export function median(values: ArrayLike<number>): number {
  checkFinite(values, "median");
  return middle(Float64Array.from(values).sort());
}

/**
 * Median that is always one of the values: the lower of the two middle ones where their number is even.
 *
 * @example
 * ```ts
 * import { lowerMedian } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(lowerMedian([9, 1, 2, 3]), 2);
 * ```
 *
 * @throws RangeError if `values` is empty or holds NaN or an infinity.
 * @category Statistics
 */
export function lowerMedian(values: ArrayLike<number>): number {
  checkFinite(values, "lower median");
  return Float64Array.from(values).sort()[(values.length - 1) >> 1]!;
}

/**
 * Quantile by linear interpolation between order statistics (Hyndman & Fan 1996, type 7).
 *
 * @example
 * ```ts
 * import { quantile } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quantile([0, 10, 20, 30, 40], 0.75), 30);
 * ```
 *
 * @param q Fraction in [0, 1]: 0 gives the smallest value, 1 the largest.
 * @throws RangeError if `q` lies outside [0, 1], or `values` is empty or holds NaN or an infinity.
 * @category Statistics
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  checkFinite(values, "quantile");
  if (!(q >= 0 && q <= 1)) throw new ArgumentError(`Cannot take the quantile ${q}: not in [0, 1]`);
  return sortedQuantile(Float64Array.from(values).sort(), q);
}

/**
 * The most frequent value; the smallest of them where several are equally frequent.
 *
 * @example
 * ```ts
 * import { mode } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(mode([5, 3, 5, 7]), 5);
 * ```
 *
 * @throws RangeError if `values` is empty or holds NaN or an infinity.
 * @category Statistics
 */
export function mode(values: ArrayLike<number>): number {
  checkFinite(values, "mode");
  const sorted = Float64Array.from(values).sort();
  let best = sorted[0]!;
  let longest = 0;
  let run = 0;
  for (let i = 0; i < sorted.length; i++) {
    run = sorted[i] === sorted[i - 1] ? run + 1 : 1;
    if (run > longest) [longest, best] = [run, sorted[i]!];
  }
  return best;
}

/**
 * Pearson's correlation r, in [-1, 1].
 *
 * @example
 * ```ts
 * import { pearson } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(pearson([1, 2, 3], [20, 40, 60]), 1);
 * ```
 *
 * @returns NaN where r is not defined: one pair of values, or values that are all equal on a side.
 * @throws RangeError if the lengths differ, or a side is empty or holds NaN or an infinity.
 * @category Statistics
 */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkFinite(a, "correlation");
  checkFinite(b, "correlation");
  if (a.length !== b.length) {
    throw new ArgumentError(`Cannot correlate ${a.length} values with ${b.length}`);
  }
  // Rounding of the mean would leave a variance that is not quite zero.
  if (isConstant(a) || isConstant(b)) return NaN;
  const [meanA, meanB] = [sum(a) / a.length, sum(b) / b.length];
  let [aa, ab, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [da, db] = [a[i]! - meanA, b[i]! - meanB];
    aa += da * da;
    ab += da * db;
    bb += db * db;
  }
  return Math.max(-1, Math.min(1, ab / Math.sqrt(aa) / Math.sqrt(bb)));
}

/**
 * Coefficient of determination R^2 = 1 - SSres / SStot of a prediction, at most 1; negative where the
 * reference's own mean predicts better.
 *
 * @example
 * ```ts
 * import { determination } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(determination([1, 2, 3], [1, 2, 3]), 1);
 * // No better than the mean.
 * assertEquals(determination([1, 2, 3], [2, 2, 2]), 0);
 * ```
 *
 * @param reference What is predicted; SStot is its sum of squares about its mean.
 * @returns NaN where it is not defined: a reference whose values are all equal.
 * @throws RangeError if the lengths differ, or a side is empty or holds NaN or an infinity.
 * @category Statistics
 */
export function determination(
  reference: ArrayLike<number>,
  prediction: ArrayLike<number>,
): number {
  checkFinite(reference, "determination");
  checkFinite(prediction, "determination");
  if (reference.length !== prediction.length) {
    throw new ArgumentError(
      `Cannot determine ${reference.length} values by ${prediction.length} predictions`,
    );
  }
  // Equal values are found by comparison, because rounding of the mean leaves a total above zero.
  if (isConstant(reference)) return NaN;
  const center = sum(reference) / reference.length;
  let [residual, total] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    residual += (reference[i]! - prediction[i]!) ** 2;
    total += (reference[i]! - center) ** 2;
  }
  return total === 0 ? NaN : 1 - residual / total;
}

/**
 * Options of {@linkcode bootstrapMedian}.
 *
 * @category Statistics
 */
export interface BootstrapOptions {
  /** Number of resamples. Default 10,000. */
  readonly resamples?: number;
  /** Coverage of the interval, in (0, 1). Default 0.95. */
  readonly level?: number;
  /** Seed of the resampling. Default 0. */
  readonly seed?: number;
}

/**
 * A median with its interval.
 *
 * @category Statistics
 */
export interface MedianInterval {
  /** Median of the values. */
  readonly median: number;
  /** Lower end of the interval. */
  readonly low: number;
  /** Upper end of the interval. */
  readonly high: number;
}

/**
 * Median with a bootstrap interval by the percentile method (Efron & Tibshirani 1993, chapter 13): the
 * quantiles (1 - level) / 2 and (1 + level) / 2 of the medians of samples drawn with replacement.
 *
 * One value, or values that are all equal, give an interval of no width.
 *
 * @example
 * ```ts
 * import { bootstrapMedian } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const { median, low, high } = bootstrapMedian([1, 2, 3, 4, 5], { resamples: 100, seed: 1 });
 * assertEquals(median, 3);
 * assertEquals(low <= median && median <= high, true);
 * ```
 *
 * @throws RangeError if `values` is empty or holds NaN or an infinity, or an option is out of range.
 * @category Statistics
 */
export function bootstrapMedian(
  values: ArrayLike<number>,
  options: BootstrapOptions = {},
): MedianInterval {
  const { resamples = 10_000, level = 0.95, seed = 0 } = options;
  checkFinite(values, "bootstrap interval");
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new ArgumentError(`Cannot bootstrap: ${resamples} resamples is not a positive integer`);
  }
  if (!(level > 0 && level < 1)) {
    throw new ArgumentError(`Cannot bootstrap: the level ${level} does not lie between 0 and 1`);
  }
  const random = new Random(seed, "bootstrap");
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  const medians = new Float64Array(resamples);
  const counts = new Uint32Array(n);
  for (let r = 0; r < resamples; r++) {
    counts.fill(0);
    for (let i = 0; i < n; i++) counts[random.integer(n)]! += 1;
    medians[r] = middleOfCounts(sorted, counts);
  }
  medians.sort();
  return {
    median: middle(sorted),
    low: sortedQuantile(medians, (1 - level) / 2),
    high: sortedQuantile(medians, (1 + level) / 2),
  };
}

/** Median of the sample that holds `sorted[i]` `counts[i]` times: no sorting per resample. */
function middleOfCounts(sorted: Float64Array, counts: Uint32Array): number {
  const n = sorted.length;
  const [lower, upper] = [(n - 1) >> 1, n >> 1];
  let seen = 0;
  let low: number | undefined;
  for (let i = 0; i < n; i++) {
    seen += counts[i]!;
    if (low === undefined && seen > lower) low = sorted[i]!;
    if (seen > upper) return (low! + sorted[i]!) / 2;
  }
  return low!;
}

function middle(sorted: Float64Array): number {
  const n = sorted.length;
  return (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2;
}

/** The quantile of values in ascending order, as {@linkcode quantile} takes it. */
export function sortedQuantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below + (above - below) * (position - Math.floor(position));
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

function checkFinite(values: ArrayLike<number>, what: string): void {
  if (values.length === 0) throw new ArgumentError(`Cannot take the ${what} of no values`);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new ArgumentError(`Cannot take the ${what}: value ${i} is ${values[i]}`);
    }
  }
}
