/** Explanations by the wasm kernel on all threads. */
import { type ImageBatch, imageShapeOf, sliceBatch } from "../../core/image_batch.ts";
import { checkExplanation } from "../explanation/check_explanation.ts";
import { emptyExplanation, mergeExplanations } from "../explanation/explanation_state.ts";
import type {
  ExplainTileOptions,
  ExplanationRequest,
  ExplanationRun,
  ExplanationState,
} from "../patch_posterior.ts";
import { imagesReporter } from "../portion_stream.ts";
import { cutoffBits, planPosterior, thresholdsOf } from "../posterior_plan.ts";
import { checkTile, hasScale } from "../request.ts";
import type { TrainingSet } from "../training_set.ts";
import type { ExplanationWork, KernelExplanation } from "./explain_images.ts";
import { pairImages } from "./pair_images.ts";
import type { Executor, Job } from "./posterior_executor.ts";
import type { SharedCopies } from "./shared_copies.ts";

/** The backend that explains. */
export interface ExplanationBackend {
  readonly tolerance: number;
  start(): Promise<Executor>;
  /** Copies of tiles that go by. */
  readonly copies: SharedCopies;
  /** Training images as threads see them. */
  dataOf(images: TrainingSet, threads: boolean): Float32Array;
}

/** Images of one task at most: progress and stopping in between. */
const imagesPerTask = 4096;
/** And at least: each task goes through the nearest images of its own again. */
const fewestImages = 64;

/** Explains by tasks of some images for one query each, whose states are merged in order. */
export class WasmExplanation implements ExplanationRun {
  readonly #request: ExplanationRequest;
  readonly #backend: ExplanationBackend;
  #state: ExplanationState;
  #images = 0;

  constructor(request: ExplanationRequest, backend: ExplanationBackend) {
    checkExplanation(request);
    this.#request = request;
    this.#backend = backend;
    this.#state = emptyExplanation([request.query.shape[0], request.pixels.length, request.top]);
  }

  async accumulate(tile: ImageBatch, options: ExplainTileOptions = {}): Promise<void> {
    const { select, abort, passing = false, onProgress, first = this.#images } = options;
    const { query, rule } = this.#request;
    const images = checkTile(tile, imageShapeOf(query), select);
    abort?.throwIfAborted();
    const chosen = select ?? Uint32Array.from({ length: tile.shape[0] }, (_, i) => i);
    const length = first + tile.shape[0];
    const executor = await this.#backend.start();
    const report = imagesReporter(chosen.length, onProgress);
    const stop = new Int32Array(
      executor.workers > 0 ? new SharedArrayBuffer(4) : new ArrayBuffer(4),
    );
    const onAbort = () => void Atomics.store(stop, 0, 1);
    abort?.addEventListener("abort", onAbort);
    const { copies, dataOf } = this.#backend;
    const lent = copies.lend();
    try {
      const paired = hasScale(rule) ? pairImages(images, chosen) : chosen;
      const parts = tasksOf(paired, executor.workers);
      const threads = executor.workers > 0;
      const data = passing && threads ? lent.copyOf(images) : dataOf(images, threads);
      const tasks = Array.from({ length: query.shape[0] }, (_, b) => b).flatMap((b) => {
        const task = this.#taskOf(b, { data, images: chosen.length });
        return parts.map((indices) => ({ b, indices, job: { ...task, indices } }));
      });
      let done = 0;
      const results = await Promise.all(
        tasks.map(async ({ b, indices, job: { plan, ...work } }) => {
          const job: Job = { plan, work, stop };
          const result = await executor.run<KernelExplanation>(job);
          done += indices.length;
          report(done / (chosen.length * query.shape[0]));
          return { b, indices, result };
        }),
      );
      abort?.throwIfAborted();
      this.#state = results.reduce(
        (state, { b, indices, result }) =>
          mergeExplanations(state, this.#stateOf(result!, { b, indices, first, length })),
        this.#state,
      );
      this.#images = Math.max(this.#images, length);
    } finally {
      lent.giveBack();
      abort?.removeEventListener("abort", onAbort);
    }
  }

  finish(): Promise<ExplanationState> {
    return Promise.resolve(this.#state);
  }

  /** What tasks of query b have in common. */
  #taskOf(
    b: number,
    { data, images }: { readonly data: Float32Array; readonly images: number },
  ): Omit<ExplanationWork, "indices"> & { readonly plan: Job["plan"] } {
    const { query, rule, scale, window, signal, sigma, logSum, pixels, top } = this.#request;
    const [, height, width, channels] = query.shape;
    const one = sliceBatch(query, b, b + 1);
    const scales = [hasScale(rule) ? scale : 1];
    const plan = planPosterior({ query: one, rule, scales, window, signal, sigma });
    const ownSum = logSum.slice(b * height * width, (b + 1) * height * width);
    const sumBits = ownSum.map((value) => value / Math.LN2);
    const cutoff = cutoffBits(plan, { images, tolerance: this.#backend.tolerance });
    const [radius, reach] = [plan.radii[0]!, plan.reaches[0]!];
    const weights = plan.taps === null ? undefined : { taps: plan.taps[0]!, radius, reach };
    return {
      plan,
      setting: { x: one.data.slice(), height, width, channels, rule, radius, weights, signal },
      sigma,
      logSum: ownSum,
      pixels,
      top,
      cutoff,
      thresholds: thresholdsOf(plan, { sumBits, cutoff }),
      images: data,
    };
  }

  /** A task's result among all queries and images. */
  #stateOf(
    part: KernelExplanation,
    { b, indices, first, length }: {
      readonly b: number;
      readonly indices: Uint32Array;
      readonly first: number;
      readonly length: number;
    },
  ): ExplanationState {
    const state = emptyExplanation(this.#state.shape);
    const [, pixels, top] = state.shape;
    for (const key of ["mass", "entropy", "imageEntropy"] as const) {
      state[key].set(part[key], b * pixels);
    }
    for (const key of ["logWeight", "position"] as const) {
      state[key].set(part[key], b * pixels * top);
    }
    state.image.set(part.image.map((index) => index + first), b * pixels * top);
    const weights = new Float64Array(length);
    indices.forEach((index, i) => weights[first + index] = part.imageWeights[i]!);
    return {
      ...state,
      imageWeights: state.imageWeights.map((none, query) => query === b ? weights : none),
    };
  }
}

/** The images of tasks: for all threads, few at a time and not too few; whole pairs. */
function tasksOf(indices: Uint32Array, workers: number): Uint32Array[] {
  const even = (count: number) => 2 * Math.ceil(count / 2);
  const shared = even(indices.length / Math.max(1, workers));
  const size = Math.max(fewestImages, Math.min(imagesPerTask, shared));
  return Array.from(
    { length: Math.ceil(indices.length / size) },
    (_, i) => indices.slice(i * size, (i + 1) * size),
  );
}
