import type { SimilarityMetric } from "../machines/scale_schedule.ts";

/** The metrics, the default first. */
export const similarityMetrics: readonly SimilarityMetric[] = ["cosine", "l2", "mse"];

/** All similarities of two vectors. */
export interface Similarities {
  /** Cosine of the angle, in [-1, 1], higher is better; null if a vector is zero. */
  readonly cosine: number | null;
  /** Euclidean norm of the difference, lower is better. */
  readonly l2: number;
  /** Mean squared difference per value, lower is better. */
  readonly mse: number;
}

/** Options of {@linkcode compareVectors}. */
export interface CompareVectorsOptions {
  /** What is compared, for the message of an error: "bbELS at k = 7, t = 0.5, sample 3". */
  readonly what?: string;
}

/**
 * Compares two vectors by every metric in one pass, summed in double precision.
 *
 * @param a First vector, such as the network's eps of one sample (H * W * C values).
 * @param b Second vector, of the same length.
 * @throws RangeError if the lengths differ or are zero, or a value is not finite.
 */
export function compareVectors(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { what = "two predictions" }: CompareVectorsOptions = {},
): Similarities {
  if (a.length !== b.length || a.length === 0) {
    throw new RangeError(
      `Cannot compare ${what}: ${a.length} and ${b.length} values, expected equally many and at least one`,
    );
  }
  let [aa, ab, bb, difference] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    aa += x * x;
    ab += x * y;
    bb += y * y;
    difference += (x - y) * (x - y);
  }
  if (!Number.isFinite(aa + bb + difference)) {
    throw new RangeError(
      `Cannot compare ${what}: a value is NaN, infinite or too large to square; expected finite values`,
    );
  }
  return {
    cosine: aa > 0 && bb > 0
      ? Math.max(-1, Math.min(1, ab / (Math.sqrt(aa) * Math.sqrt(bb))))
      : null,
    l2: Math.sqrt(difference),
    mse: difference / a.length,
  };
}

/** Whether value `a` is strictly better than `b`: higher for cosine, lower for l2 and mse. */
export function isBetter(metric: SimilarityMetric, [a, b]: readonly [number, number]): boolean {
  return metric === "cosine" ? a > b : a < b;
}
