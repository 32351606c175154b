import type { ImageBatch } from "../core/image_batch.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { noiseLevel } from "../schedules/noise_level.ts";
import { runSampler, type SamplerOptions, weightedSum } from "./sampler.ts";

/**
 * Euler's rule on the probability flow in the variables of Karras et al. (arXiv 2206.00364, equation 4
 * and algorithm 1 without its second-order part): with the noise level `l = sigma / signal` as time and
 * `y = x / signal`, the flow is `dy / dl = eps`, and a step is `y <- y + (l' - l) eps`.
 *
 * It is of first order, and in exact arithmetic the same as DDIM; it is here as what `heun` corrects.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   euler,
 *   initialNoise,
 *   syntheticTextures,
 *   uniformTimeGrid,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using machine = createMachine("LS", { images, schedule, patchSize: 3 });
 * const xT = initialNoise({ seed: 1, samples: 2, imageShape: [8, 8, 1], schedule });
 * assertEquals((await euler(machine, { xT, times: uniformTimeGrid(3) })).shape, [2, 8, 8, 1]);
 * ```
 *
 * @returns Images `[B, H, W, C]` at the last time. `xT` is left as it is.
 * @throws RangeError if shapes or times do not fit.
 * @throws Error if a prediction is not finite; the message names step and image.
 * @category Samplers
 */
export function euler(denoiser: Denoiser, options: SamplerOptions): Promise<ImageBatch> {
  const { schedule } = denoiser;
  return runSampler(denoiser, async ({ x, t, tNext, predict }) => {
    const { eps } = await predict(x, t);
    const step = noiseLevel(schedule, tNext) - noiseLevel(schedule, t);
    const signalNext = schedule.signal(tNext);
    return weightedSum([signalNext / schedule.signal(t), x], [signalNext * step, eps]);
  }, { ...options, name: "Euler" });
}
