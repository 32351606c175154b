/** Zip archives in memory: a strict reader of what PyTorch writes, and a writer of stored files. */
import { inflateSync, zipSync } from "fflate";
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { crc32 } from "./crc32.ts";
import { checkLimit, type ReadLimits } from "./read_limits.ts";
import {
  checkLocalHeader,
  findZipEnd,
  localBytes,
  localHeaderBytes,
  readZipRecords,
  wideEndBytes,
  zipDirectoryPlace,
  type ZipRecord,
} from "./zip_records.ts";

/** A file in a zip archive. */
export interface ZipEntry extends ZipRecord {
  /** Byte offset of its packed contents in the archive. */
  readonly offset: number;
}

/** Most files that an archive in memory may have; a checkpoint has one for each of its tensors. */
const usualEntries = 50_000;

/** Options of {@linkcode readZipDirectory}. */
export interface ReadZipOptions extends Pick<ReadLimits, "maxItems"> {
  /** Path, or a name for the bytes, for error messages. */
  readonly source?: string;
}

/**
 * Reads the list of files of a zip archive (also zip64), without unpacking any.
 *
 * @returns The entries by name.
 * @throws ReadLimitError if there are more than `maxItems` (50,000).
 * @throws DataFormatError if the archive is truncated or damaged, encrypted, in several parts, names
 * a file twice or gives two the same bytes, packs one by something else than deflate, claims contents
 * that its bytes cannot hold, or says one thing in its directory and another before a file.
 */
export function readZipDirectory(
  bytes: Uint8Array,
  { source = "zip", maxItems = usualEntries }: ReadZipOptions = {},
): Map<string, ZipEntry> {
  const end = findZipEnd(bytes, { fileSize: bytes.length, source });
  const { wideAt } = end;
  const wideEnd = wideAt === undefined ? undefined : bytes.subarray(wideAt, wideAt + wideEndBytes);
  const place = zipDirectoryPlace(end, { wideEnd, source });
  const { start, length, count } = place;
  checkLimit("maxItems", count, { source, what: "the zip directory", allowed: maxItems });
  const records = readZipRecords(bytes.subarray(start, start + length), { place, source });
  return new Map(records.map((record) => {
    const at = { record, source };
    const { name, headerAt } = record;
    const long = localHeaderBytes(bytes.subarray(headerAt, headerAt + localBytes), at);
    const offset = checkLocalHeader(bytes.subarray(headerAt, headerAt + long), at);
    return [name, { ...record, offset }];
  }));
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
    throw new DataFormatError(source, `${quoted(name)} does not unpack`, offset);
  }
  const found = crc32(contents);
  if (contents.length === size && found === expected) return contents as Uint8Array<ArrayBuffer>;
  const hex = (value: number) => value.toString(16).padStart(8, "0");
  throw new DataFormatError(
    source,
    `${quoted(name)} is damaged: it unpacks to ${
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
