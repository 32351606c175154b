import type { SimilarityMetric } from "../formats/scale_schedule.ts";
import { isBetter, type Similarities } from "./similarity.ts";

/** Which candidates a calibration evaluates at a step. */
export type ScaleSearch = "full" | "neighbours";

/** The values of {@linkcode ScaleSearch}, the default first. */
export const scaleSearches: readonly ScaleSearch[] = ["full", "neighbours"];

/** Options of {@linkcode searchScales}. */
export interface SearchScalesOptions {
  /** Number of samples. */
  readonly samples: number;
  /** Number of candidates. */
  readonly candidates: number;
  /** Metric whose best candidate is looked for. */
  readonly metric: SimilarityMetric;
  /** Index of each sample's best candidate at the step before; null to evaluate every candidate. */
  readonly start: readonly number[] | null;
  /**
   * Evaluates candidates of the given ascending indices.
   *
   * @returns Similarities `[samples][indices]`.
   */
  readonly evaluate: (
    indices: readonly number[],
  ) => Promise<readonly (readonly Similarities[])[]>;
}

/**
 * Evaluates the candidates around each sample's `start`, and goes on outwards until each sample's best
 * candidate has an evaluated neighbour on either side, or is the first or last of all.
 *
 * Where similarity has a single peak over the scale this is the best of all candidates. What one sample
 * asks for is evaluated for all, since they share the pass over the training images.
 *
 * @returns Similarities `[samples][candidates]`; null where not evaluated.
 */
export async function searchScales(
  { samples, candidates, metric, start, evaluate }: SearchScalesOptions,
): Promise<(Similarities | null)[][]> {
  const rows = Array.from(
    { length: samples },
    () => new Array<Similarities | null>(candidates).fill(null),
  );
  const known = new Set<number>();
  let wanted = start === null
    ? Array.from({ length: candidates }, (_, i) => i)
    : around(start, candidates);
  while (wanted.length > 0) {
    const found = await evaluate(wanted);
    wanted.forEach((candidate, column) => {
      known.add(candidate);
      rows.forEach((row, sample) => row[candidate] = found[sample]![column]!);
    });
    wanted = around(rows.map((row) => bestIndex(row, metric)), candidates)
      .filter((candidate) => !known.has(candidate));
  }
  return rows;
}

/** The candidates at these indices and beside them, ascending; -1 (undefined) asks for all. */
function around(centres: readonly number[], candidates: number): number[] {
  const all = Array.from({ length: candidates }, (_, i) => i);
  if (centres.includes(-1)) return all;
  return all.filter((i) => centres.some((centre) => Math.abs(i - centre) <= 1));
}

function bestIndex(row: readonly (Similarities | null)[], metric: SimilarityMetric): number {
  let best = -1, bestValue = 0;
  row.forEach((similarities, index) => {
    const value = similarities?.[metric] ?? null;
    if (value === null) return;
    if (best < 0 || isBetter(metric, [value, bestValue])) [best, bestValue] = [index, value];
  });
  return best;
}
