/** Zip archives in memory: a strict reader of what PyTorch writes, and a writer of stored files. */
import { crc32 } from "./crc32.ts";
import { inflateSync, zipSync } from "fflate";
import { DataFormatError } from "../core/errors.ts";

/** A file in a zip archive. */
export interface ZipEntry {
  /** Its path in the archive. */
  readonly name: string;
  /** 0: stored, 8: deflate. */
  readonly method: number;
  /** CRC-32 of its contents. */
  readonly crc32: number;
  /** Bytes in the archive. */
  readonly packedSize: number;
  /** Bytes of its contents. */
  readonly size: number;
  /** Byte offset of its packed contents in the archive. */
  readonly offset: number;
}

/** Deflate makes nothing smaller than this: what claims more is a zip bomb. */
const greatestRatio = 1032;
const noMore = 0xffffffff;

/**
 * Reads the list of files of a zip archive (also zip64), without unpacking any.
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @returns The entries by name.
 * @throws DataFormatError if the archive is truncated or damaged, encrypted, in several parts, names
 * a file twice, packs it by something else than deflate, or claims contents that its bytes cannot hold.
 */
export function readZipDirectory(bytes: Uint8Array, source = "zip"): Map<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fail = (problem: string, at: number): never => {
    throw new DataFormatError(source, problem, at);
  };
  const { count, start, end } = findDirectory(view, fail);
  const entries = new Map<string, ZipEntry>();
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) {
      fail(`the zip directory is damaged: entry ${i + 1} of ${count} does not begin here`, at);
    }
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      view.getUint16(at + offset, true)
    ) as [number, number, number];
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > end) fail(`the zip directory is damaged: entry ${i + 1} is cut off`, at);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const shown = JSON.stringify(name);
    if (flags & 1) fail(`${shown} is encrypted`, at);
    if (method !== 0 && method !== 8) {
      fail(`${shown} is packed by method ${method}, expected 0 (stored) or 8 (deflate)`, at + 10);
    }
    if (entries.has(name)) fail(`the archive names ${shown} twice`, at);
    const extra = { from: at + 46 + nameLength, to: at + 46 + nameLength + extraLength };
    const [size, packedSize, header] = wideFields(view, at, extra);
    if (header + 30 > start || view.getUint32(header, true) !== 0x04034b50) {
      fail(`${shown} should begin at byte ${header}, but no file begins there`, at + 42);
    }
    const offset = header + 30 + view.getUint16(header + 26, true) +
      view.getUint16(header + 28, true);
    if (offset + packedSize > start) {
      fail(`${shown} should have ${packedSize} bytes, but the archive holds fewer`, header);
    }
    if (method === 0 ? size !== packedSize : size > packedSize * greatestRatio) {
      fail(
        `${shown} cannot hold ${size} bytes in ${packedSize}; the archive is not to be trusted`,
        at,
      );
    }
    entries.set(name, {
      name,
      method,
      crc32: view.getUint32(at + 16, true),
      packedSize,
      size,
      offset,
    });
    at = next;
  }
  return entries;
}

/** Place and number of entries of the central directory. */
function findDirectory(view: DataView, fail: (problem: string, at: number) => never) {
  const last = view.byteLength - 22;
  let at = last;
  // A comment of up to 65,535 bytes may follow the record.
  while (at >= Math.max(0, last - 0xffff) && view.getUint32(at, true) !== 0x06054b50) at--;
  if (at < Math.max(0, last - 0xffff)) {
    fail("no zip directory is found at the end; the file is truncated or no zip", view.byteLength);
  }
  if (view.getUint16(at + 4, true) !== 0 && view.getUint16(at + 4, true) !== 0xffff) {
    fail("the archive is one part of several", at + 4);
  }
  let count = view.getUint16(at + 10, true);
  let size = view.getUint32(at + 12, true);
  let start = view.getUint32(at + 16, true);
  if (count === 0xffff || size === noMore || start === noMore) {
    const wide = at >= 20 && view.getUint32(at - 20, true) === 0x07064b50
      ? Number(view.getBigUint64(at - 12, true))
      : -1;
    if (wide < 0 || wide + 56 > at || view.getUint32(wide, true) !== 0x06064b50) {
      fail("the zip64 directory is missing or damaged", at);
    }
    count = Number(view.getBigUint64(wide + 32, true));
    size = Number(view.getBigUint64(wide + 40, true));
    start = Number(view.getBigUint64(wide + 48, true));
  }
  if (start + size > at || count * 46 > size) {
    fail(`the zip directory of ${count} entries should lie at byte ${start}, but is not there`, at);
  }
  return { count, start, end: start + size };
}

/** Size, packed size and header offset of an entry; those too wide for 32 bits follow in zip64's field. */
function wideFields(view: DataView, at: number, extra: { from: number; to: number }) {
  const fields = [24, 20, 42].map((offset) => view.getUint32(at + offset, true));
  let from = extra.from;
  while (from + 4 <= extra.to && view.getUint16(from, true) !== 1) {
    from += 4 + view.getUint16(from + 2, true);
  }
  from += 4;
  return fields.map((value) => {
    if (value !== noMore || from + 8 > extra.to) return value;
    from += 8;
    return Number(view.getBigUint64(from - 8, true));
  }) as [number, number, number];
}

/**
 * Unpacks one file of an archive.
 *
 * @param entry From {@linkcode readZipDirectory} of the same bytes.
 * @returns A copy of its contents.
 * @throws DataFormatError if the contents do not unpack to the size and CRC-32 that the archive states.
 */
export function readZipEntry(
  bytes: Uint8Array,
  { name, method, size, packedSize, offset, crc32: expected }: ZipEntry,
  source = "zip",
): Uint8Array<ArrayBuffer> {
  const packed = bytes.subarray(offset, offset + packedSize);
  let contents: Uint8Array;
  try {
    // One byte more than stated shows contents that are longer; the buffer never grows.
    contents = method === 0
      ? packed.slice()
      : inflateSync(packed, { out: new Uint8Array(size + 1) }).slice();
  } catch {
    throw new DataFormatError(source, `${JSON.stringify(name)} does not unpack`, offset);
  }
  const found = crc32(contents);
  if (contents.length === size && found === expected) return contents as Uint8Array<ArrayBuffer>;
  const hex = (value: number) => value.toString(16).padStart(8, "0");
  throw new DataFormatError(
    source,
    `${JSON.stringify(name)} is damaged: it unpacks to ${
      contents.length > size ? "more bytes" : `${contents.length} bytes`
    } with CRC-32 ${hex(found)}, expected ${size} bytes with ${hex(expected)}`,
    offset,
  );
}

/** A zip archive of files stored as they are, dated 1980: the same files give the same bytes. */
export function writeZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  return zipSync(Object.fromEntries(files), {
    level: 0,
    mtime: new Date(1980, 0, 1),
  }) as Uint8Array<
    ArrayBuffer
  >;
}
