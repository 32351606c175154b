import { ArgumentError } from "../../core/errors.ts";
import { Random } from "../../core/random.ts";
import { type FeatureMoments, featureMoments } from "./feature_moments.ts";
import { checkFeatures, type Features, gatherRows } from "./features.ts";
import { frechetDistance } from "./frechet_distance.ts";

/**
 * Options of {@linkcode frechetAtInfinity}.
 *
 * @category Quality
 */
export interface FrechetAtInfinityOptions {
  /** Numbers of rows at which the distance is taken. Default 15. */
  readonly sizes?: number;
  /** Smallest of these numbers. Default a tenth of all rows, but twice the width where there are as many. */
  readonly smallest?: number;
  /** Seed of the choice of rows. Default 0. */
  readonly seed?: number;
  /** Stops the work. */
  readonly abort?: AbortSignal | undefined;
  /** Called after each size, with the number of sizes done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * A Frechet distance as it would be for infinitely many rows.
 *
 * @category Quality
 */
export interface FrechetAtInfinity {
  /** Where the line meets 1/n = 0. */
  readonly distance: number;
  /** Standard error of that by the scatter about the line. */
  readonly error: number;
  /**
   * Whether a set has fewer rows than twice the width: then the bias is no line in 1/n, and the value is not to
   * be trusted, however small its error.
   */
  readonly few: boolean;
  /** What the line was laid through. */
  readonly points: readonly { readonly count: number; readonly distance: number }[];
}

/**
 * Extrapolates a Frechet distance to infinitely many rows: a straight line in 1/n through the distances of
 * subsets of 15 sizes (Chong & Forsyth 2020, arXiv 1911.07023). Only the first set grows; the bias by the
 * second, the reference, stays. The line holds where n is well above the width.
 *
 * @example
 * ```ts
 * import { features, frechetAtInfinity } from "@els/toolkit/quality";
 * import { Random } from "@els/toolkit/machines";
 *
 * const random = new Random(1);
 * const reference = features(random.normals(4000), [2000, 2]);
 * const { distance } = frechetAtInfinity(features(random.normals(800), [400, 2]), reference);
 * console.log(distance); // near 0, where 400 rows alone give about 0.01
 * ```
 *
 * @param set Features whose number of rows is too small.
 * @param reference Features to compare with, or their sums.
 * @throws RangeError if there are too few rows for so many sizes.
 * @category Quality
 */
export function frechetAtInfinity(
  set: Features,
  reference: Features | FeatureMoments,
  options: FrechetAtInfinityOptions = {},
): FrechetAtInfinity {
  const { sizes = 15, seed = 0, abort, onProgress } = options;
  checkFeatures(set, { what: "an extrapolation", least: 2 });
  const [count, width] = set.shape;
  const tenth = Math.max(2, Math.ceil(count / 10));
  const { smallest = 2 * width < count / 2 ? Math.max(tenth, 2 * width) : tenth } = options;
  if (!Number.isInteger(sizes) || sizes < 3) {
    throw new ArgumentError(`Cannot extrapolate from ${sizes} sizes: expected an integer from 3`);
  }
  if (!Number.isInteger(smallest) || smallest < 2 || count - smallest < sizes - 1) {
    throw new ArgumentError(
      `Cannot extrapolate from ${sizes} sizes between ${smallest} and ${count} rows: expected ` +
        "at least 2, and as many rows between them",
    );
  }
  const fixed = "products" in reference ? reference : featureMoments(reference);
  const random = new Random(seed, "frechet at infinity");
  const points = Array.from({ length: sizes }, (_, i) => {
    abort?.throwIfAborted();
    const size = Math.round(smallest + i * (count - smallest) / (sizes - 1));
    const some = gatherRows(set, random.permutation(count).subarray(0, size));
    const { distance } = frechetDistance(featureMoments(some), fixed);
    onProgress?.(i + 1);
    return { count: size, distance };
  });
  return {
    ...interceptOf(points.map(({ count, distance }) => [1 / count, distance])),
    few: Math.min(count, fixed.count) < 2 * width,
    points,
  };
}

/** Least squares: the line's value at zero, and the standard error of that. */
function interceptOf(
  points: readonly (readonly [x: number, y: number])[],
): { readonly distance: number; readonly error: number } {
  const n = points.length;
  const centerX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const centerY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const squares = points.reduce((sum, [x]) => sum + (x - centerX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - centerX) * (y - centerY), 0) / squares;
  const distance = centerY - slope * centerX;
  const residual = points.reduce((sum, [x, y]) => sum + (y - distance - slope * x) ** 2, 0);
  return {
    distance,
    error: Math.sqrt(residual / (n - 2) * (1 / n + centerX ** 2 / squares)),
  };
}
