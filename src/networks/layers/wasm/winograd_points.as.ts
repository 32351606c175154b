/**
 * The one-dimensional transforms of Winograd's F(4, 3) with the points 0, -5/8, 5/8, -3/2, 3/2 and infinity.
 *
 * With the usual points, 0, -1, 1, -2, 2, errors are 2.2 times as large (`benchmarks/RESULTS.md`), since
 * powers of the points spread further. All constants of inputs and outputs are exact in float32.
 *
 * Tiles take the constants from a table in memory: V8 makes one that stands in the code anew at each place, in
 * three instructions, and keeps in a register what was loaded (two thirds of the time).
 */
import { fma } from "./lanes.as";

/** The points A and B, and their powers. */
const A: f32 = 0.625, A2: f32 = 0.390625, A3: f32 = 0.244140625;
const B: f32 = 1.5, B2: f32 = 2.25, B3: f32 = 3.375;

/** Each row of G is divided by the product of the differences from its point to the others. */
const OF_ZERO: f32 = 1 / 0.87890625; // A^2 B^2
const OF_A: f32 = 1 / -1.45263671875; // 2 A^2 (A^2 - B^2)
const OF_B: f32 = 1 / 8.3671875; // 2 B^2 (B^2 - A^2)

/** Bytes of the table of constants. */
export const TABLE: usize = 19 * 16;

/** Fills the table. */
export function storeTable(table: usize): void {
  v128.store(table, f32x4.splat(A));
  v128.store(table, f32x4.splat(-A), 16);
  v128.store(table, f32x4.splat(A2), 32);
  v128.store(table, f32x4.splat(-A2), 48);
  v128.store(table, f32x4.splat(A3), 64);
  v128.store(table, f32x4.splat(B), 80);
  v128.store(table, f32x4.splat(-B), 96);
  v128.store(table, f32x4.splat(B2), 112);
  v128.store(table, f32x4.splat(-B2), 128);
  v128.store(table, f32x4.splat(B3), 144);
  v128.store(table, f32x4.splat(OF_ZERO), 160);
  v128.store(table, f32x4.splat(OF_A), 176);
  v128.store(table, f32x4.splat(A * OF_A), 192);
  v128.store(table, f32x4.splat(-A * OF_A), 208);
  v128.store(table, f32x4.splat(A2 * OF_A), 224);
  v128.store(table, f32x4.splat(OF_B), 240);
  v128.store(table, f32x4.splat(B * OF_B), 256);
  v128.store(table, f32x4.splat(-B * OF_B), 272);
  v128.store(table, f32x4.splat(B2 * OF_B), 288);
}
@inline
export function a1(table: usize): v128 { return v128.load(table); }
@inline
export function minusA1(table: usize): v128 { return v128.load(table, 16); }
@inline
export function a2(table: usize): v128 { return v128.load(table, 32); }
@inline
export function minusA2(table: usize): v128 { return v128.load(table, 48); }
@inline
export function a3(table: usize): v128 { return v128.load(table, 64); }
@inline
export function b1(table: usize): v128 { return v128.load(table, 80); }
@inline
export function minusB1(table: usize): v128 { return v128.load(table, 96); }
@inline
export function b2(table: usize): v128 { return v128.load(table, 112); }
@inline
export function minusB2(table: usize): v128 { return v128.load(table, 128); }
@inline
export function b3(table: usize): v128 { return v128.load(table, 144); }

/** The six values of B^T d, `step` bytes from each other; the last arguments are a, -a, -a^2, b, -b, -b^2. */
@inline
export function storeInputs(
  to: usize, step: usize, d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128,
  a: v128, na: v128, naa: v128, b: v128, nb: v128, nbb: v128,
): void {
  const even = fma(d2, nbb, d4), odd = fma(d1, nbb, d3);
  v128.store(to, fma(fma(d0, nbb, d2), naa, even)); to += step;
  v128.store(to, fma(odd, a, even)); to += step;
  v128.store(to, fma(odd, na, even)); to += step;
  const evenB = fma(d2, naa, d4), oddB = fma(d1, naa, d3);
  v128.store(to, fma(oddB, b, evenB)); to += step;
  v128.store(to, fma(oddB, nb, evenB)); to += step;
  v128.store(to, fma(odd, naa, fma(d3, nbb, d5)));
}

/** The six values of A y: what four gradients are at the points; the last are a, -a, a^2, b, -b, b^2. */
@inline
export function storeGradients(
  to: usize, step: usize, y0: v128, y1: v128, y2: v128, y3: v128,
  a: v128, na: v128, aa: v128, b: v128, nb: v128, bb: v128,
): void {
  v128.store(to, y0); to += step;
  const even = fma(y2, aa, y0), odd = fma(y3, aa, y1);
  v128.store(to, fma(odd, a, even)); to += step;
  v128.store(to, fma(odd, na, even)); to += step;
  const evenB = fma(y2, bb, y0), oddB = fma(y3, bb, y1);
  v128.store(to, fma(oddB, b, evenB)); to += step;
  v128.store(to, fma(oddB, nb, evenB)); to += step;
  v128.store(to, y3);
}

/** The six values of G g, `step` bytes from each other. */
@inline
export function storeFilter(
  to: usize, step: usize, table: usize, g0: v128, g1: v128, g2: v128,
): void {
  v128.store(to, f32x4.mul(g0, v128.load(table, 160))); to += step;
  const even = fma(g2, v128.load(table, 224), f32x4.mul(g0, v128.load(table, 176)));
  v128.store(to, fma(g1, v128.load(table, 192), even)); to += step;
  v128.store(to, fma(g1, v128.load(table, 208), even)); to += step;
  const evenB = fma(g2, v128.load(table, 288), f32x4.mul(g0, v128.load(table, 240)));
  v128.store(to, fma(g1, v128.load(table, 256), evenB)); to += step;
  v128.store(to, fma(g1, v128.load(table, 272), evenB)); to += step;
  v128.store(to, g2);
}

/** Value 0 to 2 of G^T s, from sums and differences of the values at pairs of points. */
@inline
export function tap0(table: usize, s0: v128, sumA: v128, sumB: v128): v128 {
  return fma(s0, v128.load(table, 160),
    fma(sumA, v128.load(table, 176), f32x4.mul(sumB, v128.load(table, 240))));
}
@inline
export function tap1(table: usize, differenceA: v128, differenceB: v128): v128 {
  return fma(differenceA, v128.load(table, 192), f32x4.mul(differenceB, v128.load(table, 256)));
}
@inline
export function tap2(table: usize, sumA: v128, sumB: v128, s5: v128): v128 {
  return fma(sumA, v128.load(table, 224), fma(sumB, v128.load(table, 288), s5));
}
