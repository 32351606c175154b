import { ArgumentError } from "../core/errors.ts";
import {
  gatherImages,
  type ImageBatch,
  type ImageShape,
  imageShapeOf,
} from "../core/image_batch.ts";
import { isPatchSize } from "../core/patch_size.ts";
import { Random } from "../core/random.ts";
import type { GrowingPredictions, PredictOptions } from "../denoisers/denoiser.ts";
import { labelPerSample } from "../denoisers/labels.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { Candidates, checkNoisyShape, groupByLabel } from "./candidates.ts";
import type { ExplainOptions, Explanation } from "./explanation.ts";
import type {
  Filter,
  FilterContext,
  FilteredMachineDefinition,
  FittedPosterior,
  SourceImages,
} from "./filters.ts";
import { explainImages } from "./filtered/explain_images.ts";
import { ImagePosteriors } from "./filtered/image_posteriors.ts";
import { PerturbedImages } from "./filtered/perturbed_images.ts";
import { sourceCount } from "./filtered/source_statistics.ts";
import type { MachineParameters } from "./machine_parameters.ts";
import type { Machine } from "./patch_machine.ts";
import { type PatchSize, patchSizeAt } from "./scheduled.ts";

/** Everything such a machine is made of, checked. */
export interface FilteredMachineParts {
  readonly definition: FilteredMachineDefinition;
  readonly images: ImageBatch;
  readonly labels: ArrayLike<number> | undefined;
  readonly schedule: NoiseSchedule;
  readonly patchSize: PatchSize | undefined;
  readonly between: "refuse" | "nearest";
  readonly parameters: MachineParameters;
}

/** How to predict one noisy image of a class at a time and scale. */
interface Predictor {
  /** Passes over the candidates; 0: the candidates are not looked at. */
  readonly passes: number;
  /** Noisy images that are best asked for in one call; absent: one. */
  readonly together?: number;
  /** Posterior means, `[H, W, C]` all. */
  means(list: readonly Float64Array[]): Promise<Float64Array[]>;
  /** Weights of the candidates; absent where there are none. */
  weigh?(
    x: Float64Array,
    visit: (image: number, weights: Float64Array) => void,
  ): Promise<void>;
}

interface PredictorRequest {
  readonly source: SourceImages;
  /** Name of the candidates, to keep what is known of them; absent: they are not asked for again. */
  readonly key?: string | undefined;
  readonly t: number;
  readonly patchSize: number;
  readonly abort?: AbortSignal | undefined;
  readonly onImages?: ((images: number) => void) | undefined;
}

/** Noisy images that a fitted distribution is asked for together: some milliseconds of work. */
const queriesTogether = 8;

/** Filters that are kept: those of the steps of a sampler, for all of its batches. */
const keptFilters = 64;

/**
 * Checks the scales of a machine of filters.
 *
 * @throws RangeError that names the scale and what is allowed.
 */
export function checkFilteredScales(
  scales: readonly number[],
  { name, largestScale }: FilteredMachineDefinition,
  shape: ImageShape,
): void {
  const largest = largestScale?.(shape);
  if (largest === undefined) return;
  for (const k of scales) {
    if (isPatchSize(k, largest)) continue;
    throw new ArgumentError(
      `Cannot use scale ${k}: for ${name} and images of ${shape[0]} x ${
        shape[1]
      } a scale is odd, from 1 to ${largest}`,
    );
  }
}

/** Runs a definition of precision, response and source; see `createMachine`. */
export class FilteredMachine implements Machine {
  readonly name: string;
  readonly prediction = "x0";
  readonly imageShape: ImageShape;
  readonly schedule: NoiseSchedule;
  readonly definition: FilteredMachineDefinition;
  readonly posterior = undefined;
  readonly #parts: FilteredMachineParts;
  readonly #candidates: Candidates;
  readonly #fitted = new Map<string, Promise<FittedPosterior>>();
  readonly #filters = new Map<string, Promise<readonly [precision: Filter, response: Filter]>>();

  constructor(parts: FilteredMachineParts) {
    this.#parts = parts;
    this.definition = parts.definition;
    this.name = parts.definition.name;
    this.schedule = parts.schedule;
    this.imageShape = imageShapeOf(parts.images);
    this.#candidates = new Candidates(this.name, parts.labels);
  }

  async predict(x: ImageBatch, t: number, options: PredictOptions = {}): Promise<ImageBatch> {
    const [prediction] = await this.predictScales(x, t, { ...options, scales: [this.#scaleAt(t)] });
    return prediction!;
  }

  predictScales(
    x: ImageBatch,
    t: number,
    options: PredictOptions & {
      readonly scales: readonly number[];
      readonly onProgress?: (fraction: number) => void;
    },
  ): Promise<ImageBatch[]> {
    return this.#predict(x, t, { ...options, sourceOf: (label) => this.#sourceOf(label) });
  }

  growScales(
    x: ImageBatch,
    t: number,
    { labels }: Pick<PredictOptions, "labels"> = {},
  ): GrowingPredictions {
    const { images } = this.#parts;
    const spread = labelPerSample(labels, x.shape[0]);
    const orders = new Map(
      [...groupByLabel(spread, x.shape[0]).keys()].map((label) => {
        const all = this.#candidates.of(label);
        const order = new Random(0, "growing").permutation(all?.length ?? images.shape[0]);
        return [label, all === undefined ? order : order.map((i) => all[i]!)] as const;
      }),
    );
    const fewest = Math.min(...[...orders.values()].map(({ length }) => length));
    // Weights of one posterior depend on all images, so that sums of few are of no use to more.
    return {
      images: fewest,
      grow: ({ images: count, queries, scales, abort, onProgress }) => {
        if (!Number.isSafeInteger(count) || count < 1 || count > fewest) {
          return Promise.reject(
            new ArgumentError(
              `Cannot grow predictions to ${count} training images: expected 1 to ${fewest}`,
            ),
          );
        }
        return this.#predict(gatherImages(x, queries), t, {
          ...{ scales, abort },
          ...onProgress && { onProgress },
          ...spread && { labels: queries.map((query) => spread[query]!) },
          sourceOf: (label) => {
            const order = orders.get(label)!;
            const some = Math.ceil(count * order.length / fewest);
            return some === order.length
              ? this.#sourceOf(label)
              : { source: { images, select: order.slice(0, some).sort() } };
          },
        });
      },
    };
  }

  async explain(x: ImageBatch, t: number, options: ExplainOptions = {}): Promise<Explanation> {
    const { labels, abort, patchSize = this.#scaleAt(t) } = options;
    checkNoisyShape(x, this);
    return await explainImages(x, t, {
      ...options,
      patchSize: this.definition.largestScale === undefined ? 1 : patchSize,
      groups: groupByLabel(labelPerSample(labels, x.shape[0]), x.shape[0]),
      labelsOfImages: this.#parts.labels,
      images: this.#parts.images,
      weigherOf: async (label, onImages) => {
        const { source, key } = this.#sourceOf(label);
        const request = { source, key, t, patchSize, abort, onImages };
        const { weigh } = await this.#predictor(request);
        if (weigh === undefined) {
          throw new ArgumentError(
            `Cannot explain ${this.name}: it is the posterior mean of a distribution fitted to the ` +
              "training images, none of which has a weight; name a machine of patches",
          );
        }
        return { weigh, count: sourceCount(source) };
      },
    });
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #predict(
    x: ImageBatch,
    t: number,
    { scales, labels, abort, onProgress, sourceOf }: PredictOptions & {
      readonly scales: readonly number[];
      readonly onProgress?: (fraction: number) => void;
      readonly sourceOf: (
        label: number | null,
      ) => { readonly source: SourceImages; readonly key?: string };
    },
  ): Promise<ImageBatch[]> {
    checkNoisyShape(x, this);
    abort?.throwIfAborted();
    const queries = x.shape[0], values = x.data.length / Math.max(1, queries);
    const scaled = this.definition.largestScale !== undefined;
    if (scaled) checkFilteredScales(scales, this.definition, this.imageShape);
    checkLevel(this.#level(t));
    const asked = scaled ? scales : [1];
    const outputs = asked.map(() => new Float32Array(x.data.length));
    let done = 0;
    const total = asked.length * queries;
    for (const [label, members] of groupByLabel(labelPerSample(labels, queries), queries)) {
      const { source, key } = sourceOf(label);
      const count = sourceCount(source);
      for (const [column, patchSize] of asked.entries()) {
        let passes = 1, seen = 0;
        const onImages = (images: number) => {
          seen += images;
          if (seen % 64 === 0) onProgress?.((done + seen / (passes * count)) / total);
        };
        const predictor = await this.#predictor({ source, key, t, patchSize, abort, onImages });
        passes = Math.max(1, predictor.passes);
        const { together = 1 } = predictor;
        for (let first = 0; first < members.length; first += together) {
          seen = 0;
          abort?.throwIfAborted();
          const some = members.slice(first, first + together);
          const means = await predictor.means(
            some.map((query) =>
              Float64Array.from(x.data.subarray(query * values, (query + 1) * values))
            ),
          );
          means.forEach((mean, i) => outputs[column]!.set(mean, some[i]! * values));
          done += some.length;
          onProgress?.(done / total);
        }
      }
    }
    const batches = outputs.map((data) => ({ data, shape: x.shape }));
    return scaled ? batches : scales.map(() => batches[0]!);
  }

  #level(t: number) {
    return { t, signal: this.schedule.signal(t), sigma: this.schedule.sigma(t) };
  }

  #sourceOf(label: number | null): { readonly source: SourceImages; readonly key: string } {
    const select = this.#candidates.of(label);
    return { source: { images: this.#parts.images, select }, key: String(label) };
  }

  /** What predicts by some candidates; of all of a class it is kept. */
  async #predictor(
    { source, key, t, patchSize, abort, onImages }: PredictorRequest,
  ): Promise<Predictor> {
    const { definition, parameters } = this.#parts;
    const level = this.#level(t);
    checkLevel(level);
    if (definition.source !== "images") {
      const { fit } = definition.source;
      const fitted = await kept(this.#fitted, key, () => fit(source, { parameters, abort }));
      return {
        passes: 0,
        together: queriesTogether,
        means: (list) =>
          Promise.resolve(
            fitted.means?.(list, level) ?? list.map((x) => fitted.mean(x, level)),
          ),
      };
    }
    const context: FilterContext = {
      ...level,
      ...{ imageShape: this.imageShape, patchSize, source, parameters, abort },
    };
    if (definition.perturbations !== undefined) {
      const perturbations = definition.perturbations(context);
      const perturbed = new PerturbedImages({ source, level, perturbations, onImages, abort });
      return {
        passes: 1,
        means: (list) => eachOf(list, (x) => perturbed.mean(x)),
        weigh: async (x, visit) => {
          const { select } = source;
          const everywhere = new Float64Array(this.imageShape[0] * this.imageShape[1]);
          (await perturbed.weights(x)).forEach((weight, i) =>
            visit(select === undefined ? i : select[i]!, everywhere.fill(weight))
          );
        },
      };
    }
    const [precision, response] = await kept(
      this.#filters,
      key && `${key}/${t}/${patchSize}`,
      () => filtersOf(definition, context),
    );
    const of = (source: SourceImages) =>
      new ImagePosteriors({ source, level, precision, response, onImages, abort });
    const whole = of(source);
    const { batchMeans } = parameters;
    if (batchMeans === undefined || batchMeans >= sourceCount(source)) {
      return {
        passes: whole.passes,
        means: (list) => eachOf(list, (x) => whole.mean(x)),
        weigh: (x, visit) => whole.weigh(x, visit),
      };
    }
    const parts = inBatches(source, batchMeans).map(of);
    return {
      passes: whole.passes,
      means: (list) =>
        eachOf(list, async (x) => {
          const mean = new Float64Array(x.length);
          for (const part of parts) {
            const one = await part.mean(x);
            for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! + one[i]! / parts.length;
          }
          return mean;
        }),
      weigh: async (x, visit) => {
        for (const part of parts) {
          await part.weigh(
            x,
            (image, weights) => visit(image, weights.map((weight) => weight / parts.length)),
          );
        }
      },
    };
  }

  #scaleAt(t: number): number {
    const { patchSize, between } = this.#parts;
    if (this.definition.largestScale === undefined) return 1;
    if (patchSize === undefined) {
      throw new ArgumentError(
        `Cannot predict with ${this.name}: it has no scale; pass patchSize, or use predictScales`,
      );
    }
    return patchSizeAt(patchSize, t, { between });
  }
}

/** One answer after the other. */
async function eachOf(
  list: readonly Float64Array[],
  answer: (x: Float64Array) => Promise<Float64Array>,
): Promise<Float64Array[]> {
  const answers: Float64Array[] = [];
  for (const x of list) answers.push(await answer(x));
  return answers;
}

/** The filters of a definition at a time. */
async function filtersOf(
  { precision, response }: FilteredMachineDefinition,
  context: FilterContext,
): Promise<readonly [precision: Filter, response: Filter]> {
  const found = typeof precision === "function" ? await precision(context) : precision;
  return [found, response === "precision" ? found : response];
}

/** What was made under a key before, or what is made now; the last used are kept. */
async function kept<T>(
  all: Map<string, Promise<T>>,
  key: string | undefined,
  make: () => Promise<T>,
): Promise<T> {
  if (key === undefined) return await make();
  const entry = all.get(key) ?? make();
  all.delete(key);
  all.set(key, entry);
  if (all.size > keptFilters) all.delete(all.keys().next().value!);
  try {
    return await entry;
  } catch (error) {
    // What was stopped may be asked for again.
    all.delete(key);
    throw error;
  }
}

function checkLevel({ signal, sigma }: { readonly signal: number; readonly sigma: number }): void {
  for (const [name, value] of [["signal", signal], ["sigma", sigma]] as const) {
    if (value > 0 && value < Infinity) continue;
    throw new ArgumentError(
      `Cannot compute a posterior: ${name} is ${value}, expected a positive number`,
    );
  }
}

/** Candidates in batches of a size, as a loader hands them out. */
function inBatches({ images, select }: SourceImages, size: number): SourceImages[] {
  const all = select ?? Uint32Array.from({ length: images.shape[0] }, (_, i) => i);
  return Array.from(
    { length: Math.ceil(all.length / size) },
    (_, batch) => ({ images, select: all.subarray(batch * size, (batch + 1) * size) }),
  );
}
