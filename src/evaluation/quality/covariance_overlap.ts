/** tr (C1^1/2 C2 C1^1/2)^1/2, the part of a Frechet distance that takes all the work. */
import { ArgumentError } from "../../core/errors.ts";
import { symmetricEigen } from "../../core/symmetric_eigen.ts";

/**
 * Trace of the square root of C1^1/2 C2 C1^1/2, for positive semidefinite matrices.
 *
 * With C1 = L L^T, the matrix L^T C2 L has the same eigenvalues, but for zeros: no square root of a matrix
 * is needed, and a C1 of rank r leaves a matrix of r rows.
 *
 * @param first `[d, d]`.
 * @param second `[d, d]`.
 * @throws RangeError if an eigenvalue is below -1e-6 of the largest: `second` is no covariance.
 */
export function covarianceOverlap(first: Float64Array, second: Float64Array): number {
  const width = Math.round(Math.sqrt(first.length));
  const factor = pivotedCholesky(first, width);
  const rank = factor.length / width;
  if (rank === 0) return 0;
  const product = multiply(factor, second, width);
  const matrix = new Float64Array(rank * rank);
  for (let i = 0; i < rank; i++) {
    const a = product.subarray(i * width, (i + 1) * width);
    for (let j = 0; j <= i; j++) {
      const b = factor.subarray(j * width, (j + 1) * width);
      let dot = 0;
      for (let k = 0; k < width; k++) dot += a[k]! * b[k]!;
      matrix[i * rank + j] = dot;
    }
  }
  const { values } = symmetricEigen(matrix, { vectors: false });
  const largest = values[rank - 1]!;
  if (values[0]! < -1e-6 * Math.max(largest, 0)) {
    throw new ArgumentError(
      `Cannot take the root of covariances: found an eigenvalue ${values[0]} beside ${largest}, ` +
        "expected none below zero",
    );
  }
  // From the smallest up, so that small roots are not lost beside large ones.
  return values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}

/**
 * Factor of a positive semidefinite matrix C = L L^T by Cholesky's method, the largest remaining variance
 * first, which ends at the rank of C (Higham 1990, Analysis of the Cholesky decomposition of a
 * semi-definite matrix).
 *
 * @returns `[rank, d]`: the columns of L.
 */
export function pivotedCholesky(
  matrix: Float64Array,
  width: number,
): Float64Array<ArrayBuffer> {
  const left = Float64Array.from({ length: width }, (_, i) => matrix[i * width + i]!);
  const limit = width * Number.EPSILON * Math.max(0, ...left);
  const columns = new Float64Array(width * width);
  let rank = 0;
  for (; rank < width; rank++) {
    let pivot = 0;
    for (let i = 1; i < width; i++) if (left[i]! > left[pivot]!) pivot = i;
    if (!(left[pivot]! > limit)) break;
    const column = columns.subarray(rank * width, (rank + 1) * width);
    column.set(matrix.subarray(pivot * width, (pivot + 1) * width));
    subtractAll(column, columns, { rank, pivot });
    const root = Math.sqrt(left[pivot]!);
    for (let i = 0; i < width; i++) {
      column[i]! /= root;
      left[i]! -= column[i]! ** 2;
    }
    column[pivot] = root;
    left[pivot] = 0;
  }
  return columns.slice(0, rank * width);
}

/** Takes from a column what the earlier ones explain, four of them in one pass. */
function subtractAll(
  column: Float64Array,
  columns: Float64Array,
  { rank, pivot }: { readonly rank: number; readonly pivot: number },
): void {
  const width = column.length;
  let s = 0;
  for (; s + 4 <= rank; s += 4) {
    const [p, q, r, t] = [s * width, (s + 1) * width, (s + 2) * width, (s + 3) * width];
    const [a, b] = [columns[p + pivot]!, columns[q + pivot]!];
    const [c, d] = [columns[r + pivot]!, columns[t + pivot]!];
    for (let i = 0; i < width; i++) {
      column[i]! -= a * columns[p + i]! + b * columns[q + i]! + c * columns[r + i]! +
        d * columns[t + i]!;
    }
  }
  for (; s < rank; s++) {
    const a = columns[s * width + pivot]!;
    for (let i = 0; i < width; i++) column[i]! -= a * columns[s * width + i]!;
  }
}

/** Rows `[r, d]` times a matrix `[d, d]`, four of whose rows are added in one pass. */
function multiply(rows: Float64Array, matrix: Float64Array, width: number): Float64Array {
  const product = new Float64Array(rows.length);
  // In stretches of rows, so that each four rows of the matrix are used while they are cached.
  for (let k = 0; k < width; k += 4) {
    const some = Math.min(4, width - k);
    for (let at = 0; at < rows.length; at += width) {
      if (some < 4) {
        for (let extra = k; extra < width; extra++) {
          const a = rows[at + extra]!;
          for (let j = 0; j < width; j++) product[at + j]! += a * matrix[extra * width + j]!;
        }
        continue;
      }
      const [a, b, c, d] = [rows[at + k]!, rows[at + k + 1]!, rows[at + k + 2]!, rows[at + k + 3]!];
      const [p, q, r, t] = [k * width, (k + 1) * width, (k + 2) * width, (k + 3) * width];
      for (let j = 0; j < width; j++) {
        product[at + j]! += a * matrix[p + j]! + b * matrix[q + j]! + c * matrix[r + j]! +
          d * matrix[t + j]!;
      }
    }
  }
  return product;
}
