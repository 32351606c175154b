/**
 * The one-dimensional transforms of Winograd's F(4, 3) with the points 0, -5/8, 5/8, -3/2, 3/2 and infinity.
 *
 * With the usual points, 0, -1, 1, -2, 2, errors are 2.2 times as large (`benchmarks/RESULTS.md`), since
 * powers of the points spread further. All constants of inputs and outputs are exact in float32.
 */
import { fma } from "./lanes.as";

/** The points A and B, and their powers. */
const A: f32 = 0.625, A2: f32 = 0.390625, A3: f32 = 0.244140625;
const B: f32 = 1.5, B2: f32 = 2.25, B3: f32 = 3.375;

/** Each row of G is divided by the product of the differences from its point to the others. */
const OF_ZERO: f32 = 1 / 0.87890625; // A^2 B^2
const OF_A: f32 = 1 / -1.45263671875; // 2 A^2 (A^2 - B^2)
const OF_B: f32 = 1 / 8.3671875; // 2 B^2 (B^2 - A^2)

@inline
function times(v: v128, factor: f32): v128 { return f32x4.mul(v, f32x4.splat(factor)); }
/** v * factor + c. */
@inline
function plus(v: v128, factor: f32, c: v128): v128 { return fma(v, f32x4.splat(factor), c); }

/** The six values of B^T d, `step` bytes from each other. */
@inline
export function storeInputs(
  to: usize, step: usize, d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128,
): void {
  const even = plus(d2, -B2, d4), odd = plus(d1, -B2, d3);
  v128.store(to, plus(plus(d0, -B2, d2), -A2, even)); to += step;
  v128.store(to, plus(odd, A, even)); to += step;
  v128.store(to, plus(odd, -A, even)); to += step;
  const evenB = plus(d2, -A2, d4), oddB = plus(d1, -A2, d3);
  v128.store(to, plus(oddB, B, evenB)); to += step;
  v128.store(to, plus(oddB, -B, evenB)); to += step;
  v128.store(to, plus(odd, -A2, plus(d3, -B2, d5)));
}

/** The six values of A y, `step` bytes from each other: what four gradients are at the points. */
@inline
export function storeGradients(
  to: usize, step: usize, y0: v128, y1: v128, y2: v128, y3: v128,
): void {
  v128.store(to, y0); to += step;
  const even = plus(y2, A2, y0), odd = plus(y3, A2, y1);
  v128.store(to, plus(odd, A, even)); to += step;
  v128.store(to, plus(odd, -A, even)); to += step;
  const evenB = plus(y2, B2, y0), oddB = plus(y3, B2, y1);
  v128.store(to, plus(oddB, B, evenB)); to += step;
  v128.store(to, plus(oddB, -B, evenB)); to += step;
  v128.store(to, y3);
}

/** The six values of G g, `step` bytes from each other. */
@inline
export function storeFilter(to: usize, step: usize, g0: v128, g1: v128, g2: v128): void {
  v128.store(to, times(g0, OF_ZERO)); to += step;
  const even = times(plus(g2, A2, g0), OF_A);
  v128.store(to, plus(g1, A * OF_A, even)); to += step;
  v128.store(to, plus(g1, -A * OF_A, even)); to += step;
  const evenB = times(plus(g2, B2, g0), OF_B);
  v128.store(to, plus(g1, B * OF_B, evenB)); to += step;
  v128.store(to, plus(g1, -B * OF_B, evenB)); to += step;
  v128.store(to, g2);
}

/** Value 0 to 3 of A^T m, from sums and differences of the values at pairs of points. */
@inline
export function output0(m0: v128, sumA: v128, sumB: v128): v128 {
  return f32x4.add(f32x4.add(sumA, sumB), m0);
}
@inline
export function output1(differenceA: v128, differenceB: v128): v128 {
  return plus(differenceB, B, times(differenceA, A));
}
@inline
export function output2(sumA: v128, sumB: v128): v128 {
  return plus(sumB, B2, times(sumA, A2));
}
@inline
export function output3(differenceA: v128, differenceB: v128, m5: v128): v128 {
  return plus(differenceB, B3, plus(differenceA, A3, m5));
}

/** Value 0 to 2 of G^T s. */
@inline
export function tap0(s0: v128, sumA: v128, sumB: v128): v128 {
  return plus(s0, OF_ZERO, plus(sumA, OF_A, times(sumB, OF_B)));
}
@inline
export function tap1(differenceA: v128, differenceB: v128): v128 {
  return plus(differenceA, A * OF_A, times(differenceB, B * OF_B));
}
@inline
export function tap2(sumA: v128, sumB: v128, s5: v128): v128 {
  return plus(sumA, A2 * OF_A, plus(sumB, B2 * OF_B, s5));
}
