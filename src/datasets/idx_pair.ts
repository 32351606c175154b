/** Data sets that are two IDX files, of images and of labels: MNIST and those that are laid out as it is. */
import { DataFormatError } from "../core/errors.ts";
import { parseIdx, parseIdxIntegers } from "./idx.ts";
import type { LabeledBytes } from "./labeled_bytes.ts";
import type { OpenDataset } from "./source.ts";

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
  /** IDX file of rank 1, or of rank 2 with the label first in each row. */
  readonly labels: SourcedBytes;
}

/** How the files of a data set differ from MNIST's. */
export interface IdxLayout {
  /** How many classes there are. Default 10. */
  readonly classes?: number;
  /** Label of the first class, 0 (default) or another, which becomes 0. */
  readonly firstLabel?: number;
  /** Whether the pixels go down the columns, as EMNIST's do; they are turned right. Default false. */
  readonly isTransposed?: boolean;
}

/**
 * Reads one split of MNIST, or of a set that is laid out the same way, from the bytes of its two files.
 *
 * @returns Images `[N, H, W, 1]`, a view of the bytes given unless they had to be turned, with labels.
 * @throws DataFormatError if a file is no such IDX file, the files hold different numbers of images, or
 * a label is not the number of a class.
 */
export function parseIdxPair(
  { images, labels }: IdxPair,
  { classes = 10, firstLabel = 0, isTransposed = false }: IdxLayout = {},
): LabeledBytes {
  const { shape, data } = parseIdx(images.bytes, { source: images.source, rank: 3 });
  const found = parseIdxIntegers(labels.bytes, { source: labels.source });
  const [n, h, w] = shape as [number, number, number];
  if (found.length !== n) {
    throw new DataFormatError(
      labels.source,
      `${found.length} labels, expected one for each of the ${n} images of ${images.source}`,
    );
  }
  const last = firstLabel + classes - 1;
  const bad = found.findIndex((label) => label < firstLabel || label > last);
  if (bad >= 0) {
    const sibling = setWithLabels(found);
    throw new DataFormatError(
      labels.source,
      `label ${found[bad]} of image ${bad}, expected ${firstLabel} to ${last}`,
      sibling === undefined ? {} : { remedy: (say) => `take ${say.option("dataset", sibling)}` },
    );
  }
  const turned = isTransposed ? transposed(data, [n, h, w]) : data;
  return {
    pixels: turned,
    shape: isTransposed ? [n, w, h, 1] : [n, h, w, 1],
    labels: Uint8Array.from(found, (label) => label - firstLabel),
  };
}

/** What people should know of a pair that was looked for: which files it is. */
export function pairRemarks(
  { images, labels }: IdxPair,
  name: string,
): NonNullable<OpenDataset["remarks"]> {
  const opened = [`${name}: images of ${images.source}`, `  labels of ${labels.source}`];
  return { opened, read: () => [] };
}

/** The part of EMNIST, which goes about under MNIST's file names too, that has such labels. */
function setWithLabels(labels: Int32Array): string | undefined {
  const [least, most] = [
    labels.reduce((a, b) => Math.min(a, b), Infinity),
    labels.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  if (least < 0 || most > 61) return undefined;
  if (least === 1 && most === 26) return "emnist-letters";
  return most > 46 ? "emnist-byclass" : most > 9 ? "emnist-balanced" : undefined;
}

/** Images whose rows and columns change places, `[N, H, W]` to `[N, W, H]`. */
function transposed(pixels: Uint8Array, [n, h, w]: readonly [number, number, number]): Uint8Array {
  const out = new Uint8Array(pixels.length);
  for (let i = 0, at = 0; i < n; i++) {
    for (let x = 0; x < w; x++) {
      for (let y = 0; y < h; y++) out[at++] = pixels[(i * h + y) * w + x]!;
    }
  }
  return out;
}
