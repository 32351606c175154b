/**
 * The records of zip archives (PKWARE's APPNOTE.TXT), zip64 among them: where the directory lies, what
 * it says of each file, and whether the header in front of a file says the same. An archive that tells
 * two stories is read differently by different programs, and is refused.
 */
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";

/** What the directory of an archive says of a file. */
export interface ZipRecord {
  /** Its path in the archive. */
  readonly name: string;
  /** The bytes of its name. */
  readonly rawName: Uint8Array;
  readonly flags: number;
  /** 0: stored, 8: deflate. */
  readonly method: number;
  /** CRC-32 of its contents. */
  readonly crc32: number;
  /** Bytes in the archive. */
  readonly packedSize: number;
  /** Bytes of its contents. */
  readonly size: number;
  /** Whether it is a symbolic link, as archives made on Unix may hold: its contents are a path. */
  readonly isLink: boolean;
  /** Where its own header begins, and where the next one or the directory does, in the archive. */
  readonly headerAt: number;
  readonly endsBefore: number;
}

/** Where the directory lies. */
export interface ZipDirectoryPlace {
  readonly start: number;
  readonly length: number;
  /** Number of its entries. */
  readonly count: number;
}

/** Bytes of the end record, of its comment at most, and of the zip64 records before it. */
export const endBytes = 22;
export const longestEnd: number = endBytes + 0xffff + 20 + 56;
/** Bytes of zip64's end record. */
export const wideEndBytes = 56;
/** Bytes of an entry of the directory, before its name. */
const entryBytes = 46;
/** Bytes of a file's own header, before its name. */
export const localBytes = 30;

const signatures = { end: 0x06054b50, wideEnd: 0x06064b50, locator: 0x07064b50 } as const;
const noMore = 0xffffffff;
/** Deflate makes nothing smaller than this: what claims more is a zip bomb. */
const greatestRatio = 1032;
/** How hard a file was packed says nothing about it. */
const effortFlags = 6;
const encrypted = 1;
const sizesFollow = 8;

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const wide = (view: DataView, at: number) => Number(view.getBigUint64(at, true));

/** The end record, which may leave the place of the directory to zip64's. */
export interface ZipEnd extends ZipDirectoryPlace {
  /** Where the record begins in the archive. */
  readonly at: number;
  /** Where zip64's record begins, if there is one. */
  readonly wideAt: number | undefined;
}

/**
 * Finds the end record.
 *
 * @param tail The last bytes of the archive: all, or at least {@linkcode longestEnd}.
 * @throws DataFormatError if there is none, or the archive is one of several parts.
 */
export function findZipEnd(
  tail: Uint8Array,
  { fileSize, source }: { readonly fileSize: number; readonly source: string },
): ZipEnd {
  const view = viewOf(tail);
  const offset = fileSize - tail.length;
  const last = tail.length - endBytes;
  const first = Math.max(0, last - 0xffff);
  let at = last;
  // Its comment ends the file: a signature within the comment is none.
  while (
    at >= first &&
    !(view.getUint32(at, true) === signatures.end &&
      at + endBytes + view.getUint16(at + 20, true) === tail.length)
  ) at--;
  if (at < first) {
    throw new DataFormatError(
      source,
      "no zip directory is found at the end: truncated, or no zip archive",
      fileSize,
    );
  }
  const [part, startPart, countHere, count] = [4, 6, 8, 10].map((field) =>
    view.getUint16(at + field, true)
  ) as [number, number, number, number];
  const isWide = at >= 20 && view.getUint32(at - 20, true) === signatures.locator;
  const onePart = [part, startPart].every((n) => n === 0 || (isWide && n === 0xffff));
  if (!onePart || countHere !== count) {
    throw new DataFormatError(source, "the archive is one part of several", offset + at + 4);
  }
  return {
    count,
    length: view.getUint32(at + 12, true),
    start: view.getUint32(at + 16, true),
    at: offset + at,
    wideAt: isWide ? wide(view, at - 12) : undefined,
  };
}

/**
 * Where the directory lies.
 *
 * @param wideEnd The bytes at `wideAt`, if there is such a place; fewer if the file ends before.
 * @throws DataFormatError if it lies elsewhere than before the end, or the two records disagree.
 */
export function zipDirectoryPlace(
  end: ZipEnd,
  { wideEnd, source }: { readonly wideEnd: Uint8Array | undefined; readonly source: string },
): ZipDirectoryPlace {
  const { at, wideAt } = end;
  let place: ZipDirectoryPlace = end;
  let before = at;
  if (wideAt !== undefined || [end.length, end.start].includes(noMore)) {
    const view = wideEnd && viewOf(wideEnd);
    if (
      wideAt === undefined || view === undefined || view.byteLength < wideEndBytes ||
      wideAt + wideEndBytes + 20 > at || view.getUint32(0, true) !== signatures.wideEnd
    ) throw new DataFormatError(source, "the zip64 directory is missing or damaged", at);
    place = { count: wide(view, 32), length: wide(view, 40), start: wide(view, 48) };
    const agree = (narrow: number, most: number, value: number) =>
      narrow === most || narrow === value;
    if (
      wide(view, 24) !== place.count || !agree(end.count, 0xffff, place.count) ||
      !agree(end.length, noMore, place.length) || !agree(end.start, noMore, place.start)
    ) {
      throw new DataFormatError(source, "its two records of the zip directory disagree", wideAt);
    }
    before = wideAt;
  }
  const { start, length, count } = place;
  const longest = count * (entryBytes + 3 * 0xffff);
  if (start + length !== before || count * entryBytes > length || length > longest) {
    throw new DataFormatError(
      source,
      `the zip directory of ${count} entries should lie at byte ${start}, but is not there`,
      at,
    );
  }
  return place;
}

/**
 * Reads the directory.
 *
 * @param directory Its bytes, as {@linkcode zipDirectoryPlace} gives them.
 * @returns What it says of each file, in its order.
 * @throws DataFormatError if it is damaged, names a file twice, gives two files the same bytes, or
 * claims contents that their bytes cannot hold.
 */
export function readZipRecords(
  directory: Uint8Array,
  { place, source }: { readonly place: ZipDirectoryPlace; readonly source: string },
): ZipRecord[] {
  const { start, count } = place;
  const view = viewOf(directory);
  const decoder = new TextDecoder();
  const records: (ZipRecord & { endsBefore: number })[] = [];
  const names = new Set<string>();
  const fail = (problem: string, at: number): never => {
    throw new DataFormatError(source, problem, start + at);
  };
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + entryBytes > directory.length || view.getUint32(at, true) !== 0x02014b50) {
      fail(`the zip directory is damaged: entry ${i + 1} of ${count} does not begin here`, at);
    }
    const [nameLength, extraLength, commentLength, part] = [28, 30, 32, 34].map((field) =>
      view.getUint16(at + field, true)
    ) as [number, number, number, number];
    const extraAt = at + entryBytes + nameLength;
    const next = extraAt + extraLength + commentLength;
    if (next > directory.length) {
      fail(`the zip directory is damaged: entry ${i + 1} is cut off`, at);
    }
    const rawName = directory.slice(at + entryBytes, extraAt);
    const name = decoder.decode(rawName);
    const shown = () => quoted(name);
    if (names.has(name)) fail(`the archive names ${shown()} twice`, at);
    names.add(name);
    const [size, packedSize, headerAt] = wideFields(view, {
      fields: [24, 20, 42].map((field) => view.getUint32(at + field, true)),
      from: extraAt,
      to: extraAt + extraLength,
    }) as [number, number, number];
    const method = view.getUint16(at + 10, true);
    if (part !== 0 && part !== 0xffff) {
      fail(`${shown()} is in another part of the archive`, at + 34);
    }
    if (headerAt + localBytes + nameLength > start) {
      fail(`${shown()} should begin at byte ${headerAt}, but no file begins there`, at + 42);
    }
    if (headerAt + localBytes + nameLength + packedSize > start) {
      fail(`${shown()} should have ${packedSize} bytes, but the archive holds fewer`, at + 20);
    }
    if (method === 0 ? size !== packedSize : size > packedSize * greatestRatio) {
      fail(
        `${shown()} cannot hold ${size} bytes in ${packedSize}; the archive is not to be trusted`,
        at + 24,
      );
    }
    const [flags, crc32] = [view.getUint16(at + 8, true), view.getUint32(at + 16, true)];
    // Made on Unix, the upper half of the attributes is the file's mode.
    const isLink = directory[at + 5] === 3 && (view.getUint32(at + 38, true) >>> 28) === 0xa;
    records.push({
      ...{ name, rawName, flags, method, crc32, packedSize, size, headerAt, isLink },
      endsBefore: start,
    });
    at = next;
  }
  if (at !== directory.length) fail("the zip directory has bytes that belong to no entry", at);
  checkOverlap(records, source);
  return records;
}

/** Two files that share bytes make a small archive unpack to a large one. */
function checkOverlap(records: readonly (ZipRecord & { endsBefore: number })[], source: string) {
  const inOrder = records.toSorted((a, b) => a.headerAt - b.headerAt);
  for (const [i, record] of inOrder.entries()) {
    const next = inOrder[i + 1];
    if (next === undefined) continue;
    record.endsBefore = next.headerAt;
    const { headerAt, rawName, packedSize } = record;
    if (headerAt + localBytes + rawName.length + packedSize > next.headerAt) {
      throw new DataFormatError(
        source,
        `${quoted(record.name)} and ${quoted(next.name)} overlap in the archive`,
        next.headerAt,
      );
    }
  }
}

/** Sizes and places; those that do not fit 32 bits follow, in this order, in zip64's extra field. */
function wideFields(
  view: DataView,
  { fields, from, to }: {
    readonly fields: readonly number[];
    readonly from: number;
    readonly to: number;
  },
): number[] {
  let at = from;
  while (at + 4 <= to && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  const end = Math.min(to, at + 4 <= to ? at + 4 + view.getUint16(at + 2, true) : at);
  at += 4;
  return fields.map((value) => {
    if (value !== noMore || at + 8 > end) return value;
    at += 8;
    return wide(view, at - 8);
  });
}

/**
 * Bytes of a file's own header, with its name and extra field.
 *
 * @param fixed The first {@linkcode localBytes} of it; fewer if the archive ends before.
 * @throws DataFormatError if none begins there, or its name has another length than in the directory.
 */
export function localHeaderBytes(
  fixed: Uint8Array,
  { record, source }: { readonly record: ZipRecord; readonly source: string },
): number {
  const view = viewOf(fixed);
  const { name, rawName, headerAt } = record;
  if (fixed.length < localBytes || view.getUint32(0, true) !== 0x04034b50) {
    throw new DataFormatError(
      source,
      `${quoted(name)} should begin at byte ${headerAt}, but no file begins there`,
      headerAt,
    );
  }
  if (view.getUint16(26, true) !== rawName.length) throw disagreement("name", record, source);
  return localBytes + rawName.length + view.getUint16(28, true);
}

function disagreement(what: string, { name, headerAt }: ZipRecord, source: string) {
  return new DataFormatError(
    source,
    `the ${what} of ${quoted(name)} is one in the zip directory and another before the file; ` +
      "the archive is not to be trusted",
    headerAt,
  );
}

/**
 * Compares a file's own header with the directory.
 *
 * @param header All bytes of it, as {@linkcode localHeaderBytes} counts them.
 * @returns Where the file's packed bytes begin in the archive.
 * @throws DataFormatError if they disagree, the file is encrypted, or it is packed by something else
 * than deflate.
 */
export function checkLocalHeader(
  header: Uint8Array,
  { record, source }: { readonly record: ZipRecord; readonly source: string },
): number {
  const { name, rawName, flags, method, headerAt, packedSize, endsBefore } = record;
  const view = viewOf(header);
  const [ownFlags, ownMethod] = [view.getUint16(6, true), view.getUint16(8, true)];
  if ((flags | ownFlags) & encrypted) {
    throw new DataFormatError(source, `${quoted(name)} is encrypted`, headerAt + 6);
  }
  if (((flags ^ ownFlags) & ~effortFlags) !== 0) throw disagreement("kind", record, source);
  if (ownMethod !== method) throw disagreement("method", record, source);
  if (method !== 0 && method !== 8) {
    throw new DataFormatError(
      source,
      `${quoted(name)} is packed by method ${method}, expected 0 (stored) or 8 (deflate)`,
      headerAt + 8,
    );
  }
  if (!rawName.every((byte, i) => header[localBytes + i] === byte)) {
    throw disagreement("name", record, source);
  }
  const [size, packed] = wideFields(view, {
    fields: [view.getUint32(22, true), view.getUint32(18, true)],
    from: localBytes + rawName.length,
    to: header.length,
  }) as [number, number];
  const own = [view.getUint32(14, true), packed, size];
  const told = [record.crc32, packedSize, record.size];
  // Written while its size was not known yet: then the header has zeros, and they follow the file.
  const later = (flags & sizesFollow) !== 0;
  const agree = own.every((value, i) => value === told[i]);
  if (!agree && !(later && own.every((value) => value === 0))) {
    throw disagreement("size or checksum", record, source);
  }
  const offset = headerAt + header.length;
  if (offset + packedSize > endsBefore) {
    throw new DataFormatError(
      source,
      `${quoted(name)} should have ${packedSize} bytes, but the archive holds fewer`,
      headerAt,
    );
  }
  return offset;
}
