/** The records of CIFAR-10 and CIFAR-100: labels, then the red, green and blue plane of 32 x 32 pixels. */
import { DataFormatError } from "../core/errors.ts";
import { interleavePlanes } from "./planes.ts";

/** One of the two sets. */
export interface CifarSet {
  /** What people call it. */
  readonly title: string;
  /** The labels of a record, as the Python version calls them, with the number of classes of each. */
  readonly labels: readonly { readonly key: string; readonly classes: number }[];
}

/** Values of an image. */
export const cifarValues: number = 3 * 32 * 32;

/** Bytes of a record. */
export const cifarRecordBytes = ({ labels }: CifarSet): number => labels.length + cifarValues;

/** A file of records. */
export interface CifarFile {
  readonly set: CifarSet;
  /** Path, or a name for the bytes, for error messages. */
  readonly source: string;
  /** How many records there must be; absent: any number but none. */
  readonly records?: number | undefined;
}

/**
 * Checks the size of a file of records.
 *
 * @param bytes Size of the file.
 * @throws DataFormatError if it is no such number of records.
 */
export function checkCifarSize(bytes: number, { set, source, records }: CifarFile): void {
  const recordBytes = cifarRecordBytes(set);
  const expected = records === undefined ? undefined : records * recordBytes;
  if (bytes > 0 && bytes % recordBytes === 0 && (expected === undefined || bytes === expected)) {
    return;
  }
  const wanted = expected === undefined
    ? `a multiple of ${recordBytes} (${set.title}'s binary version)`
    : `${expected} (${records} records of ${recordBytes})`;
  const short = expected !== undefined && bytes < expected ? "truncated: " : "";
  throw new DataFormatError(source, `${short}${bytes} bytes, expected ${wanted}`);
}

/**
 * The labels of a file of records, all of which are checked.
 *
 * @param bytes The whole file.
 * @param file.which Index of the labels wanted.
 * @throws DataFormatError if the size is no such number of records, or a label is that of no class.
 */
export function cifarLabels(
  bytes: Uint8Array,
  file: CifarFile & { readonly which: number },
): Uint8Array {
  const { set, source, which } = file;
  checkCifarSize(bytes.length, file);
  const recordBytes = cifarRecordBytes(set);
  const labels = new Uint8Array(bytes.length / recordBytes);
  for (let i = 0; i < labels.length; i++) {
    for (const [j, { classes }] of set.labels.entries()) {
      const label = bytes[i * recordBytes + j]!;
      if (label >= classes) {
        throw new DataFormatError(
          source,
          `label ${label} of record ${i}, expected 0 to ${classes - 1}; this is not ` +
            `${set.title}'s binary version`,
          i * recordBytes + j,
        );
      }
    }
    labels[i] = bytes[i * recordBytes + which]!;
  }
  return labels;
}

/** Pixels `[32, 32, 3]` of record `index`. */
export function cifarPixels(bytes: Uint8Array, index: number, set: CifarSet): Uint8Array {
  const end = (index + 1) * cifarRecordBytes(set);
  return interleavePlanes(bytes.subarray(end - cifarValues, end), 3);
}
