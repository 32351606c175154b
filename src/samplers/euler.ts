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
