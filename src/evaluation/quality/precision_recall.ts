import { ArgumentError } from "../../core/errors.ts";
import { checkPair, type Features } from "./features.ts";
import { knownRadii, squaredDistances, squaredRadii } from "./neighborhoods.ts";

/**
 * Options of {@linkcode precisionRecall}.
 *
 * @category Quality
 */
export interface PrecisionRecallOptions {
  /** Neighbors that reach as far as a neighborhood. Default 5. */
  readonly neighbors?: number;
}

/**
 * Fidelity and diversity of a set of features.
 *
 * @category Quality
 */
export interface PrecisionRecall {
  /** Share of generated rows inside a neighborhood of a real row: fidelity, 0 to 1. */
  readonly precision: number;
  /** Share of real rows inside a neighborhood of a generated row: diversity, 0 to 1. */
  readonly recall: number;
  /** Neighborhoods of real rows that a generated row lies in, on average over k; about 1 where alike. */
  readonly density: number;
  /** Share of real rows with a generated row in their neighborhood, 0 to 1. */
  readonly coverage: number;
  /** Neighbors that were taken, k. */
  readonly neighbors: number;
}

/**
 * Precision and recall (Kynkaanniemi et al. 2019, arXiv 1904.06991), density and coverage (Naeem et al. 2020,
 * arXiv 2002.09797). The neighborhood of a row is the ball that reaches to its k-th nearest other row of the
 * same set, its border left out. Precision and recall are easily led by single outliers, density and coverage
 * less so. All depend on the number of rows: compare sets of the same sizes.
 *
 * @example
 * ```ts
 * import { features, precisionRecall } from "@els/toolkit/quality";
 * import { assertEquals } from "@std/assert";
 *
 * const real = features(Float64Array.of(0, 1, 2, 3), [4, 1]);
 * const generated = features(Float64Array.of(0.5, 0.6), [2, 1]);
 * const { precision, coverage } = precisionRecall(real, generated, { neighbors: 1 });
 * assertEquals([precision, coverage], [1, 0.5]);
 * ```
 *
 * @param real Features of held-out images. What they need alone is kept for the next call: do not change them.
 * @param generated Features of generated ones.
 * @throws RangeError if a set does not have more rows than neighbors, or the widths differ.
 * @category Quality
 */
export function precisionRecall(
  real: Features,
  generated: Features,
  options: PrecisionRecallOptions = {},
): PrecisionRecall {
  const { neighbors = 5 } = options;
  if (!Number.isInteger(neighbors) || neighbors < 1) {
    throw new ArgumentError(
      `Cannot look at ${neighbors} neighbors: expected an integer from 1`,
    );
  }
  checkPair([real, generated], { what: "precision and recall", least: neighbors + 1 });
  const [n, m] = [real.shape[0], generated.shape[0]];
  const realRadii = knownRadii(real, neighbors);
  const generatedRadii = squaredRadii(generated, neighbors);
  const recalled = new Uint8Array(n), covered = new Uint8Array(n);
  const distances = new Float64Array(n);
  let [precise, inside] = [0, 0];
  for (let row = 0; row < m; row++) {
    squaredDistances(generated, row, { to: real, out: distances });
    let within = 0;
    for (let i = 0; i < n; i++) {
      if (distances[i]! < realRadii[i]!) {
        within++;
        covered[i] = 1;
      }
      if (distances[i]! < generatedRadii[row]!) recalled[i] = 1;
    }
    inside += within;
    if (within > 0) precise++;
  }
  const share = (flags: Uint8Array) => flags.reduce((sum, flag) => sum + flag, 0) / n;
  return {
    precision: precise / m,
    recall: share(recalled),
    density: inside / (neighbors * m),
    coverage: share(covered),
    neighbors,
  };
}
