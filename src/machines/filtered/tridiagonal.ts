import { eventLoopTurns } from "../../core/event_loop.ts";
import { type Tridiagonal, tridiagonalization } from "../../core/tridiagonal.ts";

/**
 * Reduces a symmetric matrix to a tridiagonal one, with turns of the event loop between the rows.
 *
 * @param matrix `[n, n]`; the lower triangle is used, and overwritten.
 */
export async function tridiagonalize(
  matrix: Float64Array,
  { size, abort }: { readonly size: number; readonly abort?: AbortSignal | undefined },
): Promise<Tridiagonal> {
  const turn = eventLoopTurns();
  const steps = tridiagonalization(matrix, size);
  let step = steps.next();
  while (!step.done) {
    await turn();
    abort?.throwIfAborted();
    step = steps.next();
  }
  return step.value;
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
  { size, diagonal, offDiagonal }: Pick<Tridiagonal, "size" | "diagonal" | "offDiagonal">,
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
  { size, diagonal, offDiagonal }: Pick<Tridiagonal, "size" | "diagonal" | "offDiagonal">,
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
