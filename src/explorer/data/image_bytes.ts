/** Training images as bytes, and noisy or denoised ones as numbers of 16 bits. */
import { type ImageBatch, imageBatch } from "../../core/image_batch.ts";
import { fromPlanes, toPlanes } from "./byte_planes.ts";

/** Images in [-1, 1] as bytes, v / 255 * 2 - 1, which data sets are made of; others are rounded. */
export function bytesOfImages({ data }: ImageBatch): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(data, (v) => Math.min(255, Math.max(0, Math.round((v + 1) * 127.5))));
}

/** The images that bytes stand for, exactly as data sets give them. */
export function imagesOfBytes(bytes: Uint8Array, shape: ImageBatch["shape"]): ImageBatch {
  const table = Float32Array.from({ length: 256 }, (_, v) => v / 255 * 2 - 1);
  return imageBatch(Float32Array.from(bytes, (v) => table[v]!), shape);
}

/** Each byte less the one before it in its row and channel: photographs deflate to less. */
export function rowDifferences(
  bytes: Uint8Array,
  [, , width, channels]: ImageBatch["shape"],
): Uint8Array<ArrayBuffer> {
  const row = width * channels;
  return Uint8Array.from(
    bytes,
    (value, i) => i % row < channels ? value : value - bytes[i - channels]!,
  );
}

/** Undoes {@linkcode rowDifferences}. */
export function rowSums(
  differences: Uint8Array,
  [, , width, channels]: ImageBatch["shape"],
): Uint8Array<ArrayBuffer> {
  const row = width * channels;
  const bytes = new Uint8Array(differences.length);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = differences[i]! + (i % row < channels ? 0 : bytes[i - channels]!);
  }
  return bytes;
}

/** Values as 16 bits of the largest magnitude: an error of at most its 65,534th part. */
export interface Quantized {
  readonly planes: Uint8Array<ArrayBuffer>;
  /** What a step of one is worth. */
  readonly unit: number;
}

/** Rounds values to 16 bits. */
export function quantize(values: Float32Array): Quantized {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const unit = largest / 32767 || 1;
  return { planes: toPlanes(Int16Array.from(values, (value) => Math.round(value / unit))), unit };
}

/** The values that {@linkcode quantize} rounded. */
export function dequantize(planes: Uint8Array, unit: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(new Int16Array(fromPlanes(planes).buffer), (value) => value * unit);
}
