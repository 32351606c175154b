import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { noiseLevel, timeAtLevel } from "../schedules/noise_level.ts";
import { heunStep } from "./heun_step.ts";
import { runSampler, stepNoise, type StochasticSamplerOptions, weightedSum } from "./sampler.ts";

/**
 * Options of {@linkcode churn}; names and defaults of arXiv 2206.00364, table 5 (CIFAR-10, VP).
 *
 * @category Samplers
 */
export interface ChurnOptions extends StochasticSamplerOptions {
  /** S_churn: how much fresh noise is added over the whole run; 0 gives `heun`. 30 by default. */
  readonly sChurn?: number;
  /** S_min: lowest noise level at which noise is added; 0.01 by default. */
  readonly sMin?: number;
  /** S_max: highest noise level at which noise is added; 1 by default. */
  readonly sMax?: number;
  /** S_noise: standard deviation of the fresh noise; 1.007 by default. */
  readonly sNoise?: number;
}

/**
 * The stochastic sampler of Karras et al. (arXiv 2206.00364, algorithm 2): each step first adds fresh noise
 * that raises the level by a factor `1 + gamma`, `gamma = min(S_churn / n, sqrt(2) - 1)`, and then takes a
 * Heun step from there.
 *
 * The level is raised to that of t = 1 at most. The denoiser is asked between the times of the grid.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   churn,
 *   createMachine,
 *   createSchedule,
 *   initialNoise,
 *   syntheticTextures,
 *   timeGrid,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("edm");
 * await using machine = createMachine("LS", { images, schedule, patchSize: 3 });
 * const xT = initialNoise({ seed: 1, samples: 2, imageShape: [8, 8, 1], schedule });
 * const times = timeGrid("karras", { steps: 3, schedule });
 * assertEquals((await churn(machine, { xT, times, seed: 1 })).shape, [2, 8, 8, 1]);
 * ```
 *
 * @returns Images `[B, H, W, C]` at the last time. `xT` is left as it is.
 * @throws RangeError if shapes, times or options do not fit.
 * @throws Error if a prediction is not finite; the message names step and image.
 * @category Samplers
 */
export async function churn(denoiser: Denoiser, options: ChurnOptions): Promise<ImageBatch> {
  const { sChurn = 30, sMin = 0.01, sMax = 1, sNoise = 1.007 } = options;
  for (const [what, value] of Object.entries({ sChurn, sMin, sNoise })) {
    if (!(value >= 0 && value < Infinity)) {
      throw new ArgumentError(`Cannot churn: ${what} is ${value}, expected a finite number from 0`);
    }
  }
  if (!(sMax >= sMin)) {
    throw new ArgumentError(
      `Cannot churn between levels ${sMin} and ${sMax}: expected the higher one second`,
    );
  }
  const { schedule } = denoiser;
  const { totalSteps = options.times.length - 1 } = options;
  const highest = noiseLevel(schedule, 1);
  return await runSampler(
    denoiser,
    ({ i, x, t, tNext, predict }) => {
      const level = noiseLevel(schedule, t);
      const gamma = level >= sMin && level <= sMax
        ? Math.min(sChurn / totalSteps, Math.SQRT2 - 1)
        : 0;
      const raised = Math.min(level * (1 + gamma), highest);
      if (!(raised > level)) return heunStep(schedule, { x, t, tNext, predict });
      const tHat = timeAtLevel(schedule, raised);
      const signal = schedule.signal(tHat);
      const spread = signal * sNoise * Math.sqrt(noiseLevel(schedule, tHat) ** 2 - level ** 2);
      const noise = stepNoise(x, { ...options, stream: "churn", i });
      const xHat = weightedSum([signal / schedule.signal(t), x], [spread, noise]);
      return heunStep(schedule, { x: xHat, t: tHat, tNext, predict });
    },
    { ...options, name: "Churn" },
  );
}
