import type { ImageBatch } from "../../core/image_batch.ts";

/** Buffers that are kept for the next copies, at most. */
const kept = 4;

/**
 * Copies of images in memory that all threads see, for images that are needed once. Engines free such memory
 * late or not at all while threads live, so that it is lent again.
 */
export class SharedCopies {
  /** Buffers that nobody has, the largest first. */
  #free: SharedArrayBuffer[] = [];

  /** A loan; what it copied is of no use once it is given back. */
  lend(): { copyOf(images: ImageBatch): Float32Array; giveBack(): void } {
    const copies = new Map<ImageBatch, Float32Array>();
    const taken: SharedArrayBuffer[] = [];
    return {
      copyOf: (images) => {
        const { data } = images;
        if (data.buffer instanceof SharedArrayBuffer) return data;
        let copy = copies.get(images);
        if (copy === undefined) {
          const buffer = this.#take(data.byteLength);
          taken.push(buffer);
          copy = new Float32Array(buffer, 0, data.length);
          copy.set(data);
          copies.set(images, copy);
        }
        return copy;
      },
      giveBack: () => {
        this.#free = [...this.#free, ...taken]
          .sort((a, b) => b.byteLength - a.byteLength).slice(0, kept);
      },
    };
  }

  /** Lets all buffers go. */
  clear(): void {
    this.#free = [];
  }

  /** The smallest free buffer that is large enough, or a new one. */
  #take(bytes: number): SharedArrayBuffer {
    const at = this.#free.findLastIndex(({ byteLength }) => byteLength >= bytes);
    return at < 0 ? new SharedArrayBuffer(bytes) : this.#free.splice(at, 1)[0]!;
  }
}
