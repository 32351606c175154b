import type { ImageBatch } from "../core/image_batch.ts";
import type { ClassLabels } from "./class_labels.ts";

/**
 * Images with labels, and what a record of provenance needs to say about them.
 *
 * @category Data sets
 */
export interface ImageDataset {
  /** Name in the registry, such as "mnist". */
  readonly name: string;
  /** What people call it, such as the name of the folder that it lies in; absent: the name. */
  readonly label?: string;
  /** "train", "test", or what else was asked for of a folder. */
  readonly split: string;
  /** Images `[N, H, W, C]` in [-1, 1]. */
  readonly images: ImageBatch;
  /** Class of each image, 0 .. classNames.length - 1. */
  readonly labels: ClassLabels;
  /** Names of the classes; empty when the set has none. */
  readonly classNames: readonly string[];
  /** SHA-256 (hex) over image shape, values and labels of exactly these images. */
  readonly sha256: string;
}
