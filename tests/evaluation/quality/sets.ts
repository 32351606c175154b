/** Sets of features that tests know everything about. */
import { Random } from "../../../src/core/random.ts";
import { type Features, features } from "../../../src/evaluation/quality/features.ts";

/** Standard normal rows, each value scaled and shifted by `of`. */
export function normalRows(
  [rows, width]: readonly [number, number],
  { seed, of = (value) => value }: {
    readonly seed: number;
    readonly of?: (value: number, column: number) => number;
  },
): Features {
  const random = new Random(seed);
  return features(
    Float64Array.from({ length: rows * width }, (_, i) => of(random.normal(), i % width)),
    [rows, width],
  );
}

/** The rows of a set, as lists. */
export function rowsOf({ data, shape: [rows, width] }: Features): number[][] {
  return Array.from({ length: rows }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);
}

/** Each value changed. */
export function mapped(set: Features, of: (value: number, column: number) => number): Features {
  return features(
    Float64Array.from(set.data, (value, i) => of(value, i % set.shape[1])),
    set.shape,
  );
}
