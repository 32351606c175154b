/** Which candidates can still win when more training images come, from how similarities moved so far. */
import { isBetter, type Metric } from "../core/metric.ts";
import { mean } from "../core/statistics.ts";

/** Similarities by the name of the metric, of which a race looks at one. */
type ByMetric = Readonly<Record<string, number | null>>;

/** Options of {@linkcode raceScales}. */
export interface RaceScalesOptions<S extends ByMetric> {
  /** Number of samples. */
  readonly samples: number;
  /** Number of candidates. */
  readonly candidates: number;
  /** Metric whose best candidate is looked for. */
  readonly metric: Metric;
  /** Training images in all. */
  readonly images: number;
  /**
   * Evaluates candidates of ascending indices for samples of ascending indices by the first so many images.
   *
   * @returns Similarities `[samples asked for][candidates asked for]`.
   */
  readonly evaluate: (request: RaceRequest) => Promise<readonly (readonly S[])[]>;
  /** Whether enough is known: given the candidates that each sample's best one is likely among. */
  readonly enough: (likely: readonly (readonly number[])[]) => boolean;
}

/** What a race asks for next. */
export interface RaceRequest {
  /** Indices of samples, ascending. */
  readonly samples: readonly number[];
  /** Indices of candidates, ascending. */
  readonly candidates: readonly number[];
  /** By how many training images. */
  readonly images: number;
  /** Where in the whole race this begins and ends, as far as can be told, from 0 to 1. */
  readonly from: number;
  readonly to: number;
}

/** The end of a race. */
export interface RaceResult<S> {
  /**
   * Similarities `[samples][candidates]`, all of a sample by as many images; null: not evaluated, or given
   * up with fewer images.
   */
  readonly rows: (S | null)[][];
  /** Training images behind each row. */
  readonly images: number[];
}

/** Images that a race begins with at least: with fewer the first similarities say little. */
const fewest = 32;
/** The level from which candidates are given up: two moves are known. */
const firstDecision = 2;
/** Moves that count: what few images do says little of what many will. */
const lastMoves = 3;
/**
 * Part of the reach within which a candidate is likely the best. Samples that must all be wrong for the
 * choice to be need less certainty each than one that is given up for good.
 */
const likelyReach = 0.5;

/** Numbers of images, ascending to all of them, each about twice the one before. */
export function imageLevels(images: number): number[] {
  const levels = [images];
  while (levels[0]! >= 2 * fewest) levels.unshift(Math.ceil(levels[0]! / 2));
  return levels;
}

/**
 * Evaluates all candidates by few training images, then by twice as many, and so on. A sample gives up a
 * candidate that is further behind its best one than it would come, were every further doubling to move the
 * difference of the two as far as the largest of its last moves, or the mean of that over all samples.
 *
 * How similarity moves with the images is smooth and slow in their logarithm where weights spread over many
 * images; where they sit on few, moves are large and nothing is given up. So the effective number of
 * images is never asked for by itself.
 */
export async function raceScales<S extends ByMetric>(
  { samples, candidates, metric, images, evaluate, enough }: RaceScalesOptions<S>,
): Promise<RaceResult<S>> {
  const levels = imageLevels(images);
  const racers = Array.from({ length: samples }, () => new Racer<S>(candidates, metric));
  for (const [level, count] of levels.entries()) {
    const open = [...racers.keys()].filter((sample) => !racers[sample]!.decided);
    const groups = Object.values(
      Object.groupBy(open, (sample) => racers[sample]!.possible.join()),
    ).map((group) => ({ samples: group!, candidates: racers[group![0]!]!.possible }));
    const sizes = groups.map((group) => group.samples.length * group.candidates.length);
    const size = sizes.reduce((sum, one) => sum + one, 0);
    let from = (levels[level - 1] ?? 0) / images;
    const share = count / images - from;
    for (const [i, group] of groups.entries()) {
      const to = from + share * sizes[i]! / size;
      const found = await evaluate({ ...group, images: count, from, to });
      group.samples.forEach((sample, row) => racers[sample]!.add(found[row]!, count));
      from = to;
    }
    const doublings = levels.length - 1 - level;
    if (level < firstDecision && doublings > 0) continue;
    const moves = Array.from(
      { length: candidates },
      (_, candidate) => mean(racers.map((racer) => racer.move(candidate))),
    );
    // Few moves may be small by chance.
    const reach = doublings * (1 + 1 / Math.max(1, level));
    for (const sample of open) racers[sample]!.giveUp(reach, moves);
    if (enough(racers.map(({ likely }) => likely))) break;
  }
  return { rows: racers.map(({ row }) => row), images: racers.map((racer) => racer.images) };
}

/** The candidates of one sample. */
class Racer<S extends ByMetric> {
  /** Those that may be the best, ascending. */
  possible: readonly number[];
  /** Those of them that are likely the best. */
  likely: readonly number[];
  row: (S | null)[];
  images = 0;
  readonly #metric: Metric;
  /** Values by level, `[levels][candidates]`. */
  readonly #values: (number | null)[][] = [];

  constructor(candidates: number, metric: Metric) {
    this.possible = this.likely = Array.from({ length: candidates }, (_, i) => i);
    this.row = new Array<S | null>(candidates).fill(null);
    this.#metric = metric;
  }

  get decided(): boolean {
    // A single candidate wins without a race, but not without a value.
    return this.images > 0 && this.possible.length === 1;
  }

  /** Takes the similarities of the possible candidates by so many images. */
  add(found: readonly S[], images: number): void {
    this.images = images;
    this.row = this.row.map(() => null);
    this.possible.forEach((candidate, column) => this.row[candidate] = found[column]!);
    this.#values.push(this.row.map((similarities) => similarities?.[this.#metric.name] ?? null));
  }

  /** The largest of the last moves, from level to level, of the difference between a candidate and the best. */
  move(candidate: number): number {
    const best = this.#best();
    const differences = this.#values.slice(-1 - lastMoves).flatMap((values) => {
      const [a, b] = [values[best] ?? null, values[candidate] ?? null];
      return a === null || b === null ? [] : [a - b];
    });
    const moves = differences.slice(1).map((value, i) => Math.abs(value - differences[i]!));
    return Math.max(0, ...moves);
  }

  /** Gives up the candidates that cannot win by so many moves, given the mean moves of all samples. */
  giveUp(count: number, moves: readonly number[]): void {
    const best = this.#best();
    if (best < 0) return;
    const values = this.#values.at(-1)!;
    const within = (part: number) => (candidate: number) => {
      if (candidate === best) return true;
      const value = values[candidate] ?? null;
      if (value === null || count === 0) return false;
      const move = Math.max(this.move(candidate), moves[candidate]!);
      return Math.abs(values[best]! - value) <= part * count * move;
    };
    this.possible = this.possible.filter(within(1));
    this.likely = this.possible.filter(within(likelyReach));
  }

  /** The best candidate by the images so far, the smallest of several; -1 if none has a value. */
  #best(): number {
    let best = -1;
    const values = this.#values.at(-1) ?? [];
    values.forEach((value, candidate) => {
      if (value === null) return;
      if (best < 0 || isBetter(this.#metric, [value, values[best]!])) best = candidate;
    });
    return best;
  }
}
