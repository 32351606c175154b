import { ArgumentError } from "../../core/errors.ts";
import { Random } from "../../core/random.ts";
import { type Features, gatherRows } from "./features.ts";

/**
 * Options of {@linkcode blockError}.
 *
 * @category Quality
 */
export interface BlockErrorOptions {
  /** Blocks that are left out in turn. Default 10. */
  readonly blocks?: number;
  /**
   * Independent units, such as images: row i belongs to unit i modulo so many, as the rows of
   * `patchFeatures` do. Default: each row is one.
   */
  readonly units?: number;
  /** Seed by which units are dealt to blocks. Default 0. */
  readonly seed?: number;
  /** Stops the work. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * Standard error of any number that is made of a set, by what changes when a tenth of the set is left out: the
 * grouped jackknife (Shao & Wu 1989). It says how much the number would vary with other images of the same
 * source; a bias that depends on n, as the Frechet distance has, is not in it.
 *
 * @example The standard error of a mean
 * ```ts
 * import { blockError, features } from "@els/toolkit/quality";
 * import { mean, Random } from "@els/toolkit/machines";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const set = features(new Random(1).normals(400), [400, 1]);
 * const error = blockError(set, ({ data }) => mean(data));
 * assertAlmostEquals(error, 1 / Math.sqrt(400), 0.03);
 * ```
 *
 * @param set Features of the set.
 * @param estimate Makes the number of some of its rows.
 * @throws RangeError if there are fewer than two blocks, or fewer units than blocks.
 * @category Quality
 */
export function blockError(
  set: Features,
  estimate: (some: Features) => number,
  options?: BlockErrorOptions,
): number;
/**
 * The same for several numbers at once.
 *
 * @category Quality
 */
export function blockError(
  set: Features,
  estimate: (some: Features) => readonly number[],
  options?: BlockErrorOptions,
): number[];
export function blockError(
  set: Features,
  estimate: (some: Features) => number | readonly number[],
  options: BlockErrorOptions = {},
): number | number[] {
  const { blocks = 10, units = set.shape[0], seed = 0, abort } = options;
  if (!Number.isInteger(blocks) || blocks < 2 || !Number.isInteger(units) || units < blocks) {
    throw new ArgumentError(
      `Cannot estimate an error from ${blocks} blocks of ${units} units: expected at least 2, and a ` +
        "unit for each",
    );
  }
  const block = new Uint32Array(units);
  new Random(seed, "blocks").permutation(units).forEach((unit, i) => block[unit] = i % blocks);
  const rows = Array.from({ length: set.shape[0] }, (_, row) => row);
  const found = Array.from({ length: blocks }, (_, left) => {
    abort?.throwIfAborted();
    return estimate(gatherRows(set, rows.filter((row) => block[row % units] !== left)));
  });
  const errors = [found[0]!].flat().map((_, j) => {
    const values = found.map((each) => typeof each === "number" ? each : each[j]!);
    const center = values.reduce((sum, value) => sum + value, 0) / blocks;
    const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
    return Math.sqrt(squares * (blocks - 1) / blocks);
  });
  return typeof found[0] === "number" ? errors[0]! : errors;
}
