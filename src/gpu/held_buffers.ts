/** Buffers that are destroyed together. */
export class HeldBuffers {
  readonly #buffers: GPUBuffer[] = [];

  add(buffer: GPUBuffer): GPUBuffer {
    this.#buffers.push(buffer);
    return buffer;
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

/** Does some work, and destroys the buffers that it held, however it ends. */
export async function holdingBuffers<T>(work: (held: HeldBuffers) => Promise<T>): Promise<T> {
  const held = new HeldBuffers();
  try {
    return await work(held);
  } finally {
    held.destroy();
  }
}
