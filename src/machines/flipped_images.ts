import type { ImageBatch } from "../core/image_batch.ts";
import type { ImageStream } from "../core/image_stream.ts";

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
  out.set(mirrored(images).data, data.length);
  const flipped: ImageBatch = { data: out, shape: [2 * count, height, width, channels] };
  known.set(data, flipped);
  return flipped;
}

/** A stream followed by its mirror images: each pass reads it twice. */
export function streamWithFlips(stream: ImageStream): ImageStream {
  const { shape: [count, ...image], labels, sha256 } = stream;
  return {
    shape: [2 * count, ...image],
    labels: labels && [...Array.from(labels), ...Array.from(labels)],
    sha256: `${sha256}+flips`,
    async *tiles({ from = 0, to = 2 * count, abort } = {}) {
      if (from < count) yield* stream.tiles({ from, to: Math.min(to, count), abort });
      if (to <= count) return;
      const rest = { from: Math.max(0, from - count), to: to - count, abort };
      for await (const tile of stream.tiles(rest)) yield mirrored(tile);
    },
  };
}

/** Images mirrored left to right. */
function mirrored({ data, shape }: ImageBatch): ImageBatch {
  const [count, height, width, channels] = shape;
  const out = new Float32Array(data.length);
  for (let row = 0; row < count * height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * channels;
      const to = (row * width + width - 1 - column) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = data[from + c]!;
    }
  }
  return { data: out, shape };
}
