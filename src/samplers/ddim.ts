import { type ImageBatch, imageShapeOf, valuesPerImage } from "../array/image_batch.ts";
import { convertPrediction } from "../denoisers/convert.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { checkTimes } from "./time_grid.ts";

/** What a sampler shows at each step. */
export interface SamplerStep {
  /** Number of the step, counting down from n to 1. */
  readonly i: number;
  /** Time at which the denoiser was asked. */
  readonly t: number;
  /** Time that the step leads to. */
  readonly tNext: number;
  /** Noisy images at t, `[B, H, W, C]`. */
  readonly x: ImageBatch;
  /** The clean images that the denoiser expects, `[B, H, W, C]`. */
  readonly xHat0: ImageBatch;
  /** The noise that the denoiser expects, `[B, H, W, C]`. */
  readonly eps: ImageBatch;
  /** Images at tNext, `[B, H, W, C]`. */
  readonly xNext: ImageBatch;
}

/** Options of {@linkcode ddim}. */
export interface DdimOptions {
  /** Images to start from, `[B, H, W, C]`: noise if the times start at 1. */
  readonly xT: ImageBatch;
  /** n + 1 strictly descending times in [0, 1], such as `uniformTimeGrid(20)`. */
  readonly times: readonly number[];
  /** Class label of each image, or one for all. */
  readonly labels?: number | ArrayLike<number>;
  /** Called after each step; awaited. What it throws stops the sampling. */
  readonly onStep?: (step: SamplerStep) => void | Promise<void>;
  /** Stops the sampling; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal;
}

/**
 * Deterministic sampling by DDIM (Song, Meng & Ermon, arXiv 2010.02502, equation 12 with eta = 0):
 * `xHat0 = (x - sigma eps) / signal`, `x <- signal' xHat0 + sigma' eps`, where the primed values
 * belong to the next time. It is of first order in the step.
 *
 * The times are taken in the denoiser's own schedule. The images at the end are those of the last
 * time; where that has sigma = 0 they are the last xHat0 times signal.
 *
 * @returns Images `[B, H, W, C]` at the last time. `xT` is left as it is.
 * @throws RangeError if shapes or times do not fit.
 * @throws Error if a prediction is not finite; the message names step and image.
 */
export async function ddim(
  denoiser: Denoiser,
  { xT, times, labels, onStep, abort }: DdimOptions,
): Promise<ImageBatch> {
  checkTimes(times);
  const expected = denoiser.imageShape;
  if (imageShapeOf(xT).some((size, axis) => size !== expected[axis])) {
    throw new RangeError(
      `Cannot sample with ${denoiser.name}: xT holds images of ${
        imageShapeOf(xT).join(" x ")
      }, it takes ${expected.join(" x ")}`,
    );
  }
  const { schedule, prediction } = denoiser;
  const steps = times.length - 1;
  let x: ImageBatch = { data: xT.data.slice(), shape: xT.shape };
  for (let i = steps; i >= 1; i--) {
    if (abort !== undefined) {
      // Denoisers that never wait would keep a timer or Ctrl-C from raising the signal.
      await new Promise((resolve) => setTimeout(resolve, 0));
      abort.throwIfAborted();
    }
    const t = times[steps - i]!;
    const tNext = times[steps - i + 1]!;
    const values = await denoiser.predict(x, t, {
      ...(labels === undefined ? {} : { labels }),
      ...(abort === undefined ? {} : { abort }),
    });
    checkFinite(values, `DDIM step ${i} of ${steps} (t = ${t}): ${denoiser.name} predicts`);
    const level = { from: prediction, signal: schedule.signal(t), sigma: schedule.sigma(t) };
    const eps = convertPrediction(x, values, { ...level, to: "eps" });
    const xHat0 = convertPrediction(x, values, { ...level, to: "x0" });
    const signalNext = schedule.signal(tNext);
    const sigmaNext = schedule.sigma(tNext);
    const next = new Float32Array(x.data.length);
    for (let j = 0; j < next.length; j++) {
      next[j] = signalNext * xHat0.data[j]! + sigmaNext * eps.data[j]!;
    }
    const xNext: ImageBatch = { data: next, shape: x.shape };
    checkFinite(xNext, `DDIM step ${i} of ${steps} (t = ${t}): the image becomes`);
    await onStep?.({ i, t, tNext, x, xHat0, eps, xNext });
    x = xNext;
  }
  return x;
}

function checkFinite(batch: ImageBatch, what: string): void {
  const { data } = batch;
  for (let j = 0; j < data.length; j++) {
    if (!Number.isFinite(data[j]!)) {
      const image = Math.floor(j / valuesPerImage(batch));
      throw new Error(
        `Cannot take ${what} ${
          data[j]
        } in image ${image}, expected finite values; check the denoiser's weights and its input`,
      );
    }
  }
}
