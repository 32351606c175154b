/** The columns of one Parquet file, read a group of rows at a time. */
import type { FileMetaData } from "hyparquet";
import { DataFormatError, isToolkitError } from "../core/errors.ts";
import { checkLimit } from "../formats/read_limits.ts";
import { type OpenFile, readExactly } from "./open_files.ts";

/** A Parquet file whose metadata has been read; it is opened anew for each group of rows. */
export interface ParquetTable {
  readonly source: string;
  readonly metadata: FileMetaData;
  /** Row at which each group begins, and the number of all rows. */
  readonly starts: readonly number[];
  /** The values of a column in the rows of one group. */
  read(column: string, group: number): Promise<readonly unknown[]>;
}

/** Most bytes of a group of rows, packed or not: Hugging Face's have some hundred megabytes at most. */
const mostGroupBytes = 2 ** 31;
/** Rows of a file. */
const mostRows = 50_000_000;

/**
 * Reads the metadata at a file's end.
 *
 * @param open Opens the file for the time of some work.
 * @throws ReadLimitError if it says that it has more rows, or rows of more bytes, than are taken.
 * @throws DataFormatError if it is no whole Parquet file.
 */
export async function openParquet(
  open: <T>(work: (file: OpenFile) => Promise<T>) => Promise<T>,
  { source }: { readonly source: string },
): Promise<ParquetTable> {
  // Only now: few people have such files.
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const metadata = await explainedAs(
    source,
    () => open(async (file) => await parquetMetadataAsync(await bufferOf(file, source))),
  );
  const { row_groups: groups } = metadata;
  const starts = [0];
  for (const { num_rows } of groups) starts.push(starts.at(-1)! + Number(num_rows));
  checkLimit("maxItems", starts.at(-1)!, { source, what: "the table", allowed: mostRows });
  const limited = Object.fromEntries(
    Object.entries(compressors).map(([codec, unpack]) => [
      codec,
      (packed: Uint8Array, length: number) => {
        checkLimit("maxBytes", length, { source, what: "a page", allowed: mostGroupBytes });
        return unpack(packed, length);
      },
    ]),
  );
  return {
    source,
    metadata,
    starts,
    read: (column, group) =>
      explainedAs(source, () =>
        open(async (file) => {
          for (const { meta_data: chunk } of groups[group]!.columns) {
            if (chunk?.path_in_schema[0] !== column) continue;
            const needed = Math.max(
              ...[chunk.total_uncompressed_size, chunk.total_compressed_size].map(Number),
            );
            const what = `column ${column}`;
            checkLimit("maxBytes", needed, { source, what, allowed: mostGroupBytes });
          }
          const rows = await parquetReadObjects({
            ...{ file: await bufferOf(file, source), metadata, columns: [column], utf8: false },
            ...{ rowStart: starts[group]!, rowEnd: starts[group + 1]!, compressors: limited },
          });
          return rows.map((row) => (row as Record<string, unknown>)[column]);
        })),
  };
}

async function bufferOf(file: OpenFile, source: string) {
  const byteLength = await file.size();
  return {
    byteLength,
    async slice(start: number, end = byteLength): Promise<ArrayBuffer> {
      const from = start < 0 ? Math.max(0, byteLength + start) : start;
      const { buffer } = await readExactly(file, {
        ...{ offset: from, length: Math.max(0, Math.min(end, byteLength) - from), source },
        problem: "truncated while it was read",
      });
      return buffer;
    },
  };
}

/** Whatever the library finds wrong is wrong with the file. */
async function explainedAs<T>(source: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isToolkitError(error)) throw error;
    throw new DataFormatError(
      source,
      `it cannot be read as Parquet: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  }
}
