/** Arrays as other programs store them, little-endian, as the tensors that JavaScript can hold. */
import { fromHalfBits } from "./half_precision.ts";
import type { StoredTensor } from "./stored_tensor.ts";

/** How PyTorch, NumPy and safetensors store a value; all but the complex kinds and those below a byte. */
export type ElementType =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "F8_E4M3"
  | "F8_E5M2"
  | "I64"
  | "U64"
  | "I32"
  | "I16"
  | "I8"
  | "U32"
  | "U16"
  | "U8"
  | "BOOL";

/** Bytes of one value. */
export const elementBytes: Readonly<Record<ElementType, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** Whether unsigned 64-bit integers are below 2^63, so that signed ones hold them. */
export function fitsI64(bytes: Uint8Array): boolean {
  for (let at = 7; at < bytes.length; at += 8) if (bytes[at]! > 127) return false;
  return true;
}

/** The upper byte of a half-precision number: five bits of exponent, two of fraction. */
const float8e5m2 = fromHalfBits(Uint16Array.from({ length: 256 }, (_, byte) => byte << 8));

/** Four bits of exponent, three of fraction, no infinity; only all ones is not a number. */
const float8e4m3 = Float32Array.from({ length: 256 }, (_, byte) => {
  const [sign, exponent, fraction] = [byte & 128 ? -1 : 1, (byte >> 3) & 15, byte & 7];
  if (exponent === 15 && fraction === 7) return NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -9
    : sign * (1 + fraction / 8) * 2 ** (exponent - 7);
});

/**
 * Little-endian bytes as a tensor. Kinds that a {@linkcode StoredTensor} lacks become the next wider
 * one, exactly: short floats float32, short integers 32 bits, unsigned 32 bits 64. Unsigned 64 bits are
 * read as signed, so the caller asks {@linkcode fitsI64} first.
 *
 * @param bytes As many values as the shape has. They are copied.
 */
export function tensorFromBytes(
  bytes: Uint8Array,
  { type, shape }: { readonly type: ElementType; readonly shape: readonly number[] },
): StoredTensor {
  const { buffer } = bytes.slice();
  switch (type) {
    case "F64":
      return { dtype: "F64", shape, data: new Float64Array(buffer) };
    case "F32":
      return { dtype: "F32", shape, data: new Float32Array(buffer) };
    case "F16":
      return { dtype: "F16", shape, data: fromHalfBits(new Uint16Array(buffer)) };
    case "BF16": {
      // The upper half of a float32.
      const bits = new Uint32Array(new Uint16Array(buffer));
      for (let i = 0; i < bits.length; i++) bits[i]! <<= 16;
      return { dtype: "F32", shape, data: new Float32Array(bits.buffer) };
    }
    case "F8_E4M3":
    case "F8_E5M2": {
      const values = type === "F8_E4M3" ? float8e4m3 : float8e5m2;
      return {
        dtype: "F32",
        shape,
        data: Float32Array.from(new Uint8Array(buffer), (i) => values[i]!),
      };
    }
    case "I64":
    case "U64":
      return { dtype: "I64", shape, data: new BigInt64Array(buffer) };
    case "I32":
      return { dtype: "I32", shape, data: new Int32Array(buffer) };
    case "I16":
      return { dtype: "I32", shape, data: new Int32Array(new Int16Array(buffer)) };
    case "I8":
      return { dtype: "I32", shape, data: new Int32Array(new Int8Array(buffer)) };
    case "U32": {
      // The lower halves of 64 bits; the upper ones stay 0.
      const values = new Uint32Array(buffer);
      const halves = new Uint32Array(2 * values.length);
      for (let i = 0; i < values.length; i++) halves[2 * i] = values[i]!;
      return { dtype: "I64", shape, data: new BigInt64Array(halves.buffer) };
    }
    case "U16":
      return { dtype: "I32", shape, data: new Int32Array(new Uint16Array(buffer)) };
    case "U8":
      return { dtype: "U8", shape, data: new Uint8Array(buffer) };
    case "BOOL":
      return {
        dtype: "BOOL",
        shape,
        data: new Uint8Array(buffer).map((value) => value === 0 ? 0 : 1),
      };
  }
}
