import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { type SamplerStep, weightedSum } from "./sampler.ts";

/**
 * Options of {@linkcode ddimPath}.
 *
 * @category Samplers
 */
export interface DdimPathOptions {
  /** Time between those of the step. */
  readonly t: number;
  /** The denoiser's forward process. */
  readonly schedule: NoiseSchedule;
}

/**
 * Where a step of DDIM is at a time between its two: `signal(t) xHat0 + sigma(t) eps`, with the `xHat0` and
 * `eps` that the denoiser found at the step's beginning. It is no guess: a step to that time alone would
 * end there (Song, Meng & Ermon, arXiv 2010.02502, equation 12 with eta = 0), and at `tNext` it is `xNext`.
 * At the step's own t it is x, unless clean images are clipped.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   ddim,
 *   ddimPath,
 *   initialNoise,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using machine = createMachine("LS", { images, schedule, patchSize: 3 });
 * const xT = initialNoise({ seed: 1, samples: 1, imageShape: [8, 8, 1], schedule });
 * await ddim(machine, {
 *   xT,
 *   times: [1, 0.5, 0],
 *   onStep: (step) => {
 *     const end = ddimPath(step, { t: step.tNext, schedule });
 *     assertEquals(end.data, step.xNext.data);
 *   },
 * });
 * ```
 *
 * @returns Images `[B, H, W, C]`.
 * @throws RangeError if the time lies outside the step.
 * @category Samplers
 */
export function ddimPath(
  step: Pick<SamplerStep, "t" | "tNext" | "xHat0" | "eps">,
  options: DdimPathOptions,
): ImageBatch {
  const { t, schedule } = options;
  if (!(t <= step.t && t >= step.tNext)) {
    throw new ArgumentError(
      `Cannot follow a step from t = ${step.t} to ${step.tNext} at t = ${t}: expected a time between`,
    );
  }
  return weightedSum([schedule.signal(t), step.xHat0], [schedule.sigma(t), step.eps]);
}
