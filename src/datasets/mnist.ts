/** MNIST, the handwritten digits of LeCun, Cortes and Burges: 60,000 + 10,000 images of 28 x 28. */
import { DataFormatError } from "../core/errors.ts";
import { parseIdx } from "./idx.ts";
import type { LabeledBytes } from "./labeled_bytes.ts";

/** Names of MNIST's classes. */
export const mnistClassNames: readonly string[] = "0123456789".split("");

/** SHA-256 of the four files of MNIST, uncompressed. */
export const mnistSha256: Readonly<Record<string, string>> = {
  "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
  "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
  "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
  "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
};

/** The bytes of one file and where they came from. */
export interface SourcedBytes {
  /** The whole file, uncompressed. */
  readonly bytes: Uint8Array;
  /** Path, or a name for the bytes, for error messages. */
  readonly source: string;
}

/** The two files of one split. */
export interface IdxPair {
  /** IDX file of rank 3. */
  readonly images: SourcedBytes;
  /** IDX file of rank 1. */
  readonly labels: SourcedBytes;
}

/**
 * Reads one split of MNIST, or of a set that is laid out the same way, from the bytes of its two files.
 *
 * @returns Images `[N, H, W, 1]`, a view of the bytes given, with labels.
 * @throws DataFormatError if a file is no such IDX file, the files hold different numbers of images, or
 * a label is not the number of a class.
 */
export function parseIdxPair({ images, labels }: IdxPair, classes = 10): LabeledBytes {
  const { shape, data: pixels } = parseIdx(images.bytes, { source: images.source, rank: 3 });
  const { data } = parseIdx(labels.bytes, { source: labels.source, rank: 1 });
  const [n, h, w] = shape as [number, number, number];
  if (data.length !== n) {
    throw new DataFormatError(
      labels.source,
      `${data.length} labels, expected one for each of the ${n} images of ${images.source}`,
    );
  }
  const bad = data.findIndex((label) => label >= classes);
  if (bad >= 0) {
    throw new DataFormatError(
      labels.source,
      `label ${data[bad]} of image ${bad}, expected 0 to ${classes - 1}`,
      8 + bad,
    );
  }
  return { pixels, shape: [n, h, w, 1], labels: data };
}
