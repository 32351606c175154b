import { ArgumentError } from "../../core/errors.ts";
import { Random } from "../../core/random.ts";
import { checkPair, type Features } from "./features.ts";

/**
 * Options of {@linkcode kernelDistance}.
 *
 * @category Quality
 */
export interface KernelDistanceOptions {
  /** Subsets to take. Default 100. */
  readonly subsets?: number;
  /** Rows of a subset, at most those of the smaller set. Default 1000. */
  readonly size?: number;
  /** Seed of the subsets. Default 0. */
  readonly seed?: number;
  /** Stops the work. */
  readonly abort?: AbortSignal | undefined;
  /** Called with the subsets done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * A kernel distance.
 *
 * @category Quality
 */
export interface KernelDistance {
  /** Mean over the subsets; an unbiased estimate, so it may be negative where the sets are alike. */
  readonly distance: number;
  /** Standard deviation over the subsets; null where both sets are the one subset that there is. */
  readonly deviation: number | null;
  /** Subsets that were taken. */
  readonly subsets: number;
  /** Rows of a subset. */
  readonly size: number;
}

/**
 * Kernel distance: unbiased squared maximum mean discrepancy with the kernel (x . y / d + 1)^3, mean over
 * subsets without replacement (Binkowski et al. 2018, arXiv 1801.01401). Never clamped: unlike the Frechet
 * distance it does not depend on the number of rows, and is then as often below zero as above where both
 * sets are of one kind. It is called KID only with the features of inception-2015-12-05.
 *
 * @example
 * ```ts
 * import { features, kernelDistance } from "@els/toolkit/quality";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { distance } = kernelDistance(
 *   features(Float64Array.of(0, 0), [2, 1]),
 *   features(Float64Array.of(1, 1), [2, 1]),
 * );
 * assertAlmostEquals(distance, 1 + 8 - 2, 1e-12);
 * ```
 *
 * @throws RangeError if a set has fewer than two rows, the widths differ, or an option is out of range.
 * @category Quality
 */
export function kernelDistance(
  first: Features,
  second: Features,
  options: KernelDistanceOptions = {},
): KernelDistance {
  checkPair([first, second], { what: "a kernel distance", least: 2 });
  const { seed = 0, abort, onProgress } = options;
  const [m, n] = [first.shape[0], second.shape[0]];
  const asked = { subsets: 100, size: 1000, ...options };
  const size = Math.min(asked.size, m, n);
  if (
    !Number.isInteger(size) || size < 2 || !Number.isInteger(asked.subsets) || asked.subsets < 1
  ) {
    throw new ArgumentError(
      `Cannot make a kernel distance of ${asked.subsets} subsets of ${asked.size} rows: expected ` +
        "at least 1 subset of 2",
    );
  }
  const only = size === m && size === n;
  const subsets = only ? 1 : asked.subsets;
  const random = new Random(seed, "kernel distance");
  const table = (m + n) ** 2 <= largestTable && subsets > 1
    ? { aa: kernels(first, first), bb: kernels(second, second), ab: kernels(first, second) }
    : undefined;
  const found = Array.from({ length: subsets }, (_, i) => {
    abort?.throwIfAborted();
    const rows = random.permutation(m).subarray(0, size);
    const columns = random.permutation(n).subarray(0, size);
    const distance = table
      ? unbiased({
        aa: pickedSum(table.aa, { rows, columns: rows, width: m }, true),
        bb: pickedSum(table.bb, { rows: columns, columns, width: n }, true),
        ab: pickedSum(table.ab, { rows, columns, width: n }, false),
        size,
      })
      : unbiased({
        aa: kernelSum([first, rows], [first, rows]),
        bb: kernelSum([second, columns], [second, columns]),
        ab: kernelSum([first, rows], [second, columns]),
        size,
      });
    onProgress?.(i + 1);
    return distance;
  });
  const distance = found.reduce((sum, value) => sum + value, 0) / subsets;
  const squares = found.reduce((sum, value) => sum + (value - distance) ** 2, 0);
  return { distance, deviation: only ? null : Math.sqrt(squares / subsets), subsets, size };
}

/** Values of a table of all kernels: 128 MB of doubles. */
const largestTable = 1 << 24;

/** Squared discrepancy of sums of kernels, the diagonals of aa and bb left out. */
function unbiased({ aa, bb, ab, size }: Record<"aa" | "bb" | "ab" | "size", number>): number {
  return (aa + bb) / (size * (size - 1)) - 2 * ab / (size * size);
}

function kernelOf(dot: number, width: number): number {
  const base = dot / width + 1;
  return base * base * base;
}

/** Kernels of all rows of a with all of b, `[rows of a, rows of b]`. */
function kernels(a: Features, b: Features): Float64Array {
  const [rows, width] = a.shape, [columns] = b.shape;
  const table = new Float64Array(rows * columns);
  const same = a === b;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < (same ? i + 1 : columns); j++) {
      const value = kernelOf(dotOf([a.data, i * width], [b.data, j * width], width), width);
      table[i * columns + j] = value;
      if (same) table[j * columns + i] = value;
    }
  }
  return table;
}

function dotOf(
  [a, first]: readonly [Features["data"], number],
  [b, second]: readonly [Features["data"], number],
  width: number,
): number {
  let dot = 0;
  for (let k = 0; k < width; k++) dot += a[first + k]! * b[second + k]!;
  return dot;
}

/** Sum of a part of a table; without the diagonal, where rows and columns are the same. */
function pickedSum(
  table: Float64Array,
  { rows, columns, width }: {
    readonly rows: Uint32Array;
    readonly columns: Uint32Array;
    readonly width: number;
  },
  same: boolean,
): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    const at = rows[i]! * width;
    for (let j = 0; j < columns.length; j++) sum += table[at + columns[j]!]!;
    if (same) sum -= table[at + rows[i]!]!;
  }
  return sum;
}

/** The same sum without a table. */
function kernelSum(
  [a, rows]: readonly [Features, Uint32Array],
  [b, columns]: readonly [Features, Uint32Array],
): number {
  const width = a.shape[1];
  let sum = 0;
  for (const row of rows) {
    for (const column of columns) {
      if (a === b && column >= row) continue;
      const value = kernelOf(dotOf([a.data, row * width], [b.data, column * width], width), width);
      sum += a === b ? 2 * value : value;
    }
  }
  return sum;
}
