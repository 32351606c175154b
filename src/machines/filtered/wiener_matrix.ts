/** The matrix of the Wiener filter, all n x n of it. */
import { eventLoopTurns } from "../../core/event_loop.ts";
import type { FilterLevel, SourceImages } from "../filters.ts";
import {
  addOuterRow,
  allocateMatrix,
  centeredImages,
  covarianceDivisor,
  covarianceOf,
  gramOf,
  isGramSmaller,
  meanImage,
  sourceCount,
  type StatisticsOptions,
} from "./source_statistics.ts";

/** What all times share. */
export interface SecondMoments {
  /** Coordinates n of an image. */
  readonly coordinates: number;
  /** Covariance, or products of images: lower triangle. */
  readonly matrix: Float64Array;
  /** Centered images `[N, n]` over the root of the divisor, where `matrix` is of their products. */
  readonly centered: Float64Array | undefined;
}

/** Second moments of the images, of coordinates or of images, whichever are fewer. */
export async function secondMoments(
  source: SourceImages,
  { parameters, abort }: StatisticsOptions,
): Promise<SecondMoments> {
  const mean = meanImage(source);
  const count = sourceCount(source), coordinates = mean.length;
  if (!isGramSmaller(count, coordinates)) {
    const matrix = await covarianceOf(source, { mean, parameters, abort });
    return { coordinates, matrix, centered: undefined };
  }
  const centered = centeredImages(source, mean);
  const matrix = await gramOf(centered, { count, parameters, abort });
  const root = Math.sqrt(covarianceDivisor(count, parameters));
  for (let i = 0; i < centered.length; i++) centered[i] = centered[i]! / root;
  return { coordinates, matrix, centered };
}

/**
 * `W = a^2 Sigma (a^2 Sigma + s^2 I)^-1`, symmetric, lower triangle of `[n, n]`: with the Cholesky factor L of
 * `a^2 A + s^2 I`, `W = a^2 Y^T Y`, `Y = L^-1 X` of the products A = X X^T, or `W = I - s^2 Y^T Y`,
 * `Y = L^-1` of the covariance itself.
 */
export async function wienerMatrix(
  { coordinates: n, matrix, centered }: SecondMoments,
  { signal, sigma, abort }: FilterLevel & { readonly abort?: AbortSignal | undefined },
): Promise<Float64Array> {
  const size = Math.round(Math.sqrt(matrix.length));
  const turn = eventLoopTurns();
  const factor = matrix.map((value) => signal ** 2 * value);
  for (let i = 0; i < size; i++) factor[i * size + i] = factor[i * size + i]! + sigma ** 2;
  for (let i = 0; i < size; i++) {
    choleskyRow(factor, { i, size });
    await turn();
    abort?.throwIfAborted();
  }
  const y = centered ? centered.slice() : allocateMatrix(n, n, "the inverse of the covariance");
  if (!centered) { for (let i = 0; i < n; i++) y[i * n + i] = 1; }
  for (let i = 0; i < size; i++) {
    solveRow(y, { factor, i, size, n, isTriangular: centered === undefined });
    await turn();
    abort?.throwIfAborted();
  }
  const out = allocateMatrix(n, n, "the Wiener filter's matrix");
  // Some rows of Y at a time, which stay in the cache.
  const block = 32;
  for (let first = 0; first < size; first += block) {
    const rows = y.subarray(first * n, Math.min(size, first + block) * n);
    const count = rows.length / n;
    for (let i = 0; i < n; i++) {
      // Row k of a triangular one ends at column k.
      if (centered || i < first + count) addOuterRow(out, { row: i, n, rows, count });
      if (i % 64 === 63) await turn();
    }
    abort?.throwIfAborted();
  }
  const scale = centered ? signal ** 2 : -(sigma ** 2);
  for (let i = 0; i < out.length; i++) out[i] = scale * out[i]!;
  if (!centered) { for (let i = 0; i < n; i++) out[i * n + i] = 1 + out[i * n + i]!; }
  return out;
}

/** Row i of the Cholesky factor, by those above it. */
function choleskyRow(
  a: Float64Array,
  { i, size }: { readonly i: number; readonly size: number },
): void {
  const at = i * size;
  for (let j = 0; j <= i; j++) {
    const other = j * size;
    let even = 0, odd = 0, k = 0;
    for (; k + 1 < j; k += 2) {
      even += a[at + k]! * a[other + k]!;
      odd += a[at + k + 1]! * a[other + k + 1]!;
    }
    if (k < j) even += a[at + k]! * a[other + k]!;
    const rest = a[at + j]! - even - odd;
    // Positive but for rounding, since sigma is.
    a[at + j] = j === i ? Math.sqrt(Math.max(rest, Number.MIN_VALUE)) : rest / a[other + j]!;
  }
}

/** Row i of L^-1 X, by those above it. */
function solveRow(
  y: Float64Array,
  { factor, i, size, n, isTriangular }: {
    readonly factor: Float64Array;
    readonly i: number;
    readonly size: number;
    readonly n: number;
    readonly isTriangular: boolean;
  },
): void {
  const at = i * n, l = i * size;
  let k = 0;
  for (; k + 3 < i; k += 4) {
    const l0 = factor[l + k]!, l1 = factor[l + k + 1]!;
    const l2 = factor[l + k + 2]!, l3 = factor[l + k + 3]!;
    const y0 = k * n, y1 = y0 + n, y2 = y1 + n, y3 = y2 + n;
    const end = isTriangular ? k + 4 : n;
    for (let j = 0; j < end; j++) {
      y[at + j] = y[at + j]! - l0 * y[y0 + j]! - l1 * y[y1 + j]! - l2 * y[y2 + j]! -
        l3 * y[y3 + j]!;
    }
  }
  for (; k < i; k++) {
    const value = factor[l + k]!, other = k * n;
    const end = isTriangular ? k + 1 : n;
    for (let j = 0; j < end; j++) y[at + j] = y[at + j]! - value * y[other + j]!;
  }
  const pivot = factor[l + i]!;
  const end = isTriangular ? i + 1 : n;
  for (let j = 0; j < end; j++) y[at + j] = y[at + j]! / pivot;
}
