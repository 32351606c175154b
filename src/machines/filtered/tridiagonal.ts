import { eventLoopTurns } from "../../core/event_loop.ts";

/**
 * A symmetric matrix A = Q T Q^T, T tridiagonal: with it `(alpha A + beta I)^-1` takes as long as a product
 * with A, for any alpha and beta.
 */
export interface Tridiagonal {
  /** Rows and columns. */
  readonly size: number;
  /** Diagonal of T. */
  readonly diagonal: Float64Array;
  /** `offDiagonal[i]` is T(i, i - 1); the first is 0. */
  readonly offDiagonal: Float64Array;
  /** Row i of `[n, n]` holds the vector of reflection i, in its first i entries. */
  readonly reflections: Float64Array;
  /** Half the squared length of each vector; 0: no reflection. */
  readonly halves: Float64Array;
}

/**
 * Reduces a symmetric matrix to a tridiagonal one by Householder reflections (Golub & Van Loan, Matrix
 * Computations, section 8.3), 2/3 n^3 multiplications. The update of a step and the product of the next are
 * done in one sweep, since memory is what it waits for.
 *
 * @param matrix `[n, n]`; the lower triangle is used, and overwritten.
 */
export async function tridiagonalize(
  matrix: Float64Array,
  { size: n, abort }: { readonly size: number; readonly abort?: AbortSignal | undefined },
): Promise<Tridiagonal> {
  const turn = eventLoopTurns();
  const diagonal = new Float64Array(n), offDiagonal = new Float64Array(n);
  const halves = new Float64Array(n);
  // The last reflection's vector u and q: the rest of A is still to be changed by -u q^T - q u^T.
  let u = new Float64Array(n), q = new Float64Array(n), pending = false;
  let nextU = new Float64Array(n), p = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    const at = i * n;
    if (pending) changeRow(matrix, { at, end: i + 1, u, q, ui: u[i]!, qi: q[i]! });
    diagonal[i] = matrix[at + i]!;
    if (i === 0) break;
    // The largest entry first, so that squares neither vanish nor overflow.
    let scale = 0;
    for (let k = 0; k < i - 1; k++) scale = Math.max(scale, Math.abs(matrix[at + k]!));
    const last = matrix[at + i - 1]!;
    if (scale === 0) {
      offDiagonal[i] = last;
      // No reflection; what is pending must still be done below.
      if (pending) {
        for (let j = 0; j < i; j++) {
          changeRow(matrix, { at: j * n, end: j + 1, u, q, ui: u[j]!, qi: q[j]! });
        }
        pending = false;
      }
      continue;
    }
    scale = Math.max(scale, Math.abs(last));
    let norm = 0;
    for (let k = 0; k < i; k++) {
      const value = matrix[at + k]! / scale;
      nextU[k] = value;
      norm += value * value;
    }
    const beta = last > 0 ? -Math.sqrt(norm) : Math.sqrt(norm);
    offDiagonal[i] = scale * beta;
    const half = norm - nextU[i - 1]! * beta;
    nextU[i - 1] = nextU[i - 1]! - beta;
    halves[i] = half;
    for (let k = 0; k < i; k++) matrix[at + k] = nextU[k]!;
    p.fill(0, 0, i);
    for (let j = 0; j < i; j++) {
      p[j] = p[j]! + sweepRow(matrix, {
        ...{ at: j * n, j, v: nextU, p },
        ...{ pending, u, q },
      });
    }
    let dot = 0;
    for (let j = 0; j < i; j++) {
      p[j] = p[j]! / half;
      dot += nextU[j]! * p[j]!;
    }
    const factor = dot / (2 * half);
    for (let j = 0; j < i; j++) p[j] = p[j]! - factor * nextU[j]!;
    [u, nextU] = [nextU, u];
    [q, p] = [p, q];
    pending = true;
    await turn();
    abort?.throwIfAborted();
  }
  return { size: n, diagonal, offDiagonal, reflections: matrix, halves };
}

/** Row -= ui q + qi u, up to a column. */
function changeRow(
  matrix: Float64Array,
  { at, end, u, q, ui, qi }: {
    readonly at: number;
    readonly end: number;
    readonly u: Float64Array;
    readonly q: Float64Array;
    readonly ui: number;
    readonly qi: number;
  },
): void {
  for (let k = 0; k < end; k++) matrix[at + k] = matrix[at + k]! - ui * q[k]! - qi * u[k]!;
}

/** Changes row j of the lower triangle by what is pending, and adds its part of A v to p. */
function sweepRow(
  matrix: Float64Array,
  { at, j, v, p, pending, u, q }: {
    readonly at: number;
    readonly j: number;
    readonly v: Float64Array;
    readonly p: Float64Array;
    readonly pending: boolean;
    readonly u: Float64Array;
    readonly q: Float64Array;
  },
): number {
  const vj = v[j]!;
  let sum = 0;
  if (pending) {
    const uj = u[j]!, qj = q[j]!;
    for (let k = 0; k < j; k++) {
      const value = matrix[at + k]! - uj * q[k]! - qj * u[k]!;
      matrix[at + k] = value;
      sum += value * v[k]!;
      p[k] = p[k]! + value * vj;
    }
    matrix[at + j] = matrix[at + j]! - 2 * uj * qj;
  } else {
    for (let k = 0; k < j; k++) {
      const value = matrix[at + k]!;
      sum += value * v[k]!;
      p[k] = p[k]! + value * vj;
    }
  }
  return sum + matrix[at + j]! * vj;
}

function reflect(
  { reflections, halves, size }: Tridiagonal,
  { vector, i }: { readonly vector: Float64Array; readonly i: number },
): void {
  const half = halves[i]!;
  if (half === 0) return;
  const at = i * size;
  let dot = 0;
  for (let k = 0; k < i; k++) dot += reflections[at + k]! * vector[k]!;
  dot /= half;
  for (let k = 0; k < i; k++) vector[k] = vector[k]! - dot * reflections[at + k]!;
}

/** Q^T v, in place. */
export function toTridiagonalBasis(matrix: Tridiagonal, vector: Float64Array): Float64Array {
  for (let i = matrix.size - 1; i > 0; i--) reflect(matrix, { vector, i });
  return vector;
}

/** Q v, in place. */
export function fromTridiagonalBasis(matrix: Tridiagonal, vector: Float64Array): Float64Array {
  for (let i = 1; i < matrix.size; i++) reflect(matrix, { vector, i });
  return vector;
}

/** `(alpha T + beta I)^-1 v` of a positive definite one, by elimination. */
export function solveTridiagonal(
  { size, diagonal, offDiagonal }: Tridiagonal,
  { vector, alpha, beta }: {
    readonly vector: Float64Array;
    readonly alpha: number;
    readonly beta: number;
  },
): Float64Array {
  const pivots = new Float64Array(size), out = Float64Array.from(vector);
  for (let i = 0; i < size; i++) {
    const d = alpha * diagonal[i]! + beta;
    if (i === 0) pivots[0] = d;
    else {
      const ratio = alpha * offDiagonal[i]! / pivots[i - 1]!;
      pivots[i] = d - ratio * alpha * offDiagonal[i]!;
      out[i] = out[i]! - ratio * out[i - 1]!;
    }
  }
  for (let i = size - 1; i >= 0; i--) {
    const next = i + 1 < size ? alpha * offDiagonal[i + 1]! * out[i + 1]! : 0;
    out[i] = (out[i]! - next) / pivots[i]!;
  }
  return out;
}

/** T v. */
export function timesTridiagonal(
  { size, diagonal, offDiagonal }: Tridiagonal,
  vector: Float64Array,
): Float64Array {
  return Float64Array.from(
    { length: size },
    (_, i) =>
      diagonal[i]! * vector[i]! +
      (i > 0 ? offDiagonal[i]! * vector[i - 1]! : 0) +
      (i + 1 < size ? offDiagonal[i + 1]! * vector[i + 1]! : 0),
  );
}
