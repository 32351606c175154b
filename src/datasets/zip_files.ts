/** Reading single files out of a large zip archive without unpacking it. */
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { bytesFor, checkLimit, type ReadLimits } from "../formats/read_limits.ts";
import {
  checkLocalHeader,
  findZipEnd,
  localBytes,
  localHeaderBytes,
  longestEnd,
  readZipRecords,
  wideEndBytes,
  zipDirectoryPlace,
  type ZipRecord,
} from "../formats/zip_records.ts";
import { type OpenFile, readExactly, withFile } from "./open_files.ts";

/** A file in an archive, with "/" between folders in its name. */
export type ZipEntry = ZipRecord;

/** An archive whose list of files has been read; it is opened anew for each file. */
export interface ZipArchive {
  /** The files, in the archive's order; folders are left out. */
  readonly entries: readonly ZipEntry[];
  /**
   * Reads and unpacks one file, and checks its CRC-32.
   *
   * @throws ReadLimitError if it unpacks to more than `maxBytes`.
   * @throws DataFormatError if it is damaged, encrypted or packed by another method than deflate, or
   * the archive says one thing in its directory and another before the file.
   */
  read(entry: ZipEntry): Promise<Uint8Array>;
  /**
   * Checks of files that are not read that the archive calls them the same in its directory and before
   * them: a file whose name is damaged could else be missed.
   *
   * @throws DataFormatError if it does not.
   */
  confirm(entries: readonly ZipEntry[]): Promise<void>;
}

/** Of a file that is no picture, where nothing else is asked for. */
const mostBytes = 2 ** 31;
/** Of the list of files: a million names of a hundred bytes, and slack. */
const mostDirectoryBytes = 2 ** 28;

/** Options of {@linkcode openZip}: `maxItems` files (a million), each of at most `maxBytes`. */
export type OpenZipOptions = Pick<ReadLimits, "maxBytes" | "maxItems">;

/**
 * Reads an archive's list of files; archives above 4 GiB or 65,535 files (zip64) too.
 *
 * @param options By default a file may unpack to 32 MiB and 16 times as many bytes as it has packed.
 * @throws ReadLimitError if it has more files than allowed.
 * @throws DataFormatError if it is truncated, damaged or no zip, or no regular file.
 */
export async function openZip(path: string, options: OpenZipOptions = {}): Promise<ZipArchive> {
  return await readZip((work) => withFile(path, work), { ...options, source: path });
}

/**
 * {@linkcode openZip}, of anything that can be opened.
 *
 * @param open Opens the archive for the time of some work.
 */
export async function readZip(
  open: <T>(work: (file: OpenFile) => Promise<T>) => Promise<T>,
  { source, maxItems = 1_000_000, maxBytes }: OpenZipOptions & { readonly source: string },
): Promise<ZipArchive> {
  return {
    entries: await open((file) => readDirectory(file, { source, maxItems })),
    read: (record) => open((file) => readEntry(file, { source, record, maxBytes })),
    confirm: (records) =>
      open(async (file) => {
        for (const record of records) await contentsAt(file, { source, record });
      }),
  };
}

/** Where a file's contents begin, after what is said of it there. */
async function contentsAt(
  file: OpenFile,
  at: { readonly source: string; readonly record: ZipRecord },
): Promise<number> {
  const { headerAt } = at.record;
  const fixed = await file.read(headerAt, localBytes);
  return checkLocalHeader(await file.read(headerAt, localHeaderBytes(fixed, at)), at);
}

async function readEntry(
  file: OpenFile,
  { source, record, maxBytes }: {
    readonly source: string;
    readonly record: ZipRecord;
    readonly maxBytes: number | undefined;
  },
): Promise<Uint8Array> {
  const { name, method, size, packedSize, crc32: expected } = record;
  const offset = await contentsAt(file, { source, record });
  const inside = `${source}/${name}`;
  const allowed = maxBytes ?? Math.min(bytesFor(packedSize), mostBytes);
  for (const needed of [size, packedSize]) {
    checkLimit("maxBytes", needed, { source: inside, what: "the file", allowed });
  }
  // Imported when needed: a browser has no such module.
  const { crc32, inflateRawSync } = await import("node:zlib");
  const packed = await readAt(file, { offset, length: packedSize, source: inside });
  let bytes: Uint8Array;
  try {
    bytes = method === 0
      ? packed
      : new Uint8Array(inflateRawSync(packed, { maxOutputLength: Math.max(1, size) }));
  } catch (error) {
    throw new DataFormatError(inside, `cannot be unpacked: ${(error as Error).message}`);
  }
  if (bytes.length !== size || crc32(bytes) !== expected) {
    throw new DataFormatError(inside, "its checksum is wrong: the archive is damaged");
  }
  return bytes;
}

function readAt(
  file: OpenFile,
  place: { readonly offset: number; readonly length: number; readonly source: string },
): Promise<Uint8Array> {
  return readExactly(file, { ...place, problem: "the zip archive is truncated" });
}

async function readDirectory(
  file: OpenFile,
  { source, maxItems }: { readonly source: string; readonly maxItems: number },
): Promise<ZipEntry[]> {
  const fileSize = await file.size();
  const tailLength = Math.min(fileSize, longestEnd);
  const tail = await readAt(file, { offset: fileSize - tailLength, length: tailLength, source });
  const end = findZipEnd(tail, { fileSize, source });
  const wideEnd = end.wideAt === undefined || end.wideAt > fileSize
    ? undefined
    : await file.read(end.wideAt, wideEndBytes);
  const place = zipDirectoryPlace(end, { wideEnd, source });
  const { start: offset, length, count } = place;
  const what = "the zip directory";
  checkLimit("maxItems", count, { source, what, allowed: maxItems });
  checkLimit("maxText", length, { source, what, allowed: mostDirectoryBytes });
  const records = readZipRecords(await readAt(file, { offset, length, source }), { place, source });
  const isFolder = ({ name }: ZipRecord) => name.endsWith("/");
  const full = records.find((record) => isFolder(record) && record.size > 0);
  if (full !== undefined) {
    throw new DataFormatError(
      source,
      `its folder ${quoted(full.name)} has contents, as only files do`,
    );
  }
  return records
    .filter((record) => !isFolder(record))
    .map((record) => ({ ...record, name: record.name.replaceAll("\\", "/") }));
}
