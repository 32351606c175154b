/** Noise level, and the arithmetic of inner loops. */

/** Weights stay within 2^-LIMIT .. 2^LIMIT, sums of thousands of them within float32. */
export const LIMIT: f32 = 100;

/** Bits of weight per unit of distance; see `setNoise`. */
export let bitsPerUnit: f32, bitsPerUnit64: f64, cutoffBits: f64, exactFrom: f32;
/** How far below its threshold a candidate counts for enough to be taken in float64. */
export let rescoreFrom: f32;
/** A candidate below 2^-SHARE_BITS of the sum does not: errors of the many that it takes average out. */
const SHARE_BITS: f64 = 10;

/**
 * The noise level: `bits` is signal^2 / (2 sigma^2 ln 2); weights below 2^-cutoff of the sum are
 * skipped; distances beyond `exact` (in magnitude) are taken again in float64 if they count.
 */
export function setNoise(bits: f64, cutoff: f64, exact: f64): void {
  bitsPerUnit = <f32>bits;
  bitsPerUnit64 = bits;
  cutoffBits = cutoff;
  exactFrom = <f32>exact;
  rescoreFrom = <f32>(max(cutoff - SHARE_BITS, 0) / bits);
  loadConstants();
}

/**
 * Constants of the inner loop. They are loaded before it: an engine that sees a literal builds it
 * again at each use, in several instructions.
 */
export let c5: v128, c4: v128, c3: v128, c2: v128, c1: v128, one: v128, magic: v128;
/** Margins threshold - D that a weight of 2^LIMIT and of 2^-LIMIT has. */
export let maxMargin4: v128, minMargin4: v128;
/** Margin of a candidate that weighs as much as the sum, where thresholds are 2^cutoffBits above it. */
export let atSum4: v128;
export let bits4: v128, exactFrom4: v128, rescoreFrom4: v128;

function loadConstants(): void {
  // Minimax of degree 5 for 2^-g on [-1/2, 1/2] with p(0) = 1: relative error below 1e-7.
  c5 = f32x4.splat(-0.001326472723042024);
  c4 = f32x4.splat(0.009671513081489773);
  c3 = f32x4.splat(-0.055507337472945624);
  c2 = f32x4.splat(0.24022242078466247);
  c1 = f32x4.splat(-0.693146977594463);
  one = f32x4.splat(1);
  magic = f32x4.splat(12582912); // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  maxMargin4 = f32x4.splat(LIMIT / bitsPerUnit);
  minMargin4 = f32x4.splat(-LIMIT / bitsPerUnit);
  atSum4 = f32x4.splat(<f32>(cutoffBits / bitsPerUnit64));
  bits4 = f32x4.splat(bitsPerUnit);
  exactFrom4 = f32x4.splat(exactFrom);
  rescoreFrom4 = f32x4.splat(rescoreFrom);
}

@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c - a * b, likewise. */
@inline
export function fnma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** 2^(t * bits), |t * bits| at most LIMIT: the nearest integer to the exponent, the rest through the polynomial. */
@inline
export function powerOfTwo(t: v128): v128 {
  const rounded = fma(t, bits4, magic);
  const f = fnma(t, bits4, f32x4.sub(rounded, magic));
  const p = fma(fma(fma(fma(fma(c5, f, c4), f, c3), f, c2), f, c1), f, one);
  return i32x4.add(p, i32x4.shl(rounded, 23));
}

/** Factor that takes a sum relative to `from` to one relative to `to`. */
@inline
export function power(to: f32, from: f32): f64 {
  return to == from ? 1 : Math.pow(2, (<f64>to - <f64>from) * bitsPerUnit64);
}

/** Four numbers, or the four after these: an address for both leaves the compiler less to compute. */
@inline
export function four(second: bool, at: usize): v128 {
  return second ? v128.load(at, 16) : v128.load(at);
}

@inline
export function setFour(second: bool, at: usize, value: v128): void {
  if (second) v128.store(at, value, 16);
  else v128.store(at, value);
}
