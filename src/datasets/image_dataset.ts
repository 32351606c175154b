import { checkImages, type ImageBatch } from "../core/image_batch.ts";
import { sha256Hex } from "../core/sha256.ts";
import { withChannels } from "./adjust.ts";
import type { ImageDataset } from "./dataset.ts";
import { bytesToImages } from "./labeled_bytes.ts";
import { resizeBilinear } from "./resize.ts";
import type { OpenDataset } from "./source.ts";
import { subsetIndices, type SubsetOptions } from "./subset.ts";

/**
 * Options of {@linkcode toImageDataset}.
 *
 * @category Data sets
 */
export interface ToImageDatasetOptions extends Omit<SubsetOptions, "what" | "classNames"> {
  /** Name in the registry. */
  readonly name: string;
  /** What people call it; absent: the name. */
  readonly label?: string | undefined;
  /** "train" or "test". */
  readonly split: string;
  /** Height and width wanted. */
  readonly size: number;
  /** 1 for gray, 3 for color; absent: as the set is. */
  readonly channels?: 1 | 3 | undefined;
}

/**
 * Chooses images, reads and resizes them and maps bytes to [-1, 1] by `v / 255 * 2 - 1`. Only the
 * chosen images are ever decoded, resized or held as floats.
 *
 * @example
 * ```ts
 * import { openInMemory, syntheticTextures, toImageDataset } from "@els/toolkit/datasets";
 * import { assertEquals } from "@std/assert";
 *
 * const opened = openInMemory(syntheticTextures({ images: 6, size: 8 }), ["a", "b", "c", "d"]);
 * const mine = await toImageDataset(opened, { name: "mine", split: "train", size: 8, classes: [1] });
 * assertEquals([...mine.labels], [1, 1]);
 * ```
 *
 * @throws RangeError as {@linkcode subsetIndices} and {@linkcode resizeBilinear} do.
 * @throws DataFormatError if a file of the set is damaged.
 * @category Data sets
 */
export async function toImageDataset(
  opened: OpenDataset,
  options: ToImageDatasetOptions,
): Promise<ImageDataset> {
  const { labels: all, classNames, read } = opened;
  const { name, label = name, split, size, channels, images: wanted, orAll, classes } = options;
  const indices = subsetIndices(all, {
    images: wanted,
    orAll,
    classes,
    classNames,
    what: `${label} ${split}`,
  });
  const labels = Uint8Array.from(indices, (index) => all[index]!);
  const found = await read(indices);
  const bytes = channels === undefined ? found : withChannels(found, channels);
  const images = bytesToImages(resizeBilinear(bytes, { height: size, width: size }));
  const sha256 = await datasetSha256(images, labels);
  return { name, label, split, images, labels, classNames, sha256 };
}

/**
 * SHA-256 (hex) that identifies images and labels: of a line that names the shape and the SHA-256 of
 * the float32 values (little-endian, `[N, H, W, C]`) and of the labels.
 */
export async function datasetSha256(images: ImageBatch, labels: Uint8Array): Promise<string> {
  checkImages(images);
  const line = `${images.shape.join("x")} ${await sha256Hex(images.data)} ${await sha256Hex(
    labels,
  )}`;
  return await sha256Hex(new TextEncoder().encode(line));
}
