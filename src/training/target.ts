import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch, ImageShape } from "../core/image_batch.ts";
import type { Random } from "../core/random.ts";
import { posteriorMean } from "../posterior/merge_states.ts";
import type { PatchPosterior } from "../posterior/patch_posterior.ts";
import { prepareImages } from "../posterior/training_set.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { referenceMean } from "./reference_mean.ts";

/**
 * Noisy images and where they come from.
 *
 * @category Training
 */
export interface NoisyExamples {
  /** `[B, H, W, C]`. */
  readonly x: ImageBatch;
  /** The clean images behind them, as many values. */
  readonly x0: Float32Array;
  /** The noise that is in them, as many values. */
  readonly eps: Float32Array;
  /** Time of each. */
  readonly times: ArrayLike<number>;
  /** Index of each clean image in the training set. */
  readonly sources: readonly number[];
}

/**
 * Clean images and noise whose sum, `signal x0 + sigma eps`, is x.
 *
 * @category Training
 */
export interface Decomposition {
  /** As many values as x. */
  readonly x0: Float32Array;
  /** As many values as x. */
  readonly eps: Float32Array;
}

/**
 * How noisy images are to be taken apart: what the network is to find, before it is put in terms of what it
 * predicts.
 *
 * `random` is a stream of the step's own.
 *
 * @category Training
 */
export type Target = (examples: NoisyExamples, random: Random) => Promise<Decomposition>;

/**
 * Denoising score matching: the image and the noise that x was made of (Vincent, 2011).
 *
 * @example
 * ```ts
 * import { plainTarget } from "@els/toolkit/training";
 * import { imageBatch } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const [x0, eps] = [Float32Array.of(0.5), Float32Array.of(-1)];
 * const x = imageBatch(Float32Array.of(0.1), [1, 1, 1, 1]);
 * assertEquals(await plainTarget({ x, x0, eps, times: [0.5], sources: [0] }), { x0, eps });
 * ```
 *
 * @category Training
 */
export function plainTarget(examples: NoisyExamples): Promise<Decomposition> {
  const { x0, eps } = examples;
  return Promise.resolve({ x0, eps });
}

/**
 * Options of {@linkcode stableTarget}.
 *
 * @category Training
 */
export interface StableTargetOptions {
  /** Training images `[N, H, W, C]`. */
  readonly images: ImageBatch;
  /** Class of each image: references then come from the source's class only. */
  readonly labels?: ArrayLike<number> | undefined;
  /** The forward process. */
  readonly schedule: NoiseSchedule;
  /**
   * Size n of the reference batch; N or more: all images. 1 is plain denoising score matching.
   * Default 1024, as in the paper's released models.
   */
  readonly references?: number;
  /** Computes the posterior as it does for the ideal-score machine; directly, and faster, where absent. */
  readonly posterior?: PatchPosterior | undefined;
}

/**
 * The Stable Target Field (Xu, Tong & Jaakkola, arXiv 2302.00670, equation 7): x0 is the posterior mean
 * over a reference batch that contains the source: the ideal-score machine on n images. Its variance is
 * smaller than that of the source itself, and its bias vanishes as n grows.
 *
 * @example
 * ```ts
 * import { ExampleStream, stableTarget } from "@els/toolkit/training";
 * import { bytesToImages, createSchedule, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * const target = stableTarget({ images, schedule, references: 5 });
 * const stream = new ExampleStream({ images, schedule, target, batchSize: 4, seed: 1 });
 * assertEquals((await stream.batch(1)).shape, [4, 8, 8, 1]);
 * ```
 *
 * @throws RangeError if `references` is not a positive integer.
 * @category Training
 */
export function stableTarget(
  options: StableTargetOptions,
): Target {
  const { labels, schedule, references = 1024, posterior } = options;
  const images = prepareImages(options.images);
  if (!Number.isInteger(references) || references < 1) {
    throw new ArgumentError(`Cannot use ${references} references: expected a positive integer`);
  }
  const byClass = new Map<number | undefined, number[]>();
  for (let i = 0; i < images.shape[0]; i++) {
    const members = byClass.get(labels?.[i]);
    if (members) members.push(i);
    else byClass.set(labels?.[i], [i]);
  }
  const everyone = labels === undefined && references >= images.shape[0];

  /** The source and references - 1 others of its class, without repetition. */
  function choose(source: number, random: Random): Uint32Array {
    const pool = byClass.get(labels?.[source])!;
    if (references >= pool.length) return Uint32Array.from(pool);
    const chosen = new Set([source]);
    while (chosen.size < references) chosen.add(pool[random.integer(pool.length)]!);
    return Uint32Array.from(chosen).sort();
  }

  async function meanBy(
    backend: PatchPosterior,
    { noisy, imageShape, signal, sigma, select }: {
      readonly noisy: Float32Array;
      readonly imageShape: ImageShape;
      readonly signal: number;
      readonly sigma: number;
      readonly select: Uint32Array | undefined;
    },
  ): Promise<Float32Array> {
    const query: ImageBatch = { data: noisy, shape: [1, ...imageShape] };
    const run = backend.begin({ query, rule: "whole", scales: [1], signal, sigma });
    await run.accumulate(images, { select, last: true });
    return posteriorMean(await run.finish(), { imageShape }).data;
  }

  return async ({ x, times, sources }, random) => {
    const [b, h, w, c] = x.shape;
    const values = h * w * c;
    const x0 = new Float32Array(b * values);
    const eps = new Float32Array(b * values);
    for (let i = 0; i < b; i++) {
      const t = times[i]!;
      const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
      const noisy = x.data.subarray(i * values, (i + 1) * values);
      const select = everyone ? undefined : choose(sources[i]!, random);
      const mean = posterior === undefined
        ? referenceMean(noisy, images, { signal, sigma, select })
        : await meanBy(posterior, { noisy, imageShape: [h, w, c], signal, sigma, select });
      x0.set(mean, i * values);
      for (let p = 0; p < values; p++) {
        eps[i * values + p] = (noisy[p]! - signal * mean[p]!) / sigma;
      }
    }
    return { x0, eps };
  };
}
