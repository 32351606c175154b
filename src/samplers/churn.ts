import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { noiseLevel, timeAtLevel } from "../schedules/noise_level.ts";
import { heunStep } from "./heun_step.ts";
import { combine, runSampler, stepNoise, type StochasticSamplerOptions } from "./sampler.ts";

/** Options of {@linkcode churn}; names and defaults of arXiv 2206.00364, table 5 (CIFAR-10, VP). */
export interface ChurnOptions extends StochasticSamplerOptions {
  /** S_churn: amount of fresh noise over the whole run; 0 gives `heun`. 30 by default. */
  readonly amount?: number;
  /** S_tmin: lowest noise level at which noise is added; 0.01 by default. */
  readonly minLevel?: number;
  /** S_tmax: highest noise level at which noise is added; 1 by default. */
  readonly maxLevel?: number;
  /** S_noise: standard deviation of the fresh noise; 1.007 by default. */
  readonly deviation?: number;
}

/**
 * The stochastic sampler of Karras et al. (arXiv 2206.00364, algorithm 2): each step first adds fresh noise
 * that raises the level by a factor `1 + gamma`, `gamma = min(amount / n, sqrt(2) - 1)`, and then takes a
 * Heun step from there.
 *
 * The level is raised to that of t = 1 at most. The denoiser is asked between the times of the grid.
 *
 * @returns Images `[B, H, W, C]` at the last time. `xT` is left as it is.
 * @throws RangeError if shapes, times or options do not fit.
 * @throws Error if a prediction is not finite; the message names step and image.
 */
export async function churn(denoiser: Denoiser, options: ChurnOptions): Promise<ImageBatch> {
  const { amount = 30, minLevel = 0.01, maxLevel = 1, deviation = 1.007 } = options;
  for (const [what, value] of Object.entries({ amount, minLevel, deviation })) {
    if (!(value >= 0 && value < Infinity)) {
      throw new ArgumentError(`Cannot churn: ${what} is ${value}, expected a finite number from 0`);
    }
  }
  if (!(maxLevel >= minLevel)) {
    throw new ArgumentError(
      `Cannot churn between levels ${minLevel} and ${maxLevel}: expected the higher one second`,
    );
  }
  const { schedule } = denoiser;
  const { totalSteps = options.times.length - 1 } = options;
  const highest = noiseLevel(schedule, 1);
  return await runSampler(
    denoiser,
    { ...options, name: "Churn" },
    ({ i, x, t, tNext, ask }) => {
      const level = noiseLevel(schedule, t);
      const gamma = level >= minLevel && level <= maxLevel
        ? Math.min(amount / totalSteps, Math.SQRT2 - 1)
        : 0;
      const raised = Math.min(level * (1 + gamma), highest);
      if (!(raised > level)) return heunStep(schedule, { x, t, tNext, ask });
      const tHat = timeAtLevel(schedule, raised);
      const signal = schedule.signal(tHat);
      const spread = signal * deviation * Math.sqrt(noiseLevel(schedule, tHat) ** 2 - level ** 2);
      const noise = stepNoise(x, { ...options, stream: "churn", i });
      const xHat = combine([signal / schedule.signal(t), x], [spread, noise]);
      return heunStep(schedule, { x: xHat, t: tHat, tNext, ask });
    },
  );
}
