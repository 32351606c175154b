/** IDX, the format of MNIST and FashionMNIST: a magic number, big-endian sizes, then bytes. */
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";

/**
 * An array of bytes from an IDX file.
 *
 * @category Data sets
 */
export interface IdxArray {
  /** Extent of each axis, slowest first. */
  readonly shape: readonly number[];
  /** Values in row-major order; a view of the parsed bytes. */
  readonly data: Uint8Array;
}

/**
 * Options of {@linkcode parseIdx}.
 *
 * @category Data sets
 */
export interface ParseIdxOptions {
  /** Path, or a name for the bytes, for error messages. */
  readonly source?: string;
  /** How many axes there must be: 3 for images, 1 for labels. Any number when absent. */
  readonly rank?: number;
}

/**
 * Reads an IDX file of unsigned bytes that is not compressed.
 *
 * @example
 * ```ts
 * import { parseIdx } from "@els/toolkit/datasets";
 * import { assertEquals } from "@std/assert";
 *
 * // Two labels, as MNIST's files hold them.
 * const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9);
 * assertEquals(parseIdx(bytes, { rank: 1 }), { shape: [2], data: Uint8Array.of(7, 9) });
 * ```
 *
 * @throws DataFormatError if the file is truncated, has bytes left over, another magic number, another
 * type of values or another number of axes.
 * @category Data sets
 */
export function parseIdx(
  bytes: Uint8Array,
  options: ParseIdxOptions = {},
): IdxArray {
  const { shape, values } = readIdx(bytes, {
    ...options,
    types: [bytesType],
    kind: "bytes (0x08)",
  });
  return { shape, data: values };
}

/** How a number is stored, big-endian, by IDX's code for it; its floating-point ones are no labels. */
const integers: Readonly<
  Record<number, { readonly width: number; readonly at: (view: DataView, at: number) => number }>
> = {
  0x08: { width: 1, at: (view, at) => view.getUint8(at) },
  0x09: { width: 1, at: (view, at) => view.getInt8(at) },
  0x0b: { width: 2, at: (view, at) => view.getInt16(at) },
  0x0c: { width: 4, at: (view, at) => view.getInt32(at) },
};
const bytesType = 0x08;

/**
 * The whole numbers of an IDX file: of a list, or the first of each row of a table, as QMNIST has them.
 *
 * @param options.source As for {@linkcode parseIdx}.
 * @throws DataFormatError as {@linkcode parseIdx}, or if there are more than two axes or no whole numbers.
 */
export function parseIdxIntegers(
  bytes: Uint8Array,
  options: Pick<ParseIdxOptions, "source"> = {},
): Int32Array {
  const { source = "IDX" } = options;
  const { type, shape: [count, columns = 1, ...more], values } = readIdx(bytes, {
    ...{ source, types: Object.keys(integers).map(Number), kind: "whole numbers" },
  });
  if (more.length > 0) {
    throw new DataFormatError(
      source,
      `${2 + more.length} axes, expected a label for each image`,
      3,
    );
  }
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const { width, at } = integers[type]!;
  // A row of no columns has no label.
  if (columns === 0) throw new DataFormatError(source, "its rows have no columns", 8);
  const row = columns * width;
  return Int32Array.from({ length: count! }, (_, i) => at(view, i * row));
}

/** Type, extents and the bytes of the values. */
function readIdx(
  bytes: Uint8Array,
  { source = "IDX", rank, types, kind }: ParseIdxOptions & {
    /** Types that are taken, and what they are in words. */
    readonly types: readonly number[];
    readonly kind: string;
  },
): { readonly type: number; readonly shape: readonly number[]; readonly values: Uint8Array } {
  const fail = (problem: string, byteOffset: number): never => {
    throw new DataFormatError(source, problem, byteOffset);
  };
  if (bytes.length < 4) {
    fail(`${bytes.length} bytes, expected at least the 4 of IDX's magic number`, bytes.length);
  }
  const [zero0, zero1, type, axes] = bytes as unknown as [number, number, number, number];
  if (zero0 !== 0 || zero1 !== 0) {
    fail(`the first two bytes are ${zero0}, ${zero1}, expected 0, 0; this is no IDX file`, 0);
  }
  if (!types.includes(type)) {
    fail(`values of IDX type 0x${type.toString(16).padStart(2, "0")}, expected ${kind}`, 2);
  }
  if (axes === 0 || (rank !== undefined && axes !== rank)) {
    fail(`${axes} axes, expected ${rank ?? "at least 1"}`, 3);
  }
  const start = 4 + 4 * axes;
  if (bytes.length < start) {
    fail(`truncated: ${bytes.length} bytes, expected a header of ${start}`, bytes.length);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const { width } = integers[type]!;
  const expected = shape.reduce((total, size) => total * size, width);
  const found = bytes.length - start;
  if (found !== expected) {
    fail(
      `${found < expected ? "truncated" : "excess bytes"}: ${found / width} values, expected ` +
        `${expected / width} for the shape ${quoted(shape)}`,
      start + Math.min(found, expected),
    );
  }
  return { type, shape, values: bytes.subarray(start) };
}
