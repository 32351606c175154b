/** MATLAB's MAT-files, version 5: named arrays of numbers; of everything else only the names are read. */
import { Z_FINISH, Z_NO_FLUSH, Z_STREAM_END, zlibInflate, zlibInflateInit, ZStream } from "pako";
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { greatestInflation } from "./inflate_exactly.ts";
import { bytesFor, checkLimit, type ReadLimits } from "./read_limits.ts";

/** An array of numbers, in MATLAB's order: the first axis is the fastest. */
export interface MatArray {
  /** Extent of each axis. */
  readonly shape: readonly number[];
  /** The values where they are unsigned bytes; a view of what was read. */
  readonly bytes: Uint8Array | undefined;
  /** Value `index`, in MATLAB's order. */
  at(index: number): number;
}

/** The variables of a file. */
export interface MatFile {
  /** Their names, in the file's order. */
  readonly names: readonly string[];
  /**
   * Reads one.
   *
   * @throws ReadLimitError if it needs more than `maxBytes`.
   * @throws DataFormatError if there is none of this name, it is damaged, or holds no real numbers.
   */
  read(name: string): MatArray;
}

/** Options of {@linkcode parseMat}: a variable may take `maxBytes`, 32 MiB and 16 times the file. */
export interface ParseMatOptions extends Pick<ReadLimits, "maxBytes" | "maxItems"> {
  /** Path, or a name for the bytes, for error messages. */
  readonly source: string;
}

const headerBytes = 128;
const [matrixType, compressedType] = [14, 15];
/** The first of a variable, in which its name is found. */
const headBytes = 4096;
/** Variables of a file. */
const usualVariables = 10_000;

type Reader = (view: DataView, at: number, little: boolean) => number;
/** How values are stored, by MATLAB's number of the type. */
const kinds: Readonly<Record<number, { readonly width: number; readonly read: Reader }>> = {
  1: { width: 1, read: (view, at) => view.getInt8(at) },
  2: { width: 1, read: (view, at) => view.getUint8(at) },
  3: { width: 2, read: (view, at, little) => view.getInt16(at, little) },
  4: { width: 2, read: (view, at, little) => view.getUint16(at, little) },
  5: { width: 4, read: (view, at, little) => view.getInt32(at, little) },
  6: { width: 4, read: (view, at, little) => view.getUint32(at, little) },
  7: { width: 4, read: (view, at, little) => view.getFloat32(at, little) },
  9: { width: 8, read: (view, at, little) => view.getFloat64(at, little) },
  12: { width: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  13: { width: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
};
const uint8 = 2;

/** Classes of arrays that are numbers: double, single, and whole ones of 8 to 64 bits. */
const isNumeric = (kind: number) => kind >= 6 && kind <= 15;
const complexFlag = 0x800;

/** A part of a file or of a variable. */
interface Element {
  readonly type: number;
  readonly data: Uint8Array;
  /** Offset of what follows. */
  readonly end: number;
}

/**
 * Reads the list of variables of a MAT-file; what is in them is unpacked when it is asked for.
 *
 * @throws ReadLimitError if there are more than `maxItems` (10,000).
 * @throws DataFormatError if it is no MAT-file of version 5 (MATLAB's `-v6` and `-v7`), or cut off.
 */
export function parseMat(bytes: Uint8Array, options: ParseMatOptions): MatFile {
  const { source, maxBytes = bytesFor(bytes.length), maxItems = usualVariables } = options;
  const little = byteOrder(bytes, source);
  const variables = new Map<string, () => MatArray>();
  for (let at = headerBytes; at < bytes.length;) {
    const { type, data, end } = elementAt(bytes, { at, little, source, startsAt: 0 });
    at = end;
    checkLimit("maxItems", variables.size + 1, { source, what: "the file", allowed: maxItems });
    const reading = { source, little, maxBytes, startsAt: end - data.length };
    if (type !== matrixType && type !== compressedType) continue;
    const head = type === compressedType ? inflated(data, { ...reading, most: headBytes }) : data;
    // A compressed variable is a whole element, with its type and length before it.
    const content = type === compressedType ? head.subarray(8) : head;
    const name = headOf(content, reading)?.name;
    if (name === undefined) continue;
    if (variables.has(name)) {
      throw new DataFormatError(source, `it has two variables ${quoted(name)}`, reading.startsAt);
    }
    variables.set(name, () => {
      const whole = type === compressedType ? wholeMatrix(data, reading) : data;
      return arrayOf(whole, { ...reading, name });
    });
  }
  return {
    names: [...variables.keys()],
    read(name) {
      const read = variables.get(name);
      if (read !== undefined) return read();
      const shown = quoted([...variables.keys()]);
      throw new DataFormatError(source, `no variable ${quoted(name)} in it; there are ${shown}`);
    },
  };
}

/** Checks the file's header; whether numbers have their least significant byte first. */
function byteOrder(bytes: Uint8Array, source: string): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, 19));
  const mark = String.fromCharCode(...bytes.subarray(126, headerBytes));
  if (text === "MATLAB 7.3 MAT-file" || text.startsWith("\x89HDF")) {
    throw new DataFormatError(
      source,
      "a MAT-file of version 7.3, which is HDF5, expected version 5",
      {
        remedy: () => "save it with -v7",
      },
    );
  }
  const little = mark === "IM";
  if (!little && mark !== "MI") {
    throw new DataFormatError(source, "it does not begin as MAT-files of version 5 do", 0);
  }
  const version = bytes[little ? 125 : 124];
  if (version !== 1) {
    throw new DataFormatError(source, `a MAT-file of version ${version}, expected 1`, 124);
  }
  return little;
}

interface Place {
  readonly little: boolean;
  readonly source: string;
  /** Where the bytes begin in the file, for messages. */
  readonly startsAt: number;
}

/** The element at an offset. */
function elementAt(
  bytes: Uint8Array,
  { at, little, source, startsAt }: Place & { readonly at: number },
): Element {
  const fail = (): never => {
    throw new DataFormatError(source, "the MAT-file is cut off, or damaged", startsAt + at);
  };
  if (at + 8 > bytes.length) return fail();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = view.getUint32(at, little);
  // Up to four bytes may stand in the place of their length, which then shares a word with the type.
  const small = word >>> 16;
  if (small > 0) {
    if (small > 4) return fail();
    return { type: word & 0xffff, data: bytes.subarray(at + 4, at + 4 + small), end: at + 8 };
  }
  const length = view.getUint32(at + 4, little);
  const end = at + 8 + length;
  if (end > bytes.length) return fail();
  const padding = word === compressedType ? 0 : -length & 7;
  return {
    type: word,
    data: bytes.subarray(at + 8, end),
    // The last one may lack its padding.
    end: Math.min(end + padding, bytes.length),
  };
}

/** Class, extents and name at the head of a matrix; undefined where it begins in another way. */
function headOf(content: Uint8Array, place: Place) {
  const { little } = place;
  const flags = headElement(content, { ...place, at: 0 });
  const extents = flags && headElement(content, { ...place, at: flags.end });
  const name = extents && headElement(content, { ...place, at: extents.end });
  if (flags?.data.length !== 8 || extents?.type !== 5 || name === undefined) return undefined;
  const word = viewOf(flags.data).getUint32(0, little);
  const sizes = viewOf(extents.data);
  return {
    kind: word & 0xff,
    isComplex: (word & complexFlag) !== 0,
    shape: Array.from(
      { length: extents.data.length >> 2 },
      (_, i) => sizes.getInt32(4 * i, little),
    ),
    name: String.fromCharCode(...name.data.subarray(0, 256)),
    end: name.end,
  };
}

/** As {@linkcode elementAt}; undefined where it lies beyond the head. */
function headElement(content: Uint8Array, place: Place & { readonly at: number }) {
  try {
    return elementAt(content, place);
  } catch (error) {
    if (error instanceof DataFormatError) return undefined;
    throw error;
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

type Reading = Place & { readonly maxBytes: number };

/** Unpacks zlib's stream, as far as `most` bytes. */
function inflated(
  packed: Uint8Array,
  { source, startsAt, most }: Place & { readonly most: number },
) {
  const stream = new ZStream();
  zlibInflateInit(stream);
  const output = new Uint8Array(most);
  Object.assign(stream, { input: packed, next_in: 0, avail_in: packed.length });
  Object.assign(stream, { output, next_out: 0, avail_out: output.length });
  const status = zlibInflate(stream, Z_NO_FLUSH);
  if (status < 0 && stream.next_out === 0) {
    throw new DataFormatError(source, `a variable does not unpack: ${stream.msg}`, startsAt);
  }
  return output.subarray(0, stream.next_out);
}

/** The content of a compressed matrix. */
function wholeMatrix(packed: Uint8Array, reading: Reading): Uint8Array {
  const { source, startsAt, little, maxBytes: allowed } = reading;
  const fail = (problem: string): never => {
    throw new DataFormatError(source, problem, startsAt);
  };
  const head = inflated(packed, { ...reading, most: headBytes });
  if (head.length < 8) return fail("a variable is cut off");
  const size = 8 + viewOf(head).getUint32(4, little);
  checkLimit("maxBytes", size, { source, what: "a variable", allowed, byteOffset: startsAt });
  if (size > packed.length * greatestInflation) {
    return fail(`${packed.length} bytes cannot hold a variable of ${size}`);
  }
  const stream = new ZStream();
  zlibInflateInit(stream);
  const output = new Uint8Array(size);
  Object.assign(stream, { input: packed, next_in: 0, avail_in: packed.length });
  Object.assign(stream, { output, next_out: 0, avail_out: output.length });
  const status = zlibInflate(stream, Z_FINISH);
  if (status !== Z_STREAM_END || stream.next_out !== size) {
    return fail(`a variable is truncated or damaged${stream.msg ? `: ${stream.msg}` : ""}`);
  }
  return output.subarray(8);
}

/** The numbers of a matrix. */
function arrayOf(content: Uint8Array, reading: Reading & { readonly name: string }): MatArray {
  const { source, startsAt, little, name } = reading;
  const fail = (problem: string): never => {
    throw new DataFormatError(source, `variable ${quoted(name)} ${problem}`, startsAt);
  };
  const head = headOf(content, reading);
  if (head === undefined) return fail("is damaged");
  const { kind, isComplex, shape, end } = head;
  if (!isNumeric(kind) || isComplex) return fail("holds no real numbers");
  if (shape.length < 2 || shape.some((extent) => extent < 0)) {
    return fail(`has the extents ${quoted(shape)}`);
  }
  const { type, data } = elementAt(content, { ...reading, at: end });
  const stored = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (stored === undefined) return fail(`is stored as type ${type}, expected numbers`);
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (data.length !== count * stored.width) {
    return fail(
      `of extents ${quoted(shape)} has ${data.length} bytes, expected ${count * stored.width}`,
    );
  }
  const view = viewOf(data);
  return {
    shape,
    bytes: type === uint8 ? data : undefined,
    at: (index) => stored.read(view, index * stored.width, little),
  };
}
