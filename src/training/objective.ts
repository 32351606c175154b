import type { ImageBatch } from "../array/image_batch.ts";
import type { Random } from "../array/random.ts";
import { posteriorMean } from "../kernels/merge_states.ts";
import type { PatchPosterior } from "../kernels/patch_posterior.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/** Noisy images and where they come from. */
export interface NoisyExamples {
  /** `[B, H, W, C]`. */
  readonly x: ImageBatch;
  /** The noise that is in them, as many values. */
  readonly eps: Float32Array;
  /** Time of each. */
  readonly times: ArrayLike<number>;
  /** Index of each clean image in the training set. */
  readonly sources: readonly number[];
}

/**
 * What the network is to predict from noisy images: as many values as `x`, in units of eps.
 *
 * `random` is a stream of the step's own.
 */
export type Objective = (examples: NoisyExamples, random: Random) => Promise<Float32Array>;

/** Noise prediction: the target is the noise (Ho et al., arXiv 2006.11239, equation 14). */
export function noisePrediction({ eps }: NoisyExamples): Promise<Float32Array> {
  return Promise.resolve(eps);
}

/** Options of {@linkcode stableTarget}. */
export interface StableTargetOptions {
  /** Training images `[N, H, W, C]`. */
  readonly images: ImageBatch;
  /** Class of each image: references then come from the source's class only. */
  readonly labels?: ArrayLike<number>;
  /** The forward process. */
  readonly schedule: NoiseSchedule;
  /** Size n of the reference batch; N or more: all images. 1 is noise prediction. */
  readonly references: number;
  /** Computes the posterior. */
  readonly posterior: PatchPosterior;
}

/**
 * The Stable Target Field (Xu, Tong & Jaakkola, arXiv 2302.00670, equation 7): the target is the
 * posterior mean of x0 over a reference batch that contains the source, by the code of the
 * ideal-score machine, turned into eps. The minimiser over all functions is the same as that of noise
 * prediction, the variance of the target is smaller.
 *
 * @throws RangeError if `references` is not a positive integer.
 */
export function stableTarget(
  { images, labels, schedule, references, posterior }: StableTargetOptions,
): Objective {
  if (!Number.isInteger(references) || references < 1) {
    throw new RangeError(`Cannot use ${references} references: expected a positive integer`);
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

  return async ({ x, times, sources }, random) => {
    const [b, h, w, c] = x.shape;
    const values = h * w * c;
    const target = new Float32Array(b * values);
    for (let i = 0; i < b; i++) {
      const t = times[i]!;
      const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
      const noisy = x.data.subarray(i * values, (i + 1) * values);
      const query: ImageBatch = { data: noisy, shape: [1, h, w, c] };
      const run = posterior.begin({ query, rule: "whole", scales: [1], signal, sigma });
      await run.accumulate(images, everyone ? {} : { select: choose(sources[i]!, random) });
      const mean = posteriorMean(await run.finish(), { imageShape: [h, w, c] }).data;
      for (let p = 0; p < values; p++) {
        target[i * values + p] = (noisy[p]! - signal * mean![p]!) / sigma;
      }
    }
    return target;
  };
}
