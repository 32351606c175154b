/**
 * Data sets of images: the known ones by name, any folder or zip archive of images, and what they are
 * read with.
 *
 * @example Images of a known set, in [-1, 1]
 * ```ts
 * import { loadDataset } from "@els/toolkit/datasets";
 * import { assertEquals } from "@std/assert";
 *
 * const { images, labels } = await loadDataset("synthetic", { images: 10, size: 16 });
 * assertEquals(images.shape, [10, 16, 16, 1]);
 * assertEquals(labels.length, 10);
 * ```
 *
 * @module
 */
export { DataFormatError, type ErrorDetails, ReadLimitError } from "./core/errors.ts";
export type { ImageBatch, ImageShape } from "./core/image_batch.ts";
export type { ImageStream, TilesOptions } from "./core/image_stream.ts";
export type { ClassLabels } from "./datasets/class_labels.ts";
export { centerCrop, withChannels } from "./datasets/adjust.ts";
export type { ImageDataset } from "./datasets/dataset.ts";
export {
  createImageDecoder,
  type ImageDecoder,
  type ImageDecoderOptions,
} from "./datasets/decode_image.ts";
export type { ReadLimits } from "./formats/read_limits.ts";
export { type IdxArray, parseIdx, type ParseIdxOptions } from "./datasets/idx.ts";
export { toImageDataset, type ToImageDatasetOptions } from "./datasets/image_dataset.ts";
export { bytesToImages, type LabeledBytes } from "./datasets/labeled_bytes.ts";
export {
  datasetNames,
  loadDataset,
  type LoadDatasetOptions,
  registerDataset,
  streamDataset,
} from "./datasets/registry_files.ts";
export { type ByteImages, resizeBilinear } from "./datasets/resize.ts";
export {
  type ClassesFrom,
  type DatasetAbout,
  type DatasetArchive,
  type DatasetRequest,
  type DatasetSource,
  type ImportProgress,
  type OfficialFile,
  type OpenDataset,
  openInMemory,
  type ReadImages,
  type ReadOptions,
  type Split,
  type SplitName,
  type UnreadableImage,
} from "./datasets/source.ts";
export type { StreamedDataset } from "./datasets/streamed_dataset.ts";
export type { SubsetOptions } from "./datasets/subset.ts";
export { type SyntheticOptions, syntheticTextures } from "./datasets/synthetic.ts";
