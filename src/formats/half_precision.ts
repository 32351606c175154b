/**
 * IEEE 754 half precision (binary16), for weights stored in two bytes a value.
 *
 * Values above 65504 + 16 become infinite, those below 2^-25 zero; rounding is to nearest, ties to even.
 */

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** Bits of the half-precision number nearest to each value, NaN kept as a quiet NaN. */
export function toHalfBits(values: Float32Array): Uint16Array<ArrayBuffer> {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    f32[0] = values[i]!;
    const bits = u32[0]!;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) half = 0x7e00;
    else if (magnitude >= 0x477ff000) half = 0x7c00;
    else if (magnitude >= 0x38800000) {
      // Adding 0xfff and the lowest kept bit rounds to nearest even; the bias changes from 127 to 15.
      half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    } else {
      // Subnormal: multiples of 2^-24. Adding 0.5 makes the float32 addition itself round there.
      f32[0] = Math.abs(values[i]!) + 0.5;
      half = u32[0]! - 0x3f000000;
    }
    out[i] = sign | half;
  }
  return out;
}

/** The values that half-precision bits stand for; every one is exact in float32. */
export function fromHalfBits(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i]!;
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 0x3ff;
    if (exponent === 0) out[i] = sign * fraction * 2 ** -24;
    else if (exponent === 31) out[i] = fraction === 0 ? sign * Infinity : NaN;
    else out[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return out;
}
