/** NumPy's `.npy` files: a magic word, a header that is a Python literal, then the values. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { toHalfBits } from "./half_precision.ts";
import { parseNpyHeader } from "./npy_header.ts";
import { checkLimit, type ReadLimits } from "./read_limits.ts";
import type { StoredTensor } from "./safetensors.ts";
import { rowMajorBytes } from "./strided_bytes.ts";
import { elementBytes, type ElementType, fitsI64, tensorFromBytes } from "./tensor_bytes.ts";

const magic = "\x93NUMPY";

const typesByDescr: Readonly<Record<string, ElementType>> = {
  f8: "F64",
  f4: "F32",
  f2: "F16",
  i8: "I64",
  u8: "U64",
  i4: "I32",
  i2: "I16",
  i1: "I8",
  u4: "U32",
  u2: "U16",
  u1: "U8",
  b1: "BOOL",
};

const descrs: Readonly<Record<StoredTensor["dtype"], string>> = {
  F64: "<f8",
  F32: "<f4",
  F16: "<f2",
  I64: "<i8",
  I32: "<i4",
  U8: "|u1",
  BOOL: "|b1",
};

/** Whether bytes begin as a `.npy` file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return [...magic].every((letter, i) => bytes[i] === letter.charCodeAt(0));
}

/** Whether a kind of NumPy's, with or without its byte order, is one of numbers that are read here. */
export function isNumpyNumber(descr: string): boolean {
  return Object.hasOwn(typesByDescr, descr.replace(/^[<>|=]/, ""));
}

/** An array as NumPy describes it. */
export interface NumpyArray {
  /** Kind and byte order, such as "<f4" or ">i8"; without a sign little-endian. */
  readonly descr: string;
  /** Extent of each axis. */
  readonly shape: readonly number[];
  /** Whether the first axis is the fastest. */
  readonly fortranOrder: boolean;
}

/**
 * A tensor of the bytes of a NumPy array.
 *
 * @throws RangeError if the kind is none of integers, floats and truth values, or the bytes are not
 * as many as the shape needs.
 */
export function numpyTensor(
  bytes: Uint8Array,
  { descr, shape, fortranOrder }: NumpyArray,
): StoredTensor {
  const kind = /^[<>|=]/.test(descr) ? descr.slice(1) : descr;
  const type = Object.hasOwn(typesByDescr, kind) ? typesByDescr[kind] : undefined;
  if (type === undefined) {
    throw new ArgumentError(
      `the array holds ${quoted(descr)}, expected numbers (${
        Object.keys(typesByDescr).join(", ")
      })`,
    );
  }
  if (shape.length > mostAxes) {
    throw new ArgumentError(`the array has ${shape.length} axes, expected at most ${mostAxes}`);
  }
  const width = elementBytes[type];
  const count = shape.reduce((product, n) => product * n, 1);
  if (bytes.length !== count * width) {
    throw new ArgumentError(
      `${bytes.length} bytes follow, an array of ${descr} and shape ${quoted(shape)} has ${
        count * width
      }`,
    );
  }
  let ordered = bytes;
  if (descr.startsWith(">") && width > 1) {
    ordered = bytes.slice();
    for (let at = 0; at < ordered.length; at += width) ordered.subarray(at, at + width).reverse();
  }
  if (fortranOrder) {
    let run = 1;
    const strides = shape.map((n) => {
      const stride = run;
      run *= n;
      return stride;
    });
    ordered = rowMajorBytes(ordered, { offset: 0, shape, strides, width });
  }
  if (type === "U64" && !fitsI64(ordered)) {
    throw new ArgumentError(
      "the array holds whole numbers of 2^63 or more, expected smaller ones",
    );
  }
  return tensorFromBytes(ordered, { type, shape });
}

/** As many as NumPy itself takes. */
const mostAxes = 64;

/** As NumPy: no honest header of an array of numbers has more bytes. */
const longestHeader = 10_000;

/**
 * Options of {@linkcode parseNpy}.
 *
 * @category Formats
 */
export type ParseNpyOptions = Pick<ReadLimits, "maxText">;

/**
 * Reads a `.npy` file, version 1 to 3.
 *
 * @example
 * ```ts
 * import { parseNpy, writeNpy } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const tensor = { dtype: "F32", shape: [1, 2], data: Float32Array.of(3, 4) } as const;
 * assertEquals(parseNpy(writeNpy(tensor), "two.npy"), tensor);
 * ```
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @throws ReadLimitError if the header is longer than `maxText` (10,000 bytes, as in NumPy).
 * @throws DataFormatError if the bytes are truncated or damaged, or hold Python objects, text or
 * records rather than numbers.
 * @category Formats
 */
export function parseNpy(
  bytes: Uint8Array,
  source = "npy",
  options: ParseNpyOptions = {},
): StoredTensor {
  const { maxText: allowed = longestHeader } = options;
  if (!isNpy(bytes) || bytes.length < 12) {
    throw new DataFormatError(source, "the file does not begin as .npy files do", 0);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [version, minor] = [bytes[6]!, bytes[7]!];
  if (version < 1 || version > 3 || minor !== 0) {
    const shown = minor === 0 ? version : `${version}.${minor}`;
    throw new DataFormatError(source, `.npy version ${shown}, expected 1 to 3`, 6);
  }
  const headerAt = version === 1 ? 10 : 12;
  const dataAt = headerAt + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  checkLimit("maxText", dataAt - headerAt, { source, what: "the header", allowed, byteOffset: 8 });
  const text = new TextDecoder().decode(bytes.subarray(headerAt, dataAt));
  const header = dataAt > bytes.length ? undefined : parseNpyHeader(text);
  if (header === undefined) {
    throw new DataFormatError(
      source,
      `the header is ${
        quoted(text.trim())
      }, expected descr, fortran_order and shape of an array of numbers`,
      headerAt,
    );
  }
  try {
    return numpyTensor(bytes.subarray(dataAt), header);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new DataFormatError(source, error.message, dataAt);
  }
}

/**
 * Writes a `.npy` file, version 1, row-major, which `numpy.load` reads.
 *
 * @example
 * ```ts
 * import { writeNpy } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = writeNpy({ dtype: "F32", shape: [2], data: Float32Array.of(3, 4) });
 * assertEquals(new TextDecoder().decode(bytes.subarray(1, 6)), "NUMPY");
 * ```
 *
 * @throws RangeError if the values do not fill the shape.
 * @category Formats
 */
export function writeNpy(tensor: StoredTensor): Uint8Array<ArrayBuffer> {
  const { dtype, shape, data } = tensor;
  if (data.length !== shape.reduce((product, n) => product * n, 1)) {
    throw new ArgumentError(
      `Cannot write .npy: ${data.length} values do not fill the shape [${shape.join(", ")}]`,
    );
  }
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${descrs[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // Spaces and a line feed bring the values to a multiple of 64 bytes, as the format recommends.
  const length = Math.ceil((11 + header.length) / 64) * 64 - 10;
  const stored = dtype === "F16" ? toHalfBits(data) : data;
  const out = new Uint8Array(10 + length + stored.byteLength);
  out.set([...magic].map((letter) => letter.charCodeAt(0)));
  out[6] = 1;
  new DataView(out.buffer).setUint16(8, length, true);
  out.set(new TextEncoder().encode(`${header.padEnd(length - 1)}\n`), 10);
  out.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), 10 + length);
  return out;
}
