/**
 * Train small convolutional diffusion models and predict what they generate with the equivariant
 * local score machine.
 *
 * @module
 */
export {
  CheckpointMismatchError,
  DataFormatError,
  DeviceUnavailableError,
} from "./src/array/errors.ts";
export {
  concatBatches,
  gatherImages,
  type ImageBatch,
  imageBatch,
  type ImageShape,
  imageShapeOf,
  sliceBatch,
  valuesPerImage,
} from "./src/array/image_batch.ts";
export { Random, type RandomState } from "./src/array/random.ts";
