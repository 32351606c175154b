/** Whether the scale of a step is known well enough, from the samples so far. */
import { measureBy, type Metric } from "../core/metric.ts";
import { Random } from "../core/random.ts";
import { mean } from "../core/statistics.ts";
import type { ScaleAggregate } from "../machines/scale_schedule.ts";
import { aggregateScales, bestScale } from "./choose_scale.ts";

/** Samples of a calibration that is not settled before. */
export const mostSamples = 11;
/** Samples of the first round, and of each further one: odd in all, so that the median is one of them. */
const rounds = { first: 5, further: 2 } as const;
/** Share of resamples that must choose the same scale. */
const sure = 0.95;
/** Loss that counts as none: of the distance from a perfect prediction. */
const negligible = 0.02;
const resamples = 2000;

/** The samples that are looked at together with a sample, of so many at most. */
export function roundOf(
  sample: number,
  samples: number,
): { readonly first: number; readonly end: number } {
  const { first, further } = rounds;
  if (sample < first) return { first: 0, end: Math.min(first, samples) };
  const from = sample - (sample - first) % further;
  return { first: from, end: Math.min(from + further, samples) };
}

/** How often each scale is chosen when samples are drawn again from those that there are (bootstrap). */
function choices(
  perSample: readonly number[],
  aggregate: ScaleAggregate,
): ReadonlyMap<number, number> {
  return aggregate === "median" ? medians(perSample) : drawnChoices(perSample, aggregate);
}

/** That of the lower median in closed form: it is at most k if more than half of the draws are. */
function medians(perSample: readonly number[]): ReadonlyMap<number, number> {
  const count = perSample.length;
  const found = new Map<number, number>();
  let below = 0;
  for (const scale of [...new Set(perSample)].sort((a, b) => a - b)) {
    const share = perSample.filter((each) => each <= scale).length / count;
    const atMost = share === 1 ? 1 : binomialTail(count, share, ((count - 1) >> 1) + 1);
    found.set(scale, atMost - below);
    below = atMost;
  }
  return found;
}

/** Probability that so many or more of n draws succeed, each with probability p in (0, 1). */
function binomialTail(n: number, p: number, least: number): number {
  let [term, sum] = [(1 - p) ** n, 0];
  for (let i = 0; i <= n; i++) {
    if (i >= least) sum += term;
    term *= (n - i) / (i + 1) * p / (1 - p);
  }
  return Math.min(1, sum);
}

function drawnChoices(
  perSample: readonly number[],
  aggregate: ScaleAggregate,
): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const random = new Random(0, "bootstrap of scales");
  const drawn = perSample.slice();
  for (let i = 0; i < resamples; i++) {
    for (let j = 0; j < drawn.length; j++) drawn[j] = perSample[random.integer(drawn.length)]!;
    const choice = aggregateScales(drawn, aggregate);
    counts.set(choice, (counts.get(choice) ?? 0) + 1);
  }
  return new Map([...counts].map(([scale, count]) => [scale, count / resamples]));
}

/**
 * How sure a choice is: the share of bootstrap resamples of the samples that choose the same scale, to three
 * digits.
 *
 * @param perSample Best scale of each sample, at least one.
 */
export function certaintyOf(perSample: readonly number[], aggregate: ScaleAggregate): number {
  const chosen = aggregateScales(perSample, aggregate);
  return Math.round(1000 * (choices(perSample, aggregate).get(chosen) ?? 0)) / 1000;
}

/**
 * Between which scales the middle 95 % of bootstrap resamples of the samples choose.
 *
 * @param perSample Best scale of each sample, at least one.
 */
export function intervalOf(
  perSample: readonly number[],
  aggregate: ScaleAggregate,
): [low: number, high: number] {
  const found = [...choices(perSample, aggregate)].sort(([a], [b]) => a - b);
  const at = (share: number) => {
    let below = 0;
    for (const [scale, part] of found) {
      below += part;
      // The parts sum to 1 but for rounding.
      if (below >= share - 1e-12) return scale;
    }
    return found.at(-1)![0];
  };
  return [at((1 - sure) / 2), at((1 + sure) / 2)];
}

/** Options of {@linkcode isSettled}. */
export interface SettledOptions {
  /** Candidate scales, ascending. */
  readonly candidates: readonly number[];
  readonly metric: Metric;
  readonly aggregate: ScaleAggregate;
}

/**
 * Whether further samples would change nothing that matters: 95 % of resamples choose the same scale, or
 * the others that they choose are hardly better for sure.
 *
 * @param rows Similarities of a step `[samples][candidates]`; null where not evaluated.
 */
export function isSettled(
  rows: readonly (readonly (number | null)[])[],
  { candidates, metric, aggregate }: SettledOptions,
): boolean {
  if (rows.length < rounds.first) return false;
  const valued = rows.filter((row) => row.some((value) => value !== null));
  if (valued.length < rows.length) return false;
  const perSample = rows.map((row) => bestScale(row, { candidates, metric }));
  const chosen = aggregateScales(perSample, aggregate);
  const found = choices(perSample, aggregate);
  let inDoubt = 1 - (found.get(chosen) ?? 0);
  for (const [scale, share] of found) {
    if (scale === chosen || inDoubt <= 1 - sure) continue;
    const loss = lossOf(rows, [chosen, scale].map((k) => candidates.indexOf(k)), metric);
    if (loss <= negligible) inDoubt -= share;
  }
  return inDoubt <= 1 - sure;
}

/** Whether a choice is the same, and sure, whichever of the possible scales each sample's best one is. */
export function isSettledWhichever(
  possible: readonly (readonly number[])[],
  aggregate: ScaleAggregate,
): boolean {
  if (possible.length < rounds.first) return false;
  return sameWhichever(possible, aggregate) &&
    extremes(possible).every((scales) => certaintyOf(scales, aggregate) >= sure);
}

/** Whether the choice is the same whichever of the possible scales each sample's best one is. */
export function sameWhichever(
  possible: readonly (readonly number[])[],
  aggregate: ScaleAggregate,
): boolean {
  // A median lies between those of the extremes; a mode may lie anywhere.
  if (aggregate !== "median" && possible.some(({ length }) => length > 1)) return false;
  const [least, most] = extremes(possible).map((scales) => aggregateScales(scales, aggregate));
  return least === most;
}

function extremes(possible: readonly (readonly number[])[]): [number[], number[]] {
  return [possible.map((scales) => scales[0]!), possible.map((scales) => scales.at(-1)!)];
}

/**
 * How much nearer to a perfect prediction the second candidate is than the first, relative to the second:
 * the mean over samples and two standard errors of it; Infinity if it is not known.
 */
function lossOf(
  rows: readonly (readonly (number | null)[])[],
  [chosen, other]: readonly number[],
  metric: Metric,
): number {
  const anything = [1, -2, 3];
  const perfect = measureBy(metric, [anything, anything]);
  if (perfect === null) return Infinity;
  const losses = rows.map((row) => {
    const [a, b] = [row[chosen!] ?? null, row[other!] ?? null];
    if (a === null || b === null) return Infinity;
    const [mine, others] = [Math.abs(perfect - a), Math.abs(perfect - b)];
    return others > 0 ? mine / others - 1 : mine > 0 ? Infinity : 0;
  });
  if (losses.includes(Infinity)) return Infinity;
  const middle = mean(losses);
  const variance = losses.reduce((sum, loss) => sum + (loss - middle) ** 2, 0) / (rows.length - 1);
  return middle + 2 * Math.sqrt(variance / rows.length);
}
