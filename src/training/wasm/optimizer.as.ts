/**
 * A step of AdamW and of the moving average over flat vectors in one pass (AssemblyScript, SIMD), in the
 * arithmetic of `adamw.ts` and `ema.ts`: float64 between float32 values, so that the bytes are theirs.
 *
 * Why it exists: the loops in JavaScript take a tenth of a step of a network of half a million parameters, while
 * the threads that compute gradients wait.
 */

/** Sum of squares of n floats, in their order. */
export function sumOfSquares(values: usize, n: i32): f64 {
  let sum: f64 = 0;
  for (const end = values + (<usize>n << 2); values < end; values += 4) {
    const value = <f64>load<f32>(values);
    sum += value * value;
  }
  return sum;
}

@inline
function load2(at: usize): v128 { return f64x2.promote_low_f32x4(v128.load64_zero(at)); }

@inline
function store2(at: usize, v: v128): void {
  v128.store64_lane(at, f32x4.demote_f64x2_zero(v), 0);
}

/** One step over n parameters, an even number; gradients count `factor` times. */
export function step(
  parameters: usize, mean: usize, square: usize, average: usize, gradients: usize, n: i32,
  factor: f64, beta1: f64, beta2: f64, keep: f64, stepSize: f64, root: f64, epsilon: f64, decay: f64,
): void {
  const b1 = f64x2.splat(beta1), other1 = f64x2.splat(1 - beta1);
  const b2 = f64x2.splat(beta2), other2 = f64x2.splat(1 - beta2);
  const d = f64x2.splat(decay), otherD = f64x2.splat(1 - decay);
  for (let at: usize = 0; at < <usize>n << 2; at += 8) {
    let g = f64x2.mul(load2(gradients + at), f64x2.splat(factor));
    g = f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(g));
    const m = f64x2.add(f64x2.mul(b1, load2(mean + at)), f64x2.mul(other1, g));
    const v = f64x2.add(f64x2.mul(b2, load2(square + at)), f64x2.mul(f64x2.mul(other2, g), g));
    store2(mean + at, m);
    store2(square + at, v);
    const size = f64x2.add(
      f64x2.div(f64x2.sqrt(v), f64x2.splat(root)), f64x2.splat(epsilon));
    const change = f64x2.div(f64x2.mul(f64x2.splat(stepSize), m), size);
    const p = f32x4.demote_f64x2_zero(
      f64x2.sub(f64x2.mul(f64x2.splat(keep), load2(parameters + at)), change));
    v128.store64_lane(parameters + at, p, 0);
    store2(average + at,
      f64x2.add(f64x2.mul(d, load2(average + at)), f64x2.mul(otherD, f64x2.promote_low_f32x4(p))));
  }
}
