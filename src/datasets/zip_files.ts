/** Reading single files out of a large zip archive without unpacking it. */
import { DataFormatError } from "../core/errors.ts";
import { type OpenFile, readExactly, withFile } from "./open_files.ts";

/** A file in an archive. */
export interface ZipEntry {
  /** Path inside the archive, with "/" between folders. */
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const signature = { end: 0x06054b50, end64: 0x06064b50, entry: 0x02014b50, local: 0x04034b50 };

/** An archive whose list of files has been read; it is opened anew for each file. */
export interface ZipArchive {
  /** The files, in the archive's order; folders are left out. */
  readonly entries: readonly ZipEntry[];
  /**
   * Reads and unpacks one file, and checks its CRC-32.
   *
   * @throws DataFormatError if it is damaged, encrypted or packed by another method than deflate.
   */
  read(entry: ZipEntry): Promise<Uint8Array>;
}

/**
 * Reads an archive's list of files; archives above 4 GiB or 65,535 files (zip64) too.
 *
 * @throws DataFormatError if it is truncated or no zip.
 */
export async function openZip(path: string): Promise<ZipArchive> {
  return {
    entries: await withFile(path, (file) => readDirectory(file, path)),
    read: (entry) => withFile(path, (file) => readEntry(file, { path, entry })),
  };
}

async function readEntry(
  file: OpenFile,
  { path, entry }: { readonly path: string; readonly entry: ZipEntry },
): Promise<Uint8Array> {
  const source = `${path}/${entry.name}`;
  // Imported when needed: a browser has no such module.
  const { crc32, inflateRawSync } = await import("node:zlib");
  const header = view(await readAt(file, entry.offset, 30, source));
  if (header.getUint32(0, true) !== signature.local) {
    throw new DataFormatError(source, "no file begins where the archive says", entry.offset);
  }
  const start = entry.offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = await readAt(file, start, entry.packedBytes, source);
  if ((header.getUint16(6, true) & 1) !== 0 || (entry.method !== 0 && entry.method !== 8)) {
    throw new DataFormatError(source, "encrypted or not packed by deflate; pack it anew");
  }
  let bytes: Uint8Array;
  try {
    bytes = entry.method === 0 ? packed : new Uint8Array(inflateRawSync(packed, {
      maxOutputLength: Math.max(1, entry.bytes),
    }));
  } catch (error) {
    throw new DataFormatError(source, `cannot be unpacked: ${(error as Error).message}`);
  }
  if (bytes.length !== entry.bytes || crc32(bytes) !== entry.crc) {
    throw new DataFormatError(source, "its checksum is wrong: the archive is damaged");
  }
  return bytes;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readAt(
  file: OpenFile,
  offset: number,
  length: number,
  source: string,
): Promise<Uint8Array> {
  return readExactly(file, { offset, length, source, problem: "the zip archive is truncated" });
}

async function readDirectory(file: OpenFile, source: string): Promise<ZipEntry[]> {
  const size = await file.size();
  // The end record is 22 bytes and a comment of up to 65,535.
  const tailStart = Math.max(0, size - 22 - 65_535);
  const tail = view(await readAt(file, tailStart, size - tailStart, source));
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== signature.end) end--;
  if (end < 0) throw new DataFormatError(source, "truncated, or no zip archive");
  let length = tail.getUint32(end + 12, true);
  let start = tail.getUint32(end + 16, true);
  const locator = end - 20;
  if (locator >= 0 && tail.getUint32(locator, true) === 0x07064b50) {
    const at = Number(tail.getBigUint64(locator + 8, true));
    const end64 = view(await readAt(file, at, 56, source));
    if (end64.getUint32(0, true) !== signature.end64) {
      throw new DataFormatError(source, "the zip archive's end is damaged", at);
    }
    length = Number(end64.getBigUint64(40, true));
    start = Number(end64.getBigUint64(48, true));
  }
  if (start + length > size) {
    throw new DataFormatError(source, "truncated: its list of files lies beyond its end");
  }
  return parseDirectory(await readAt(file, start, length, source), { source, start });
}

function parseDirectory(
  bytes: Uint8Array,
  { source, start }: { readonly source: string; readonly start: number },
): ZipEntry[] {
  const directory = view(bytes);
  const decoder = new TextDecoder();
  const entries: ZipEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 46 > bytes.length || directory.getUint32(at, true) !== signature.entry) {
      throw new DataFormatError(source, "the zip archive's list of files is damaged", start + at);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      directory.getUint16(at + field, true)
    ) as [number, number, number];
    const nameAt = at + 46;
    const name = decoder.decode(bytes.subarray(nameAt, nameAt + nameBytes));
    const extra = bytes.subarray(nameAt + nameBytes, nameAt + nameBytes + extraBytes);
    const [packedBytes, unpackedBytes, offset] = wideFields(extra, [
      directory.getUint32(at + 20, true),
      directory.getUint32(at + 24, true),
      directory.getUint32(at + 42, true),
    ]);
    if (!name.endsWith("/")) {
      entries.push({
        name: name.replaceAll("\\", "/"),
        method: directory.getUint16(at + 10, true),
        crc: directory.getUint32(at + 16, true),
        packedBytes,
        bytes: unpackedBytes,
        offset,
      });
    }
    at = nameAt + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

/** Packed size, size and offset, each from the zip64 field if it does not fit 32 bits. */
function wideFields(
  extra: Uint8Array,
  [packed, plain, offset]: [number, number, number],
): [number, number, number] {
  const fields = view(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + fields.getUint16(at + 2, true)) {
    if (fields.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    const wide = (value: number) => {
      if (value !== 0xffffffff || next + 8 > extra.length) return value;
      const found = Number(fields.getBigUint64(next, true));
      next += 8;
      return found;
    };
    // The field holds only what overflowed, the plain size first.
    plain = wide(plain);
    packed = wide(packed);
    offset = wide(offset);
    break;
  }
  return [packed, plain, offset];
}
