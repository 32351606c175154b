/**
 * The safetensors format: eight bytes of header length, a JSON header, then the tensors' bytes.
 *
 * The reader accepts what the format's specification allows and nothing else: every byte after the
 * header belongs to exactly one tensor. The writer is deterministic and aligns every tensor.
 */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { crc32 } from "./crc32.ts";
import { kindBesideSafetensors } from "./file_kind.ts";
import { toHalfBits } from "./half_precision.ts";
import { parseJson } from "./parse_json.ts";
import { checkLimit, defaultMaxText, LimitMeter, type ReadLimits } from "./read_limits.ts";
import type { StoredTensor } from "./stored_tensor.ts";
import { elementBytes, type ElementType, fitsI64, tensorFromBytes } from "./tensor_bytes.ts";

export type {
  ByteTensor,
  DoubleTensor,
  FloatTensor,
  IntTensor,
  LongTensor,
  StoredTensor,
} from "./stored_tensor.ts";

/**
 * What a safetensors file holds.
 *
 * @category Formats
 */
export interface Safetensors {
  /** The tensors by name, in the order of their bytes. */
  readonly tensors: Map<string, StoredTensor>;
  /** Tensors of kinds that cannot be held here, by name, each as its kind and shape. */
  readonly others: Map<string, string>;
  /** Free text by key. */
  readonly metadata: Record<string, string>;
}

const bytesPerValue = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, U8: 1, BOOL: 1 } as const;

/** Bits of a value of each kind that the format has, also of those that cannot be held here. */
const bits: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(elementBytes).map(([kind, bytes]) => [kind, 8 * bytes])),
  ...{ F4: 4, F6_E2M3: 6, F6_E3M2: 6, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8, C64: 64 },
};

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
  /** Byte offset of the entry's name in the file. */
  readonly at: number;
}

/**
 * Options of {@linkcode parseSafetensors}.
 *
 * @category Formats
 */
export interface ParseSafetensorsOptions
  extends Pick<ReadLimits, "maxText" | "maxDepth" | "maxItems"> {
  /**
   * "required" refuses a file without the checksum of {@linkcode WriteSafetensorsOptions}: for files that
   * were written with one, of which a damaged header may have lost it. Default "optional".
   */
  readonly checksum?: "required" | "optional";
  /**
   * Whether float32 tensors may be views of the bytes, where these are aligned: no memory is taken for them,
   * and whoever changes the bytes changes them. Default false.
   */
  readonly views?: boolean;
}

/** Whether bytes begin as a safetensors file: the length of a header that is JSON. */
export function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 10 || bytes[8] !== 0x7b) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= BigInt(bytes.length - 8);
}

/** Tensors of a file; the largest language models have some thousands. */
const usualTensors = 50_000;
/** An entry has its own name and three in it: each counts a quarter, also those of the metadata. */
const itemsOfName = 1 / 4;

/**
 * Reads a safetensors file.
 *
 * @example
 * ```ts
 * import { parseSafetensors, writeSafetensors } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const bias = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } as const;
 * const bytes = writeSafetensors(new Map([["bias", bias]]));
 * assertEquals(parseSafetensors(bytes, "weights").tensors.get("bias"), bias);
 * ```
 *
 * @param bytes The whole file. It is copied from, never kept.
 * @param source Path, or a name for the bytes, for error messages.
 * @returns Tensors and metadata, without the checksum of {@linkcode WriteSafetensorsOptions}.
 * @throws ReadLimitError if the header is longer than `maxText` (16 MiB) or nested deeper than `maxDepth`
 * (100), or it names more than `maxItems` tensors (50,000).
 * @throws DataFormatError if the bytes break the format in any way: truncated, excess, overlapping
 * or missing ranges, a size that does not fit shape and dtype, names twice, unknown dtypes; or if they
 * have a checksum and do not fit it.
 * @category Formats
 */
export function parseSafetensors(
  bytes: Uint8Array,
  source = "safetensors",
  options: ParseSafetensorsOptions = {},
): Safetensors {
  const { checksum, metadata, entries, dataStart } = readEntries(bytes, source, options);
  if (checksum === undefined && options.checksum === "required") {
    throw new DataFormatError(
      source,
      "it has no checksum, as files of its kind do: it is damaged, or another file",
    );
  }
  const found = checksum && checksumOf(metadata, entries, [bytes.subarray(dataStart)]);
  if (checksum !== found) {
    throw new DataFormatError(
      source,
      `the file is damaged: its content has the CRC-32 ${found}, expected ${
        quoted(checksum, 20)
      }, with which it ` +
        "was written (or a program changed it and kept the metadata); take a good copy",
    );
  }
  const tensors = new Map<string, StoredTensor>();
  const { views = false } = options;
  const others = new Map<string, string>();
  for (const entry of entries) {
    const tensor = readTensor(bytes, entry, { source, dataStart, views });
    if (tensor) tensors.set(entry.name, tensor);
    else others.set(entry.name, `${entry.dtype} of shape ${quoted(entry.shape)}`);
  }
  return { tensors, others, metadata };
}

/**
 * Options of {@linkcode writeSafetensors}.
 *
 * @category Formats
 */
export interface WriteSafetensorsOptions {
  /** Free text by key. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Adds a CRC-32 of everything to the metadata, which {@linkcode parseSafetensors} verifies. */
  readonly checksum?: boolean;
}

/** Where the metadata has the checksum. */
const checksumKey = "els_crc32";

/** CRC-32 of what a file says, however its header is laid out, as 8 hexadecimal digits. */
function checksumOf(
  metadata: Readonly<Record<string, string>>,
  entries: readonly Pick<Entry, "name" | "dtype" | "shape">[],
  data: readonly Uint8Array[],
): string {
  const told = ({ name, dtype, shape }: typeof entries[number]) => [name, dtype, shape];
  const filled = ({ shape }: typeof entries[number]) => product(shape) > 0;
  const said = [
    Object.entries(metadata).sort(([a], [b]) => a < b ? -1 : 1),
    entries.filter(filled).map(told),
    // Those without values have no place among the bytes, and so no order of their own.
    entries.filter((entry) => !filled(entry)).sort((a, b) => a.name < b.name ? -1 : 1).map(told),
  ];
  const header = crc32(new TextEncoder().encode(JSON.stringify(said)));
  return data.reduce((crc, bytes) => crc32(bytes, crc), header).toString(16).padStart(8, "0");
}

/**
 * Writes tensors as a safetensors file.
 *
 * The same tensors and metadata give the same bytes, whatever their order: wide dtypes come first and
 * names ascend within a width, so that every tensor is aligned to its values.
 *
 * @example
 * ```ts
 * import { writeSafetensors } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const bias = { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } as const;
 * const bytes = writeSafetensors(new Map([["bias", bias]]), { metadata: { about: "an example" } });
 * assertEquals(bytes.length % 8, 0);
 * ```
 *
 * @throws RangeError if a tensor's length does not fit its shape, a truth value is not 0 or 1, or a
 * tensor is called `__metadata__`.
 * @category Formats
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  options: WriteSafetensorsOptions = {},
): Uint8Array<ArrayBuffer> {
  const { metadata = {}, checksum = false } = options;
  const ordered = [...tensors].sort(([a, s], [b, t]) =>
    bytesPerValue[t.dtype] - bytesPerValue[s.dtype] || (a < b ? -1 : 1)
  );
  const header: [string, unknown][] = [];
  let dataLength = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === "__metadata__") {
      throw new ArgumentError(
        `Cannot write a tensor called "${name}": the format reserves that name`,
      );
    }
    if (!shape.every(isSize) || data.length !== product(shape)) {
      throw new ArgumentError(
        `Cannot write tensor "${name}": ${data.length} values do not fill the shape [${
          shape.join(", ")
        }]`,
      );
    }
    if (dtype === "BOOL" && data.some((value) => value > 1)) {
      throw new ArgumentError(`Cannot write tensor "${name}": a BOOL value is neither 0 nor 1`);
    }
    const end = dataLength + data.length * bytesPerValue[dtype];
    header.push([name, { dtype, shape, data_offsets: [dataLength, end] }]);
    dataLength = end;
  }
  const body = ordered.map(([, { dtype, data }]) => {
    const stored = dtype === "F16" ? toHalfBits(data) : data;
    return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  });
  const entries = ordered.map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const said: Record<string, string> = {
    ...metadata,
    ...checksum && { [checksumKey]: checksumOf(metadata, entries, body) },
  };
  const keys = Object.keys(said).sort();
  if (keys.length > 0) {
    header.unshift(["__metadata__", Object.fromEntries(keys.map((key) => [key, said[key]]))]);
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const dataStart = 8 + Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(dataStart + dataLength);
  new DataView(out.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  out.fill(0x20, 8, dataStart);
  out.set(text, 8);
  let offset = dataStart;
  for (const bytes of body) {
    out.set(bytes, offset);
    offset += bytes.length;
  }
  return out;
}

/**
 * Where the bytes of each tensor begin in a safetensors file, for programs that write values in place.
 *
 * @throws DataFormatError if the header breaks the format, or the file has another length than it says.
 */
export function tensorOffsets(bytes: Uint8Array, source = "safetensors"): Map<string, number> {
  const { entries, dataStart } = readEntries(bytes, source);
  return new Map(entries.map(({ name, begin }) => [name, dataStart + begin]));
}

/** Header of a file, its entries in the order of their bytes, which they cover without gap or overlap. */
function readEntries(bytes: Uint8Array, source: string, options: ParseSafetensorsOptions = {}) {
  const { header, keyOffsets, dataStart } = readHeader(bytes, source, options);
  const { [checksumKey]: checksum, ...metadata } = Object.hasOwn(header, "__metadata__")
    ? checkMetadata(header["__metadata__"], source, keyOffsets.get("__metadata__")!)
    : {};
  const dataLength = bytes.length - dataStart;
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    entries.push(checkEntry(name, value, { source, dataLength, at: keyOffsets.get(name)! }));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) {
      const found = begin < covered
        ? "overlaps the tensor before it"
        : `leaves ${begin - covered} bytes before it unused`;
      throw new DataFormatError(
        source,
        `tensor ${quoted(name)} ${found}: it begins at data offset ${begin}, expected ${covered}`,
        dataStart + begin,
      );
    }
    covered = end;
  }
  if (covered !== dataLength) {
    throw new DataFormatError(
      source,
      `${dataLength - covered} bytes follow the last tensor, expected none`,
      dataStart + covered,
    );
  }
  return { checksum, metadata, entries, dataStart };
}

/** Refuses a file of another kind by what it is. */
function checkKind(bytes: Uint8Array, source: string): void {
  const kind = kindBesideSafetensors(bytes);
  if (kind !== undefined) throw new DataFormatError(source, `it is ${kind}, expected safetensors`);
}

function readHeader(bytes: Uint8Array, source: string, options: ParseSafetensorsOptions) {
  checkKind(bytes, source);
  if (bytes.length < 8) {
    throw new DataFormatError(
      source,
      `the file has ${bytes.length} bytes, expected at least the 8 bytes of the header's length`,
      bytes.length,
    );
  }
  const declared = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (declared > BigInt(bytes.length - 8)) {
    throw new DataFormatError(
      source,
      `the header should be ${declared} bytes long, but only ${bytes.length - 8} bytes follow; ` +
        `the file is truncated or not safetensors`,
      0,
    );
  }
  const { maxText = defaultMaxText, maxDepth, maxItems = usualTensors } = options;
  const what = "the header";
  checkLimit("maxText", Number(declared), { source, what, allowed: maxText, byteOffset: 0 });
  const dataStart = 8 + Number(declared);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes.subarray(8, dataStart));
  } catch {
    throw new DataFormatError(source, "the header is not text in UTF-8", 8);
  }
  // Offsets count bytes, and JSON characters: counted on from one name to the next.
  const keyOffsets = new Map<string, number>();
  let [seen, byte] = [0, 8];
  const names = new LimitMeter("maxItems", { source, what, allowed: maxItems });
  const header = parseJson(text, {
    // Its names, and an object and two lists of each entry.
    ...{ source, what, maxText, maxDepth, startsAt: 8, maxItems: 8 * maxItems + 8 },
    onKey({ name, depth, index }) {
      names.take(itemsOfName);
      if (depth > 1) return;
      byte += utf8Length(text, seen, index);
      seen = index;
      keyOffsets.set(name, byte);
    },
  });
  if (!isObject(header)) {
    throw new DataFormatError(source, "the header is not a JSON object", 8);
  }
  return { header, keyOffsets, dataStart };
}

/** Bytes of a part of a text in UTF-8. */
function utf8Length(text: string, from: number, to: number): number {
  let length = to - from;
  for (let i = from; i < to; i++) {
    const letter = text.charCodeAt(i);
    // A pair of surrogates is two letters and four bytes.
    if (letter > 0x7f) length += letter > 0x7ff && (letter < 0xd800 || letter > 0xdfff) ? 2 : 1;
  }
  return length;
}

function checkMetadata(value: unknown, source: string, at: number): Record<string, string> {
  if (!isObject(value) || !Object.values(value).every((entry) => typeof entry === "string")) {
    throw new DataFormatError(source, "__metadata__ is not an object of strings", at);
  }
  return value as Record<string, string>;
}

function checkEntry(
  name: string,
  value: unknown,
  { source, dataLength, at }: { source: string; dataLength: number; at: number },
): Entry {
  const fail = (problem: string): never => {
    throw new DataFormatError(source, `tensor ${quoted(name)}: ${problem}`, at);
  };
  if (!isObject(value)) return fail("its entry is not an object");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(bits, dtype)) {
    return fail(`dtype is ${quoted(dtype)}, expected one of ${Object.keys(bits).join(", ")}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    return fail(`shape is ${quoted(shape)}, expected a list of sizes`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return fail(`data_offsets is ${quoted(offsets)}, expected [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataLength) {
    return fail(
      `data_offsets [${begin}, ${end}] do not lie in the ${dataLength} bytes after the header; ` +
        `the file is truncated or damaged`,
    );
  }
  const expected = product(shape) * bits[dtype]! / 8;
  if (end - begin !== expected) {
    return fail(
      `${dtype} of shape ${quoted(shape)} needs ${expected} bytes, ` +
        `data_offsets give ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end, at };
}

function readTensor(
  bytes: Uint8Array,
  { name, dtype, shape, begin, end }: Entry,
  { source, dataStart, views }: {
    readonly source: string;
    readonly dataStart: number;
    readonly views: boolean;
  },
): StoredTensor | undefined {
  const data = bytes.subarray(dataStart + begin, dataStart + end);
  if (views && dtype === "F32" && data.byteOffset % 4 === 0) {
    const values = new Float32Array(data.buffer, data.byteOffset, data.length / 4);
    return { dtype, shape, data: values as Float32Array<ArrayBuffer> };
  }
  const bad = dtype === "BOOL" ? data.findIndex((value) => value > 1) : -1;
  if (bad >= 0) {
    throw new DataFormatError(
      source,
      `tensor ${quoted(name)}: a BOOL is ${data[bad]}, expected 0 or 1`,
      dataStart + begin + bad,
    );
  }
  if (!Object.hasOwn(elementBytes, dtype)) return undefined;
  const type = dtype as ElementType;
  return type === "U64" && !fitsI64(data) ? undefined : tensorFromBytes(data, { type, shape });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && value as number >= 0;
const product = (shape: readonly number[]) => shape.reduce((total, size) => total * size, 1);
