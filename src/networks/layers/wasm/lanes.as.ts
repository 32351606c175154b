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

/** The first 1 to 3 floats at p, zeros after them: nothing is read past them. */
@inline
export function partial(p: usize, lanes: i32): v128 {
  let v = f32x4.replace_lane(f32x4.splat(0), 0, load<f32>(p));
  if (lanes > 1) v = f32x4.replace_lane(v, 1, load<f32>(p, 4));
  if (lanes > 2) v = f32x4.replace_lane(v, 2, load<f32>(p, 8));
  return v;
}

/** What is left of four floats at p, of which `left` are there; zeros for the rest. */
@inline
export function loadSome(p: usize, left: i32): v128 {
  return left >= 4 ? v128.load(p) : partial(p, left);
}

/** Stores the first `left` lanes, or all four: nothing is written past them. */
@inline
export function storeSome(p: usize, v: v128, left: i32): void {
  if (left >= 4) {
    v128.store(p, v);
    return;
  }
  store<f32>(p, f32x4.extract_lane(v, 0));
  if (left > 1) store<f32>(p, f32x4.extract_lane(v, 1), 4);
  if (left > 2) store<f32>(p, f32x4.extract_lane(v, 2), 8);
}
