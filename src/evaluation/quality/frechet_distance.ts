import { ArgumentError } from "../../core/errors.ts";
import { covarianceOverlap } from "./covariance_overlap.ts";
import {
  covarianceOfMoments,
  type FeatureMoments,
  featureMoments,
  meanOfMoments,
} from "./feature_moments.ts";
import type { Features } from "./features.ts";

/**
 * A Frechet distance and its two parts.
 *
 * @category Quality
 */
export interface FrechetDistance {
  /** The squared distance, as the literature reports it; never negative. */
  readonly distance: number;
  /** |m1 - m2|^2, how far the means are apart. */
  readonly means: number;
  /** What is left: how the covariances differ. */
  readonly covariances: number;
  /** Rows of the smaller set. */
  readonly count: number;
  /** Values of a row. */
  readonly width: number;
  /**
   * Whether the smaller set has fewer rows than twice the width: its covariance is then poorly known, and
   * the distance far too large. Compare only sets of the same size, or extrapolate.
   */
  readonly few: boolean;
}

/**
 * Squared Frechet (2-Wasserstein) distance between Gaussians of the moments of two sets of features:
 * |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2), covariances with divisor n - 1 (Dowson & Landau
 * 1982; Heusel et al. 2017, arXiv 1706.08500). It is called FID only where the features are the pool3
 * features of inception-2015-12-05.
 *
 * It is biased: smaller sets give larger distances ({@linkcode frechetAtInfinity}).
 *
 * @example Gaussians that are one apart in each of two directions
 * ```ts
 * import { features, frechetDistance } from "@els/toolkit/quality";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const some = Float64Array.of(0, 0, 2, 1, 1, 3, 4, 2);
 * const { distance, few } = frechetDistance(
 *   features(some, [4, 2]),
 *   features(some.map((value) => value + 1), [4, 2]),
 * );
 * assertAlmostEquals(distance, 2, 1e-6);
 * console.log(few); // false: 4 rows of 2 values
 * ```
 *
 * @param first Features, or their sums.
 * @param second Features of the same kind, or their sums.
 * @throws RangeError if there are fewer than two rows, or the widths differ.
 * @category Quality
 */
export function frechetDistance(
  first: Features | FeatureMoments,
  second: Features | FeatureMoments,
): FrechetDistance {
  const [a, b] = [momentsOf(first), momentsOf(second)];
  if (a.width !== b.width) {
    throw new ArgumentError(
      `Cannot take a Frechet distance: found features of ${a.width} and of ${b.width} values, ` +
        "expected the same features of both sets",
    );
  }
  const [smaller, larger] = a.count <= b.count ? [a, b] : [b, a];
  const [c1, c2] = [covarianceOfMoments(smaller), covarianceOfMoments(larger)];
  const [m1, m2] = [meanOfMoments(smaller), meanOfMoments(larger)];
  const means = m1.reduce((sum, value, i) => sum + (value - m2[i]!) ** 2, 0);
  // Rounding may leave a little below zero.
  const covariances = Math.max(
    0,
    traceOf(c1, a.width) + traceOf(c2, a.width) - 2 * covarianceOverlap(c1, c2),
  );
  return {
    distance: means + covariances,
    means,
    covariances,
    count: smaller.count,
    width: a.width,
    few: smaller.count < 2 * a.width,
  };
}

const momentsOf = (set: Features | FeatureMoments): FeatureMoments =>
  "products" in set ? set : featureMoments(set);

function traceOf(matrix: Float64Array, width: number): number {
  let trace = 0;
  for (let i = 0; i < width; i++) trace += matrix[i * width + i]!;
  return trace;
}
