import { ArgumentError } from "../core/errors.ts";
import { gatherImages, type ImageBatch, type ImageShape } from "../core/image_batch.ts";
import { type ImageStream, isImageStream } from "../core/image_stream.ts";
import type { GrowingDenoiser, GrowingPredictions, PredictOptions } from "../denoisers/denoiser.ts";
import { labelPerSample } from "../denoisers/labels.ts";
import { checkExplanation } from "../posterior/explanation/check_explanation.ts";
import { logSumOf } from "../posterior/explanation/explanation_state.ts";
import { posteriorMean } from "../posterior/merge_states.ts";
import type { ExplanationState, PatchPosterior } from "../posterior/patch_posterior.ts";
import { referencePosterior } from "../posterior/reference/reference_posterior.ts";
import { hasScale } from "../posterior/request.ts";
import type { Window } from "../posterior/window.ts";
import { profileWidth } from "../posterior/window_weights.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { allPixels, Candidates, checkNoisyShape, flatPixels, groupByLabel } from "./candidates.ts";
import { type ExplainOptions, type Explanation, explanationOf } from "./explanation.ts";
import { feedImages } from "./feed_images.ts";
import { GrowingPosterior } from "./growing.ts";
import type { MachineDefinition, PatchMachineDefinition } from "./machine_table.ts";
import { type MachineWindow, windowAt } from "./machine_window.ts";
import { isSchedule, type PatchSize, patchSizeAt } from "./scheduled.ts";

/**
 * A score machine: a denoiser that is computed from training images, not trained.
 *
 * @category Machines
 */
export interface Machine extends GrowingDenoiser, AsyncDisposable {
  /** What may match. */
  readonly definition: MachineDefinition;
  /** The backend that does the work; undefined where none does: machines of filters compute by themselves. */
  readonly posterior: PatchPosterior | undefined;
  /** How much the pixels of a patch count; absent: all of k x k alike, or the machine compares no patches. */
  readonly window?: MachineWindow | undefined;
  /**
   * Says which training patches made the prediction: of each pixel the heaviest candidates, the weight of all
   * others, and how many patches and training images take part; of each training image its weight. Two
   * passes: one as `predict`'s, one that explains it. Memory grows with pixels times `top`, and with the
   * training images by one number each.
   *
   * @param x Noisy images `[B, H, W, C]`.
   * @throws RangeError if an option cannot be used, or if the machine has no weights of training images, as
   * the linear ones.
   */
  explain(x: ImageBatch, t: number, options?: ExplainOptions): Promise<Explanation>;
  /** Ends the workers of a backend that the machine made for itself; one passed in is left alone. */
  dispose(): Promise<void>;
}

/** Everything a machine is made of, checked. */
export interface PatchMachineParts {
  readonly definition: PatchMachineDefinition;
  readonly images: ImageBatch | ImageStream;
  readonly labels: ArrayLike<number> | undefined;
  readonly schedule: NoiseSchedule;
  readonly patchSize: PatchSize | undefined;
  readonly window: MachineWindow | undefined;
  readonly between: "refuse" | "nearest";
  readonly posterior: PatchPosterior;
  readonly ownsPosterior: boolean;
}

/** Runs a machine's definition on a posterior backend; see `createMachine`. */
export class PatchMachine implements Machine {
  readonly name: string;
  readonly prediction = "x0";
  readonly imageShape: ImageShape;
  readonly schedule: NoiseSchedule;
  readonly definition: PatchMachineDefinition;
  readonly posterior: PatchPosterior;
  readonly window: MachineWindow | undefined;
  readonly #parts: PatchMachineParts;
  readonly #candidates: Candidates;

  constructor(parts: PatchMachineParts) {
    this.#parts = parts;
    this.definition = parts.definition;
    this.name = parts.definition.name;
    this.schedule = parts.schedule;
    this.posterior = parts.posterior;
    this.window = parts.window;
    this.#candidates = new Candidates(this.name, parts.labels);
    const [, height, width, channels] = parts.images.shape;
    this.imageShape = [height, width, channels];
  }

  async predict(x: ImageBatch, t: number, options: PredictOptions = {}): Promise<ImageBatch> {
    const [queries] = x.shape;
    const labels = labelPerSample(options.labels, queries);
    const { patchSize } = this.#parts;
    if (labels === null || !isSchedule(patchSize) || !patchSize.steps[0]?.perClass) {
      const scales = [this.#scaleAt(t)];
      const [prediction] = await this.predictScales(x, t, { ...options, scales });
      return prediction!;
    }
    const data = new Float32Array(x.data.length);
    const values = x.data.length / Math.max(1, queries);
    for (const [label, members] of groupByLabel(labels, queries)) {
      const [own] = await this.predictScales(gatherImages(x, members), t, {
        ...options,
        labels: label!,
        scales: [this.#scaleAt(t, label)],
      });
      members.forEach((query, i) =>
        data.set(own!.data.subarray(i * values, (i + 1) * values), query * values)
      );
    }
    return { data, shape: x.shape };
  }

  async predictScales(
    x: ImageBatch,
    t: number,
    { scales, labels, abort, onProgress }: PredictOptions & {
      readonly scales: readonly number[];
      readonly onProgress?: (fraction: number) => void;
    },
  ): Promise<ImageBatch[]> {
    const [queries, height, width, channels] = x.shape;
    checkNoisyShape(x, this);
    abort?.throwIfAborted();
    const { images, posterior, definition: { rule } } = this.#parts;
    const scaled = hasScale(rule);
    const groups = groupByLabel(labelPerSample(labels, queries), queries);
    const outputs = (scaled ? scales : [0]).map(() => new Float32Array(x.data.length));
    const values = height * width * channels;
    let queriesDone = 0;
    for (const [label, members] of groups) {
      const run = posterior.begin({
        query: members.length === queries ? x : gatherImages(x, members),
        rule,
        scales: scaled ? scales : [1],
        window: this.#windowAt(t),
        signal: this.schedule.signal(t),
        sigma: this.schedule.sigma(t),
        among: amongOf(label),
      });
      await feedImages(run, images, {
        ...{ candidates: this.#candidates, label, abort },
        onProgress: (fraction) => onProgress?.((queriesDone + members.length * fraction) / queries),
      });
      const state = await run.finish();
      outputs.forEach((output, scale) => {
        const mean = posteriorMean(state, { imageShape: this.imageShape, scale });
        members.forEach((query, i) =>
          output.set(mean.data.subarray(i * values, (i + 1) * values), query * values)
        );
      });
      queriesDone += members.length;
    }
    const batches = outputs.map((data) => ({ data, shape: x.shape }));
    return scaled ? batches : scales.map(() => batches[0]!);
  }

  async explain(x: ImageBatch, t: number, options: ExplainOptions = {}): Promise<Explanation> {
    const { top = 8, labels, abort, onProgress } = options;
    const [queries, height, width] = x.shape;
    checkNoisyShape(x, this);
    abort?.throwIfAborted();
    const { images, posterior, definition: { rule } } = this.#parts;
    const pixels = options.pixels ?? allPixels(height, width);
    const flat = flatPixels(pixels, { height, width });
    const xHat0 = new Float32Array(x.data.length);
    const values = x.data.length / Math.max(1, queries);
    const states: { members: number[]; state: ExplanationState }[] = [];
    /** Of the first class, where each has its own. */
    let patchSize: number | undefined;
    let queriesDone = 0;
    for (const [label, members] of groupByLabel(labelPerSample(labels, queries), queries)) {
      /** The first pass sums, the second explains. */
      const feeding = (pass: 0 | 1) => ({
        ...{ candidates: this.#candidates, label, abort },
        onProgress: (fraction: number) =>
          onProgress?.((queriesDone + members.length * (pass + fraction) / 2) / queries),
      });
      const level = {
        query: members.length === queries ? x : gatherImages(x, members),
        rule,
        window: this.#windowAt(t),
        signal: this.schedule.signal(t),
        sigma: this.schedule.sigma(t),
      };
      const scale = hasScale(rule) ? options.patchSize ?? this.#scaleAt(t, label) : 1;
      patchSize ??= scale;
      const request = { ...level, scale, pixels: flat, top };
      checkExplanation({ ...request, logSum: new Float64Array(members.length * height * width) });
      const sum = posterior.begin({ ...level, scales: [scale], among: amongOf(label) });
      await feedImages(sum, images, feeding(0));
      const state = await sum.finish();
      const mean = posteriorMean(state, { imageShape: this.imageShape });
      members.forEach((query, i) =>
        xHat0.set(mean.data.subarray(i * values, (i + 1) * values), query * values)
      );
      const explainer = posterior.explain === undefined ? referencePosterior() : posterior;
      const run = explainer.explain!({ ...request, logSum: logSumOf(state) });
      await feedImages(run, images, feeding(1));
      states.push({ members, state: await run.finish() });
      queriesDone += members.length;
    }
    return explanationOf(states, {
      shape: [queries, pixels.length, top],
      t,
      patchSize: patchSize ?? 1,
      xHat0: { data: xHat0, shape: x.shape },
      pixels,
      width,
      images: images.shape[0],
      labels: this.#parts.labels,
    });
  }

  growScales(
    x: ImageBatch,
    t: number,
    { labels }: Pick<PredictOptions, "labels"> = {},
  ): GrowingPredictions {
    checkNoisyShape(x, this);
    const { images, posterior, definition: { rule } } = this.#parts;
    if (isImageStream(images)) {
      throw new ArgumentError(
        `Cannot predict with more and more training images of ${this.name}: they are a stream, which is ` +
          "read from its first image to its last",
        {
          remedy: (say) =>
            `hold the images, or compare all scales by ${say.option("search", "all")}`,
        },
      );
    }
    const [count] = x.shape;
    const groups = [...groupByLabel(labelPerSample(labels, count), count)];
    return new GrowingPosterior({
      x,
      images,
      groups: groups.map(([label, queries]) => ({
        queries,
        select: this.#candidates.of(label),
      })),
      posterior,
      level: {
        rule,
        window: this.#windowAt(t),
        signal: this.schedule.signal(t),
        sigma: this.schedule.sigma(t),
      },
    });
  }

  dispose(): Promise<void> {
    return this.#parts.ownsPosterior ? this.posterior.dispose() : Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #windowAt(t: number): Window | undefined {
    return windowAt(this.window, t);
  }

  #scaleAt(t: number, label: number | null = null): number {
    const { patchSize, between, definition: { rule } } = this.#parts;
    if (!hasScale(rule)) return 1;
    const window = this.#windowAt(t);
    if (patchSize !== undefined) {
      return patchSizeAt(patchSize, t, { between, label, widths: window !== undefined });
    }
    if (typeof window === "object") return profileWidth(window);
    throw new ArgumentError(
      `Cannot predict with ${this.name}: it has no scale; pass patchSize, or use predictScales`,
    );
  }
}

/** Which images are candidates, for backends that know a request again. */
const amongOf = (label: number | null) => label === null ? undefined : `class ${label}`;
