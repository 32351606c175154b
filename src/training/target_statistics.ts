import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, imageShapeOf, sliceBatch, valuesPerImage } from "../core/image_batch.ts";
import { Random } from "../core/random.ts";
import type { PatchPosterior } from "../posterior/patch_posterior.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { stableTarget } from "./target.ts";

/**
 * Spread and bias of a training target at one time.
 *
 * @category Training
 */
export interface TargetStatistics {
  /** Time. */
  readonly t: number;
  /** Noise level sigma / signal at that time. */
  readonly level: number;
  /** Size n of the reference batch; 1: plain denoising score matching. */
  readonly references: number;
  /**
   * Mean over x of the variance of the target given x, per value, in units of eps: what no network can
   * predict. In units of x0 it is `level^2` times as much.
   */
  readonly variance: number;
  /** Standard error of `variance` over the examples. */
  readonly varianceError: number;
  /**
   * Mean over x of the squared distance between the target's mean given x and the ideal one, per value, in
   * units of eps. An estimate without bias of its own, so it may fall below 0 by its noise.
   */
  readonly biasSquared: number;
  /** Standard error of `biasSquared` over the examples. */
  readonly biasError: number;
  /** The same if all of the reference batch were drawn at random, so that it need not hold the source. */
  readonly biasSquaredWithoutSource: number;
  /** Its standard error. */
  readonly biasErrorWithoutSource: number;
}

/**
 * Options of {@linkcode measureTargets}.
 *
 * @category Training
 */
export interface MeasureTargetsOptions {
  /** The data: every image is equally likely `[N, H, W, C]`. */
  readonly images: ImageBatch;
  /** The forward process. */
  readonly schedule: NoiseSchedule;
  /** Time, above 0. */
  readonly t: number;
  /** Sizes of reference batches, each from 1 to N. */
  readonly references: readonly number[];
  /** Noisy images x that are looked at. */
  readonly examples: number;
  /** Reference batches drawn for each x and size, at least 2. */
  readonly draws: number;
  /** Seed of examples and draws. */
  readonly seed: number;
  /** Computes the targets. */
  readonly posterior: PatchPosterior;
  /** Stops between two examples. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * Measures the variance of training targets over the posterior, `E_x[trace Cov(target | x)]` per value
 * (Xu, Tong & Jaakkola, arXiv 2302.00670, equations 5 and 8), and their squared bias, at one time.
 *
 * For each x the posterior over all N images is computed exactly. The source of x is drawn from it, the
 * rest of the reference batch from all images, and the target comes from `stableTarget` itself, as in
 * training. For n = 1 variance and bias are taken from the posterior itself.
 *
 * The bias is zero for every n, not only in the limit: given x and the batch, the source is each of its
 * images with the very weights of the target, so the target is the source's mean given both, and the mean
 * of that over batches is the source's mean given x. The batch must hold the source for this; the measure
 * without it shows the bias that then falls with n.
 *
 * @example
 * ```ts
 * import { measureTargets } from "@els/toolkit/training";
 * import {
 *   bytesToImages,
 *   createSchedule,
 *   syntheticTextures,
 *   wasmPosterior,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using posterior = wasmPosterior({ workers: 0 });
 * const measured = await measureTargets({
 *   images,
 *   schedule,
 *   t: 0.5,
 *   references: [1, 5],
 *   examples: 2,
 *   draws: 4,
 *   seed: 1,
 *   posterior,
 * });
 * assertEquals(measured.map(({ references }) => references), [1, 5]);
 * ```
 *
 * @returns One entry per size, in the order given.
 * @throws RangeError if a count or size is out of range.
 * @category Training
 */
export async function measureTargets(
  options: MeasureTargetsOptions,
): Promise<TargetStatistics[]> {
  const { images, schedule, t, references, examples, draws, seed, posterior, abort } = options;
  const count = images.shape[0];
  const integers = [["examples", examples, 1], ["draws", draws, 2]] as const;
  for (const [what, value, min] of integers) {
    if (!Number.isSafeInteger(value) || value < min) {
      throw new ArgumentError(
        `Cannot measure targets: ${what} is ${value}, expected ${min} or more`,
      );
    }
  }
  for (const n of references) {
    if (!Number.isSafeInteger(n) || n < 1 || n > count) {
      throw new ArgumentError(`Cannot measure targets of ${n} references among ${count} images`);
    }
  }
  const values = valuesPerImage(images);
  const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
  const level = sigma / signal;
  const targets = references.map((n) =>
    stableTarget({ images, schedule, references: n, posterior })
  );
  const seen = references.map(() => ({
    variance: [] as number[],
    bias: [] as number[],
    biasWithoutSource: [] as number[],
  }));
  for (let example = 0; example < examples; example++) {
    abort?.throwIfAborted();
    const random = new Random(seed, `example ${example}`);
    const source = random.integer(count);
    const eps = random.normals(values);
    const clean = sliceBatch(images, source, source + 1).data;
    const x = clean.map((value, i) => signal * value + sigma * eps[i]!);
    const exact = exactPosterior(x, { images, signal, sigma });
    const copies = new Float32Array(draws * values);
    for (let k = 0; k < draws; k++) copies.set(x, k * values);
    for (const [index, n] of references.entries()) {
      const drawing = new Random(seed, `references ${n} of example ${example} at ${t}`);
      const measure = async (drawSource: () => number) => {
        const { x0 } = await targets[index]!({
          x: { data: copies, shape: [draws, ...imageShapeOf(images)] },
          x0: copies,
          eps: copies,
          times: new Array<number>(draws).fill(t),
          sources: Array.from({ length: draws }, drawSource),
        }, drawing);
        return momentsAround(exact.mean, x0);
      };
      const inside = await measure(() => drawIndex(exact.cumulative, drawing));
      const outside = await measure(() => drawing.integer(count));
      const variance = n === 1 ? exact.variance : inside.variance;
      seen[index]!.variance.push(variance / level ** 2);
      seen[index]!.bias.push(n === 1 ? 0 : inside.biasSquared / level ** 2);
      seen[index]!.biasWithoutSource.push(outside.biasSquared / level ** 2);
    }
  }
  return references.map((n, index) => {
    const [variance, varianceError] = meanAndError(seen[index]!.variance);
    const [biasSquared, biasError] = meanAndError(seen[index]!.bias);
    const [without, withoutError] = meanAndError(seen[index]!.biasWithoutSource);
    return {
      t,
      level,
      references: n,
      variance,
      varianceError,
      biasSquared,
      biasError,
      biasSquaredWithoutSource: without,
      biasErrorWithoutSource: withoutError,
    };
  });
}

/** Variance of draws per value, and the squared distance of their mean from a point, without bias. */
function momentsAround(
  point: Float64Array,
  draws: Float32Array,
): { variance: number; biasSquared: number } {
  const values = point.length;
  const count = draws.length / values;
  let [spread, distance] = [0, 0];
  for (let i = 0; i < values; i++) {
    let [sum, squares] = [0, 0];
    for (let k = 0; k < count; k++) {
      const difference = draws[k * values + i]! - point[i]!;
      sum += difference;
      squares += difference ** 2;
    }
    const variance = Math.max(0, squares - sum ** 2 / count) / (count - 1);
    spread += variance;
    distance += (sum / count) ** 2 - variance / count;
  }
  return { variance: spread / values, biasSquared: distance / values };
}

/** Posterior over all images given x: cumulative weights, mean of x0, and its variance per value. */
function exactPosterior(
  x: Float32Array,
  { images, signal, sigma }: {
    readonly images: ImageBatch;
    readonly signal: number;
    readonly sigma: number;
  },
): { cumulative: Float64Array; mean: Float64Array; variance: number } {
  const count = images.shape[0];
  const values = x.length;
  const { data } = images;
  const logits = new Float64Array(count);
  let highest = -Infinity;
  for (let n = 0; n < count; n++) {
    let distance = 0;
    for (let i = 0, at = n * values; i < values; i++, at++) {
      const difference = x[i]! - signal * data[at]!;
      distance += difference * difference;
    }
    logits[n] = -distance / (2 * sigma ** 2);
    highest = Math.max(highest, logits[n]!);
  }
  const cumulative = new Float64Array(count);
  const mean = new Float64Array(values);
  let [total, squares] = [0, 0];
  for (let n = 0; n < count; n++) {
    const weight = Math.exp(logits[n]! - highest);
    cumulative[n] = total += weight;
    if (weight === 0) continue;
    for (let i = 0, at = n * values; i < values; i++, at++) {
      mean[i] = mean[i]! + weight * data[at]!;
      squares += weight * data[at]! ** 2;
    }
  }
  let ofMean = 0;
  for (let i = 0; i < values; i++) {
    mean[i] = mean[i]! / total;
    ofMean += mean[i]! ** 2;
  }
  return { cumulative, mean, variance: Math.max(0, squares / total - ofMean) / values };
}

/** Draws an index with weights whose sums are given. */
function drawIndex(cumulative: Float64Array, random: Random): number {
  const value = random.uniform() * cumulative.at(-1)!;
  let [low, high] = [0, cumulative.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function meanAndError(values: readonly number[]): [mean: number, error: number] {
  const mean = values.reduce((a, b) => a + b) / values.length;
  if (values.length === 1) return [mean, 0];
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return [mean, Math.sqrt(squares / (values.length - 1) / values.length)];
}
