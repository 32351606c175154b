/** What the study of windows measured, sample by sample, as a table that its figure is drawn from. */
import { DataFormatError } from "../../src/core/errors.ts";
import { csvText } from "../../src/formats/csv.ts";

/** One sample of one window. */
export interface WindowRow {
  /** Name of the network. */
  readonly network: string;
  /** Name of the window. */
  readonly window: string;
  /** Training images that the machine has. */
  readonly images: number;
  readonly sample: number;
  /** r^2 of the final images. */
  readonly rSquared: number;
  /** Times of the steps, ascending. */
  readonly times: readonly number[];
  /** Scale at each of them. */
  readonly scales: readonly number[];
  /** Mean squared error of the machine's xHat0 at the network's x, against the network's, at each of them. */
  readonly errors: readonly number[];
}

const header = ["network", "window", "images", "sample", "r^2", "step", "t", "scale", "mse"];

/** The rows as CSV, a line for each step. */
export function windowRowsCsv(rows: readonly WindowRow[]): string {
  const short = (value: number) => Number(value.toPrecision(5));
  return csvText([
    header,
    ...rows.flatMap(({ network, window, images, sample, rSquared, times, scales, errors }) =>
      times.map((t, i) => [
        ...[network, window, images, sample, short(rSquared)],
        ...[i + 1, short(t), scales[i]!, short(errors[i]!)],
      ])
    ),
  ]);
}

/**
 * Reads what {@linkcode windowRowsCsv} wrote.
 *
 * @throws DataFormatError if it is something else.
 */
export function parseWindowRows(text: string, source: string): WindowRow[] {
  const [first, ...lines] = text.trim().split("\n").map((line) => line.trim().split(","));
  if (first?.join() !== header.join()) {
    throw new DataFormatError(source, `its columns are not ${header.join(", ")}`);
  }
  const groups = Object.groupBy(
    lines,
    ([network, window, images, sample]) => [network, window, images, sample].join(" "),
  );
  return Object.values(groups).map((group) => {
    const [[network, window, images, sample, rSquared]] = group as [string[]];
    const numbers = (column: number) => group!.map((cells) => Number(cells[column]));
    const row: WindowRow = {
      ...{ network: network!, window: window! },
      ...{ images: Number(images), sample: Number(sample), rSquared: Number(rSquared) },
      ...{ times: numbers(6), scales: numbers(7), errors: numbers(8) },
    };
    const all = [row.images, row.sample, row.rSquared, ...row.times, ...row.scales, ...row.errors];
    if (all.every(Number.isFinite)) return row;
    throw new DataFormatError(
      source,
      `sample ${sample} of ${window} has a value that is no number`,
    );
  });
}
