/** Vectors of four floats. */

/** a * b + c; fused where the engine has relaxed SIMD. */
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// One lane in all four.
@inline
export function lane0(x: v128): v128 { return v128.shuffle<f32>(x, x, 0, 0, 0, 0); }
@inline
export function lane1(x: v128): v128 { return v128.shuffle<f32>(x, x, 1, 1, 1, 1); }
@inline
export function lane2(x: v128): v128 { return v128.shuffle<f32>(x, x, 2, 2, 2, 2); }
@inline
export function lane3(x: v128): v128 { return v128.shuffle<f32>(x, x, 3, 3, 3, 3); }

/** Adds to what lies at an address. */
@inline
export function add(at: usize, v: v128): void {
  v128.store(at, f32x4.add(v128.load(at), v));
}
