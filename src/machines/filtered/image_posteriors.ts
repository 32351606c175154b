/** Posterior means over training images, for any precision and response. */
import { ArgumentError } from "../../core/errors.ts";
import { eventLoopTurns } from "../../core/event_loop.ts";
import { type ImageShape, imageShapeOf } from "../../core/image_batch.ts";
import type { Filter, FilterLevel, SourceImages } from "../filters.ts";
import { type Distances, distancesOf } from "./distances.ts";
import { ImageKernel, imagesTogether, kernelFiltersOf } from "./image_kernel.ts";
import { type Response, responseOf } from "./responses.ts";
import { sourceCount, sourceOffset } from "./source_statistics.ts";

/** What a machine compares and answers at one time. */
export interface ImagePosteriorParts {
  readonly source: SourceImages;
  readonly level: FilterLevel;
  readonly precision: Filter;
  readonly response: Filter;
  /** Called with the number of images that have been looked at, in all passes together. */
  readonly onImages?: ((images: number) => void) | undefined;
  readonly abort?: AbortSignal | undefined;
}

/** Weights below e^-60 of the sum are less than a rounding of it, however many there are. */
const negligible = -60;

/** Log of the sum of weights of each posterior, in the making. */
class LogSums {
  readonly largest: Float64Array;
  readonly sum: Float64Array;

  constructor(posteriors: number) {
    this.largest = new Float64Array(posteriors).fill(-Infinity);
    this.sum = new Float64Array(posteriors);
  }

  add(logits: Float64Array): void {
    const { largest, sum } = this;
    for (let j = 0; j < sum.length; j++) {
      const below = logits[j]! - largest[j]!;
      if (below > 0) {
        sum[j] = sum[j]! * Math.exp(-below) + 1;
        largest[j] = logits[j]!;
      } else if (below > negligible) sum[j] = sum[j]! + Math.exp(below);
    }
  }

  values(): Float64Array {
    return this.largest.map((value, j) => value + Math.log(this.sum[j]!));
  }
}

/** Posteriors of one noisy image over the training images. */
export class ImagePosteriors {
  readonly #parts: ImagePosteriorParts;
  readonly #distances: Distances;
  readonly #shape: ImageShape;
  readonly response: Response;

  constructor(parts: ImagePosteriorParts) {
    this.#parts = parts;
    this.#shape = imageShapeOf(parts.source.images);
    this.#distances = distancesOf(parts.precision, this.#shape);
    this.response = responseOf(parts.response, this.#shape);
    const answers = parts.response.kind === "sets"
      ? parts.response.start.length - 1
      : distancesOf(parts.response, this.#shape).posteriors;
    if (answers !== this.#distances.posteriors) {
      throw new ArgumentError(
        `Cannot compute a machine: its precision has ${this.#distances.posteriors} posteriors, its ` +
          `response ${answers}; give as many of both`,
      );
    }
  }

  /** Passes over the images that a mean takes. */
  get passes(): number {
    return this.response.isIdentity ? 1 : 2;
  }

  /**
   * Posterior mean of a noisy image.
   *
   * @param x `[H, W, C]`.
   * @returns `[H, W, C]`.
   */
  async mean(x: Float64Array): Promise<Float64Array> {
    const { source: { images: { data } } } = this.#parts;
    const found = await this.#meanByKernel(x);
    if (found !== undefined) return found;
    const out = new Float64Array(x.length);
    if (this.response.isIdentity) return await this.#meanOfOwn(x);
    const [, , channels] = this.#shape;
    const group = this.response.of === "pixels" ? channels : 1;
    await this.weigh(x, (_, weights, at) => {
      for (let u = 0, i = 0; u < weights.length; u++) {
        const weight = weights[u]!;
        if (weight === 0) i += group;
        else for (let c = 0; c < group; c++, i++) out[i] = out[i]! + weight * data[at + i]!;
      }
    });
    return out;
  }

  /**
   * Hands over the weights of every training image, those of all images together 1 at each pixel or
   * coordinate. Two passes: one that sums, one that weighs.
   *
   * @param x `[H, W, C]`.
   * @param visit Called with the image's number, its weights by pixel or coordinate, and where its values
   * begin; not where all weights are 0.
   */
  async weigh(
    x: Float64Array,
    visit: (image: number, weights: Float64Array, at: number) => void,
  ): Promise<void> {
    const logSums = new LogSums(this.#distances.posteriors);
    await this.#eachLogits(x, (logits) => logSums.add(logits));
    const sums = logSums.values();
    const [height, width, channels] = this.#shape;
    const weights = new Float64Array(
      height * width * (this.response.of === "pixels" ? 1 : channels),
    );
    await this.#eachLogits(x, (logits, image, at) => {
      let any = false;
      for (let j = 0; j < logits.length; j++) {
        const log = logits[j]! - sums[j]!;
        if (log > negligible) {
          logits[j] = Math.exp(log);
          any = true;
        } else logits[j] = 0;
      }
      if (!any) return;
      this.response.spread(logits, weights);
      visit(image, weights, at);
    });
  }

  /** The mean by WebAssembly; undefined for filters that it does not know. */
  async #meanByKernel(x: Float64Array): Promise<Float64Array | undefined> {
    const { source, onImages, abort } = this.#parts;
    const filters = kernelFiltersOf({ ...this.#parts, shape: this.#shape });
    const kernel = filters && await ImageKernel.take(filters);
    if (kernel === undefined) return undefined;
    try {
      kernel.begin(x, this.#parts);
      const turn = eventLoopTurns();
      const count = sourceCount(source);
      // Only images that weighed something when they came can do so in the end.
      const weighing: number[] = [];
      for (let first = 0; first < count; first += imagesTogether) {
        if (kernel.addImages(first)) weighing.push(first);
        onImages?.(Math.min(imagesTogether, count - first));
        await turn();
        abort?.throwIfAborted();
      }
      if (this.response.isIdentity) return kernel.finish();
      for (let first = 0; first < count; first += imagesTogether) {
        if (first === weighing[0]) {
          kernel.addAnswers(first);
          weighing.shift();
        }
        onImages?.(Math.min(imagesTogether, count - first));
        await turn();
        abort?.throwIfAborted();
      }
      return kernel.finish();
    } finally {
      kernel.free();
    }
  }

  /** Where each posterior answers what is its own, weights and their products are summed in one pass. */
  async #meanOfOwn(x: Float64Array): Promise<Float64Array> {
    const { source: { images: { data } } } = this.#parts;
    const posteriors = this.#distances.posteriors;
    const group = x.length / posteriors;
    const largest = new Float64Array(posteriors).fill(-Infinity);
    const sum = new Float64Array(posteriors), out = new Float64Array(x.length);
    await this.#eachLogits(x, (logits, _, at) => {
      for (let j = 0; j < posteriors; j++) {
        const below = logits[j]! - largest[j]!;
        if (below <= negligible) continue;
        const first = j * group;
        if (below > 0) {
          const factor = Math.exp(-below);
          sum[j] = sum[j]! * factor + 1;
          largest[j] = logits[j]!;
          for (let i = first; i < first + group; i++) out[i] = out[i]! * factor + data[at + i]!;
        } else {
          const weight = Math.exp(below);
          sum[j] = sum[j]! + weight;
          for (let i = first; i < first + group; i++) out[i] = out[i]! + weight * data[at + i]!;
        }
      }
    });
    for (let i = 0; i < out.length; i++) out[i] = out[i]! / sum[Math.floor(i / group)]!;
    return out;
  }

  /** One pass: the logits of all posteriors, image by image. */
  async #eachLogits(
    x: Float64Array,
    visit: (logits: Float64Array, image: number, at: number) => void,
  ): Promise<void> {
    const { source, level: { signal, sigma }, onImages, abort } = this.#parts;
    const { images: { data }, select } = source;
    const squares = new Float64Array(x.length);
    const logits = new Float64Array(this.#distances.posteriors);
    const factor = -1 / (2 * sigma ** 2);
    const turn = eventLoopTurns();
    const count = sourceCount(source);
    for (let i = 0; i < count; i++) {
      const at = sourceOffset(source, i);
      for (let c = 0; c < x.length; c++) {
        const difference = x[c]! - signal * data[at + c]!;
        squares[c] = difference * difference;
      }
      this.#distances.sum(squares, logits);
      for (let j = 0; j < logits.length; j++) logits[j] = logits[j]! * factor;
      visit(logits, select === undefined ? i : select[i]!, at);
      onImages?.(1);
      await turn();
      abort?.throwIfAborted();
    }
  }
}
