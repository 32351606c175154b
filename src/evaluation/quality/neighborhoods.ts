/** Distances between features, and how far each row's neighbors are. */
import type { Features } from "./features.ts";

/** Squared distances of row `row` of `a` to all rows of `b`, into `out`. */
export function squaredDistances(
  a: Features,
  row: number,
  { to: b, out }: { readonly to: Features; readonly out: Float64Array },
): void {
  const [x, y, width] = [a.data, b.data, a.shape[1]];
  const first = row * width;
  for (let j = 0; j < b.shape[0]; j++) {
    const at = j * width;
    let sum = 0;
    for (let k = 0; k < width; k++) {
      const difference = x[first + k]! - y[at + k]!;
      sum += difference * difference;
    }
    out[j] = sum;
  }
}

const known = new WeakMap<Features, Map<number, Float64Array>>();

/** {@linkcode squaredRadii}, computed once for a set that others are compared with, one after the other. */
export function knownRadii(set: Features, k: number): Float64Array {
  const own = known.get(set) ?? new Map<number, Float64Array>();
  known.set(set, own);
  const radii = own.get(k) ?? squaredRadii(set, k);
  own.set(k, radii);
  return radii;
}

/** Squared distance of each row to its k-th nearest other row. */
export function squaredRadii(set: Features, k: number): Float64Array {
  const [rows] = set.shape;
  const distances = new Float64Array(rows);
  return Float64Array.from({ length: rows }, (_, row) => {
    squaredDistances(set, row, { to: set, out: distances });
    distances[row] = Infinity;
    return distances.slice().sort()[k - 1]!;
  });
}
