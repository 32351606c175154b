import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import type { Explanation } from "../machines/explanation.ts";
import type { Machine } from "../machines/patch_machine.ts";
import type { SamplerStep, StochasticSamplerOptions } from "../samplers/sampler.ts";
import { samplerDefinition, type SamplerName, samplers } from "../samplers/samplers.ts";

/**
 * One reverse step of a machine, with what made it.
 *
 * @category Evaluation
 */
export interface ExplainedStep extends SamplerStep {
  /** Which training patches made `xHat0`. */
  readonly explanation: Explanation;
}

/**
 * Options of {@linkcode explainTrajectory}.
 *
 * @category Evaluation
 */
export interface ExplainTrajectoryOptions extends Omit<StochasticSamplerOptions, "onStep"> {
  /** One of the samplers that ask once a step; "ddim" by default. */
  readonly sampler?: SamplerName | undefined;
  /** Candidates to name of each pixel, 1 to 64; 8 when absent. */
  readonly top?: number | undefined;
  /** Pixels to explain, row and column; all when absent. */
  readonly pixels?: readonly (readonly [row: number, column: number])[] | undefined;
  /** Called after each step; awaited. What it throws stops the sampling. */
  readonly onStep?: ((step: ExplainedStep) => void | Promise<void>) | undefined;
  /** Called with the part of the work that is done, from 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * Generates images by a machine and says of every reverse step which training patches made it. Each step
 * costs what `machine.explain` costs, and `onStep` gets it at once: to keep all explanations takes
 * steps x pixels x top numbers.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   explainTrajectory,
 *   initialNoise,
 *   syntheticTextures,
 *   timeGrid,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using machine = createMachine("ELS", { images, schedule, patchSize: 5 });
 * const xT = initialNoise({ seed: 1, samples: 1, imageShape: [8, 8, 1], schedule });
 * const copied: number[] = [];
 * await explainTrajectory(machine, {
 *   xT,
 *   times: timeGrid("uniform", { steps: 3, schedule }),
 *   top: 1,
 *   onStep: ({ explanation: { effectiveImages } }) => void copied.push(effectiveImages[0]!),
 * });
 * assertEquals(copied.length, 3);
 * ```
 *
 * @returns The final images, `[B, H, W, C]`.
 * @throws RangeError if the sampler asks more than once a step, or an option cannot be used.
 * @category Evaluation
 */
export async function explainTrajectory(
  machine: Machine,
  options: ExplainTrajectoryOptions,
): Promise<ImageBatch> {
  const { sampler = "ddim", top, pixels, onStep, onProgress, ...sampling } = options;
  if ((samplerDefinition(sampler).predictions ?? 1) !== 1) {
    throw new ArgumentError(
      `Cannot explain the steps of ${sampler}: it asks more than once a step, expected ddim, ddpm or euler`,
    );
  }
  const steps = sampling.times.length - 1;
  let done = 0;
  let explanation: Explanation | undefined;
  const asking: Denoiser = {
    name: machine.name,
    prediction: machine.prediction,
    imageShape: machine.imageShape,
    schedule: machine.schedule,
    predict: async (x, t, { labels, abort } = {}) => {
      explanation = await machine.explain(x, t, {
        top,
        pixels,
        labels,
        abort,
        onProgress: (fraction) => onProgress?.((done + fraction) / steps),
      });
      return explanation.xHat0;
    },
  };
  return await samplers[sampler].sample(asking, {
    ...sampling,
    onStep: async (step) => {
      done += 1;
      await onStep?.({ ...step, explanation: explanation! });
    },
  });
}
