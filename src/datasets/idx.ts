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
  const { source = "IDX", rank } = options;
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
  if (type !== 0x08) {
    fail(`values of IDX type 0x${type.toString(16).padStart(2, "0")}, expected bytes (0x08)`, 2);
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
  const expected = shape.reduce((total, size) => total * size, 1);
  const found = bytes.length - start;
  if (found !== expected) {
    fail(
      `${found < expected ? "truncated" : "excess bytes"}: ${found} values, expected ${expected} ` +
        `for the shape ${quoted(shape)}`,
      start + Math.min(found, expected),
    );
  }
  return { shape, data: bytes.subarray(start) };
}
