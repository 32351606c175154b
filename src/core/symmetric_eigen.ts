/**
 * Eigen-decomposition of symmetric matrices in double precision, made for some thousand rows: rows are
 * walked along memory, each reduction step passes over the matrix once, and rotations are applied in
 * blocks that stay in the cache.
 */
import { ArgumentError } from "./errors.ts";

/** Eigenvalues, and eigenvectors where they were asked for. */
export interface SymmetricEigen {
  /** `n` eigenvalues, ascending. */
  readonly values: Float64Array<ArrayBuffer>;
  /** `[n, n]`: row i is the eigenvector of unit length of value i; empty where not asked for. */
  readonly vectors: Float64Array<ArrayBuffer>;
}

/** Options of {@linkcode symmetricEigen}. */
export interface SymmetricEigenOptions {
  /** Whether eigenvectors are wanted, which takes several times as long. Default true. */
  readonly vectors?: boolean | undefined;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder reduction to tridiagonal form, then
 * implicit QL (Golub & Van Loan, Matrix Computations, sections 8.3.1 and 8.3.3). Errors of the values are
 * about 1e-16 of the largest one times the square root of n.
 *
 * @param matrix `[n, n]` values; only the lower triangle is read. It is not changed.
 * @throws RangeError if it is not square, or holds a value that is not finite.
 */
export function symmetricEigen(
  matrix: ArrayLike<number>,
  options: SymmetricEigenOptions = {},
): SymmetricEigen {
  const { vectors: wanted = true } = options;
  const n = Math.round(Math.sqrt(matrix.length));
  if (n * n !== matrix.length || n === 0) {
    throw new ArgumentError(
      `Cannot decompose a matrix of ${matrix.length} values: expected n * n, n at least 1`,
    );
  }
  const a = Float64Array.from(matrix);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      if (!Number.isFinite(a[i * n + j])) {
        throw new ArgumentError(
          `Cannot decompose a matrix: the value in row ${i}, column ${j} is ${a[i * n + j]}`,
        );
      }
    }
  }
  const { diagonal, below, scales } = tridiagonalize(a, n);
  const rows = wanted ? reflections(a, scales) : new Float64Array(0);
  diagonalize({ diagonal, below }, rows);
  return sorted(diagonal, rows);
}

/** A symmetric tridiagonal matrix; `below[i]` stands in row i, column i - 1. */
interface Tridiagonal {
  readonly diagonal: Float64Array<ArrayBuffer>;
  readonly below: Float64Array<ArrayBuffer>;
}

/**
 * Reduces the lower triangle of `a` to tridiagonal form, last row first. Row i keeps its Householder
 * vector v in its first i values; the reflection is 1 - v v^T / scales[i], or none where that is zero.
 */
function tridiagonalize(
  a: Float64Array,
  n: number,
): Tridiagonal & { readonly scales: Float64Array } {
  const [diagonal, below] = [new Float64Array(n), new Float64Array(n)];
  const scales = new Float64Array(n);
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
    const size = reflect(row.subarray(0, i));
    below[i] = size.below;
    scales[i] = size.scale;
    product.fill(0, 0, i);
    updateAndMultiply(a, { n, rows: i, reflection: row, v, w, pending, product });
    pending = size.scale !== 0;
    if (!pending) continue;
    let dot = 0;
    for (let k = 0; k < i; k++) dot += row[k]! * product[k]!;
    const shift = dot / (2 * size.scale * size.scale);
    for (let k = 0; k < i; k++) {
      v[k] = row[k]!;
      w[k] = product[k]! / size.scale - shift * row[k]!;
    }
  }
  return { diagonal, below, scales };
}

/** Makes of a row the Householder vector that leaves only its last value, `below`. */
function reflect(row: Float64Array): { readonly below: number; readonly scale: number } {
  const last = row.length - 1;
  let largest = 0;
  for (let k = 0; k < last; k++) largest = Math.max(largest, Math.abs(row[k]!));
  if (largest === 0) return { below: row[last]!, scale: 0 };
  largest = Math.max(largest, Math.abs(row[last]!));
  // Values are taken in units of the largest one, so that squares neither vanish nor overflow.
  let squares = 0;
  for (let k = 0; k <= last; k++) squares += (row[k]! /= largest) ** 2;
  const f = row[last]!;
  const g = f > 0 ? -Math.sqrt(squares) : Math.sqrt(squares);
  row[last] = f - g;
  return { below: largest * g, scale: squares - f * g };
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

/** The product of all reflections, transposed: the rows that rotations make eigenvectors of. */
function reflections(a: Float64Array, scales: Float64Array): Float64Array<ArrayBuffer> {
  const n = scales.length;
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  for (let i = 1; i < n; i++) {
    const scale = scales[i]!;
    if (scale === 0) continue;
    const v = a.subarray(i * n, i * n + i);
    for (let r = 0; r < i; r++) {
      const row = rows.subarray(r * n, r * n + i);
      let dot = 0;
      for (let k = 0; k < i; k++) dot += row[k]! * v[k]!;
      dot /= scale;
      for (let k = 0; k < i; k++) row[k]! -= dot * v[k]!;
    }
  }
  return rows;
}

/** Rotations that wait to be applied to rows: so many together that each block of columns stays cached. */
const batchOfRotations = 1 << 16;
const blockOfColumns = 128;

/** Implicit QL: afterwards `diagonal` holds the eigenvalues, and `rows` (unless empty) their vectors. */
function diagonalize({ diagonal: d, below: e }: Tridiagonal, rows: Float64Array): void {
  const n = d.length;
  const waiting = new Rotations(rows, n);
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  for (let l = 0; l < n; l++) {
    for (let sweep = 0;; sweep++) {
      let m = l;
      while (
        m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))
      ) {
        m++;
      }
      if (m === l) break;
      // Two sweeps a value are usual; this many are never needed, but would otherwise run for ever.
      if (sweep === 100) throw new ArgumentError("Cannot decompose a matrix: QL does not converge");
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = length(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g >= 0 ? r : -r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = length(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        waiting.add(i, { c, s });
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  waiting.apply();
}

/** Rotations of neighboring rows, applied many at a time. */
class Rotations {
  readonly #rows: Float64Array;
  readonly #n: number;
  readonly #at = new Uint32Array(batchOfRotations);
  readonly #c = new Float64Array(batchOfRotations);
  readonly #s = new Float64Array(batchOfRotations);
  #count = 0;

  constructor(rows: Float64Array, n: number) {
    this.#rows = rows;
    this.#n = n;
  }

  /** Rotates rows i and i + 1, now or later. */
  add(i: number, { c, s }: { readonly c: number; readonly s: number }): void {
    if (this.#rows.length === 0) return;
    const count = this.#count++;
    this.#at[count] = i;
    this.#c[count] = c;
    this.#s[count] = s;
    if (this.#count === batchOfRotations) this.apply();
  }

  /** Applies what waits. */
  apply(): void {
    for (let first = 0; first < this.#n; first += blockOfColumns) {
      const columns = [first, Math.min(this.#n, first + blockOfColumns)] as const;
      for (let turn = 0; turn < this.#count;) {
        const three = turn + 2 < this.#count && this.#at[turn + 1] === this.#at[turn]! - 1 &&
          this.#at[turn + 2] === this.#at[turn]! - 2;
        if (three) this.#three(turn, columns);
        else this.#one(turn, columns);
        turn += three ? 3 : 1;
      }
    }
    this.#count = 0;
  }

  #one(turn: number, [first, end]: readonly [number, number]): void {
    const rows = this.#rows;
    const [c, s] = [this.#c[turn]!, this.#s[turn]!];
    const upper = this.#at[turn]! * this.#n;
    const lower = upper + this.#n;
    for (let k = first; k < end; k++) {
      const f = rows[lower + k]!;
      const g = rows[upper + k]!;
      rows[lower + k] = s * g + c * f;
      rows[upper + k] = c * g - s * f;
    }
  }

  /** Three rotations that go up row by row: each row between them is read and written once. */
  #three(turn: number, [first, end]: readonly [number, number]): void {
    const rows = this.#rows;
    const [c0, c1, c2] = [this.#c[turn]!, this.#c[turn + 1]!, this.#c[turn + 2]!];
    const [s0, s1, s2] = [this.#s[turn]!, this.#s[turn + 1]!, this.#s[turn + 2]!];
    const row1 = this.#at[turn]! * this.#n;
    const row0 = row1 + this.#n;
    const row2 = row1 - this.#n;
    const row3 = row2 - this.#n;
    for (let k = first; k < end; k++) {
      const f0 = rows[row0 + k]!;
      const g0 = rows[row1 + k]!;
      const g1 = rows[row2 + k]!;
      const g2 = rows[row3 + k]!;
      const f1 = c0 * g0 - s0 * f0;
      const f2 = c1 * g1 - s1 * f1;
      rows[row0 + k] = s0 * g0 + c0 * f0;
      rows[row1 + k] = s1 * g1 + c1 * f1;
      rows[row2 + k] = s2 * g2 + c2 * f2;
      rows[row3 + k] = c2 * g2 - s2 * f2;
    }
  }
}

/** Values in ascending order, rows along with them. */
function sorted(values: Float64Array, rows: Float64Array): SymmetricEigen {
  const n = values.length;
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b);
  const vectors = new Float64Array(rows.length);
  if (rows.length > 0) {
    order.forEach((from, to) => vectors.set(rows.subarray(from * n, (from + 1) * n), to * n));
  }
  return { values: Float64Array.from(order, (from) => values[from]!), vectors };
}

/** Length of (a, b) that neither vanishes nor overflows; Math.hypot takes many times as long. */
function length(a: number, b: number): number {
  const [x, y] = [Math.abs(a), Math.abs(b)];
  const larger = Math.max(x, y);
  if (larger === 0) return 0;
  const ratio = Math.min(x, y) / larger;
  return larger * Math.sqrt(1 + ratio * ratio);
}
