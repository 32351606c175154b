import type { ImageBatch } from "../array/image_batch.ts";
import { sha256Hex } from "../array/sha256.ts";
import type { ImageDataset } from "./dataset.ts";
import { type ByteImages, resizeBilinear } from "./resize.ts";
import { subsetIndices, type SubsetOptions } from "./subset.ts";

/** A data set as its files hold it: 8-bit images of their own size, with labels. */
export interface LabelledBytes extends ByteImages {
  /** Class of each image. */
  readonly labels: Uint8Array;
}

/** Options of {@linkcode toImageDataset}. */
export interface ToImageDatasetOptions extends Omit<SubsetOptions, "what"> {
  /** Name in the registry. */
  readonly name: string;
  /** "train" or "test". */
  readonly split: string;
  /** Height and width wanted. */
  readonly size: number;
}

/**
 * Chooses images, resizes them and maps bytes to [-1, 1] by `v / 255 * 2 - 1`. Only the chosen images
 * are ever resized or held as floats.
 *
 * @throws RangeError as {@linkcode subsetIndices} and {@linkcode resizeBilinear} do.
 */
export async function toImageDataset(
  all: LabelledBytes,
  { name, split, size, images: wanted, classes, classNames }: ToImageDatasetOptions,
): Promise<ImageDataset> {
  const indices = subsetIndices(all.labels, {
    images: wanted,
    classes,
    classNames,
    what: `${name} ${split}`,
  });
  const [, h, w, c] = all.shape;
  const values = h * w * c;
  const pixels = new Uint8Array(indices.length * values);
  const labels = new Uint8Array(indices.length);
  indices.forEach((index, i) => {
    pixels.set(all.pixels.subarray(index * values, (index + 1) * values), i * values);
    labels[i] = all.labels[index]!;
  });
  const resized = resizeBilinear({ pixels, shape: [indices.length, h, w, c] }, {
    height: size,
    width: size,
  });
  const images = bytesToImages(resized);
  return { name, split, images, labels, classNames, sha256: await datasetSha256(images, labels) };
}

/** 8-bit images as values in [-1, 1]: `v / 255 * 2 - 1`, rounded once to float32. */
export function bytesToImages({ pixels, shape }: ByteImages): ImageBatch {
  const values = Float32Array.from({ length: 256 }, (_, v) => v / 255 * 2 - 1);
  const data = new Float32Array(pixels.length);
  for (let i = 0; i < data.length; i++) data[i] = values[pixels[i]!]!;
  return { data, shape };
}

/**
 * SHA-256 (hex) that identifies images and labels: of a line that names the shape and the SHA-256 of
 * the float32 values (little-endian, `[N, H, W, C]`) and of the labels.
 */
export async function datasetSha256(images: ImageBatch, labels: Uint8Array): Promise<string> {
  const line = `${images.shape.join("x")} ${await sha256Hex(images.data)} ${await sha256Hex(
    labels,
  )}`;
  return await sha256Hex(new TextEncoder().encode(line));
}
