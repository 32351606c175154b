import { ArgumentError } from "../../core/errors.ts";
import { checkFeatures, type Features } from "./features.ts";

/**
 * Sums over features, of which mean and covariance are made. Sums of parts of a set add up to those of the
 * set: features of many machines or files need never lie in one place.
 *
 * @category Quality
 */
export interface FeatureMoments {
  /** Rows that were summed, n. */
  readonly count: number;
  /** Values of a row, d. */
  readonly width: number;
  /** `[d]`: sum of x. */
  readonly sum: Float64Array;
  /** `[d, d]`: sum of x x^T. */
  readonly products: Float64Array;
}

/**
 * Sums x and x x^T over features, in double precision.
 *
 * @example
 * ```ts
 * import { featureMoments, features } from "@els/toolkit/quality";
 * import { assertEquals } from "@std/assert";
 *
 * const { count, sum, products } = featureMoments(features(Float64Array.of(1, 2, 3, 4), [2, 2]));
 * assertEquals([count, ...sum, ...products], [2, 4, 6, 10, 14, 14, 20]);
 * ```
 *
 * @throws RangeError if a value is not finite.
 * @category Quality
 */
export function featureMoments(values: Features): FeatureMoments {
  checkFeatures(values);
  const { data, shape: [count, width] } = values;
  const sum = new Float64Array(width);
  const products = new Float64Array(width * width);
  // Four rows at a time, so that the sums are read and written a quarter as often.
  const four = Float64Array.from({ length: 4 * width }, () => 0);
  for (let first = 0; first < count; first += 4) {
    const rows = Math.min(4, count - first);
    four.fill(0);
    four.set(data.subarray(first * width, (first + rows) * width));
    for (let i = 0; i < width; i++) {
      const [a, b, c, d] = [four[i]!, four[width + i]!, four[2 * width + i]!, four[3 * width + i]!];
      sum[i]! += a + b + c + d;
      const at = i * width;
      for (let j = 0; j <= i; j++) {
        products[at + j]! += a * four[j]! + b * four[width + j]! + c * four[2 * width + j]! +
          d * four[3 * width + j]!;
      }
    }
  }
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) products[j * width + i] = products[i * width + j]!;
  }
  return { count, width, sum, products };
}

/**
 * The sums of two parts together.
 *
 * @example
 * ```ts
 * import { featureMoments, features, mergeMoments } from "@els/toolkit/quality";
 * import { assertEquals } from "@std/assert";
 *
 * const [part, rest] = [[1, 2], [3, 4]].map((row) =>
 *   featureMoments(features(Float64Array.from(row), [1, 2]))
 * );
 * assertEquals(
 *   mergeMoments(part!, rest!),
 *   featureMoments(features(Float64Array.of(1, 2, 3, 4), [2, 2])),
 * );
 * ```
 *
 * @throws RangeError if their widths differ.
 * @category Quality
 */
export function mergeMoments(a: FeatureMoments, b: FeatureMoments): FeatureMoments {
  if (a.width !== b.width) {
    throw new ArgumentError(
      `Cannot merge sums of features of ${a.width} and of ${b.width} values: expected one width`,
    );
  }
  return {
    count: a.count + b.count,
    width: a.width,
    sum: a.sum.map((value, i) => value + b.sum[i]!),
    products: a.products.map((value, i) => value + b.products[i]!),
  };
}

/**
 * Mean, `[d]`.
 *
 * @throws RangeError if nothing was summed.
 */
export function meanOfMoments({ count, sum }: FeatureMoments): Float64Array {
  if (count === 0) throw new ArgumentError("Cannot take the mean of features: there are none");
  return sum.map((value) => value / count);
}

/**
 * Covariance with divisor n - 1, `[d, d]`.
 *
 * @throws RangeError if fewer than two rows were summed.
 */
export function covarianceOfMoments(
  { count, width, sum, products }: FeatureMoments,
): Float64Array<ArrayBuffer> {
  if (count < 2) {
    throw new ArgumentError(
      `Cannot take the covariance of features: found ${count} rows, expected at least 2`,
    );
  }
  const covariance = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    const mean = sum[i]! / count;
    for (let j = 0; j < width; j++) {
      covariance[i * width + j] = (products[i * width + j]! - mean * sum[j]!) / (count - 1);
    }
  }
  return covariance;
}
