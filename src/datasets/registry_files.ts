import type { ImageDataset } from "./dataset.ts";
import { toImageDataset } from "./labelled_bytes.ts";
import { mnistSource } from "./mnist_files.ts";
import type { DatasetSource, Split } from "./source.ts";
import { syntheticSource } from "./synthetic_source.ts";

/** Every data set that {@linkcode loadDataset} knows. */
const sources: readonly DatasetSource[] = [mnistSource, syntheticSource];

/** Names that {@linkcode loadDataset} knows. */
export const datasetNames: readonly string[] = sources.map(({ name }) => name);

/** Options of {@linkcode loadDataset}. */
export interface LoadDatasetOptions {
  /** "train" (default) or "test". */
  readonly split?: Split;
  /** Take the first this many images, counted after the choice of classes; all when absent. */
  readonly images?: number | undefined;
  /** Keep only these classes; all when absent. Labels keep their numbers. */
  readonly classes?: readonly number[] | undefined;
  /** Height and width to resize to, 1 to 4096. Default 32. */
  readonly size?: number;
  /** Folder of the set's files, when it is not found by itself. */
  readonly from?: string | undefined;
}

/**
 * Loads images of a data set by name.
 *
 * @param name One of {@linkcode datasetNames}.
 * @returns The chosen images, with the SHA-256 of exactly these.
 * @throws RangeError if the name, the split, a class or the size does not exist, or there are fewer
 * images than asked for.
 * @throws DataFormatError if the set's files are missing or damaged.
 */
export async function loadDataset(
  name: string,
  { split = "train", images, classes, size = 32, from }: LoadDatasetOptions = {},
): Promise<ImageDataset> {
  const source = sources.find((known) => known.name === name);
  if (source === undefined) {
    throw new RangeError(
      `Cannot load data set "${name}": the known ones are ${datasetNames.join(", ")}`,
    );
  }
  if (split !== "train" && split !== "test") {
    throw new RangeError(`Cannot load split "${split}" of ${name}: expected "train" or "test"`);
  }
  if (!Number.isInteger(size) || size < 1 || size > 4096) {
    throw new RangeError(`Cannot load ${name} at size ${size}: expected an integer from 1 to 4096`);
  }
  const all = await source.load({ split, size, from });
  const { classNames } = source;
  return await toImageDataset(all, { name, split, size, images, classes, classNames });
}
