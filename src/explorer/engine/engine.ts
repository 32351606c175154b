/** The engine of the page: what came with it at once, everything else computed in threads. No DOM. */
import { ArgumentError } from "../../core/errors.ts";
import { type ImageBatch, imageBatch } from "../../core/image_batch.ts";
import type { Denoiser } from "../../denoisers/denoiser.ts";
import { explanationOf } from "../../machines/explanation.ts";
import {
  isPatchMachine,
  machineDefinitions,
  machineHasScale,
} from "../../machines/machine_table.ts";
import { logSumOf } from "../../posterior/explanation/explanation_state.ts";
import { posteriorMean } from "../../posterior/merge_states.ts";
import { ddim } from "../../samplers/ddim.ts";
import { initialNoise, noiseDeviation } from "../../samplers/initial_noise.ts";
import type {
  EngineStatus,
  ExplorerEngine,
  ExplorerInfo,
  ExplorerRequest,
  ExplorerStep,
  FollowOptions,
} from "../contract.ts";
import { imagesOfBytes } from "../data/image_bytes.ts";
import type { PageData } from "../data/page_data.ts";
import { restoreExplanation } from "../data/stored_explanation.ts";
import { predictionsOf, type ProcessName, replay } from "../data/stored_process.ts";
import { FastestSums, type StartGpu, startRealGpu } from "./fastest_sums.ts";
import { NetworkThread, type NetworkThreadOptions } from "./network_thread.ts";
import { PosteriorPool, type PosteriorPoolOptions } from "./posterior_pool.ts";
import { type KnownProcess, ProcessCache } from "./process_cache.ts";
import type { ShareQuery } from "./share_messages.ts";

/** What an engine computes with. */
export interface EngineOptions {
  /** Starts a thread of the machines; absent: the calling thread computes, in slices. */
  readonly createThread?: PosteriorPoolOptions["createThread"];
  /** Threads of the machines; default: the cores, 8 at most. */
  readonly threads?: number;
  /** Starts a GPU; default: the one of this machine, if it is not software. */
  readonly startGpu?: StartGpu;
  /** How the network is run; absent: only what is stored of it can be shown. */
  readonly network?: NetworkThreadOptions;
  /** Bytes of reverse processes to keep. Default 96 MB. */
  readonly cacheBytes?: number;
  /** Candidates of each pixel that are named where they are computed. Default 8. */
  readonly top?: number;
}

/** Threads beyond these bring little: each goes through the nearest images of its own. */
const mostThreads = 8;

/** What an explanation costs beside the sum before it, for progress. */
const explanationCost = 1.5;

/** Makes the engine of a page's data. */
export async function createEngine(
  data: PageData,
  options: EngineOptions = {},
): Promise<ExplorerEngine> {
  return new Engine(data, await data.images(), options);
}

type StoredImages = Awaited<ReturnType<PageData["images"]>>;
type NetworkRequest = Pick<ExplorerRequest, "noise" | "strokes" | "label">;

class Engine implements ExplorerEngine {
  readonly info: ExplorerInfo;
  readonly #data: PageData;
  readonly #images: StoredImages;
  readonly #pool: PosteriorPool;
  readonly #sums: FastestSums;
  readonly #network: NetworkThread | undefined;
  readonly #cache: ProcessCache;
  readonly #top: number;
  readonly #threads: number;
  #networkRan = false;

  constructor(data: PageData, images: StoredImages, options: EngineOptions) {
    const { cacheBytes = 96 * 2 ** 20, top = 8, startGpu = startRealGpu } = options;
    const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
    this.#threads = options.threads ?? Math.min(mostThreads, cores);
    this.info = data.info;
    this.#data = data;
    this.#images = images;
    this.#top = top;
    const { createThread } = options;
    this.#pool = new PosteriorPool({ ...images, createThread, threads: this.#threads });
    this.#sums = new FastestSums(this.#pool, { ...images, startGpu });
    this.#network = options.network && data.hasNetwork
      ? new NetworkThread(data, options.network)
      : undefined;
    this.#cache = new ProcessCache(cacheBytes);
  }

  get status(): EngineStatus {
    const threads = this.#pool.threads ?? this.#threads;
    const pool = threads === 0
      ? "this page's thread"
      : `${threads} ${threads === 1 ? "thread" : "threads"} (WebAssembly)`;
    return {
      machines: this.#sums.onGpu ? `WebGPU and ${pool}` : pool,
      network: this.#network === undefined
        ? "stored only: the page holds no network"
        : this.#networkRan
        ? "one thread (TensorFlow.js, WebAssembly)"
        : "stored, computed when the noise is new",
    };
  }

  trainingImage(index: number): { data: Float32Array; label: number | null } {
    const { bytes, shape: [images, height, width, channels], labels } = this.#images;
    if (!(Number.isInteger(index) && index >= 0 && index < images)) {
      throw new ArgumentError(`Cannot show training image ${index}: the page has ${images}`);
    }
    const values = height * width * channels;
    const own = bytes.subarray(index * values, (index + 1) * values);
    const { data } = imagesOfBytes(own, [1, height, width, channels]);
    return { data, label: labels?.[index] ?? null };
  }

  async followMachine(request: ExplorerRequest, options: FollowOptions): Promise<Float32Array> {
    const { abort, focus, onStep, onProgress } = options;
    const { machine } = request;
    const patchSize = machineHasScale(machine) ? request.patchSize : null;
    const asked = { ...request, patchSize };
    abort.throwIfAborted();
    const steps = this.info.times.length;
    const known = this.#cache.of(JSON.stringify(asked), steps);
    let work = 0;
    const did = (part: number) => {
      work += part;
      onProgress?.(Math.min(1, work / (steps * (1 + explanationCost))));
    };
    const stored = this.#stored(asked, { machine, patchSize });
    if (known.final === undefined && stored !== undefined) await this.#restore(stored, known);
    abort.throwIfAborted();
    for (const step of known.steps) {
      if (step === undefined) continue;
      onStep(step);
      did(1);
    }
    if (known.final === undefined) {
      const denoiser = this.#machine(asked, known);
      const from = known.steps.findIndex((step) => step === undefined);
      const first = from <= 0 ? this.#start(asked) : await this.#next(known, from);
      const final = await ddim(denoiser, {
        xT: first,
        times: this.#data.times.slice(Math.max(0, from)),
        abort,
        onStep: ({ i, t, x, xHat0 }) => {
          const step = this.#step(steps - i, { t, x, xHat0, k: this.#scaleAt(asked, steps - i) });
          known.steps[step.i] = step;
          onStep(step);
          did(1);
        },
      });
      known.final = final.data;
    }
    for (const i of outwards(focus, steps)) {
      const step = known.steps[i]!;
      if (step.explanation === undefined) {
        known.steps[i] = await this.#explained(asked, known, i, abort);
        onStep(known.steps[i]!);
      }
      did(explanationCost);
    }
    return known.final;
  }

  async followNetwork(request: NetworkRequest, options: FollowOptions): Promise<Float32Array> {
    const { abort, onStep, onProgress } = options;
    const { noise, strokes, label } = request;
    abort.throwIfAborted();
    const steps = this.info.times.length;
    const known = this.#cache.of(JSON.stringify([{ noise, strokes, label }]), steps);
    const stored = this.#stored(request, { machine: null, patchSize: null });
    if (known.final === undefined && stored !== undefined) await this.#restore(stored, known);
    abort.throwIfAborted();
    known.steps.forEach((step) => step && onStep(step));
    if (known.final === undefined) {
      if (this.#network === undefined) {
        throw new ArgumentError(
          "Cannot run the network on new noise: this page holds only stored samples of it",
        );
      }
      const denoiser = await this.#network.denoiser();
      abort.throwIfAborted();
      this.#networkRan = true;
      let done = 0;
      const { data } = await ddim(denoiser, {
        xT: this.#start(request),
        times: this.#data.times,
        labels: label ?? undefined,
        abort,
        onStep: ({ i, t, x, xHat0 }) => {
          const step = this.#step(steps - i, { t, x, xHat0, k: null });
          known.steps[step.i] = step;
          onStep(step);
          done++;
          onProgress?.(done / steps);
        },
      });
      known.final = data;
    }
    onProgress?.(1);
    return known.final;
  }

  async dispose(): Promise<void> {
    this.#network?.dispose();
    await this.#sums.dispose();
    await this.#pool.dispose();
  }

  /** The name of a process that came with the page and is what is asked for. */
  #stored(
    { noise, strokes, label }: NetworkRequest,
    { machine, patchSize }: Pick<ProcessName, "machine" | "patchSize">,
  ): (ProcessName & { readonly explained: boolean }) | undefined {
    if (noise.kind !== "stored" || strokes.length > 0) return undefined;
    if (this.info.samples[noise.index]?.label !== label) return undefined;
    return this.#data.process({ sample: noise.index, machine, patchSize });
  }

  /** Fills in what came with the page of a process. */
  async #restore(
    stored: ProcessName & { readonly explained: boolean },
    known: KnownProcess,
  ): Promise<void> {
    const { imageShape, times } = this.info;
    const [block, why] = await Promise.all([
      this.#data.processBlock(stored),
      stored.explained ? this.#data.whyBlock(stored) : undefined,
    ]);
    const found: ExplorerStep[] = [];
    const final = await replay(predictionsOf(block, imageShape), {
      schedule: this.#data.schedule,
      xT: this.#data.noise(stored.sample),
      times: this.#data.times,
      clip: stored.machine === null ? this.#data.clip : undefined,
      onStep: ({ i, t, x, xHat0 }) => {
        const at = times.length - i;
        const k = stored.machine === null
          ? null
          : this.#scaleAt({ machine: stored.machine, patchSize: stored.patchSize }, at);
        const step = this.#step(at, { t, x, xHat0, k });
        const explanation = why && restoreExplanation(why, `${at}/`, {
          ...{ t, patchSize: k ?? 1, xHat0 },
          images: this.#images.shape[0],
          labels: this.#images.labels,
        });
        found.push({ ...step, ...explanation && { explanation } });
      },
    });
    found.forEach((step) => known.steps[step.i] = step);
    known.final = final.data;
  }

  #step(
    i: number,
    { t, x, xHat0, k }: { t: number; x: ImageBatch; xHat0: ImageBatch; k: number | null },
  ): ExplorerStep {
    const { schedule } = this.#data;
    return {
      ...{ i, t, signal: schedule.signal(t), sigma: schedule.sigma(t), patchSize: k },
      ...{ x: x.data, xHat0: xHat0.data },
    };
  }

  /** Patch size of a step; null for machines without one. */
  #scaleAt(
    { machine, patchSize }: Pick<ExplorerRequest, "machine" | "patchSize">,
    i: number,
  ): number | null {
    if (!machineHasScale(machine)) return null;
    const known = this.info.machines.find(({ name }) => name === machine);
    const k = patchSize ?? known?.patchSizes?.[i];
    if (k !== undefined) return k;
    throw new ArgumentError(`Cannot run ${machine}: the page has no patch sizes for it`);
  }

  /** The noise that a request begins with, `[1, H, W, C]`. */
  #start({ noise, strokes }: NetworkRequest): ImageBatch {
    const { imageShape, samples } = this.info, { schedule } = this.#data;
    if (noise.kind === "stored" && samples[noise.index] === undefined) {
      throw new ArgumentError(
        `Cannot begin with noise ${noise.index}: the page has ${samples.length} samples`,
      );
    }
    const start = noise.kind === "stored"
      ? this.#data.noise(noise.index)
      : initialNoise({ seed: noise.seed, samples: 1, imageShape, schedule });
    const channels = imageShape[2], data = start.data.slice();
    for (const { pixel, value } of strokes) {
      data.fill(value * noiseDeviation(schedule), pixel * channels, (pixel + 1) * channels);
    }
    return { data, shape: start.shape };
  }

  /** Noisy image at a step whose step before is known: one step of DDIM on what that predicted. */
  async #next({ steps }: KnownProcess, i: number): Promise<ImageBatch> {
    const before = steps[i - 1]!, shape = [1, ...this.info.imageShape] as const;
    return await replay([imageBatch(before.xHat0.slice(), shape)], {
      schedule: this.#data.schedule,
      xT: imageBatch(before.x.slice(), shape),
      times: this.#data.times.slice(i - 1, i + 1),
      clip: undefined,
      onStep: () => {},
    });
  }

  /** A request's machine as a denoiser; it leaves the sums of each step for explanations. */
  #machine(request: ExplorerRequest, known: KnownProcess): Denoiser {
    const { times, imageShape } = this.info;
    return {
      name: request.machine,
      prediction: "x0",
      imageShape,
      schedule: this.#data.schedule,
      predict: async (x, t, { abort } = {}) => {
        const i = times.indexOf(t);
        const state = await this.#sums.sum(this.#query(request, { x: x.data, t, i }), abort);
        known.logSums[i] = logSumOf(state) as Float64Array<ArrayBuffer>;
        return posteriorMean(state, { imageShape });
      },
    };
  }

  #query(
    request: ExplorerRequest,
    { x, t, i }: { readonly x: Float32Array; readonly t: number; readonly i: number },
  ): ShareQuery {
    const { schedule } = this.#data, { machine, label } = request;
    const definition = machineDefinitions[machine];
    if (!isPatchMachine(definition)) {
      throw new ArgumentError(`Cannot run ${machine} in a page: it is no machine of patches`);
    }
    return {
      x: x.slice(),
      rule: definition.rule,
      scale: this.#scaleAt(request, i) ?? 1,
      signal: schedule.signal(t),
      sigma: schedule.sigma(t),
      label,
    };
  }

  /** A step with its explanation. */
  async #explained(
    request: ExplorerRequest,
    known: KnownProcess,
    i: number,
    abort: AbortSignal,
  ): Promise<ExplorerStep> {
    const step = known.steps[i]!, { x, t } = step;
    const [height, width] = this.info.imageShape, pixels = height * width;
    const query = this.#query(request, { x, t, i });
    known.logSums[i] ??= logSumOf(
      await this.#sums.sum(query, abort),
    ) as Float64Array<ArrayBuffer>;
    const state = await this.#pool.explain(query, {
      logSum: known.logSums[i],
      pixels: Uint32Array.from({ length: pixels }, (_, pixel) => pixel),
      top: this.#top,
    }, abort);
    return {
      ...step,
      explanation: explanationOf([{ members: [0], state }], {
        shape: [1, pixels, this.#top],
        t,
        patchSize: step.patchSize ?? 1,
        xHat0: imageBatch(step.xHat0, [1, ...this.info.imageShape]),
        pixels: Array.from(
          { length: pixels },
          (_, p) => [Math.floor(p / width), p % width] as const,
        ),
        width,
        images: this.#images.shape[0],
        labels: this.#images.labels,
      }),
    };
  }
}

/** All steps, from the one that is looked at outwards. */
function outwards(focus: number, steps: number): number[] {
  return Array.from({ length: steps }, (_, i) => i)
    .sort((a, b) => Math.abs(a - focus) - Math.abs(b - focus) || a - b);
}
