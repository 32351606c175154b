/** Products of matrices, as 1 x 1 convolutions, linear layers, attention and Winograd's algorithm need them. */
import { add, fma, lane0, lane1, lane2, lane3, loadSome, storeSome } from "./lanes.as";

/** Rows that are packed and multiplied together, so that they stay in the cache. */
const BAND = 32;

@inline
function fours(n: i32): i32 { return (n + 3) & ~3; }

/** The first lanes of a row of eight. */
function storeRow(out: usize, left: v128, right: v128, count: i32): void {
  storeSome(out, left, count);
  if (count > 4) storeSome(out + 16, right, count - 4);
}

/**
 * out [rows][Co] <- act(inputs [rows / 4][Ci][4] times filter [Co / 8][Ci][8] + bias); the rows of inputs come
 * in fours, the columns of the filter in eights, and bias, 0 for none, too.
 *
 * Each sum occurs once in the loop: V8 keeps it in its register only then, which makes 52 GFLOP/s of 32.
 */
export function multiply(
  inputs: usize, filter: usize, bias: usize, out: usize,
  rows: i32, Ci: i32, Co: i32, relu: bool,
): void {
  const block = <usize>Ci << 4, outRow = <usize>Co << 2;
  for (let co = 0; co < Co; co += 8, filter += 2 * block) {
    const columns = Co - co;
    let x = inputs, to = out + (<usize>co << 2);
    for (let row = 0; row < rows; row += 4) {
      let a0 = f32x4.splat(0), a1 = a0;
      if (bias) {
        a0 = v128.load(bias + (<usize>co << 2));
        a1 = v128.load(bias + (<usize>co << 2), 16);
      }
      let b0 = a0, b1 = a1, c0 = a0, c1 = a1, d0 = a0, d1 = a1;
      let w = filter;
      for (const end = x + block; x < end; x += 16, w += 32) {
        const v = v128.load(x), w0 = v128.load(w), w1 = v128.load(w, 16);
        a0 = fma(lane0(v), w0, a0); a1 = fma(lane0(v), w1, a1);
        b0 = fma(lane1(v), w0, b0); b1 = fma(lane1(v), w1, b1);
        c0 = fma(lane2(v), w0, c0); c1 = fma(lane2(v), w1, c1);
        d0 = fma(lane3(v), w0, d0); d1 = fma(lane3(v), w1, d1);
      }
      if (relu) {
        const zero = f32x4.splat(0);
        a0 = f32x4.max(a0, zero); a1 = f32x4.max(a1, zero);
        b0 = f32x4.max(b0, zero); b1 = f32x4.max(b1, zero);
        c0 = f32x4.max(c0, zero); c1 = f32x4.max(c1, zero);
        d0 = f32x4.max(d0, zero); d1 = f32x4.max(d1, zero);
      }
      const left = rows - row;
      if (columns >= 8 && left >= 4) {
        v128.store(to, a0); v128.store(to, a1, 16); to += outRow;
        v128.store(to, b0); v128.store(to, b1, 16); to += outRow;
        v128.store(to, c0); v128.store(to, c1, 16); to += outRow;
        v128.store(to, d0); v128.store(to, d1, 16); to += outRow;
        continue;
      }
      storeRow(to, a0, a1, columns); to += outRow;
      if (left > 1) storeRow(to, b0, b1, columns); to += outRow;
      if (left > 2) storeRow(to, c0, c1, columns); to += outRow;
      if (left > 3) storeRow(to, d0, d1, columns); to += outRow;
    }
  }
}

/** Four vectors as the columns of those at `to`. */
@inline
export function storeTransposed(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 16);
  const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7), gh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ef, gh, 0, 1, 4, 5), 32);
  v128.store(to, v128.shuffle<f32>(ef, gh, 2, 3, 6, 7), 48);
}

/** packed [rows / 4][fours(C)][4] <- x [rows][C]; what is filled up with the last row does not matter. */
function packRows(x: usize, packed: usize, rows: i32, C: i32): void {
  const row = <usize>C << 2, last = x + <usize>(rows - 1) * row;
  for (let i = 0; i < rows; i += 4) {
    const a = x + <usize>i * row;
    const b = min(a + row, last), c = min(a + 2 * row, last), d = min(a + 3 * row, last);
    for (let at = 0; at < C; at += 4, packed += 64) {
      const offset = <usize>at << 2, left = C - at;
      storeTransposed(packed, loadSome(a + offset, left), loadSome(b + offset, left),
        loadSome(c + offset, left), loadSome(d + offset, left));
    }
  }
}

/**
 * packed [Co / 8][fours(Ci)][8] <- matrix [Ci][Co], filled up with zeros; `transposed`: matrix [Co][Ci].
 */
export function packMatrix(
  matrix: usize, packed: usize, Ci: i32, Co: i32, transposed: bool,
): void {
  const inputs = fours(Ci);
  const block = <usize>inputs << 5;
  memory.fill(packed, 0, <usize>((Co + 7) >> 3) * block);
  for (let o = 0; o < Co; o++) {
    const to = packed + <usize>(o >> 3) * block + (<usize>(o & 7) << 2);
    if (!transposed && (o & 7) == 0 && Co - o >= 8) {
      let from = matrix + (<usize>o << 2), at = to;
      for (let i = 0; i < Ci; i++, from += <usize>Co << 2, at += 32) {
        v128.store(at, v128.load(from));
        v128.store(at, v128.load(from, 16), 16);
      }
      o += 7;
      continue;
    }
    const step = <usize>(transposed ? 1 : Co) << 2;
    let from = matrix + (<usize>(transposed ? o * Ci : o) << 2);
    for (let i = 0; i < Ci; i++, from += step) store<f32>(to + (<usize>i << 5), load<f32>(from));
  }
}

/**
 * out [rows][Co] <- act(x [rows][Ci] times the packed matrix + bias [whole vectors], or 0 for none). `scratch`
 * holds 32 rows of fours(Ci).
 */
export function product(
  x: usize, packed: usize, bias: usize, out: usize, scratch: usize,
  rows: i32, Ci: i32, Co: i32, relu: bool,
): void {
  for (let row = 0; row < rows; row += BAND) {
    const some = min(BAND, rows - row);
    packRows(x + (<usize>(row * Ci) << 2), scratch, some, Ci);
    multiply(scratch, packed, bias, out + (<usize>(row * Co) << 2), some, fours(Ci), Co, relu);
  }
}

/** sums [Ci][Co] += inputs [rows][Ci] transposed times gradients [rows][Co]; Ci in fours, Co in eights. */
export function multiplyTransposed(
  inputs: usize, gradients: usize, sums: usize, rows: i32, Ci: i32, Co: i32,
): void {
  const row = <usize>Ci << 2, outRow = <usize>Co << 2;
  const length = <usize>rows * row;
  for (let ci: usize = 0; ci < row; ci += 16) {
    for (let co: usize = 0; co < outRow; co += 32) {
      let q = sums + (ci >> 2) * outRow + co;
      let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
      let d = gradients + co;
      const start = inputs + ci;
      for (let p = start; p < start + length; p += row, d += outRow) {
        const w0 = v128.load(d), w1 = v128.load(d, 16), x = v128.load(p);
        a0 = fma(lane0(x), w0, a0); a1 = fma(lane0(x), w1, a1);
        b0 = fma(lane1(x), w0, b0); b1 = fma(lane1(x), w1, b1);
        c0 = fma(lane2(x), w0, c0); c1 = fma(lane2(x), w1, c1);
        d0 = fma(lane3(x), w0, d0); d1 = fma(lane3(x), w1, d1);
      }
      add(q, a0); add(q + 16, a1); q += outRow;
      add(q, b0); add(q + 16, b1); q += outRow;
      add(q, c0); add(q + 16, c1); q += outRow;
      add(q, d0); add(q + 16, d1);
    }
  }
}

/** The same for many rows, some at a time. */
export function transposedProduct(
  inputs: usize, gradients: usize, sums: usize, rows: i32, Ci: i32, Co: i32,
): void {
  for (let row = 0; row < rows; row += BAND) {
    multiplyTransposed(inputs + (<usize>(row * Ci) << 2), gradients + (<usize>(row * Co) << 2),
      sums, min(BAND, rows - row), Ci, Co);
  }
}
