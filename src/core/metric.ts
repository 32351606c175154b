import { ArgumentError } from "./errors.ts";

/**
 * A number that says how alike two lists of values are: what calibration chooses scales by, and what
 * tables of agreement show. The metrics of this package are rows of two tables, `similarityMetrics` and
 * `agreementMeasures`; your own is an object of this kind.
 *
 * @category Evaluation
 */
export interface Metric {
  /** Short name for tables, files and the command line, such as "cosine". */
  readonly name: string;
  /** Whether a higher value means more alike, or a lower one. */
  readonly better: "higher" | "lower";
  /**
   * Compares a prediction with its reference, values of one image (H * W * C) each.
   *
   * @returns A finite number; null where it is not defined, as the cosine of a zero vector is not.
   */
  readonly of: (reference: ArrayLike<number>, prediction: ArrayLike<number>) => number | null;
}

/** Whether value `a` of a metric is strictly better than `b`. */
export function isBetter(
  { better }: Pick<Metric, "better">,
  [a, b]: readonly [number, number],
): boolean {
  return better === "higher" ? a > b : a < b;
}

/**
 * The value of a metric.
 *
 * @throws RangeError if it is NaN or infinite, which would spoil a table.
 */
export function measureBy(
  metric: Metric,
  [reference, prediction]: readonly [ArrayLike<number>, ArrayLike<number>],
): number | null {
  const value = metric.of(reference, prediction);
  if (value === null || Number.isFinite(value)) return value;
  throw new ArgumentError(
    `Cannot compare by ${metric.name}: it gave ${value}, expected a finite number, or null where it is ` +
      "not defined",
  );
}
