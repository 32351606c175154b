import { ArgumentError } from "../../core/errors.ts";
import { type ImageBatch, imageShapeOf } from "../../core/image_batch.ts";
import { warnOfOneThread, whyNoThreads } from "../../core/threads.ts";
import { emptyState, setQueries } from "../merge_states.ts";
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
import { SharedCopies } from "./shared_copies.ts";
import { OrderedSum, sumPortions } from "./sum_portions.ts";
import { imagesReporter, type Portion, PortionStream } from "../portion_stream.ts";
import type { TrainingSet } from "../training_set.ts";
import { WasmExplanation } from "./wasm_explanation.ts";
import { planOfQueries, planPosterior, type PosteriorPlan } from "../posterior_plan.ts";

/**
 * Options of {@linkcode wasmPosterior}.
 *
 * @category Posterior
 */
export interface WasmPosteriorOptions {
  /** Worker threads; the number of cores when absent. 0 computes on the calling thread. */
  readonly workers?: number;
  /**
   * How much of the sum of weights may be left out at any pixel, from 0 to 0.01; 1e-7 when absent. Each
   * candidate left out weighs less than `tolerance / M` of the weights summed before it, where M is the
   * number of candidates so far. So all of them together stay below `tolerance` times 1 + ln N, 12 of N =
   * 60,000 images.
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
 * Results depend neither on the number of workers, nor on the other queries of a batch, nor on the tiles that
 * images come in, byte for byte. Against the float64 reference the score is within 1e-5 (relative L2). Training images must not change while they are in use: they
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
  const copies = new SharedCopies();
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
    copies.clear();
    (await executor)?.dispose();
  };
  return {
    name: "wasm",
    start: async () => (await start()).workers,
    begin: (request) => new WasmRun(request, { start, tolerance: exact ? 0 : tolerance, copies }),
    explain: (request) =>
      new WasmExplanation(request, { start, tolerance: exact ? 0 : tolerance, copies, dataOf }),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Bytes of images of a portion at most, so that a stream of them needs little memory. */
const portionBytes = 2 ** 24;
/** Pairs of pixels, of a query and scale, that make a portion worth sending, and that keep it short. */
const pairsPerPortion = { min: 3.2e7, max: 4e8 };
/** Part of the images before it that a portion is as large as: enough portions for many threads. */
const growth = 1 / 16;
/** Pairs of pixels of one task, all its queries and scales: 400 ms. */
const pairsPerTask = 4e8;

/** How many images the portion has that begins at a place of the run. */
function portionCapacity(
  { height, width, channels, candidatesPerImage }: PosteriorPlan,
  first: number,
): number {
  const pairs = height * width * candidatesPerImage;
  // Even, so that no pair of images is split.
  const even = (count: number) => 2 * Math.ceil(count / 2);
  const fitting = even(portionBytes / (4 * height * width * channels));
  const largest = Math.min(fitting, even(pairsPerPortion.max / pairs));
  return Math.min(largest, Math.max(even(pairsPerPortion.min / pairs), even(first * growth)));
}

/** What the runs of a backend share. */
interface WasmBackend {
  start(): Promise<Executor>;
  readonly tolerance: number;
  readonly copies: SharedCopies;
}

class WasmRun implements PosteriorRun {
  readonly #request: PosteriorRequest;
  readonly #plan: PosteriorPlan;
  readonly #backend: WasmBackend;
  #stream: PortionStream;
  /** The sums of some queries each, in order; none before the first tile. */
  #sums: readonly QuerySum[] = [];

  constructor(
    request: PosteriorRequest,
    backend: WasmBackend,
  ) {
    checkRequest(request);
    this.#request = request;
    const plan = this.#plan = planPosterior(request);
    this.#backend = backend;
    this.#stream = new PortionStream((first) => portionCapacity(plan, first));
  }

  async accumulate(
    tile: ImageBatch,
    { select, abort, last = false, passing = false, onProgress }: AccumulateOptions = {},
  ): Promise<void> {
    const images = checkTile(tile, imageShapeOf(this.#request.query), select);
    abort?.throwIfAborted();
    const indices = select ?? Uint32Array.from({ length: tile.shape[0] }, (_, i) => i);
    if (indices.length === 0 || this.#plan.queries === 0) return;
    const stream = this.#stream.fork();
    const portions = stream.push(images, indices, { last });
    const report = imagesReporter(indices.length, onProgress);
    const sums = await this.#sum(portions, { abort, report, passing });
    // Only now: a tile that was stopped leaves no trace.
    this.#stream = stream;
    this.#sums = sums;
    report(1);
  }

  async finish(): Promise<PosteriorState> {
    const rest = this.#stream.rest();
    const sums = rest ? await this.#sum([rest], {}) : this.#sums;
    const { queries, scales, height, width, channels } = this.#plan;
    const state = emptyState([queries, scales, height * width, channels]);
    for (const { from, sum } of sums) setQueries(state, sum.state, from);
    return state;
  }

  /** What has been summed and some portions; what has been summed stays as it is. */
  async #sum(
    portions: readonly Portion[],
    { abort, report, passing = false }: {
      readonly abort?: AbortSignal | undefined;
      readonly report?: (fraction: number) => void;
      readonly passing?: boolean;
    },
  ): Promise<readonly QuerySum[]> {
    const executor = await this.#backend.start();
    abort?.throwIfAborted();
    if (portions.length === 0) return this.#sums;
    const threads = executor.workers > 0;
    const groups = this.#sums.length > 0
      ? this.#sums.map(({ from, sum }) => ({ from, sum: sum.fork() }))
      : this.#groups(portions, executor.workers);
    const stop = new Int32Array(threads ? new SharedArrayBuffer(4) : new ArrayBuffer(4));
    const onAbort = () => void Atomics.store(stop, 0, 1);
    abort?.addEventListener("abort", onAbort);
    const lent = this.#backend.copies.lend();
    const gathered = new Set(portions.flatMap((each) => each.gathered ? [each.images] : []));
    const dataOf = (images: TrainingSet) => {
      if (!threads) return images.data;
      return passing || gathered.has(images) ? lent.copyOf(images) : images.once(shareImages);
    };
    try {
      const paired = hasBackground(this.#request.rule)
        ? portions.map((each) => ({ ...each, indices: pairImages(each.images, each.indices) }))
        : portions;
      await sumPortions(groups.map(({ sum }) => sum), paired, {
        executor,
        dataOf,
        stop,
        tolerance: this.#backend.tolerance,
        onProgress: report,
      });
      abort?.throwIfAborted();
      return groups;
    } finally {
      lent.giveBack();
      abort?.removeEventListener("abort", onAbort);
    }
  }

  /** Queries by tasks: few enough that a task stays short, and that there are tasks for all threads. */
  #groups(portions: readonly Portion[], workers: number): QuerySum[] {
    const { queries, scales, height, width, candidatesPerImage } = this.#plan;
    const largest = Math.max(...portions.map(({ indices }) => indices.length));
    const pairs = scales * height * width * candidatesPerImage * largest;
    const short = Math.max(1, Math.floor(pairsPerTask / pairs));
    const shared = Math.ceil(queries * portions.length / Math.max(1, 2 * workers));
    const size = Math.min(queries, short, workers > 1 ? shared : queries);
    return Array.from({ length: Math.ceil(queries / size) }, (_, i) => {
      const from = i * size, to = Math.min(queries, from + size);
      const plan = size === queries ? this.#plan : planOfQueries(this.#plan, { from, to });
      return { from, sum: new OrderedSum(plan) };
    });
  }
}

/** The sums of some queries, the first of which is `from`. */
interface QuerySum {
  readonly from: number;
  readonly sum: OrderedSum;
}

/** The rules under which the kernel leaves out background patches. */
function hasBackground(rule: PatchRule): boolean {
  return rule === "interior" || rule === "same-border-distance";
}

/** Training images where the threads see them. */
function dataOf(images: TrainingSet, threads: boolean): Float32Array {
  return threads ? images.once(shareImages) : images.data;
}

/** A copy in memory that all threads see; none if the images lie in such memory. */
function shareImages({ data }: ImageBatch): Float32Array {
  if (data.buffer instanceof SharedArrayBuffer) return data;
  const copy = new Float32Array(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}
