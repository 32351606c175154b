import { ArgumentError } from "../core/errors.ts";
import { checkImages, type ImageBatch } from "../core/image_batch.ts";
import { Random } from "../core/random.ts";
import { checkPreconditioning, preconditioningFactors } from "../denoisers/preconditioning.ts";
import type { TrainingBatch } from "./gradients.ts";
import { checkNoiseSampling, drawTimes, type NoiseSampling } from "./noise_sampling.ts";
import { type Formulation, lossWeight, type LossWeighting, rawTarget } from "./objective.ts";
import { plainTarget, type Target } from "./target.ts";

/**
 * What examples are drawn from.
 *
 * @category Training
 */
export interface ExampleSource extends Formulation {
  /** Clean images `[N, H, W, C]` in [-1, 1]. */
  readonly images: ImageBatch;
  /** Class of each image, when the network is conditional. */
  readonly labels?: ArrayLike<number> | undefined;
  /** What the network is to find in noisy images. Default: what they were made of. */
  readonly target?: Target | undefined;
  /** How much an image's error counts, by its noise. Default: 1 for all. */
  readonly weighting?: LossWeighting | undefined;
  /** Images per step. */
  readonly batchSize: number;
  /** How times are drawn. Default: uniformly. */
  readonly noiseSampling?: NoiseSampling | undefined;
  /** Seed of everything drawn. */
  readonly seed: number;
}

/**
 * Draws the examples of a training step: `x = signal x0 + sigma eps` as the raw network sees it, and what
 * it is to say.
 *
 * The batch is a function of (seed, step) alone, so training resumes exactly. Images come in a new
 * random order each epoch.
 *
 * @example
 * ```ts
 * import { ExampleStream } from "@els/toolkit/training";
 * import { bytesToImages, createSchedule, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * const stream = new ExampleStream({ images, schedule, batchSize: 4, seed: 1 });
 * // A batch is a function of the seed and the step: training resumes anywhere.
 * const batch = await stream.batch(100);
 * assertEquals(batch.shape, [4, 8, 8, 1]);
 * assertEquals(await stream.batch(100), batch);
 * ```
 *
 * @category Training
 */
export class ExampleStream {
  readonly #source: ExampleSource;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array(0);

  /**
   * Prepares to draw from a source.
   *
   * @throws RangeError if there are no images, or an option is out of range.
   */
  constructor(source: ExampleSource) {
    const { noiseSampling, prediction = "eps", preconditioning = { kind: "none" } } = source;
    if (noiseSampling) checkNoiseSampling(noiseSampling);
    checkPreconditioning(prediction, preconditioning);
    checkImages(source.images, "training images");
    if (source.images.shape[0] < 1) {
      throw new ArgumentError("Cannot train on an empty set of images");
    }
    this.#source = source;
  }

  /** The batch of a step, counted from 1. */
  async batch(step: number): Promise<TrainingBatch> {
    const { images, labels, batchSize, seed, weighting = "unit", ...source } = this.#source;
    const { schedule, target = plainTarget, noiseSampling = { kind: "uniform" } } = source;
    const [count, h, w, c] = images.shape;
    const values = h * w * c;
    const random = new Random(seed, `examples of step ${step}`);
    const eps = random.normals(batchSize * values);
    const times = drawTimes(noiseSampling, { schedule, count: batchSize, random });
    const sources = Array.from(
      { length: batchSize },
      (_, b) => this.#imageAt((step - 1) * batchSize + b, count),
    );
    const x0 = new Float32Array(batchSize * values);
    sources.forEach((image, b) => {
      x0.set(images.data.subarray(image * values, (image + 1) * values), b * values);
    });
    const x = new Float32Array(batchSize * values);
    for (let b = 0; b < batchSize; b++) {
      const [signal, sigma] = [schedule.signal(times[b]!), schedule.sigma(times[b]!)];
      for (let i = b * values; i < (b + 1) * values; i++) x[i] = signal * x0[i]! + sigma * eps[i]!;
    }
    const shape = [batchSize, h, w, c] as const;
    const wanted = await target({ x: { data: x, shape }, x0, eps, times, sources }, random);
    return {
      ...this.#asNetworkSees(x, times),
      target: rawTarget(wanted, { ...source, times }),
      shape,
      labels: labels && sources.map((i) => labels[i]!),
      ...weighting !== "unit" && {
        weights: Array.from(times, (t) => lossWeight(weighting, { ...source, t })),
      },
    };
  }

  /** Scales the images and puts what the network is told in place of the times, where it wants that. */
  #asNetworkSees(x: Float32Array, times: Float64Array): Pick<TrainingBatch, "x" | "times"> {
    const { schedule, preconditioning = { kind: "none" } } = this.#source;
    if (preconditioning.kind === "none") return { x, times };
    const values = x.length / times.length;
    const factors = Array.from(
      times,
      (t) => preconditioningFactors(preconditioning, { schedule, t }),
    );
    return {
      x: x.map((value, i) => factors[Math.floor(i / values)]!.cIn * value),
      times: factors.map(({ cNoise }) => cNoise),
    };
  }

  /** Image number `position` of the endless shuffled sequence. */
  #imageAt(position: number, count: number): number {
    const epoch = Math.floor(position / count);
    if (epoch !== this.#epoch) {
      this.#order = new Random(this.#source.seed, `order of epoch ${epoch}`).permutation(count);
      this.#epoch = epoch;
    }
    return this.#order[position % count]!;
  }
}
