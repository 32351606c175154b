/**
 * Products of a matrix of float64 and four vectors at a time (AssemblyScript, SIMD): each row of the matrix is read
 * once for all four. Vectors lie as `[n, 4]`.
 */

let top: usize = (__heap_base + 15) & ~15;

/** Memory for some bytes, which stays. */
export function take(bytes: usize): usize {
  const at = top;
  top = (top + bytes + 15) & ~15;
  const missing = <i32>((top + 0xffff) >>> 16) - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) return 0;
  return at;
}

let a: v128, b: v128;

/** a, b = the products of a row and four vectors. */
@inline
function dot(row: usize, vectors: usize, n: i32): void {
  let a0 = f64x2.splat(0), b0 = a0, a1 = a0, b1 = a0;
  let v = vectors;
  const end = row + (<usize>n << 3);
  for (; row + 8 < end; row += 16, v += 64) {
    const one = v128.load64_splat(row), other = v128.load64_splat(row, 8);
    a0 = f64x2.add(a0, f64x2.mul(one, v128.load(v)));
    b0 = f64x2.add(b0, f64x2.mul(one, v128.load(v, 16)));
    a1 = f64x2.add(a1, f64x2.mul(other, v128.load(v, 32)));
    b1 = f64x2.add(b1, f64x2.mul(other, v128.load(v, 48)));
  }
  if (row < end) {
    const one = v128.load64_splat(row);
    a0 = f64x2.add(a0, f64x2.mul(one, v128.load(v)));
    b0 = f64x2.add(b0, f64x2.mul(one, v128.load(v, 16)));
  }
  a = f64x2.add(a0, a1);
  b = f64x2.add(b0, b1);
}

/** vectors += row times (p, q). */
@inline
function addRow(row: usize, vectors: usize, n: i32, p: v128, q: v128): void {
  let v = vectors;
  for (const end = row + (<usize>n << 3); row < end; row += 8, v += 32) {
    const one = v128.load64_splat(row);
    v128.store(v, f64x2.add(v128.load(v), f64x2.mul(one, p)));
    v128.store(v, f64x2.add(v128.load(v, 16), f64x2.mul(one, q)), 16);
  }
}

/**
 * Reflects the vectors, in place: reflection i is the first i values of row i of `[size, size]`, and the half of
 * its square. Those of the last row first, or of the first.
 */
export function reflect(matrix: usize, halves: usize, size: i32, vectors: usize, lastFirst: i32): void {
  for (let step = 1; step < size; step++) {
    const i = lastFirst ? size - step : step;
    const half = load<f64>(halves + (<usize>i << 3));
    if (half == 0) continue;
    const row = matrix + (<usize>i * size << 3), over = f64x2.splat(-1 / half);
    dot(row, vectors, i);
    addRow(row, vectors, i, f64x2.mul(a, over), f64x2.mul(b, over));
  }
}

/** `out [rows, 4] = matrix [rows, n] vectors [n, 4]`. */
export function times(matrix: usize, rows: i32, n: i32, vectors: usize, out: usize): void {
  for (let i = 0; i < rows; i++, matrix += <usize>n << 3, out += 32) {
    dot(matrix, vectors, n);
    v128.store(out, a);
    v128.store(out, b, 16);
  }
}

/** `out [n, 4] = transposed matrix [rows, n] vectors [rows, 4]`. */
export function timesTransposed(matrix: usize, rows: i32, n: i32, vectors: usize, out: usize): void {
  memory.fill(out, 0, <usize>n << 5);
  for (let i = 0; i < rows; i++, matrix += <usize>n << 3, vectors += 32) {
    addRow(matrix, out, n, v128.load(vectors), v128.load(vectors, 16));
  }
}
