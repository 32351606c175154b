import type { ImageBatch } from "../core/image_batch.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { runSampler, type SamplerOptions, weightedSum } from "./sampler.ts";

/**
 * Deterministic sampling by DDIM (Song, Meng & Ermon, arXiv 2010.02502, equation 12 with eta = 0):
 * `xHat0 = (x - sigma eps) / signal`, `x <- signal' xHat0 + sigma' eps`, where the primed values
 * belong to the next time. It is of first order in the step.
 *
 * The times are taken in the denoiser's own schedule. The images at the end are those of the last
 * time; where that has sigma = 0 they are the last xHat0 times signal.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   ddim,
 *   initialNoise,
 *   syntheticTextures,
 *   timeGrid,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using machine = createMachine("LS", { images, schedule, patchSize: 3 });
 * const xT = initialNoise({ seed: 1, samples: 2, imageShape: [8, 8, 1], schedule });
 * const times = timeGrid("cubic", { steps: 3, schedule });
 * assertEquals((await ddim(machine, { xT, times })).shape, [2, 8, 8, 1]);
 * ```
 *
 * @param options.clip Clean images that are found are clipped to -clip .. clip, and eps is kept, as in
 * diffusers; Infinity: not. By default what the denoiser says.
 * @returns Images `[B, H, W, C]` at the last time. `xT` is left as it is.
 * @throws RangeError if shapes or times do not fit.
 * @throws Error if a prediction is not finite; the message names step and image.
 * @category Samplers
 */
export function ddim(
  denoiser: Denoiser,
  options: SamplerOptions & { readonly clip?: number | undefined },
): Promise<ImageBatch> {
  const { schedule, clip } = denoiser;
  return runSampler(denoiser, async ({ x, t, tNext, predict }) => {
    const { xHat0, eps } = await predict(x, t);
    return weightedSum([schedule.signal(tNext), xHat0], [schedule.sigma(tNext), eps]);
  }, { clip, ...options, name: "DDIM" });
}
