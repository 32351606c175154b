/** Queries of a calibration that are no trajectory: held-out images with noise. */
import { ArgumentError } from "../core/errors.ts";
import {
  checkImages,
  gatherImages,
  type ImageBatch,
  type ImageShape,
  imageShapeOf,
  valuesPerImage,
} from "../core/image_batch.ts";
import { Random } from "../core/random.ts";
import { predictAs } from "../denoisers/convert.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { weightedSum } from "../samplers/sampler.ts";
import type { SamplerDefinition } from "../samplers/samplers.ts";
import { noiseAt } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * What a calibration asks, and what answers are held against: along the network's `trajectory`, its own; on
 * held-out images with noise, `signal x0 + sigma eps`, the network's (`noised`), or the noise that is in them
 * (`clean`), for which no network is asked.
 *
 * @category Calibration
 */
export type CalibrationQueries = "trajectory" | "noised" | "clean";

/**
 * The values of {@linkcode CalibrationQueries}, the default first.
 *
 * @category Calibration
 */
export const calibrationQueries: readonly CalibrationQueries[] = ["trajectory", "noised", "clean"];

/**
 * Images with noise in place of a trajectory.
 *
 * @category Calibration
 */
export interface HeldOutQueries {
  /** Whether the network is asked about them, or the clean images are the answer. */
  readonly kind: Exclude<CalibrationQueries, "trajectory">;
  /**
   * Clean images `[N, H, W, C]` in [-1, 1] that the machine does not have: those that it has it finds again. Sample
   * i is image i.
   */
  readonly images: ImageBatch;
}

/**
 * The reference of a calibration that asks no network: it knows the forward process and the shape of images.
 *
 * @example Scales that denoise best, without any network
 * ```ts
 * import {
 *   bytesToImages,
 *   calibrate,
 *   cleanReference,
 *   createMachine,
 *   createSchedule,
 *   sliceBatch,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const all = bytesToImages(syntheticTextures({ images: 40, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * const training = sliceBatch(all, 0, 30);
 * await using machine = createMachine("bbELS", { images: training, schedule });
 * const reference = cleanReference({ imageShape: [8, 8, 1], schedule });
 * const { chosen } = await calibrate(reference, machine, {
 *   ...{ candidates: [3, 5, 7], steps: 2, samples: 4, seed: 1 },
 *   on: { kind: "clean", images: sliceBatch(all, 30, 40) },
 * });
 * assertEquals(chosen.length, 2);
 * ```
 *
 * @category Calibration
 */
export function cleanReference(
  of: { readonly imageShape: ImageShape; readonly schedule: NoiseSchedule },
): Denoiser {
  const { imageShape, schedule } = of;
  return {
    ...{ name: "clean images", prediction: "eps", imageShape, schedule },
    predict: () =>
      Promise.reject(
        new ArgumentError(
          "Cannot predict with the reference of clean images: it only says which process and shape they have",
        ),
      ),
  };
}

/**
 * Checks the images for so many samples.
 *
 * @returns Those of the samples from the first of them on.
 * @throws RangeError if there are fewer, or they have another shape.
 */
export function heldOutShare(
  { images }: HeldOutQueries,
  { first, samples, imageShape }: {
    /** Number of the first sample. */
    readonly first: number;
    readonly samples: number;
    readonly imageShape: ImageShape;
  },
): ImageBatch {
  checkImages(images, "held-out images");
  const found = imageShapeOf(images);
  if (images.shape[0] < first + samples || found.some((size, axis) => size !== imageShape[axis])) {
    throw new ArgumentError(
      `Cannot calibrate on ${first + samples} held-out images of ${imageShape.join(" x ")}: found ${
        images.shape[0]
      } of ${found.join(" x ")}`,
    );
  }
  return gatherImages(images, Array.from({ length: samples }, (_, i) => first + i));
}

/**
 * Shows held-out images with noise as a sampler shows its steps, from much noise to little. The noise is a function
 * of seed, sample and step only.
 */
export function heldOutSampler({ kind, images }: HeldOutQueries): SamplerDefinition {
  const size = valuesPerImage(images);
  return {
    name: `${kind} held-out images`,
    stochastic: true,
    async sample(denoiser, { times, labels, seed = 0, sampleNumbers, onStep, abort, xT }) {
      const steps = times.length - 1;
      const numbers = sampleNumbers ?? Array.from({ length: xT.shape[0] }, (_, i) => i);
      const clean = gatherImages(images, numbers);
      for (let i = steps; i >= 1; i--) {
        abort?.throwIfAborted();
        const [t, tNext] = [times[steps - i]!, times[steps - i + 1]!];
        const { signal, sigma } = noiseAt(denoiser.schedule, t);
        const data = new Float32Array(clean.data.length);
        numbers.forEach((number, b) =>
          data.set(new Random(seed, `held-out/${number}/step ${i}`).normals(size), b * size)
        );
        const noise: ImageBatch = { data, shape: clean.shape };
        const x = weightedSum([signal, clean], [sigma, noise]);
        const eps = kind === "clean" ? noise : await predictAs(denoiser, "eps", {
          x,
          t,
          abort,
          ...labels !== undefined && { labels },
        });
        await onStep?.({ i, t, tNext, x, eps, xHat0: clean, xNext: clean });
      }
      return clean;
    },
  };
}
