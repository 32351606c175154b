import { ArgumentError } from "../core/errors.ts";
import { measureBy, type Metric } from "../core/metric.ts";
import { rowOf } from "../core/row_of.ts";

/**
 * How network and machine are compared at each step of a calibration, the default first: the cosine of the
 * angle between two vectors (null if one is zero), the Euclidean norm of their difference, and its mean
 * square per value.
 *
 * @category Calibration
 */
export const similarityMetrics = [
  { name: "cosine", better: "higher", of: cosine },
  { name: "l2", better: "lower", of: l2 },
  { name: "mse", better: "lower", of: mse },
] as const satisfies readonly Metric[];

/**
 * Name of a metric that this package has.
 *
 * @category Calibration
 */
export type SimilarityName = (typeof similarityMetrics)[number]["name"];

/**
 * Names of the metrics, the default first.
 *
 * @category Calibration
 */
export const similarityNames: readonly SimilarityName[] = similarityMetrics.map(({ name }) => name);

/**
 * Similarities of two vectors by the name of the metric; null where one is not defined.
 *
 * @category Calibration
 */
export type Similarities =
  & Readonly<Record<SimilarityName, number | null>>
  & Readonly<Record<string, number | null>>;

/**
 * The metric of a name; one of your own stands for itself.
 *
 * @throws RangeError that lists the names.
 */
export function similarityMetric(given: SimilarityName | Metric): Metric {
  return rowOf<Metric>(given, { table: similarityMetrics, what: "similarity metric" });
}

/** Options of {@linkcode compareVectors}. */
export interface CompareVectorsOptions {
  /** What is compared, for the message of an error: "bbELS at k = 7, t = 0.5, sample 3". */
  readonly what?: string | undefined;
  /** By which metrics; default: all of {@linkcode similarityMetrics}. */
  readonly metrics?: readonly Metric[] | undefined;
}

/**
 * Compares two vectors by every metric, summed in double precision.
 *
 * @param a First vector, such as the network's eps of one sample (H * W * C values).
 * @param b Second vector, of the same length.
 * @throws RangeError if the lengths differ or are zero, or a value is not finite.
 */
export function compareVectors(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: CompareVectorsOptions = {},
): Similarities {
  const { what = "two predictions", metrics = similarityMetrics } = options;
  if (a.length !== b.length || a.length === 0) {
    throw new ArgumentError(
      `Cannot compare ${what}: ${a.length} and ${b.length} values, expected equally many and at least one`,
    );
  }
  if (!Number.isFinite(dot(a, a) + dot(b, b) + squaredDistance(a, b))) {
    throw new ArgumentError(
      `Cannot compare ${what}: a value is NaN, infinite or too large to square; expected finite values`,
    );
  }
  const values = metrics.map((metric) => [metric.name, measureBy(metric, [a, b])] as const);
  return Object.fromEntries(values) as Similarities;
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const [aa, bb] = [dot(a, a), dot(b, b)];
  if (!(aa > 0 && bb > 0)) return null;
  return Math.max(-1, Math.min(1, dot(a, b) / (Math.sqrt(aa) * Math.sqrt(bb))));
}

function l2(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.sqrt(squaredDistance(a, b));
}

function mse(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return squaredDistance(a, b) / a.length;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) * (a[i]! - b[i]!);
  return sum;
}
