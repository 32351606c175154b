import { DataFormatError } from "../core/errors.ts";
import { readRegularFile } from "../core/file_system.ts";
import { gunzipIfNeeded } from "../formats/gunzip.ts";
import type { IdxPair, SourcedBytes } from "./mnist.ts";
import { isMissing } from "./open_files.ts";
import type { DatasetRequest } from "./source.ts";

/** Bytes that a compressed file may unpack to: 70,000 images of 28 x 28 are 55 MB. */
const usualBytes = { images: 100e6, labels: 1e6 } as const;

/**
 * Reads the two IDX files of one split from a folder.
 *
 * They carry their published names (`train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte` ..), with "-"
 * or "." before `idx`, plain or with `.gz`. A plain file is taken before a compressed one.
 *
 * @param options.maxBytes Most that either may unpack to. By default 100 MB of images, 1 MB of labels.
 * @throws ReadLimitError if one unpacks to more.
 * @throws DataFormatError if the folder or a file in it is missing, or a compressed one is damaged.
 */
export async function readIdxFolder(
  folder: string,
  { split, maxBytes }: Pick<DatasetRequest, "split" | "maxBytes">,
): Promise<IdxPair> {
  const prefix = split === "train" ? "train" : "t10k";
  return {
    images: await readOne(folder, {
      stem: `${prefix}-images`,
      kind: "idx3-ubyte",
      maxBytes: maxBytes ?? usualBytes.images,
    }),
    labels: await readOne(folder, {
      stem: `${prefix}-labels`,
      kind: "idx1-ubyte",
      maxBytes: maxBytes ?? usualBytes.labels,
    }),
  };
}

async function readOne(
  folder: string,
  { stem, kind, maxBytes }: {
    readonly stem: string;
    readonly kind: string;
    readonly maxBytes: number;
  },
): Promise<SourcedBytes> {
  const names = ["-", "."].map((dot) => `${stem}${dot}${kind}`).flatMap((n) => [n, `${n}.gz`]);
  for (const name of names) {
    const source = `${folder.replace(/[/\\]$/, "")}/${name}`;
    let bytes: Uint8Array;
    try {
      bytes = await readRegularFile(source);
    } catch (error) {
      if (isMissing(error)) continue;
      throw error;
    }
    return { bytes: await gunzipIfNeeded(bytes, { source, maxBytes }), source };
  }
  throw new DataFormatError(folder, `no file ${names[0]} or ${names[1]} in this folder`);
}
