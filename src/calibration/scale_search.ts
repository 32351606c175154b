import { isBetter, type Metric } from "../core/metric.ts";
import { similarityMetric, type SimilarityName } from "./similarity.ts";

/**
 * Which candidates a calibration evaluates at a step.
 *
 * @category Calibration
 */
export type ScaleSearch = "full" | "neighbors" | "line";

/**
 * The values of {@linkcode ScaleSearch}, the default first.
 *
 * @category Calibration
 */
export const scaleSearches: readonly ScaleSearch[] = ["full", "neighbors", "line"];

/** Candidates from one to the next of a line search's first, coarse look: a power of two. */
const coarse = 4;

/** Similarities by the name of the metric, of which a search looks at one. */
type ByMetric = Readonly<Record<string, number | null>>;

/** Options of {@linkcode searchScales}. */
export interface SearchScalesOptions<S extends ByMetric> {
  /** Number of samples. */
  readonly samples: number;
  /** Number of candidates. */
  readonly candidates: number;
  /** Metric whose best candidate is looked for. */
  readonly metric: SimilarityName | Metric;
  /**
   * Index of each sample's best candidate at the step before; null to begin with every candidate, or every
   * one that the first look of a line search takes.
   */
  readonly start: readonly number[] | null;
  /** Whether to look coarsely first, and then finer and finer around the best. */
  readonly line?: boolean | undefined;
  /**
   * Evaluates candidates of ascending indices for samples of ascending indices.
   *
   * @returns Similarities `[samples asked for][candidates asked for]`.
   */
  readonly evaluate: (request: SearchRequest) => Promise<readonly (readonly S[])[]>;
}

/** What a search asks for next. */
export interface SearchRequest {
  /** Indices of samples, ascending. */
  readonly samples: readonly number[];
  /** Indices of candidates, ascending. */
  readonly candidates: readonly number[];
  /** Where in the whole search this begins and ends, as far as can be told, from 0 to 1. */
  readonly from: number;
  readonly to: number;
}

/**
 * Evaluates the candidates around each sample's `start`, and goes on outwards until each sample's best
 * candidate has an evaluated neighbor on either side, or is the first or last of all.
 *
 * A line search, for candidates that lie close together, does so among every fourth candidate, then among
 * every second, then among all: a search in one dimension that halves its interval, and looks first on the
 * side where similarity is higher.
 *
 * Where similarity has a single peak over the scale this is the best of all candidates. Samples that
 * want the same candidates are evaluated together.
 *
 * @returns Similarities `[samples][candidates]`; null where not evaluated.
 */
export async function searchScales<S extends ByMetric>(
  options: SearchScalesOptions<S>,
): Promise<(S | null)[][]> {
  const { samples, candidates, start, evaluate, line = false } = options;
  const metric = similarityMetric(options.metric);
  const rows = Array.from(
    { length: samples },
    () => new Array<S | null>(candidates).fill(null),
  );
  /** Of each sample, how far its next candidates are from its best. */
  const strides = rows.map(() => line ? coarse : 1);
  const unknownAround = (sample: number, center: number) =>
    around(center, { candidates, stride: strides[sample]! })
      .filter((candidate) => rows[sample]![candidate] === null);
  const next = (sample: number): number[] => {
    const best = bestIndex(rows[sample]!, metric);
    for (;;) {
      const unknown = unknownAround(sample, best);
      if (unknown.length === 2) return likelier(sample, unknown);
      if (unknown.length === 1 || strides[sample] === 1) return unknown;
      strides[sample]! /= 2;
    }
  };
  /** Of both neighbors of the best, that on the side of the better one beyond them, where these are known. */
  const likelier = (sample: number, [below, above]: readonly number[]): number[] => {
    const stride = strides[sample]!, row = rows[sample]!;
    const value = (candidate: number) => row[candidate]?.[metric.name] ?? null;
    const [left, right] = [value(below! - stride), value(above! + stride)];
    if (left === null || right === null) return [below!, above!];
    return [isBetter(metric, [left, right]) ? below! : above!];
  };
  let wanted = rows.map((_, sample) => unknownAround(sample, start?.[sample] ?? -1));
  let from = 0;
  for (;;) {
    const requests = Object.values(Object.groupBy(rows.keys(), (sample) => wanted[sample]!.join()))
      .map((group) => ({ samples: group!, candidates: wanted[group![0]!]! }))
      .filter((request) => request.candidates.length > 0);
    if (requests.length === 0) return rows;
    const sizes = requests.map((request) => request.samples.length * request.candidates.length);
    const size = sizes.reduce((sum, one) => sum + one);
    // Each further round takes half of what is left; one that evaluates all is the last.
    const round = start === null && !line ? 1 : (1 - from) / 2;
    for (const [i, request] of requests.entries()) {
      const to = from + round * sizes[i]! / size;
      const found = await evaluate({ ...request, from, to });
      from = to;
      request.samples.forEach((sample, row) =>
        request.candidates.forEach((candidate, column) =>
          rows[sample]![candidate] = found[row]![column]!
        )
      );
    }
    wanted = rows.map((_, sample) => next(sample));
  }
}

/**
 * The candidate at this index and those a stride to either side, or the last ones there, ascending; -1
 * (undefined) asks for all that a stride meets, the last included.
 */
function around(
  center: number,
  { candidates, stride }: { readonly candidates: number; readonly stride: number },
): number[] {
  const last = candidates - 1;
  if (center < 0) {
    const all = Array.from({ length: candidates }, (_, i) => i);
    return all.filter((i) => i % stride === 0 || i === last);
  }
  const found = [Math.max(0, center - stride), center, Math.min(last, center + stride)];
  return [...new Set(found)];
}

function bestIndex(row: readonly (ByMetric | null)[], metric: Metric): number {
  let best = -1, bestValue = 0;
  row.forEach((similarities, index) => {
    const value = similarities?.[metric.name] ?? null;
    if (value === null) return;
    if (best < 0 || isBetter(metric, [value, bestValue])) [best, bestValue] = [index, value];
  });
  return best;
}
