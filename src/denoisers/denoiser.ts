import type { ImageBatch, ImageShape } from "../core/image_batch.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * What a denoiser predicts: the noise, the clean image, the score of the noisy density, or
 * `v = signal eps - sigma x0` (Salimans & Ho, arXiv 2202.00512).
 *
 * @category Denoisers
 */
export type Prediction = "eps" | "x0" | "score" | "v";

/**
 * Options of {@linkcode Denoiser.predict}.
 *
 * @category Denoisers
 */
export interface PredictOptions {
  /** Class label of each image of the batch, or one for all; absent: unconditional. */
  readonly labels?: number | ArrayLike<number> | undefined;
  /** Stops long work; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * Anything that denoises: a trained network or an analytic machine. Samplers, calibration and
 * evaluation treat both alike.
 *
 * @category Denoisers
 */
export interface Denoiser {
  /** Short name for tables and pictures, such as "resnet" or "bbELS". */
  readonly name: string;
  /** What {@linkcode Denoiser.predict} returns. */
  readonly prediction: Prediction;
  /** Shape of the images that it takes. */
  readonly imageShape: ImageShape;
  /** The forward process that it inverts. */
  readonly schedule: NoiseSchedule;
  /**
   * Predicts from noisy images at time t.
   *
   * @param x Noisy images `[B, H, W, C]`.
   * @param t Time in [0, 1], the same for the whole batch.
   * @returns `[B, H, W, C]`, of the kind that `prediction` says.
   */
  predict(x: ImageBatch, t: number, options?: PredictOptions): Promise<ImageBatch>;
}

/**
 * A denoiser with a locality scale: it predicts at several scales in one pass (calibration).
 *
 * @category Denoisers
 */
export interface MultiScaleDenoiser extends Denoiser {
  /**
   * Predictions of the same noisy images at each scale.
   *
   * @param x Noisy images `[B, H, W, C]`.
   * @param t Time in [0, 1].
   * @param options.scales Patch sizes k: odd, ascending, at most what the machine allows.
   * @returns One `[B, H, W, C]` batch per scale, of the kind that `prediction` says.
   */
  predictScales(
    x: ImageBatch,
    t: number,
    options: PredictOptions & {
      readonly scales: readonly number[];
      /** Called with the fraction of the work done, from 0 to 1. */
      readonly onProgress?: (fraction: number) => void;
    },
  ): Promise<ImageBatch[]>;
}
