import { join } from "@std/path";
import { type IdxLayout, pairRemarks, parseIdxPair } from "./idx_pair.ts";
import { findIdxPair, type IdxNames } from "./idx_search_files.ts";
import { downloadsFolder, locateDataset } from "./locate_files.ts";
import { type DatasetAbout, type DatasetSource, openInMemory } from "./source.ts";

/** A data set of two IDX files for each part. */
export interface IdxSet extends Omit<IdxNames, "set">, Omit<IdxLayout, "classes"> {
  /** Name in the registry. */
  readonly name: string;
  readonly about: DatasetAbout;
  readonly classNames: readonly string[];
  /** Folder in that of the downloads; absent: the name. */
  readonly folder?: string;
}

/** Makes the source of a data set of IDX files that people fetch themselves. */
export function idxSource(set: IdxSet): DatasetSource {
  const { name, about, classNames, folder = name } = set;
  const folders = [join(downloadsFolder(), folder)];
  return {
    name,
    about,
    folders,
    async open(request) {
      const from = await locateDataset(name, { from: request.from, folders });
      const pair = await findIdxPair(from, { ...request, names: { ...set, set: name } });
      const found = parseIdxPair(pair, { ...set, classes: classNames.length });
      return { ...openInMemory(found, classNames), remarks: pairRemarks(pair, name) };
    },
  };
}
