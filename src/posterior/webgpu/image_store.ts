import type { ImageBatch } from "../../core/image_batch.ts";
import type { GpuContext } from "../../gpu/gpu_context.ts";

/** Images that are summed between two looks at the sums, where memory allows. */
export const portionImages = 16384;

interface Entry {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  readonly forget: () => void;
}

/**
 * Training images on the GPU, in pieces that fit a binding, kept between posteriors: twenty steps of
 * a sampler send them once. Beyond `budget` bytes the piece that was not used for longest is dropped.
 * Images must not change while they are here.
 */
export class ImageStore {
  readonly #gpu: GpuContext;
  readonly #budget: number;
  readonly #pieces = new WeakMap<Float32Array, Map<number, Entry>>();
  /** In the order of their last use. */
  readonly #entries = new Set<Entry>();
  #bytes = 0;
  /** Frees what belongs to images that nobody holds any more. */
  readonly #registry = new FinalizationRegistry<Map<number, Entry>>((pieces) => {
    for (const entry of pieces.values()) this.#drop(entry);
  });

  constructor(gpu: GpuContext, budget: number) {
    this.#gpu = gpu;
    this.#budget = budget;
  }

  /** Bytes on the GPU. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Images of a piece: a multiple of those of a portion, unless that is too many. */
  imagesPerPiece({ shape: [, h, w, c] }: Pick<ImageBatch, "shape">): number {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#gpu.device.limits;
    const most = Math.min(maxBufferSize, maxStorageBufferBindingSize, 2 ** 28, this.#budget);
    const images = Math.max(1, Math.floor(most / (4 * h * w * c)));
    return images < portionImages ? images : images - images % portionImages;
  }

  /** Piece `index` of the images, `[n, C, H, W]`; use it before the next await. */
  piece(images: ImageBatch, index: number): GPUBuffer {
    let pieces = this.#pieces.get(images.data);
    if (pieces === undefined) {
      pieces = new Map();
      this.#pieces.set(images.data, pieces);
      this.#registry.register(images.data, pieces);
    }
    const known = pieces.get(index);
    if (known) {
      this.#entries.delete(known);
      this.#entries.add(known);
      return known.buffer;
    }
    const [count, h, w, c] = images.shape;
    const each = this.imagesPerPiece(images), values = h * w * c;
    const from = index * each, n = Math.min(each, count - from);
    const bytes = 4 * n * values;
    for (const entry of this.#entries) {
      if (this.#bytes + bytes <= this.#budget) break;
      this.#drop(entry);
    }
    const data = images.data.subarray(from * values, (from + n) * values);
    const buffer = this.#gpu.upload("training images", channelsFirst(data, h * w, c));
    const map = pieces;
    const entry = { buffer, bytes, forget: () => map.delete(index) };
    pieces.set(index, entry);
    this.#entries.add(entry);
    this.#bytes += bytes;
    return buffer;
  }

  /** Frees the pieces of images that are not needed again. */
  forget(images: ImageBatch): void {
    for (const entry of this.#pieces.get(images.data)?.values() ?? []) this.#drop(entry);
  }

  /** Frees everything. */
  dispose(): void {
    for (const entry of this.#entries) this.#drop(entry);
  }

  #drop(entry: Entry): void {
    if (!this.#entries.delete(entry)) return;
    entry.forget();
    entry.buffer.destroy();
    this.#bytes -= entry.bytes;
  }
}

/** `[n, P, C]` as `[n, C, P]`, in memory that can be sent. */
function channelsFirst(
  data: Float32Array,
  pixels: number,
  channels: number,
): Float32Array<ArrayBuffer> {
  if (channels === 1 && data.buffer instanceof ArrayBuffer) {
    return data as Float32Array<ArrayBuffer>;
  }
  const planar = new Float32Array(data.length);
  const values = pixels * channels;
  for (let at = 0; at < data.length; at += values) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        planar[at + c * pixels + p] = data[at + p * channels + c]!;
      }
    }
  }
  return planar;
}
