/** Sums of weights by the threads or, where that is faster, by a GPU. */
import { imageBatch } from "../../core/image_batch.ts";
import { findAdapter, isSoftware } from "../../gpu/adapter.ts";
import type { PatchPosterior, PosteriorState } from "../../posterior/patch_posterior.ts";
import { hasScale } from "../../posterior/request.ts";
import { prepareImages, type TrainingSet } from "../../posterior/training_set.ts";
import { webgpuPosterior } from "../../posterior/webgpu/webgpu_posterior.ts";
import { imagesOfBytes } from "../data/image_bytes.ts";
import type { PosteriorPool, PosteriorPoolOptions } from "./posterior_pool.ts";
import type { ShareQuery } from "./share_messages.ts";

/** Starts what computes on a GPU; undefined where there is none but software. */
export type StartGpu = () => Promise<PatchPosterior | undefined>;

/** The GPU of this machine, if it is one. */
export const startRealGpu: StartGpu = async () => {
  const adapter = await findAdapter();
  return adapter === undefined || isSoftware(adapter.info) ? undefined : await webgpuPosterior();
};

/** A GPU with the training images. */
interface Gpu {
  readonly posterior: PatchPosterior;
  readonly images: TrainingSet;
}

/** Sums by the pool, while a GPU is tried beside it: from when that has been faster, by the GPU. */
export class FastestSums {
  readonly #pool: PosteriorPool;
  readonly #images: Pick<PosteriorPoolOptions, "bytes" | "shape" | "labels">;
  readonly #startGpu: StartGpu;
  #trial: Promise<void> | undefined;
  #gpu: Gpu | undefined;
  #ended = false;

  constructor(
    pool: PosteriorPool,
    options: Pick<PosteriorPoolOptions, "bytes" | "shape" | "labels"> & {
      readonly startGpu: StartGpu;
    },
  ) {
    this.#pool = pool;
    this.#images = options;
    this.#startGpu = options.startGpu;
  }

  /** Whether a GPU sums. */
  get onGpu(): boolean {
    return this.#gpu !== undefined;
  }

  /** Sums over all training images, or those of a class. */
  async sum(query: ShareQuery, abort?: AbortSignal): Promise<PosteriorState> {
    if (this.#gpu !== undefined) {
      try {
        return await this.#sumOn(this.#gpu, query, abort);
      } catch (error) {
        abort?.throwIfAborted();
        // A lost device: from now on the threads do it.
        console.warn(`The machines leave the GPU: ${(error as Error).message}`);
        this.#gpu = undefined;
      }
    }
    const began = performance.now();
    const state = await this.#pool.sum(query, abort);
    const took = performance.now() - began;
    this.#trial ??= this.#try(query, took).catch(() => {});
    return state;
  }

  /** Resolves when it is known what is faster. */
  async settled(): Promise<void> {
    await this.#trial;
  }

  /** Frees the GPU. */
  async dispose(): Promise<void> {
    this.#ended = true;
    await this.#trial;
    await this.#gpu?.posterior.dispose();
    this.#gpu = undefined;
  }

  /** Gives the GPU the same work twice: what it compiles at first does not count. */
  async #try(query: ShareQuery, poolMs: number): Promise<void> {
    const posterior = await this.#startGpu();
    if (posterior === undefined) return;
    const { bytes, shape } = this.#images;
    const gpu = { posterior, images: prepareImages(imagesOfBytes(bytes, shape)) };
    let took = Infinity;
    for (let round = 0; round < 2 && !this.#ended; round++) {
      const began = performance.now();
      await this.#sumOn(gpu, query);
      took = performance.now() - began;
    }
    if (took < poolMs && !this.#ended) this.#gpu = gpu;
    else await posterior.dispose();
  }

  async #sumOn(
    { posterior, images }: Gpu,
    { x, rule, scale, signal, sigma, label }: ShareQuery,
    abort?: AbortSignal,
  ): Promise<PosteriorState> {
    const { shape: [, ...imageShape], labels } = this.#images;
    const select = label === null ? undefined : Uint32Array.from(
      Array.from(labels ?? [], (each, i) => each === label ? i : -1).filter((i) => i >= 0),
    );
    const run = posterior.begin({
      query: imageBatch(x, [1, ...imageShape]),
      ...{ rule, scales: [hasScale(rule) ? scale : 1], signal, sigma },
    });
    await run.accumulate(images, { select, abort, last: true });
    return await run.finish();
  }
}
