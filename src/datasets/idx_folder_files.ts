import { DataFormatError } from "../core/errors.ts";
import { readRegularFile } from "../core/file_system.ts";
import { gunzipIfNeeded } from "./idx.ts";
import type { IdxPair, SourcedBytes } from "./mnist.ts";
import { isMissing } from "./open_files.ts";
import type { Split } from "./source.ts";

/**
 * Reads the two IDX files of one split from a folder.
 *
 * They carry their published names (`train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte` ..), with "-"
 * or "." before `idx`, plain or with `.gz`. A plain file is taken before a compressed one.
 *
 * @throws DataFormatError if the folder or a file in it is missing, or a compressed one is damaged.
 */
export async function readIdxFolder(folder: string, split: Split): Promise<IdxPair> {
  const prefix = split === "train" ? "train" : "t10k";
  return {
    images: await readOne(folder, `${prefix}-images`, "idx3-ubyte"),
    labels: await readOne(folder, `${prefix}-labels`, "idx1-ubyte"),
  };
}

async function readOne(folder: string, stem: string, kind: string): Promise<SourcedBytes> {
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
    return { bytes: await gunzipIfNeeded(bytes, source), source };
  }
  throw new DataFormatError(folder, `no file ${names[0]} or ${names[1]} in this folder`);
}
