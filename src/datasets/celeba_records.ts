/** CelebA as packed records, the red, green and blue plane of a 32 x 32 image each, and its official parts. */
import { DataFormatError } from "../core/errors.ts";
import { type OpenFile, readExactly } from "./open_files.ts";
import { interleavePlanes } from "./planes.ts";
import type { OpenDataset, Split } from "./source.ts";

/** Height and width of packed images. */
export const celebaRecordSize = 32;
/** Bytes of a record. */
export const celebaRecordBytes: number = 3 * celebaRecordSize * celebaRecordSize;

/** Images in the whole set, and the official parts by number of the image, counted from 0. */
const wholeSet = 202_599;
const parts: Readonly<Record<Split, readonly [start: number, end: number]>> = {
  train: [0, 162_770],
  test: [182_637, wholeSet],
};

/** Indices of a part, of `count` images. */
export function celebaPart(
  split: Split,
  { count, source }: { readonly count: number; readonly source: string },
): readonly [start: number, end: number] {
  if (count === wholeSet) return parts[split];
  if (split === "train") return [0, count];
  throw new DataFormatError(
    source,
    `${count} images, not the ${wholeSet} of the whole set: they all are the training part`,
  );
}

/**
 * Opens packed records.
 *
 * @param open Opens their file for the time of some work.
 * @throws DataFormatError if their size is none of records, or another size of images is asked for.
 */
export async function openCelebaRecords(
  open: <T>(work: (file: OpenFile) => Promise<T>) => Promise<T>,
  { source, split, size }: {
    /** Path, or a name for the file, for error messages. */
    readonly source: string;
    readonly split: Split;
    readonly size: number;
  },
): Promise<OpenDataset> {
  const bytes = await open((file) => file.size());
  if (bytes === 0 || bytes % celebaRecordBytes !== 0) {
    throw new DataFormatError(
      source,
      `${bytes} bytes, expected a multiple of ${celebaRecordBytes} (records of 3 x 32 x 32)`,
    );
  }
  if (size !== celebaRecordSize) {
    throw new DataFormatError(
      source,
      `packed at ${celebaRecordSize} x ${celebaRecordSize}, ${size} x ${size} is asked for`,
      {
        remedy: (say) =>
          `name the folder or zip archive of the aligned images with ${say.option("from")}`,
      },
    );
  }
  const [start, end] = celebaPart(split, { count: bytes / celebaRecordBytes, source });
  return {
    labels: new Uint8Array(end - start),
    classNames: [],
    read: (indices) =>
      open(async (file) => {
        const pixels = new Uint8Array(indices.length * celebaRecordBytes);
        for (const [i, index] of indices.entries()) {
          const record = await readExactly(file, {
            offset: (start + index) * celebaRecordBytes,
            length: celebaRecordBytes,
            source,
            problem: "truncated while it was read",
          });
          pixels.set(interleavePlanes(record, 3), i * celebaRecordBytes);
        }
        return { pixels, shape: [indices.length, celebaRecordSize, celebaRecordSize, 3] as const };
      }),
  };
}
