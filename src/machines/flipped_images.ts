import type { ImageBatch } from "../core/image_batch.ts";

/** Sets that were flipped before, so that what is known of the result is known again. */
const known = new WeakMap<Float32Array, ImageBatch>();

/**
 * Training images followed by their mirror images, left to right: image N + i is image i mirrored. They take
 * twice the memory.
 */
export function withFlips(images: ImageBatch): ImageBatch {
  const before = known.get(images.data);
  if (before !== undefined) return before;
  const { data, shape: [count, height, width, channels] } = images;
  const out = new Float32Array(2 * data.length);
  out.set(data);
  for (let row = 0; row < count * height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * channels;
      const to = data.length + (row * width + width - 1 - column) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = data[from + c]!;
    }
  }
  const flipped: ImageBatch = { data: out, shape: [2 * count, height, width, channels] };
  known.set(data, flipped);
  return flipped;
}
