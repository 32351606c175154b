import { ArgumentError } from "../../core/errors.ts";
import { Random } from "../../core/random.ts";
import { checkPair, type Features } from "./features.ts";

/**
 * Options of {@linkcode slicedWasserstein}.
 *
 * @category Quality
 */
export interface SlicedWassersteinOptions {
  /** Directions to project on. Default 128. */
  readonly projections?: number;
  /** Seed of the directions. Default 0. */
  readonly seed?: number;
  /** Stops the work. */
  readonly abort?: AbortSignal | undefined;
  /** Called with the projections done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * A sliced Wasserstein distance.
 *
 * @category Quality
 */
export interface SlicedWasserstein {
  /** Root of the mean squared 2-Wasserstein distance over the projections, in the features' own unit. */
  readonly distance: number;
  /** Standard error of it by the choice of projections. */
  readonly error: number;
  /** Projections. */
  readonly projections: number;
}

/**
 * Sliced 2-Wasserstein distance: both sets are projected on random unit directions, where the distance is that
 * of sorted values (Rabin et al. 2012; of patches: Karras et al. 2018, arXiv 1710.10196). It needs no
 * network. Sets may differ in size: their quantile functions are compared.
 *
 * @example One set lies one to the right of the other
 * ```ts
 * import { features, slicedWasserstein } from "@els/toolkit/quality";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { distance } = slicedWasserstein(
 *   features(Float64Array.of(0, 1, 5), [3, 1]),
 *   features(Float64Array.of(1, 2, 6), [3, 1]),
 * );
 * assertAlmostEquals(distance, 1, 1e-12);
 * ```
 *
 * @throws RangeError if a set is empty, or the widths differ.
 * @category Quality
 */
export function slicedWasserstein(
  first: Features,
  second: Features,
  options: SlicedWassersteinOptions = {},
): SlicedWasserstein {
  const { projections = 128, seed = 0, abort, onProgress } = options;
  checkPair([first, second], { what: "a sliced Wasserstein distance", least: 1 });
  if (!Number.isInteger(projections) || projections < 1) {
    throw new ArgumentError(`Cannot project on ${projections} directions: expected at least 1`);
  }
  const random = new Random(seed, "sliced wasserstein");
  const width = first.shape[1];
  const squared = Array.from({ length: projections }, (_, i) => {
    abort?.throwIfAborted();
    const direction = Float64Array.from({ length: width }, () => random.normal());
    const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
    for (let k = 0; k < width; k++) direction[k]! /= length;
    const value = squaredWasserstein(projected(first, direction), projected(second, direction));
    onProgress?.(i + 1);
    return value;
  });
  const mean = squared.reduce((sum, value) => sum + value, 0) / projections;
  const variance = squared.reduce((sum, value) => sum + (value - mean) ** 2, 0) /
    Math.max(1, projections - 1);
  const distance = Math.sqrt(mean);
  return {
    distance,
    error: distance === 0 ? 0 : Math.sqrt(variance / projections) / (2 * distance),
    projections,
  };
}

/** Values along a direction, ascending. */
function projected({ data, shape: [rows, width] }: Features, direction: Float64Array) {
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    let dot = 0;
    for (let k = 0; k < width; k++) dot += data[at + k]! * direction[k]!;
    values[row] = dot;
  }
  return values.sort();
}

/** Mean squared difference of two quantile functions, each constant between multiples of 1 / length. */
function squaredWasserstein(a: Float64Array, b: Float64Array): number {
  const [m, n] = [a.length, b.length];
  let [i, j, sum, at] = [0, 0, 0, 0];
  while (i < m && j < n) {
    // Ends of both stretches in units of 1 / (m n), which are integers.
    const [endA, endB] = [(i + 1) * n, (j + 1) * m];
    const end = Math.min(endA, endB);
    sum += (end - at) * (a[i]! - b[j]!) ** 2;
    at = end;
    if (endA === end) i++;
    if (endB === end) j++;
  }
  return sum / (m * n);
}
