import { ArgumentError } from "../core/errors.ts";
import { isBetter, type Metric } from "../core/metric.ts";
import { lowerMedian, mode } from "../core/statistics.ts";
import type { ScaleAggregate } from "../machines/scale_schedule.ts";
import { similarityMetric, type SimilarityName, similarityNames } from "./similarity.ts";

/**
 * The aggregates, the default first.
 *
 * @category Calibration
 */
export const scaleAggregates: readonly ScaleAggregate[] = ["median", "mode"];

/**
 * Options of {@linkcode bestScale}.
 *
 * @category Calibration
 */
export interface BestScaleOptions {
  /** Scales k, ascending. */
  readonly candidates: readonly number[];
  /** Which metric the similarities are of. */
  readonly metric: SimilarityName | Metric;
}

/**
 * The candidate with the best similarity; the smallest of several equally good ones.
 *
 * @example
 * ```ts
 * import { bestScale } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const candidates = [3, 5, 7];
 * assertEquals(bestScale([0.8, 0.9, null], { candidates, metric: "cosine" }), 5);
 * // Of distances the least is best.
 * assertEquals(bestScale([0.8, 0.9, null], { candidates, metric: "mse" }), 3);
 * ```
 *
 * @param similarity Similarity at each candidate; null where not evaluated or undefined.
 * @throws RangeError if the counts differ or no candidate has a value.
 * @category Calibration
 */
export function bestScale(
  similarity: readonly (number | null)[],
  options: BestScaleOptions,
): number {
  const { candidates } = options;
  const metric = similarityMetric(options.metric);
  if (similarity.length !== candidates.length) {
    throw new ArgumentError(
      `Cannot choose a scale: ${similarity.length} similarities for ${candidates.length} candidates`,
    );
  }
  let best = -1;
  similarity.forEach((value, index) => {
    if (value === null) return;
    if (Number.isNaN(value)) {
      throw new ArgumentError(
        `Cannot choose a scale: the ${metric.name} at k = ${candidates[index]} is NaN`,
      );
    }
    if (best < 0 || isBetter(metric, [value, similarity[best]!])) best = index;
  });
  if (best < 0) {
    throw new ArgumentError(
      `Cannot choose a scale: the ${metric.name} is undefined at every candidate (an all-zero ` +
        `prediction has no cosine); choose by ${
          similarityNames.filter((name) => name !== metric.name).join(" or ")
        }`,
    );
  }
  return candidates[best]!;
}

/**
 * One scale for all samples. The median is the lower one, so that it is always one of the scales;
 * the mode is the smallest of the most frequent scales.
 *
 * @example
 * ```ts
 * import { aggregateScales } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(aggregateScales([3, 3, 5, 9, 11], "median"), 5);
 * assertEquals(aggregateScales([3, 3, 5, 9, 11], "mode"), 3);
 * ```
 *
 * @param scales Best scale of each sample, in any order.
 * @throws RangeError if there is none.
 * @category Calibration
 */
export function aggregateScales(scales: readonly number[], aggregate: ScaleAggregate): number {
  if (scales.length === 0) throw new ArgumentError("Cannot aggregate the scales of no samples");
  return aggregate === "median" ? lowerMedian(scales) : mode(scales);
}
