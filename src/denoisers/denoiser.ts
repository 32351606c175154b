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
   * How far from 0 values of clean images are believed: the samplers `ddim` and `ddpm` clip those that it
   * finds to -clip .. clip, and keep its eps, as diffusers does where a scheduler says so. Absent: not.
   */
  readonly clip?: number | undefined;
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

/**
 * Predictions of some noisy images in the making, by more and more of a machine's training images.
 *
 * @category Denoisers
 */
export interface GrowingPredictions {
  /** Training images in all; with labels, of the class that has fewest. */
  readonly images: number;
  /**
   * Predicts by the first `images` training images, in an order that depends on nothing but their number.
   * Only those that came since the call before are summed anew.
   *
   * @param request.images How many, from one call to the next more and more. Of a class that has more, as
   * large a part.
   * @param request.queries Which of the noisy images; those of the call before, or some of them.
   * @param request.scales Patch sizes k: odd, ascending; those of the call before, or some of them.
   * @returns One batch `[queries, H, W, C]` per scale, of the kind that the denoiser's `prediction` says.
   */
  grow(request: GrowRequest): Promise<ImageBatch[]>;
}

/**
 * What {@linkcode GrowingPredictions.grow} is asked for.
 *
 * @category Denoisers
 */
export interface GrowRequest {
  /** By how many training images. */
  readonly images: number;
  /** Indices of the noisy images, ascending. */
  readonly queries: readonly number[];
  /** Patch sizes, ascending. */
  readonly scales: readonly number[];
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
  /** Called with the fraction of this request that is done, from 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * A denoiser whose training images can be added little by little, as calibration does until it knows.
 *
 * @category Denoisers
 */
export interface GrowingDenoiser extends MultiScaleDenoiser {
  /**
   * Begins predictions of noisy images at a time, by no training image yet.
   *
   * @param x Noisy images `[B, H, W, C]`.
   * @param t Time in [0, 1].
   */
  growScales(
    x: ImageBatch,
    t: number,
    options?: Pick<PredictOptions, "labels">,
  ): GrowingPredictions;
}
