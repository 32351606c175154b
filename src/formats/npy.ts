/** NumPy's `.npy` files: a magic word, a header that is a Python literal, then the values. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { toHalfBits } from "./half_precision.ts";
import type { StoredTensor } from "./safetensors.ts";
import { elementBytes, type ElementType, tensorFromBytes } from "./tensor_bytes.ts";

const magic = "\x93NUMPY";

const typesByDescr: Readonly<Record<string, ElementType>> = {
  f8: "F64",
  f4: "F32",
  f2: "F16",
  i8: "I64",
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
  const type = typesByDescr[descr.replace(/^[<>|=]/, "")];
  if (type === undefined) {
    throw new ArgumentError(
      `the array holds ${JSON.stringify(descr)}, expected numbers (${
        Object.keys(typesByDescr).join(", ")
      })`,
    );
  }
  const width = elementBytes[type];
  const count = shape.reduce((product, n) => product * n, 1);
  if (bytes.length !== count * width) {
    throw new ArgumentError(
      `${bytes.length} bytes follow, an array of ${descr} and shape [${shape.join(", ")}] has ${
        count * width
      }`,
    );
  }
  const ordered = bytes.slice();
  if (descr.startsWith(">")) {
    for (let at = 0; at < ordered.length; at += width) ordered.subarray(at, at + width).reverse();
  }
  return tensorFromBytes(fortranOrder ? toRowMajor(ordered, shape, width) : ordered, {
    type,
    shape,
  });
}

/** From the first axis fastest to the last axis fastest. */
function toRowMajor(bytes: Uint8Array, shape: readonly number[], width: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const index = new Array<number>(shape.length).fill(0);
  for (let to = 0; to < out.length; to += width) {
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) from = from * shape[axis]! + index[axis]!;
    out.set(bytes.subarray(from * width, (from + 1) * width), to);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) {
      index[axis] = 0;
    }
  }
  return out;
}

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
 * @throws DataFormatError if the bytes are truncated or damaged, or hold Python objects, text or
 * records rather than numbers.
 * @category Formats
 */
export function parseNpy(bytes: Uint8Array, source = "npy"): StoredTensor {
  if (!isNpy(bytes) || bytes.length < 12) {
    throw new DataFormatError(source, "the file does not begin as .npy files do", 0);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = bytes[6]!;
  if (version < 1 || version > 3) {
    throw new DataFormatError(source, `.npy version ${version}, expected 1 to 3`, 6);
  }
  const headerAt = version === 1 ? 10 : 12;
  const dataAt = headerAt + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = new TextDecoder().decode(bytes.subarray(headerAt, dataAt));
  const descr = header.match(/'descr'\s*:\s*'([^']*)'/)?.[1];
  const order = header.match(/'fortran_order'\s*:\s*(True|False)/)?.[1];
  const shape = header.match(/'shape'\s*:\s*\(((?:\s*\d{1,15}\s*,?)*)\)/)?.[1];
  if (dataAt > bytes.length || descr === undefined || order === undefined || shape === undefined) {
    throw new DataFormatError(
      source,
      `the header is ${
        JSON.stringify(header.trim().slice(0, 60))
      }, expected descr, fortran_order ` +
        "and shape of an array of numbers",
      headerAt,
    );
  }
  try {
    return numpyTensor(bytes.subarray(dataAt), {
      descr,
      shape: shape.split(",").map((n) => n.trim()).filter((n) => n !== "").map(Number),
      fortranOrder: order === "True",
    });
  } catch (error) {
    throw new DataFormatError(source, (error as Error).message, dataAt);
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
