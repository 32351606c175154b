/**
 * A symmetric matrix A = Q T Q^T, T tridiagonal: what eigenvalues are found of, and with it
 * `(alpha A + beta I)^-1` takes as long as a product with A, for any alpha and beta.
 */
export interface Tridiagonal {
  /** Rows and columns. */
  readonly size: number;
  /** Diagonal of T. */
  readonly diagonal: Float64Array<ArrayBuffer>;
  /** `offDiagonal[i]` is T(i, i - 1); the first is 0. */
  readonly offDiagonal: Float64Array<ArrayBuffer>;
  /** Row i of `[n, n]` holds the vector v of reflection i, `1 - v v^T / halves[i]`, in its first i entries. */
  readonly reflections: Float64Array;
  /** Half the squared length of each vector; 0: no reflection. */
  readonly halves: Float64Array;
}

/**
 * Reduces a symmetric matrix to a tridiagonal one by Householder reflections, last row first (Golub & Van
 * Loan, Matrix Computations, section 8.3.1), 2/3 n^3 multiplications. The update of a step and the product
 * of the next are done in one pass over the matrix, since memory is what it waits for.
 *
 * @param a `[n, n]`; the lower triangle is used, and overwritten.
 * @returns Steps of the work, one a row, at which a caller may take a turn or stop; then the result.
 */
export function* tridiagonalization(
  a: Float64Array,
  n: number,
): Generator<void, Tridiagonal> {
  const [diagonal, offDiagonal] = [new Float64Array(n), new Float64Array(n)];
  const halves = new Float64Array(n);
  const product = new Float64Array(n);
  // The rank-two update of one step is made in the pass of the next: a -= v w^T + w v^T.
  const [v, w] = [new Float64Array(n), new Float64Array(n)];
  let pending = false;
  for (let i = n - 1; i >= 0; i--) {
    const row = a.subarray(i * n, i * n + i + 1);
    if (pending) {
      const [vi, wi] = [v[i]!, w[i]!];
      for (let k = 0; k <= i; k++) row[k]! -= vi * w[k]! + wi * v[k]!;
    }
    diagonal[i] = row[i]!;
    if (i === 0) break;
    const { below, half } = reflect(row.subarray(0, i));
    offDiagonal[i] = below;
    halves[i] = half;
    product.fill(0, 0, i);
    updateAndMultiply(a, { n, rows: i, reflection: row, v, w, pending, product });
    pending = half !== 0;
    if (pending) {
      let dot = 0;
      for (let k = 0; k < i; k++) dot += row[k]! * product[k]!;
      const shift = dot / (2 * half * half);
      for (let k = 0; k < i; k++) {
        v[k] = row[k]!;
        w[k] = product[k]! / half - shift * row[k]!;
      }
    }
    yield;
  }
  return { size: n, diagonal, offDiagonal, reflections: a, halves };
}

/** Makes of a row the Householder vector that leaves only its last value, `below`. */
function reflect(row: Float64Array): { readonly below: number; readonly half: number } {
  const last = row.length - 1;
  let largest = 0;
  for (let k = 0; k < last; k++) largest = Math.max(largest, Math.abs(row[k]!));
  if (largest === 0) return { below: row[last]!, half: 0 };
  largest = Math.max(largest, Math.abs(row[last]!));
  // Values are taken in units of the largest one, so that squares neither vanish nor overflow.
  let squares = 0;
  for (let k = 0; k <= last; k++) squares += (row[k]! /= largest) ** 2;
  const f = row[last]!;
  const g = f > 0 ? -Math.sqrt(squares) : Math.sqrt(squares);
  row[last] = f - g;
  return { below: largest * g, half: squares - f * g };
}

/** The step of a reduction. */
interface Pass {
  readonly n: number;
  /** Rows of the leading block that is left. */
  readonly rows: number;
  readonly reflection: Float64Array;
  readonly v: Float64Array;
  readonly w: Float64Array;
  readonly pending: boolean;
  /** Takes the block times the reflection. */
  readonly product: Float64Array;
}

/** Updates the leading block and multiplies it by the new vector, in one pass over its lower triangle. */
function updateAndMultiply(
  a: Float64Array,
  { n, rows, reflection, v, w, pending, product }: Pass,
): void {
  for (let j = 0; j < rows; j++) {
    const at = j * n;
    const u = reflection[j]!;
    let dot = 0;
    if (pending) {
      const [vj, wj] = [v[j]!, w[j]!];
      for (let k = 0; k < j; k++) {
        const value = a[at + k]! - (vj * w[k]! + wj * v[k]!);
        a[at + k] = value;
        dot += value * reflection[k]!;
        product[k]! += value * u;
      }
      a[at + j]! -= 2 * vj * wj;
    } else {
      for (let k = 0; k < j; k++) {
        const value = a[at + k]!;
        dot += value * reflection[k]!;
        product[k]! += value * u;
      }
    }
    product[j]! += dot + a[at + j]! * u;
  }
}
