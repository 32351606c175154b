import { wgsl } from "../../gpu/wgsl.ts";

/**
 * Sums of products of differences without any rounding: values in multiples of 2^-F (30 bits with
 * their sign), products of 60 bits, sums of 96. Compilers may reorder float arithmetic, which
 * undoes the tricks that carry a rounding error along; integers mean the same everywhere.
 */
export const exactWgsl: string = wgsl`
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
