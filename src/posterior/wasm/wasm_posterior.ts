import { ArgumentError } from "../../core/errors.ts";
import { type ImageBatch, imageShapeOf } from "../../core/image_batch.ts";
import { warnOfOneThread, whyNoThreads } from "../../core/threads.ts";
import { emptyState, mergeInto } from "../merge_states.ts";
import type {
  AccumulateOptions,
  PatchPosterior,
  PatchRule,
  PosteriorRequest,
  PosteriorRun,
  PosteriorState,
} from "../patch_posterior.ts";
import { checkRequest, checkTile } from "../request.ts";
import { type Executor, inThreadExecutor, startWorkers } from "./posterior_executor.ts";
import type { KernelBuild } from "./posterior_kernel.ts";
import type { PosteriorThread } from "./posterior_thread.ts";
import { pairImages } from "./pair_images.ts";
import { sumPieces } from "./sum_pieces.ts";
import { planPosterior, type PosteriorPlan } from "../posterior_plan.ts";

/**
 * Options of {@linkcode wasmPosterior}.
 *
 * @category Posterior
 */
export interface WasmPosteriorOptions {
  /** Worker threads; the number of cores when absent. 0 computes on the calling thread. */
  readonly workers?: number;
  /**
   * Largest part of the sum of weights that may be left out at any pixel, from 0 to 0.01; 1e-7 when
   * absent. Each candidate left out weighs less than `tolerance / M` of the weights summed before it,
   * where M is the number of candidates of the tile, so all of them together stay below `tolerance`.
   */
  readonly tolerance?: number;
  /** Leave nothing out that float64 could hold beside the sum. */
  readonly exact?: boolean;
  /**
   * How to start a thread that runs {@linkcode servePosterior}: for bundlers that move the worker's
   * module, and for Node, whose threads are no web workers.
   */
  readonly createWorker?: () => PosteriorThread;
  /** Takes this build of the kernel on the calling thread, whatever the engine supports; for tests. */
  readonly build?: KernelBuild;
}

/**
 * The patch posterior by WebAssembly SIMD on all cores.
 *
 * @category Posterior
 */
export interface WasmPosterior extends PatchPosterior, AsyncDisposable {
  /** Starts the threads now rather than at the first tile; returns how many (0: calling thread). */
  start(): Promise<number>;
}

const defaultWorker = () =>
  new Worker(new URL("./posterior_worker.ts", import.meta.url), { type: "module" });

/**
 * Makes the CPU backend: WebAssembly SIMD in worker threads, which start with the first tile and end
 * with `dispose`. Where threads or shared memory are missing, or a worker cannot be started, the work
 * is done on the calling thread, with the same result, and one line on the console says why.
 *
 * Results do not depend on the number of workers, byte for byte. Against the float64 reference the
 * score is within 1e-5 (relative L2). Training images must not change while they are in use: they
 * are copied to shared memory once per `data` array.
 *
 * @example One backend for several machines
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   syntheticTextures,
 *   wasmPosterior,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using posterior = wasmPosterior({ workers: 2 });
 * for (const name of ["LS", "ELS"] as const) {
 *   const machine = createMachine(name, { images, schedule, patchSize: 3, posterior });
 *   assertEquals((await machine.predict(images, 0.5)).shape, images.shape);
 * }
 * ```
 *
 * @throws RangeError if an option is out of range.
 * @category Posterior
 */
export function wasmPosterior(options: WasmPosteriorOptions = {}): WasmPosterior {
  const { tolerance = 1e-7, exact = false, createWorker = defaultWorker, build } = options;
  const workers = options.workers ?? globalThis.navigator?.hardwareConcurrency ?? 1;
  if (!Number.isInteger(workers) || workers < 0 || workers > 1024) {
    throw new ArgumentError(
      `Cannot start ${workers} workers: expected an integer from 0 (calling thread) to 1024`,
    );
  }
  if (!(tolerance >= 0 && tolerance <= 0.01)) {
    throw new ArgumentError(`Cannot leave out ${tolerance} of the sum: expected 0 to 0.01`);
  }
  let executor: Promise<Executor> | undefined;
  let ended = false;
  const start = (): Promise<Executor> => {
    if (ended) throw new Error("Cannot compute a posterior: the backend has been disposed");
    return executor ??= (async () => {
      if (workers === 0) return inThreadExecutor(build);
      let problem = whyNoThreads(options.createWorker !== undefined);
      if (problem === undefined) {
        try {
          return await startWorkers(workers, createWorker);
        } catch (error) {
          problem = `a worker cannot be started (${(error as Error).message})`;
        }
      }
      warnOfOneThread("The patch posterior", problem);
      return inThreadExecutor(build);
    })();
  };
  const dispose = async () => {
    ended = true;
    (await executor)?.dispose();
  };
  return {
    name: "wasm",
    start: async () => (await start()).workers,
    begin: (request) => new WasmRun(request, { start, tolerance: exact ? 0 : tolerance }),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Pairs of pixels that make a piece of work worth sending, and that keep it short: 10 and 400 ms. */
const pairsPerPiece = { min: 1e7, max: 4e8 };

class WasmRun implements PosteriorRun {
  readonly #request: PosteriorRequest;
  readonly #plan: PosteriorPlan;
  readonly #state: PosteriorState;
  readonly #backend: { start(): Promise<Executor>; tolerance: number };

  constructor(
    request: PosteriorRequest,
    backend: { start(): Promise<Executor>; tolerance: number },
  ) {
    checkRequest(request);
    this.#request = request;
    this.#plan = planPosterior(request);
    this.#backend = backend;
    const { queries, scales, height, width, channels } = this.#plan;
    this.#state = emptyState([queries, scales, height * width, channels]);
  }

  async accumulate(
    tile: ImageBatch,
    { select, abort, onProgress }: AccumulateOptions = {},
  ): Promise<void> {
    const images = checkTile(tile, imageShapeOf(this.#request.query), select);
    abort?.throwIfAborted();
    const selected = select ?? Uint32Array.from({ length: tile.shape[0] }, (_, i) => i);
    const indices = hasBackground(this.#request.rule) ? pairImages(images, selected) : selected;
    if (indices.length === 0 || this.#plan.queries === 0) return;
    const executor = await this.#backend.start();
    const data = executor.workers > 0 ? images.once(shareImages) : images.data;
    const stop = new Int32Array(
      executor.workers > 0 ? new SharedArrayBuffer(4) : new ArrayBuffer(4),
    );
    const onAbort = () => void Atomics.store(stop, 0, 1);
    abort?.addEventListener("abort", onAbort);
    try {
      const pieces = splitEvenly(indices, this.#piece(indices.length));
      const { tolerance } = this.#backend;
      const options = { executor, images: data, pieces, stop, tolerance, onProgress };
      const sum = await sumPieces(this.#plan, options);
      abort?.throwIfAborted();
      mergeInto(this.#state, sum);
    } finally {
      abort?.removeEventListener("abort", onAbort);
    }
  }

  finish(): Promise<PosteriorState> {
    return Promise.resolve(this.#state);
  }

  /** Images in one piece of work; does not depend on the number of workers, so results do not. */
  #piece(images: number): number {
    const { queries, scales, height, width, candidatesPerImage } = this.#plan;
    const pairs = queries * scales * height * width * candidatesPerImage;
    // Even, so that no pair is split.
    const even = (count: number) => 2 * Math.ceil(count / 2);
    const smallest = even(pairsPerPiece.min / pairs);
    const largest = even(pairsPerPiece.max / pairs);
    return Math.min(largest, Math.max(smallest, even(images / 16)));
  }
}

function splitEvenly(indices: Uint32Array, piece: number): Uint32Array[] {
  const pieces: Uint32Array[] = [];
  for (let start = 0; start < indices.length; start += piece) {
    pieces.push(indices.slice(start, start + piece));
  }
  return pieces;
}

/** The rules under which the kernel leaves out background patches. */
function hasBackground(rule: PatchRule): boolean {
  return rule === "interior" || rule === "same-border-distance";
}

/** A copy in memory that all threads see; none if the images lie in such memory. */
function shareImages({ data }: ImageBatch): Float32Array {
  if (data.buffer instanceof SharedArrayBuffer) return data;
  const copy = new Float32Array(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}
