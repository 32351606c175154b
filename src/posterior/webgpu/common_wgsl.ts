/** WGSL that all posterior shaders share: bindings, powers of two, exact sums in 96 bits. */

/** Threads of a workgroup: two subgroups of 32, so that a barrier is cheap and small work fills it. */
export const workgroupSize = 64;

/** A distance above every other; state cells start with it. */
export const far = 1e30;

/** Bytes from one dispatch's parameters to the next: the largest alignment that a device may ask for. */
export const paramsStride = 256;

/** Numbers of one dispatch, in the order of the shader's struct. */
export interface Params {
  /** Bits of weight per unit of distance. */
  readonly bits: number;
  /** How far below the sum a candidate still counts, in bits. */
  readonly window: number;
  /** Distances of larger magnitude are taken again in integers. */
  readonly exactFrom: number;
  /** F: fixed-point values are multiples of 2^-F. */
  readonly fraction: number;
  /** First of the images' indices of this round, their number, and how many each slot takes. */
  readonly first: number;
  readonly count: number;
  readonly perSlot: number;
  /** Partial states per query: slots of images, times parts of their shifts. */
  readonly slots: number;
  readonly parts: number;
  /** Index of the scale, and how many there are: the place of this dispatch's thresholds. */
  readonly scale: number;
  readonly scales: number;
  /** 1: partial states go on from what the previous dispatch left. */
  readonly resume: number;
  /** First value of the results, in floats. */
  readonly result: number;
}

/** Writes parameters as the shaders read them. */
export function packParams(into: DataView, at: number, params: Params): void {
  const { bits, window, exactFrom, fraction } = params;
  const floats = [bits, window, exactFrom, 2 ** fraction, bits * 2 ** (-2 * fraction)];
  floats.forEach((value, i) => into.setFloat32(at + 4 * i, value, true));
  const { first, count, perSlot, slots, parts, scale, scales, resume, result } = params;
  [2 * fraction, first, count, perSlot, slots, parts, scale, scales, resume, result].forEach(
    (value, i) => into.setInt32(at + 20 + 4 * i, value, true),
  );
}

/** The struct that {@linkcode packParams} fills, and 2^t. */
export const commonWgsl = /* wgsl */ `
struct Params {
  bits: f32, window: f32, exactFrom: f32, fixedOne: f32, exactBits: f32,
  fixedBits: i32, first: u32, count: u32, perSlot: u32, slots: u32, parts: u32,
  scale: u32, scales: u32, resume: u32, result: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

const FAR: f32 = ${far};
const LIMIT: f32 = 100.0;

// The language lets exp2 be wrong by 2 |t| units in the last place: whole powers are made from bits.
fn pow2(t: f32) -> f32 {
  if (t < -125.0) { return 0.0; }
  let whole = round(t);
  return bitcast<f32>(bitcast<i32>(exp2(t - whole)) + (i32(whole) << 23u));
}
`;

/**
 * Sums of products of differences without any rounding: values in multiples of 2^-F (30 bits with
 * their sign), products of 60 bits, sums of 96. Compilers may reorder float arithmetic, which
 * undoes the tricks that carry a rounding error along; integers mean the same everywhere.
 */
export const exactWgsl = /* wgsl */ `
struct Wide { low: u32, middle: u32, high: i32 }

fn addWide(a: Wide, b: Wide) -> Wide {
  let low = a.low + b.low;
  let carry = select(0u, 1u, low < a.low);
  let sum = a.middle + b.middle;
  let middle = sum + carry;
  let over = select(0, 1, sum < a.middle) + select(0, 1, middle < sum);
  return Wide(low, middle, a.high + b.high + over);
}

fn negateWide(a: Wide) -> Wide {
  let low = ~a.low + 1u;
  let middle = ~a.middle + select(0u, 1u, low == 0u);
  return Wide(low, middle, ~a.high + select(0, 1, low == 0u && middle == 0u));
}

// The product of two numbers of 30 bits and a sign, by halves of 16 bits.
fn product(a: i32, b: i32) -> Wide {
  let a0 = a & 0xffff;
  let a1 = a >> 16u;
  let b0 = b & 0xffff;
  let b1 = b >> 16u;
  let t = a1 * b0 + i32((u32(a0) * u32(b0)) >> 16u);
  let u = a0 * b1 + (t & 0xffff);
  let upper = a1 * b1 + (t >> 16u) + (u >> 16u);
  return Wide(u32(a) * u32(b), u32(upper), upper >> 31u);
}

fn toFixed(value: f32) -> i32 { return i32(round(value * params.fixedOne)); }

// value * 2^(2 F), truncated; FAR and the like do not fit and are never asked for.
fn toWide(value: f32) -> Wide {
  let pattern = bitcast<u32>(value);
  let exponent = i32((pattern >> 23u) & 255u);
  if (exponent == 0) { return Wide(0u, 0u, 0); }
  let mantissa = (pattern & 0x7fffffu) | 0x800000u;
  let shift = exponent - 150 + params.fixedBits;
  var wide = Wide(0u, 0u, 0);
  if (shift < 0) {
    if (shift > -24) { wide.low = mantissa >> u32(-shift); }
  } else {
    let bit = u32(shift) & 31u;
    let lower = mantissa << bit;
    let upper = select(0u, mantissa >> ((32u - bit) & 31u), bit > 0u);
    if (shift < 32) { wide = Wide(lower, upper, 0); }
    else if (shift < 64) { wide = Wide(0u, lower, i32(upper)); }
    else { wide = Wide(0u, 0u, i32(lower)); }
  }
  if (pattern >> 31u != 0u) { return negateWide(wide); }
  return wide;
}

fn toFloat(a: Wide) -> f32 {
  let negative = a.high < 0;
  var wide = a;
  if (negative) { wide = negateWide(a); }
  let size = f32(wide.high) * 18446744073709551616.0 + f32(wide.middle) * 4294967296.0 +
    f32(wide.low);
  return select(size, -size, negative);
}

// (reference - distance) in bits of weight.
fn exactBitsBelow(reference: f32, distance: Wide) -> f32 {
  return toFloat(addWide(toWide(reference), negateWide(distance))) * params.exactBits;
}
`;
