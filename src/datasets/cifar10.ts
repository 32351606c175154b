/** CIFAR-10's binary format: records of a label and the red, green and blue plane of 32 x 32 pixels. */
import { DataFormatError } from "../core/errors.ts";
import { interleavePlanes } from "./planes.ts";

/** Names of CIFAR-10's classes. */
export const cifar10ClassNames: readonly string[] = [
  ...["airplane", "automobile", "bird", "cat", "deer"],
  ...["dog", "frog", "horse", "ship", "truck"],
];

/** Bytes of a record. */
const recordBytes = 1 + 3 * 32 * 32;

/**
 * Checks the size of a file of records.
 *
 * @param bytes Size of the file.
 * @param options.source Path, or a name for the bytes, for error messages.
 * @param options.records How many records there must be; absent: any number but none.
 * @throws DataFormatError if it is no such number of records.
 */
export function checkCifar10Size(
  bytes: number,
  { source, records }: { readonly source: string; readonly records?: number | undefined },
): void {
  const expected = records === undefined ? undefined : records * recordBytes;
  if (bytes > 0 && bytes % recordBytes === 0 && (expected === undefined || bytes === expected)) {
    return;
  }
  const wanted = expected === undefined
    ? `a multiple of ${recordBytes} (CIFAR-10's binary version)`
    : `${expected} (${records} records of ${recordBytes})`;
  const short = expected !== undefined && bytes < expected ? "truncated: " : "";
  throw new DataFormatError(source, `${short}${bytes} bytes, expected ${wanted}`);
}

/**
 * The labels of a file of records.
 *
 * @param bytes The whole file.
 * @param options As for {@linkcode checkCifar10Size}.
 * @throws DataFormatError if the size is no such number of records, or a label is not 0 to 9.
 */
export function cifar10Labels(
  bytes: Uint8Array,
  options: { readonly source: string; readonly records?: number | undefined },
): Uint8Array {
  const { source } = options;
  checkCifar10Size(bytes.length, options);
  const labels = new Uint8Array(bytes.length / recordBytes);
  for (let i = 0; i < labels.length; i++) {
    const label = bytes[i * recordBytes]!;
    if (label >= cifar10ClassNames.length) {
      throw new DataFormatError(
        source,
        `label ${label} of record ${i}, expected 0 to 9; this is not CIFAR-10's binary version`,
        i * recordBytes,
      );
    }
    labels[i] = label;
  }
  return labels;
}

/** Pixels `[32, 32, 3]` of record `index`. */
export function cifar10Pixels(bytes: Uint8Array, index: number): Uint8Array {
  return interleavePlanes(bytes.subarray(index * recordBytes + 1, (index + 1) * recordBytes), 3);
}
