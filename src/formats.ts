/**
 * Files of others: safetensors, PyTorch's and NumPy's, PNG, and lists of published scales. Bytes in,
 * objects out, and back: nothing here reads or writes a file.
 *
 * @example Tensors to bytes and back
 * ```ts
 * import { parseSafetensors, writeSafetensors } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const weight = { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } as const;
 * const bytes = writeSafetensors(new Map([["weight", weight]]), { metadata: { about: "numbers" } });
 * const { tensors, metadata } = parseSafetensors(bytes);
 * assertEquals(tensors.get("weight"), weight);
 * assertEquals(metadata, { about: "numbers" });
 * ```
 *
 * @module
 */
export {
  parseScaleList,
  type ParseScaleListOptions,
  scaleList,
  scaleListTimes,
  scaleListWindow,
  writeNpyList,
} from "./calibration/scale_list.ts";
export type { WindowName } from "./machines/machine_window.ts";
export type { WindowShape } from "./posterior/window.ts";
export { DataFormatError, type ErrorDetails, ReadLimitError } from "./core/errors.ts";
export type { ImageBatch } from "./core/image_batch.ts";
export { ApngEncoder } from "./formats/apng.ts";
export { GifEncoder } from "./formats/gif.ts";
export { parseNpy, type ParseNpyOptions, writeNpy } from "./formats/npy.ts";
export { type NpzArchive, parseNpz, type ParseNpzOptions } from "./formats/npz.ts";
export {
  attributesOf,
  dictionaryOf,
  PickledObject,
  type PickleGlobal,
} from "./formats/pickled_object.ts";
export { decodePng, type DecodePngOptions, encodePicture, encodePng } from "./formats/png.ts";
export type { ReadLimits } from "./formats/read_limits.ts";
export type { RgbaPixels } from "./formats/rgba_pixels.ts";
export {
  type ByteTensor,
  type DoubleTensor,
  type FloatTensor,
  type IntTensor,
  type LongTensor,
  parseSafetensors,
  type ParseSafetensorsOptions,
  type Safetensors,
  type StoredTensor,
  writeSafetensors,
  type WriteSafetensorsOptions,
} from "./formats/safetensors.ts";
export { isPickle, parsePickle, parseTorch, type ParseTorchOptions } from "./formats/torch_file.ts";
export { isTorch } from "./formats/torch_magic.ts";
export {
  type TorchStateDict,
  torchStateDict,
  type TorchStateDictOptions,
} from "./formats/torch_networks.ts";
export { type NumberTable, numberTable, tensorOf } from "./formats/torch_values.ts";
export {
  writeTorchList,
  writeTorchStateDict,
  type WriteTorchStateDictOptions,
} from "./formats/torch_writer.ts";
export type { ScaleAggregate, ScaleSchedule } from "./machines/scale_schedule.ts";
export type { StoredArray } from "./networks/weights/parameters.ts";
