import { ArgumentError } from "../../core/errors.ts";
import { gatherImages, type ImageBatch, imageShapeOf } from "../../core/image_batch.ts";
import { emptyState, mergeInto, mergeStates } from "../merge_states.ts";
import type {
  AccumulateOptions,
  PatchPosterior,
  PosteriorRequest,
  PosteriorRun,
  PosteriorState,
} from "../patch_posterior.ts";
import { checkRequest, checkTile, hasScale } from "../request.ts";
import { planPosterior, type PosteriorPlan } from "../posterior_plan.ts";
import { type DevicePosteriorRequest, meanOnDevice } from "./device_mean.ts";
import { GpuContext, openGpu } from "../../gpu/gpu_context.ts";
import { imagesReporter, type Portion, PortionStream } from "../portion_stream.ts";
import { prepareImages, type TrainingSet } from "../training_set.ts";
import { wasmPosterior } from "../wasm/wasm_posterior.ts";
import { ImageStore, portionImages } from "./image_store.ts";
import { sumPatches } from "./sum_patches.ts";
import { sumWholeImages } from "./sum_whole_images.ts";
import type { GpuBackend } from "./work.ts";

export type { DevicePosteriorRequest } from "./device_mean.ts";

/**
 * Options of {@linkcode webgpuPosterior}.
 *
 * @category Posterior
 */
export interface WebgpuPosteriorOptions {
  /**
   * Device to run on, such as the one of TensorFlow.js; it is left alone by `dispose`. Absent: one of
   * the backend's own, with the adapter's largest limits.
   */
  readonly device?: GPUDevice;
  /**
   * Bytes of training images kept on the GPU between posteriors; 1 GiB when absent (256 MiB on a
   * software adapter).
   */
  readonly imageBytes?: number;
  /**
   * How much of the sum of weights may be left out at any pixel, from 0 to 0.01; 1e-7 when absent. See
   * `wasmPosterior`.
   */
  readonly tolerance?: number;
}

/**
 * The patch posterior on a GPU.
 *
 * @category Posterior
 */
export interface WebgpuPosterior extends PatchPosterior, AsyncDisposable {
  /**
   * Opens the device now rather than at the first tile.
   *
   * @returns Name of the adapter.
   * @throws DeviceUnavailableError if there is none.
   */
  start(): Promise<string>;
  /**
   * The posterior mean of queries that are on the GPU, without reading them: the output of a network,
   * say, on the way to a comparison. Float32 throughout; the score is within 1e-5 of the reference.
   *
   * @returns A buffer of float32 `[S, B, H, W, C]`, with usage STORAGE, COPY_SRC and COPY_DST, as
   * `tf.tensor({ buffer }, shape)` takes it; destroy it.
   * @throws RangeError if an argument cannot be used, or no training image is a candidate.
   * @throws DeviceUnavailableError if the GPU fails.
   */
  meanOnDevice(request: DevicePosteriorRequest): Promise<GPUBuffer>;
}

/**
 * Makes the GPU backend: WGSL on any WebGPU adapter, software ones included. docs/kernels.md explains
 * the idea.
 *
 * Against the float64 reference the score is within 1e-5 (relative L2), at any noise level and scale:
 * distances are float32 relative to a pivot; where that is too coarse they are taken again in integers.
 * A query gives the same bytes run after run on one device, whatever other queries are in its batch and
 * however the images are cut into tiles. Training images must not change while
 * they are in use: they stay on the GPU between posteriors.
 *
 * Explanations are made by the wasm backend on the CPU, from sums that the GPU made.
 *
 * All promises reject with a `DeviceUnavailableError` if there is no GPU, it is lost, refuses or runs
 * out of memory.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   DeviceUnavailableError,
 *   syntheticTextures,
 *   webgpuPosterior,
 * } from "@els/toolkit/machines";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using posterior = webgpuPosterior();
 * const machine = createMachine("LS", { images, schedule, patchSize: 3, posterior });
 * try {
 *   console.log(await machine.predict(images, 0.5));
 * } catch (error) {
 *   if (!(error instanceof DeviceUnavailableError)) throw error;
 *   console.log(error.message);
 * }
 * ```
 *
 * @throws RangeError if an option is out of range.
 * @category Posterior
 */
export function webgpuPosterior(options: WebgpuPosteriorOptions = {}): WebgpuPosterior {
  const { device, imageBytes, tolerance = 1e-7 } = options;
  if (!(tolerance >= 0 && tolerance <= 0.01)) {
    throw new ArgumentError(`Cannot leave out ${tolerance} of the sum: expected 0 to 0.01`);
  }
  if (imageBytes !== undefined && !(imageBytes > 0)) {
    throw new ArgumentError(
      `Cannot keep ${imageBytes} bytes of images: expected a positive number`,
    );
  }
  let backend: Promise<GpuBackend> | undefined;
  const explainer = wasmPosterior({ tolerance });
  let ended = false;
  const start = (): Promise<GpuBackend> => {
    if (ended) {
      return Promise.reject(
        new Error("Cannot compute a posterior: the backend has been disposed"),
      );
    }
    return backend ??= (async () => {
      const gpu = device ? new GpuContext(device, { owned: false }) : await openGpu();
      const budget = imageBytes ?? 2 ** (gpu.software ? 28 : 30);
      return { gpu, store: new ImageStore(gpu, budget), tolerance };
    })();
  };
  const dispose = async () => {
    ended = true;
    await explainer.dispose();
    const opened = await backend?.catch(() => undefined);
    opened?.store.dispose();
    opened?.gpu.dispose();
  };
  return {
    name: "webgpu",
    start: async () => (await start()).gpu.adapter,
    begin: (request) => new WebgpuRun(request, start),
    explain: (request) => explainer.explain!(request),
    meanOnDevice: async (request) => await meanOnDevice(await start(), request),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

class WebgpuRun implements PosteriorRun {
  readonly #request: PosteriorRequest;
  readonly #plan: PosteriorPlan;
  readonly #start: () => Promise<GpuBackend>;
  #stream: PortionStream | undefined;
  #sums: GpuSums;

  constructor(request: PosteriorRequest, start: () => Promise<GpuBackend>) {
    checkRequest(request);
    this.#request = request;
    this.#plan = planPosterior(request);
    this.#start = start;
    const { queries, scales, height, width, channels } = this.#plan;
    const state = emptyState([queries, scales, height * width, channels]);
    this.#sums = { state, exact: new Set() };
  }

  async accumulate(
    tile: ImageBatch,
    { select, abort, last = false, passing = false, onProgress }: AccumulateOptions = {},
  ): Promise<void> {
    const images = checkTile(tile, imageShapeOf(this.#request.query), select);
    abort?.throwIfAborted();
    const indices = select ?? Uint32Array.from({ length: tile.shape[0] }, (_, i) => i);
    if (indices.length === 0 || this.#plan.queries === 0) return;
    const { store } = await this.#start();
    const perPiece = store.imagesPerPiece(tile);
    const stream = this.#stream?.fork() ??
      new PortionStream(() => Math.min(portionImages, perPiece));
    const portions = stream.push(images, indices, { last })
      .map((each) => inOnePiece(each, { perPiece, select }));
    const report = imagesReporter(indices.length, onProgress);
    const sums = await this.#sum(portions, { abort, report });
    if (passing) store.forget(images);
    // Only now: a tile that was stopped leaves no trace.
    this.#stream = stream;
    this.#sums = sums;
    report(1);
  }

  async finish(): Promise<PosteriorState> {
    const rest = this.#stream?.rest();
    return (rest ? await this.#sum([rest], {}) : this.#sums).state;
  }

  /** What has been summed and some portions; what has been summed stays as it is. */
  async #sum(
    portions: readonly Portion[],
    { abort, report }: {
      readonly abort?: AbortSignal | undefined;
      readonly report?: (fraction: number) => void;
    },
  ): Promise<GpuSums> {
    const backend = await this.#start();
    abort?.throwIfAborted();
    const { rule, scales } = this.#request;
    const state = mergeStates(this.#sums.state, emptyState(this.#sums.state.shape));
    const exact = new Set(this.#sums.exact);
    const total = portions.reduce((count, { indices }) => count + indices.length, 0);
    let before = 0;
    for (const portion of portions) {
      const { first, images, indices } = portion;
      const work = {
        plan: this.#plan,
        rule,
        scales,
        images,
        indices,
        imagesSoFar: first + indices.length,
        abort,
        onProgress: (imagesDone: number) => report?.((before + imagesDone) / total),
      };
      try {
        const sum = hasScale(rule)
          ? await sumPatches(backend, { ...work, before: state, exact })
          : await sumWholeImages(backend, work);
        abort?.throwIfAborted();
        mergeInto(state, sum);
      } finally {
        if (portion.gathered) backend.store.forget(images);
      }
      before += indices.length;
    }
    return { state, exact };
  }
}

/** What a run has summed. */
interface GpuSums {
  readonly state: PosteriorState;
  /** Queries and scales, b * S + s, at which float32 was found to be too coarse. */
  readonly exact: Set<number>;
}

/** Portions of chosen images that lie in several pieces, by the choice and the place of the first. */
type Gathered = WeakMap<Uint32Array, Map<number, TrainingSet>>;
const gatheredOf = (): Gathered => new WeakMap();

/**
 * A portion whose images lie in one piece on the GPU: rounds then begin at places of its own. Those of a
 * choice that comes again, such as a class, are kept together.
 */
function inOnePiece(
  portion: Portion,
  { perPiece, select }: { readonly perPiece: number; readonly select: Uint32Array | undefined },
): Portion {
  const { images, indices, first } = portion;
  const pieceOf = (index: number) => Math.floor(index / perPiece);
  if (indices.every((index) => pieceOf(index) === pieceOf(indices[0]!))) return portion;
  const all = indices.map((_, i) => i);
  if (select === undefined) {
    return {
      ...portion,
      images: prepareImages(gatherImages(images, indices)),
      indices: all,
      gathered: true,
    };
  }
  const known = images.once(gatheredOf);
  const ofChoice = known.get(select) ?? new Map<number, TrainingSet>();
  known.set(select, ofChoice);
  const together = ofChoice.get(first) ?? prepareImages(gatherImages(images, indices));
  ofChoice.set(first, together);
  return { ...portion, images: together, indices: all };
}
