import { Random } from "../../core/random.ts";
import type { Tridiagonal } from "../../core/tridiagonal.ts";

/** An eigenvalue of T with its eigenvector of length 1. */
export interface Eigenpair {
  readonly value: number;
  readonly vector: Float64Array;
}

/**
 * The largest eigenvalues of a tridiagonal matrix by bisection, and their eigenvectors by inverse iteration,
 * each kept orthogonal to those before (Golub & Van Loan, sections 8.4.1 and 8.2.2).
 *
 * @param count How many; at most the size.
 * @returns In falling order.
 */
export function topEigenpairs(matrix: Tridiagonal, count: number): Eigenpair[] {
  const { size, diagonal, offDiagonal } = matrix;
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < size; i++) {
    const reach = Math.abs(offDiagonal[i]!) + Math.abs(offDiagonal[i + 1] ?? 0);
    low = Math.min(low, diagonal[i]! - reach);
    high = Math.max(high, diagonal[i]! + reach);
  }
  const norm = Math.max(Math.abs(low), Math.abs(high), Number.MIN_VALUE);
  const random = new Random(0, "eigenvectors");
  const pairs: Eigenpair[] = [];
  for (let k = 0; k < Math.min(count, size); k++) {
    const value = bisect(matrix, { k, low: low - 1e-12 * norm, high: high + 1e-12 * norm, norm });
    // Equal eigenvalues are told apart a little, else inverse iteration would find the same vector twice.
    const before = pairs.at(-1)?.value ?? Infinity;
    const shift = Math.min(value, before - 4e-16 * norm);
    pairs.push({ value, vector: inverseIteration(matrix, { shift, norm, before: pairs, random }) });
  }
  return pairs;
}

/** Number of eigenvalues above x, by Sturm's sequence. */
function countAbove({ size, diagonal, offDiagonal }: Tridiagonal, x: number, tiny: number): number {
  let count = 0, pivot = 1;
  for (let i = 0; i < size; i++) {
    const e = offDiagonal[i]!;
    pivot = diagonal[i]! - x - (i > 0 ? e * e / pivot : 0);
    if (Math.abs(pivot) < tiny) pivot = -tiny;
    if (pivot > 0) count++;
  }
  return count;
}

/** Eigenvalue k, counted from the largest. */
function bisect(
  matrix: Tridiagonal,
  { k, low, high, norm }: {
    readonly k: number;
    readonly low: number;
    readonly high: number;
    readonly norm: number;
  },
): number {
  let [from, to] = [low, high];
  while (to - from > 2e-16 * norm) {
    const middle = (from + to) / 2;
    if (middle === from || middle === to) break;
    if (countAbove(matrix, middle, 1e-30 * norm) > k) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}

function inverseIteration(
  matrix: Tridiagonal,
  { shift, norm, before, random }: {
    readonly shift: number;
    readonly norm: number;
    readonly before: readonly Eigenpair[];
    readonly random: Random;
  },
): Float64Array {
  const { size } = matrix;
  let vector = Float64Array.from({ length: size }, () => random.normal());
  for (let round = 0; round < 4; round++) {
    vector = solveShifted(matrix, { vector, shift, tiny: 1e-16 * norm });
    normalize(vector);
    // Twice is enough (Kahan, Parlett).
    for (let pass = 0; pass < 2; pass++) {
      for (const { vector: other } of before) {
        let dot = 0;
        for (let i = 0; i < size; i++) dot += vector[i]! * other[i]!;
        for (let i = 0; i < size; i++) vector[i] = vector[i]! - dot * other[i]!;
      }
      normalize(vector);
    }
  }
  return vector;
}

function normalize(vector: Float64Array): void {
  let norm = 0;
  for (let i = 0; i < vector.length; i++) norm += vector[i]! ** 2;
  norm = Math.sqrt(norm);
  for (let i = 0; i < vector.length; i++) vector[i] = vector[i]! / norm;
}

/** `(T - shift I)^-1 v` by elimination with row exchanges; it need not be well conditioned. */
function solveShifted(
  { size, diagonal, offDiagonal }: Tridiagonal,
  { vector, shift, tiny }: {
    readonly vector: Float64Array;
    readonly shift: number;
    readonly tiny: number;
  },
): Float64Array<ArrayBuffer> {
  const d = diagonal.map((value) => value - shift);
  const upper = Float64Array.from({ length: size }, (_, i) => offDiagonal[i + 1] ?? 0);
  const second = new Float64Array(size), out = Float64Array.from(vector);
  for (let i = 0; i + 1 < size; i++) {
    const below = offDiagonal[i + 1]!;
    if (Math.abs(d[i]!) >= Math.abs(below)) {
      if (d[i] === 0) d[i] = tiny;
      const ratio = below / d[i]!;
      d[i + 1] = d[i + 1]! - ratio * upper[i]!;
      out[i + 1] = out[i + 1]! - ratio * out[i]!;
    } else {
      const ratio = d[i]! / below;
      const [a, b] = [upper[i]!, out[i]!];
      d[i] = below;
      upper[i] = d[i + 1]!;
      second[i] = i + 2 < size ? upper[i + 1]! : 0;
      out[i] = out[i + 1]!;
      d[i + 1] = a - ratio * upper[i]!;
      if (i + 2 < size) upper[i + 1] = -ratio * second[i]!;
      out[i + 1] = b - ratio * out[i]!;
    }
  }
  for (let i = size - 1; i >= 0; i--) {
    const pivot = Math.abs(d[i]!) < tiny ? tiny : d[i]!;
    out[i] = (out[i]! - (i + 1 < size ? upper[i]! * out[i + 1]! : 0) -
      (i + 2 < size ? second[i]! * out[i + 2]! : 0)) / pivot;
  }
  return out;
}
