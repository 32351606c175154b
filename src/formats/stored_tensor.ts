/** Tensors as files hold them. */

/**
 * A tensor whose values JavaScript holds as float32; `F16` is rounded on writing.
 *
 * @category Formats
 */
export interface FloatTensor {
  /** How the values are stored. */
  readonly dtype: "F32" | "F16";
  /** Extent of each axis, slowest first; empty for a single value. */
  readonly shape: readonly number[];
  /** Values in row-major order. */
  readonly data: Float32Array;
}

/**
 * A tensor of float64 values.
 *
 * @category Formats
 */
export interface DoubleTensor {
  /** How the values are stored. */
  readonly dtype: "F64";
  /** Extent of each axis, slowest first; empty for a single value. */
  readonly shape: readonly number[];
  /** Values in row-major order. */
  readonly data: Float64Array;
}

/**
 * A tensor of bytes, or of truth values as 0 and 1.
 *
 * @category Formats
 */
export interface ByteTensor {
  /** How the values are stored. */
  readonly dtype: "U8" | "BOOL";
  /** Extent of each axis, slowest first; empty for a single value. */
  readonly shape: readonly number[];
  /** Values in row-major order. */
  readonly data: Uint8Array;
}

/**
 * A tensor of 32-bit integers.
 *
 * @category Formats
 */
export interface IntTensor {
  /** How the values are stored. */
  readonly dtype: "I32";
  /** Extent of each axis, slowest first; empty for a single value. */
  readonly shape: readonly number[];
  /** Values in row-major order. */
  readonly data: Int32Array;
}

/**
 * A tensor of 64-bit integers.
 *
 * @category Formats
 */
export interface LongTensor {
  /** How the values are stored. */
  readonly dtype: "I64";
  /** Extent of each axis, slowest first; empty for a single value. */
  readonly shape: readonly number[];
  /** Values in row-major order. */
  readonly data: BigInt64Array;
}

/**
 * Any tensor of a safetensors file.
 *
 * @category Formats
 */
export type StoredTensor = FloatTensor | DoubleTensor | ByteTensor | IntTensor | LongTensor;
