/**
 * Eigen-decomposition of symmetric matrices in double precision, made for some thousand rows: rows are
 * walked along memory, and rotations are applied in blocks that stay in the cache.
 */
import { ArgumentError } from "./errors.ts";
import { type Tridiagonal, tridiagonalization } from "./tridiagonal.ts";

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
  const steps = tridiagonalization(a, n);
  let step = steps.next();
  while (!step.done) step = steps.next();
  const { diagonal, offDiagonal, halves } = step.value;
  const rows = wanted ? productOfReflections(a, halves) : new Float64Array(0);
  diagonalize({ diagonal, offDiagonal }, rows);
  return sorted(diagonal, rows);
}

/** The product of all reflections, transposed: the rows that rotations make eigenvectors of. */
function productOfReflections(
  a: Float64Array,
  halves: Float64Array,
): Float64Array<ArrayBuffer> {
  const n = halves.length;
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  for (let i = 1; i < n; i++) {
    const half = halves[i]!;
    if (half === 0) continue;
    const v = a.subarray(i * n, i * n + i);
    for (let r = 0; r < i; r++) {
      const row = rows.subarray(r * n, r * n + i);
      let dot = 0;
      for (let k = 0; k < i; k++) dot += row[k]! * v[k]!;
      dot /= half;
      for (let k = 0; k < i; k++) row[k]! -= dot * v[k]!;
    }
  }
  return rows;
}

/** Rotations that wait to be applied to rows: so many together that each block of columns stays cached. */
const batchOfRotations = 1 << 16;
const blockOfColumns = 128;

/** Implicit QL: afterwards `diagonal` holds the eigenvalues, and `rows` (unless empty) their vectors. */
function diagonalize(
  { diagonal: d, offDiagonal: e }: Pick<Tridiagonal, "diagonal" | "offDiagonal">,
  rows: Float64Array,
): void {
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
