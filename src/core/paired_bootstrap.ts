/** Statistics over samples that several rows of a table share, all from the same resamples. */
import { ArgumentError } from "./errors.ts";
import { Random } from "./random.ts";
import { type BootstrapOptions, mean, median, sortedQuantile } from "./statistics.ts";

/**
 * What is taken over samples.
 *
 * @category Statistics
 */
export type SampleStatistic = "median" | "mean";

/** The values of {@linkcode SampleStatistic}, the default first. */
export const sampleStatistics: readonly SampleStatistic[] = ["median", "mean"];

/** A statistic with its interval. */
export interface StatisticInterval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Draws samples with replacement once for each number of samples, so that the intervals of all rows, and those
 * of differences between rows, come from the same draws (Efron & Tibshirani 1993, chapter 13; percentiles).
 */
export class PairedBootstrap {
  readonly #resamples: number;
  readonly #level: number;
  readonly #seed: number;
  /** By number of samples: how often each is drawn, `[resamples, samples]`. */
  readonly #counts = new Map<number, Uint16Array>();

  /** @throws RangeError if an option is out of range. */
  constructor({ resamples = 10_000, level = 0.95, seed = 0 }: BootstrapOptions = {}) {
    if (!Number.isInteger(resamples) || resamples < 1) {
      throw new ArgumentError(`Cannot bootstrap: ${resamples} resamples is not a positive integer`);
    }
    if (!(level > 0 && level < 1)) {
      throw new ArgumentError(`Cannot bootstrap: the level ${level} does not lie between 0 and 1`);
    }
    this.#resamples = resamples;
    this.#level = level;
    this.#seed = seed;
  }

  /** A statistic by itself, of one value per sample. */
  statistic(values: readonly number[], statistic: SampleStatistic): number {
    return statistic === "median" ? median(values) : mean(values);
  }

  /**
   * A statistic with its interval.
   *
   * @throws RangeError if there is no value, or one is not finite.
   */
  interval(values: readonly number[], statistic: SampleStatistic): StatisticInterval {
    const value = this.statistic(values, statistic);
    const counts = this.#countsOf(values.length);
    const drawn = statistic === "median"
      ? this.#medians(values, counts)
      : this.#means(values, counts);
    drawn.sort();
    return {
      value,
      low: sortedQuantile(drawn, (1 - this.#level) / 2),
      high: sortedQuantile(drawn, (1 + this.#level) / 2),
    };
  }

  #countsOf(samples: number): Uint16Array {
    const known = this.#counts.get(samples);
    if (known !== undefined) return known;
    const random = new Random(this.#seed, "paired bootstrap");
    const counts = new Uint16Array(this.#resamples * samples);
    for (let at = 0; at < counts.length; at += samples) {
      for (let i = 0; i < samples; i++) counts[at + random.integer(samples)]! += 1;
    }
    this.#counts.set(samples, counts);
    return counts;
  }

  #means(values: readonly number[], counts: Uint16Array): Float64Array {
    const n = values.length;
    return Float64Array.from({ length: this.#resamples }, (_, r) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += counts[r * n + i]! * values[i]!;
      return sum / n;
    });
  }

  #medians(values: readonly number[], counts: Uint16Array): Float64Array {
    const n = values.length;
    const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
    const [lower, upper] = [(n - 1) >> 1, n >> 1];
    return Float64Array.from({ length: this.#resamples }, (_, r) => {
      let seen = 0;
      let low: number | undefined;
      for (const i of order) {
        seen += counts[r * n + i]!;
        if (low === undefined && seen > lower) low = values[i]!;
        if (seen > upper) return (low! + values[i]!) / 2;
      }
      return low!;
    });
  }
}

/**
 * Options of {@linkcode pairedDifference}.
 *
 * @category Statistics
 */
export interface PairedDifferenceOptions extends BootstrapOptions {
  /** What is taken over the differences of samples; "median" by default. */
  readonly statistic?: SampleStatistic | undefined;
}

/**
 * How much one set of values is above another, sample by sample.
 *
 * @category Statistics
 */
export interface PairedDifference {
  /** Median or mean over samples of value - reference; null if no sample has both. */
  readonly value: number | null;
  /** Lower end of its bootstrap interval. */
  readonly low: number | null;
  /** Upper end of its bootstrap interval. */
  readonly high: number | null;
  /** Samples whose value is above the reference's. */
  readonly above: number;
  /** Samples whose value is below the reference's. */
  readonly below: number;
  /** Samples that have both. */
  readonly samples: number;
}

/** The differences of samples that have both values. */
export function sampleDifferences(
  values: readonly (number | null)[],
  reference: readonly (number | null)[],
): number[] {
  if (values.length !== reference.length) {
    throw new ArgumentError(
      `Cannot pair ${values.length} values with ${reference.length}: expected those of the same samples`,
    );
  }
  return values.flatMap((value, i) => {
    const other = reference[i]!;
    return value === null || other === null ? [] : [value - other];
  });
}

/** Differences, counted and with their interval. */
export function summarizeDifferences(
  differences: readonly number[],
  bootstrap: PairedBootstrap,
  statistic: SampleStatistic,
): PairedDifference {
  return {
    ...differences.length === 0
      ? { value: null, low: null, high: null }
      : bootstrap.interval(differences, statistic),
    above: differences.filter((each) => each > 0).length,
    below: differences.filter((each) => each < 0).length,
    samples: differences.length,
  };
}

/**
 * How much one set of values is above another of the same samples: the median (or mean) of the differences,
 * with a bootstrap interval over samples. Where samples differ much from each other and the two go up and
 * down together, it tells apart what the two intervals by themselves do not.
 *
 * @example
 * ```ts
 * import { pairedDifference } from "@els/toolkit/machines";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const gain = pairedDifference([0.91, 0.55, 0.73], [0.9, 0.53, 0.72], { resamples: 100 });
 * assertAlmostEquals(gain.value!, 0.01);
 * assertEquals([gain.above, gain.below], [3, 0]);
 * ```
 *
 * @param values One of each sample; null where it is not defined.
 * @param reference The same samples, in the same order.
 * @throws RangeError if the lengths differ, a value is not finite, or an option is out of range.
 * @category Statistics
 */
export function pairedDifference(
  values: readonly (number | null)[],
  reference: readonly (number | null)[],
  options: PairedDifferenceOptions = {},
): PairedDifference {
  const { statistic = "median", ...bootstrap } = options;
  const differences = sampleDifferences(values, reference);
  return summarizeDifferences(differences, new PairedBootstrap(bootstrap), statistic);
}
