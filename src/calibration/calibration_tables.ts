/** What a calibration has found so far, as it grows. */
import type { Metric } from "../core/metric.ts";
import type { CalibrationInProgress, CalibrationState, SimilarityTable } from "./calibration.ts";
import { bestScale } from "./choose_scale.ts";
import { calibrationCheck } from "./resume_check.ts";
import type { Similarities } from "./similarity.ts";

/** What a state says of the work that it is a state of. */
export type CalibrationIdentity = Omit<
  CalibrationState,
  "tables" | "imagesUsed" | "inProgress" | "check"
>;

/** Similarities of samples at steps, by every metric, with the images behind them. */
export class CalibrationTables {
  readonly #identity: CalibrationIdentity;
  readonly #metric: Metric;
  readonly #tables: ReadonlyMap<string, (readonly (number | null)[])[][]>;
  readonly #images: number[][] | undefined;

  /**
   * @param options.metrics All that are kept.
   * @param options.metric The one of them that scales are chosen by.
   * @param options.countImages Whether it is kept how many training images are behind a row.
   */
  constructor(identity: CalibrationIdentity, { metrics, metric, countImages, resume }: {
    readonly metrics: readonly Metric[];
    readonly metric: Metric;
    readonly countImages: boolean;
    readonly resume: CalibrationState | undefined;
  }) {
    this.#identity = identity;
    this.#metric = metric;
    this.#tables = new Map(metrics.map(({ name }) => [
      name,
      (resume?.tables[name] ?? []).map((rows) => rows.map((row) => [...row])),
    ]));
    this.#images = countImages ? (resume?.imagesUsed ?? []).map((row) => [...row]) : undefined;
  }

  /** Samples that have begun. */
  get samples(): number {
    return this.#chosenBy.length;
  }

  get #chosenBy(): (readonly (number | null)[])[][] {
    return this.#tables.get(this.#metric.name)!;
  }

  /** Begins samples up to a number. */
  begin(end: number): void {
    const { steps } = this.#identity;
    for (let sample = this.samples; sample < end; sample++) {
      for (const table of this.#tables.values()) {
        table[sample] = Array.from({ length: steps }, () => []);
      }
      if (this.#images) this.#images[sample] = new Array<number>(steps).fill(0);
    }
  }

  /** Keeps what was found of some samples at a step. Rows are never written again. */
  add(
    rows: readonly (readonly (Similarities | null)[])[],
    { first, step, images }: {
      readonly first: number;
      readonly step: number;
      readonly images?: readonly number[];
    },
  ): void {
    rows.forEach((row, index) => {
      for (const [name, table] of this.#tables) {
        table[first + index]![step - 1] = row.map((value) => value?.[name] ?? null);
      }
      if (images && this.#images) this.#images[first + index]![step - 1] = images[index]!;
    });
  }

  /** Rows at a step, by the metric that scales are chosen by, of those samples that were evaluated there. */
  rowsAt(
    step: number,
    { from = 0, end }: { readonly from?: number; readonly end: number },
  ): (readonly (number | null)[])[] {
    return this.#chosenBy.slice(from, end).map((rows) => rows[step - 1]!)
      .filter((row) => row.length > 0);
  }

  /** Index of each such sample's best candidate; -1 if none has a value. */
  winnersAt(step: number, samples: { readonly from?: number; readonly end: number }): number[] {
    const { candidates } = this.#identity;
    return this.rowsAt(step, samples).map((row) =>
      row.every((value) => value === null)
        ? -1
        : candidates.indexOf(bestScale(row, { candidates, metric: this.#metric }))
    );
  }

  /** Most training images behind any row of a step; undefined if they were not counted. */
  imagesAt(step: number): number | undefined {
    return this.#images && Math.max(...this.#images.map((row) => row[step - 1]!));
  }

  /** All of it as plain data that stays as it is. */
  state(inProgress: CalibrationInProgress | null): CalibrationState {
    const found = {
      ...this.#identity,
      // Rows are never written again, so copies down to them are enough.
      tables: Object.fromEntries<SimilarityTable>(
        [...this.#tables].map(([name, table]) => [name, table.map((rows) => [...rows])]),
      ) as CalibrationState["tables"],
      ...this.#images && { imagesUsed: this.#images.map((row) => [...row]) },
      inProgress,
    };
    return { ...found, check: calibrationCheck(found) };
  }
}
