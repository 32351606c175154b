import { ArgumentError, DivergedError } from "../core/errors.ts";
import { checkImages, type ImageBatch, imageShapeOf, valuesPerImage } from "../core/image_batch.ts";
import { Random } from "../core/random.ts";
import { convertPrediction } from "../denoisers/convert.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { checkTimes } from "./time_grid.ts";

/**
 * What a sampler shows at each step.
 *
 * @category Samplers
 */
export interface SamplerStep {
  /** Number of the step, counting down from n to 1. */
  readonly i: number;
  /** Time at which the denoiser was asked first. */
  readonly t: number;
  /** Time that the step leads to. */
  readonly tNext: number;
  /** Noisy images at t, `[B, H, W, C]`. */
  readonly x: ImageBatch;
  /** The clean images that the denoiser expects from x, `[B, H, W, C]`. */
  readonly xHat0: ImageBatch;
  /** The noise that the denoiser expects in x, `[B, H, W, C]`. */
  readonly eps: ImageBatch;
  /** Images at tNext, `[B, H, W, C]`. */
  readonly xNext: ImageBatch;
}

/**
 * Options of every sampler.
 *
 * @category Samplers
 */
export interface SamplerOptions {
  /** Images to start from, `[B, H, W, C]`: noise if the times start at 1. */
  readonly xT: ImageBatch;
  /** n + 1 strictly descending times in [0, 1], such as `uniformTimeGrid(20)`. */
  readonly times: readonly number[];
  /** Class label of each image, or one for all. */
  readonly labels?: number | ArrayLike<number> | undefined;
  /** Called after each step; awaited. What it throws stops the sampling. */
  readonly onStep?: ((step: SamplerStep) => void | Promise<void>) | undefined;
  /** Stops the sampling; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * Options of samplers that add noise on the way. The noise of a step is a function of seed, number of
 * the sample and number of the step, so batches and resumed work see the same, and so do two
 * denoisers that are to be compared.
 *
 * @category Samplers
 */
export interface StochasticSamplerOptions extends SamplerOptions {
  /** Seed of the noise added, an integer from 0; 0 by default. */
  readonly seed?: number | undefined;
  /** Number of each sample of the batch; 0 .. B - 1 by default. */
  readonly sampleNumbers?: readonly number[] | undefined;
  /** Steps of the whole run, where `times` are the rest of one; by default those of `times`. */
  readonly totalSteps?: number | undefined;
}

/**
 * A sampler: from noise to images. Those that add no noise ignore its seed.
 *
 * @category Samplers
 */
export type Sampler = (
  denoiser: Denoiser,
  options: StochasticSamplerOptions,
) => Promise<ImageBatch>;

/**
 * What a denoiser finds in noisy images, as a sampler needs it.
 *
 * @category Samplers
 */
export interface StepPrediction {
  /** The clean images that it expects, `[B, H, W, C]`. */
  readonly xHat0: ImageBatch;
  /** The noise that it expects, `[B, H, W, C]`. */
  readonly eps: ImageBatch;
}

/**
 * What the rule of one step works with.
 *
 * @category Samplers
 */
export interface StepContext {
  /** Number of the step, n to 1. */
  readonly i: number;
  /** Images at t, `[B, H, W, C]`. */
  readonly x: ImageBatch;
  /** Time to start from. */
  readonly t: number;
  /** Time to end at. */
  readonly tNext: number;
  /** Asks the denoiser about images at a time; at (x, t) first. */
  predict(x: ImageBatch, t: number): Promise<StepPrediction>;
}

/**
 * The rule of one step: from the images at t to those at tNext.
 *
 * @category Samplers
 */
export type StepRule = (context: StepContext) => Promise<ImageBatch>;

/**
 * Options of {@linkcode runSampler}.
 *
 * @category Samplers
 */
export interface RunSamplerOptions extends SamplerOptions {
  /** Name of the sampler, for messages. */
  readonly name: string;
  /** The clean images that the rule is told are clipped to -clip .. clip, eps is kept; Infinity: not. */
  readonly clip?: number | undefined;
}

/**
 * Runs a sampler: checks, the loop over times, callbacks and aborts. The rule of a step is the sampler's
 * own. What `onStep` shows of a step is what the denoiser was asked first in it.
 *
 * @returns Images `[B, H, W, C]` at the last time. `xT` is left as it is.
 * @throws RangeError if shapes or times do not fit.
 * @throws DivergedError if a prediction or an image is not finite; the message names step and image.
 *
 * @example DDIM in three lines
 * ```ts
 * import { weightedSum, createMachine, createSchedule, initialNoise, runSampler } from "@els/toolkit/machines";
 * import { bytesToImages, syntheticTextures, uniformTimeGrid } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 20, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using machine = createMachine("LS", { images, schedule, patchSize: 3 });
 * const xT = initialNoise({ seed: 1, samples: 2, imageShape: [8, 8, 1] });
 * const samples = await runSampler(machine, async ({ x, t, tNext, predict }) => {
 *   const { xHat0, eps } = await predict(x, t);
 *   return weightedSum([schedule.signal(tNext), xHat0], [schedule.sigma(tNext), eps]);
 * }, { name: "mine", xT, times: uniformTimeGrid(4) });
 * assertEquals(samples.shape, [2, 8, 8, 1]);
 * ```
 * @category Samplers
 */
export async function runSampler(
  denoiser: Denoiser,
  rule: StepRule,
  options: RunSamplerOptions,
): Promise<ImageBatch> {
  const { name, xT, times, labels, onStep, abort, clip = Infinity } = options;
  checkTimes(times);
  if (!(clip > 0)) {
    throw new ArgumentError(`Cannot clip clean images to ${clip}: expected a positive number`);
  }
  const expected = denoiser.imageShape;
  if (imageShapeOf(xT).some((size, axis) => size !== expected[axis])) {
    throw new ArgumentError(
      `Cannot sample with ${denoiser.name}: xT holds images of ${
        imageShapeOf(xT).join(" x ")
      }, it takes ${expected.join(" x ")}`,
    );
  }
  const { schedule, prediction } = denoiser;
  const steps = times.length - 1;
  let x: ImageBatch = { data: xT.data.slice(), shape: xT.shape };
  for (let i = steps; i >= 1; i--) {
    const t = times[steps - i]!;
    const tNext = times[steps - i + 1]!;
    let first: (StepPrediction & { readonly x: ImageBatch; readonly t: number }) | undefined;
    const predict = async (at: ImageBatch, time: number): Promise<StepPrediction> => {
      if (abort !== undefined) {
        // Denoisers that never wait would keep a timer or Ctrl-C from raising the signal.
        await new Promise((resolve) => setTimeout(resolve, 0));
        abort.throwIfAborted();
      }
      const values = await denoiser.predict(at, time, { labels, abort });
      checkFinite(
        values,
        `${name} step ${i} of ${steps} (t = ${time}): ${denoiser.name} predicts`,
      );
      const level = {
        from: prediction,
        signal: schedule.signal(time),
        sigma: schedule.sigma(time),
      };
      const found = {
        eps: convertPrediction(at, values, { ...level, to: "eps" }),
        xHat0: clipped(convertPrediction(at, values, { ...level, to: "x0" }), clip),
      };
      first ??= { x: at, t: time, ...found };
      return found;
    };
    const xNext = await rule({ i, x, t, tNext, predict });
    checkImages(xNext, `images that ${name} gives`);
    if (first === undefined) {
      throw new ArgumentError(
        `Cannot sample by ${name}: step ${i} of ${steps} ended without a prediction; its rule must ` +
          "call predict",
      );
    }
    checkFinite(xNext, `${name} step ${i} of ${steps} (t = ${t}): the image becomes`);
    await onStep?.({ i, tNext, ...first, xNext });
    x = xNext;
  }
  return x;
}

function clipped(batch: ImageBatch, clip: number): ImageBatch {
  if (clip === Infinity) return batch;
  return {
    data: batch.data.map((value) => Math.min(Math.max(value, -clip), clip)),
    shape: batch.shape,
  };
}

/**
 * The sum of batches of one shape, each times its weight: what most steps are.
 *
 * @example
 * ```ts
 * import { imageBatch, weightedSum } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const one = imageBatch(Float32Array.of(1, 2), [1, 1, 2, 1]);
 * assertEquals(weightedSum([2, one], [-1, one]).data, Float32Array.of(1, 2));
 * ```
 *
 * @category Samplers
 */
export function weightedSum(...terms: readonly (readonly [number, ImageBatch])[]): ImageBatch {
  const { shape, data } = terms[0]![1];
  const out = new Float32Array(data.length);
  for (let j = 0; j < out.length; j++) {
    let sum = 0;
    for (const [weight, batch] of terms) sum += weight * batch.data[j]!;
    out[j] = sum;
  }
  return { data: out, shape };
}

/**
 * Options of {@linkcode stepNoise}.
 *
 * @category Samplers
 */
export interface StepNoiseOptions extends Pick<StochasticSamplerOptions, "seed" | "sampleNumbers"> {
  /** Name of the sampler, so that two samplers of a seed differ. */
  readonly stream: string;
  /** Number of the step, as the rule of a step is told. */
  readonly i: number;
}

/**
 * Standard normal noise for one step of a stochastic sampler, a stream of its own for each sample.
 *
 * @example
 * ```ts
 * import { imageBatch, stepNoise } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const x = imageBatch(new Float32Array(2 * 4), [2, 2, 2, 1]);
 * const noise = stepNoise(x, { stream: "mine", i: 3, seed: 1 });
 * assertEquals(noise.shape, x.shape);
 * ```
 *
 * @param x Images whose shape it takes, `[B, H, W, C]`.
 * @throws RangeError if there is not one number for each sample.
 * @category Samplers
 */
export function stepNoise(x: ImageBatch, options: StepNoiseOptions): ImageBatch {
  const { stream, i, seed = 0, sampleNumbers } = options;
  const samples = x.shape[0];
  if (sampleNumbers !== undefined && sampleNumbers.length !== samples) {
    throw new ArgumentError(
      `Cannot number ${samples} samples with ${sampleNumbers.length} numbers: expected one each`,
    );
  }
  const length = valuesPerImage(x);
  const data = new Float32Array(x.data.length);
  for (let b = 0; b < samples; b++) {
    const name = `${stream}/${sampleNumbers?.[b] ?? b}/step ${i}`;
    data.set(new Random(seed, name).normals(length), b * length);
  }
  return { data, shape: x.shape };
}

function checkFinite(batch: ImageBatch, what: string): void {
  const { data } = batch;
  for (let j = 0; j < data.length; j++) {
    if (!Number.isFinite(data[j]!)) {
      const image = Math.floor(j / valuesPerImage(batch));
      throw new DivergedError(
        `Cannot take ${what} ${
          data[j]
        } in image ${image}, expected finite values; check the denoiser's weights and its input`,
      );
    }
  }
}
