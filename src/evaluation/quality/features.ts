import { ArgumentError } from "../../core/errors.ts";

/**
 * Features of images: n rows of d values, as a network's last hidden layer or the pixels themselves.
 *
 * @category Quality
 */
export interface Features {
  /** `[n, d]` values, a row for each image or patch. */
  readonly data: Float32Array | Float64Array;
  /** `[n, d]`. */
  readonly shape: readonly [rows: number, width: number];
}

/**
 * Wraps values as features.
 *
 * @example
 * ```ts
 * import { features } from "@els/toolkit/quality";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(features(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]).shape, [2, 3]);
 * ```
 *
 * @throws RangeError if the values do not fill the shape, or one is not finite.
 * @category Quality
 */
export function features(data: Features["data"], shape: Features["shape"]): Features {
  const made = { data, shape };
  checkFeatures(made);
  return made;
}

/**
 * Checks features, and that there are enough of them.
 *
 * @param what What is made of them, for the message: "a Frechet distance".
 * @throws RangeError that says what was found.
 */
export function checkFeatures(
  { data, shape: [rows, width] }: Features,
  { what = "features", least = 0 }: { readonly what?: string; readonly least?: number } = {},
): void {
  const whole = Number.isInteger(rows) && Number.isInteger(width) && rows >= 0 && width >= 1;
  if (!whole || rows * width !== data.length) {
    throw new ArgumentError(
      `Cannot use features: ${data.length} values do not fill the shape [${rows}, ${width}]`,
    );
  }
  if (rows < least) {
    throw new ArgumentError(`Cannot make ${what}: found ${rows} rows, expected at least ${least}`);
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new ArgumentError(
        `Cannot use features: value ${i % width} of row ${Math.floor(i / width)} is ${data[i]}`,
      );
    }
  }
}

/**
 * Checks that two sets of features are of one kind.
 *
 * @throws RangeError if their widths differ, or there are too few rows in one.
 */
export function checkPair(
  [a, b]: readonly [Features, Features],
  expected: { readonly what: string; readonly least: number },
): void {
  checkFeatures(a, expected);
  checkFeatures(b, expected);
  if (a.shape[1] !== b.shape[1]) {
    throw new ArgumentError(
      `Cannot make ${expected.what}: found features of ${a.shape[1]} and of ${
        b.shape[1]
      } values, expected the same features of both sets`,
    );
  }
}

/**
 * The rows at `indices`, in that order.
 *
 * @throws RangeError if there is no such row.
 */
export function gatherRows({ data, shape: [rows, width] }: Features, indices: ArrayLike<number>) {
  const gathered = new Float64Array(indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!;
    if (!(row >= 0 && row < rows)) throw new ArgumentError(`Cannot gather row ${row} of ${rows}`);
    gathered.set(data.subarray(row * width, (row + 1) * width), i * width);
  }
  return { data: gathered, shape: [indices.length, width] } as const;
}
