import type { ImageBatch } from "../core/image_batch.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { runSampler, stepNoise, type StochasticSamplerOptions, weightedSum } from "./sampler.ts";

/**
 * Options of {@linkcode ddpm}.
 *
 * @category Samplers
 */
export interface DdpmOptions extends StochasticSamplerOptions {
  /**
   * Clean images that are found are clipped to -clip .. clip; Infinity: not. By default what the denoiser
   * says.
   */
  readonly clip?: number | undefined;
  /**
   * Variance of the noise that a step adds: `posterior` (default) is that of x' given x and x0, right
   * where x0 is known; `forward` is that of x given x', right where x0 is unit Gaussian.
   */
  readonly variance?: "posterior" | "forward";
}

/**
 * Ancestral sampling (Ho, Jain & Abbeel, arXiv 2006.11239, algorithm 2) on any grid of times: x' at the next
 * time is drawn around the mean of `q(x' | x, x0 = xHat0)`.
 *
 * With `a = signal / signal'` and `s2 = sigma^2 - a^2 sigma'^2` (the noise between the two times), the
 * mean is `(a sigma'^2 / sigma^2) x + (signal' s2 / sigma^2) xHat0` and the variance
 * `s2 sigma'^2 / sigma^2`, or `s2` itself (their two choices, section 3.2). These hold for exploding
 * processes as well.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   ddpm,
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
 * const samples = await ddpm(machine, { xT, times: uniformTimeGrid(3), seed: 1 });
 * assertEquals(samples.shape, [2, 8, 8, 1]);
 * ```
 *
 * @returns Images `[B, H, W, C]` at the last time. `xT` is left as it is.
 * @throws RangeError if shapes or times do not fit.
 * @throws Error if a prediction is not finite; the message names step and image.
 * @category Samplers
 */
export function ddpm(denoiser: Denoiser, options: DdpmOptions): Promise<ImageBatch> {
  const { schedule, clip } = denoiser;
  const { variance: kind = "posterior" } = options;
  return runSampler(denoiser, async ({ i, x, t, tNext, predict }) => {
    const { xHat0 } = await predict(x, t);
    const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
    const [signalNext, sigmaNext] = [schedule.signal(tNext), schedule.sigma(tNext)];
    if (sigmaNext === 0) return weightedSum([signalNext, xHat0]);
    const a = signal / signalNext;
    const kept = (sigmaNext / sigma) ** 2;
    // Rounding must not make it negative where two times have all but the same noise.
    const between = Math.max(0, sigma ** 2 - (a * sigmaNext) ** 2);
    const variance = kind === "forward" ? between : between * kept;
    return weightedSum(
      [a * kept, x],
      [signalNext * between / sigma ** 2, xHat0],
      [Math.sqrt(variance), stepNoise(x, { ...options, stream: "ddpm", i })],
    );
  }, { clip, ...options, name: "DDPM" });
}
