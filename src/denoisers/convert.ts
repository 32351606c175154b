import { ArgumentError } from "../core/errors.ts";
import { checkImages, type ImageBatch } from "../core/image_batch.ts";
import type { Denoiser, Prediction, PredictOptions } from "./denoiser.ts";

/**
 * Options of {@linkcode convertPrediction}.
 *
 * @category Denoisers
 */
export interface ConvertOptions {
  /** What `values` holds. */
  readonly from: Prediction;
  /** What is wanted. */
  readonly to: Prediction;
  /** Factor of the clean image. */
  readonly signal: number;
  /** Standard deviation of the noise. */
  readonly sigma: number;
}

/**
 * Converts between the things that a denoiser may predict, by `x = signal * x0 + sigma * eps`,
 * `score = -eps / sigma` and `v = signal * eps - sigma * x0` (Salimans & Ho, arXiv 2202.00512,
 * section 4), whose inverse `x0 = (signal x - sigma v) / (signal^2 + sigma^2)`,
 * `eps = (sigma x + signal v) / (signal^2 + sigma^2)` divides by nothing small.
 *
 * @example
 * ```ts
 * import { convertPrediction, imageBatch } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * // x = signal x0 + sigma eps, so x0 = (x - sigma eps) / signal.
 * const x = imageBatch(Float32Array.of(1), [1, 1, 1, 1]);
 * const eps = imageBatch(Float32Array.of(0.5), [1, 1, 1, 1]);
 * const x0 = convertPrediction(x, eps, { from: "eps", to: "x0", signal: 0.5, sigma: 0.5 });
 * assertEquals(x0.data, Float32Array.of(1.5));
 * ```
 *
 * @param x Noisy images `[B, H, W, C]`.
 * @param values Prediction of the same shape, of the kind `from`.
 * @returns New values of the same shape, of the kind `to`.
 * @throws RangeError if the shapes differ, or if the conversion divides by a zero signal or sigma.
 * @category Denoisers
 */
export function convertPrediction(
  x: ImageBatch,
  values: ImageBatch,
  options: ConvertOptions,
): ImageBatch {
  const { from, to, signal, sigma } = options;
  checkImages(x, "noisy images");
  checkImages(values, `prediction of ${from}`);
  if (values.data.length !== x.data.length) {
    throw new ArgumentError(
      `Cannot convert a prediction of shape [${values.shape}] for images of shape [${x.shape}]`,
    );
  }
  if (from === to) return values;
  const needsSigma = from === "x0" || from === "score" || to === "score";
  if (needsSigma && !(sigma > 0)) {
    throw new ArgumentError(
      `Cannot convert ${from} to ${to}: sigma is ${sigma}, it must be positive`,
    );
  }
  const needsSignal = (to === "x0" || to === "v") && (from === "eps" || from === "score");
  if (needsSignal && !(signal > 0)) {
    throw new ArgumentError(
      `Cannot convert ${from} to ${to}: signal is ${signal}, it must be positive`,
    );
  }
  const variance = signal ** 2 + sigma ** 2;
  const eps = {
    eps: (_: number, v: number) => v,
    x0: (xi: number, v: number) => (xi - signal * v) / sigma,
    score: (_: number, v: number) => -sigma * v,
    v: (xi: number, v: number) => (sigma * xi + signal * v) / variance,
  }[from];
  const convert = {
    eps,
    x0: from === "v"
      ? (xi: number, v: number) => (signal * xi - sigma * v) / variance
      : (xi: number, v: number) => (xi - sigma * eps(xi, v)) / signal,
    score: (xi: number, v: number) => -eps(xi, v) / sigma,
    v: from === "x0"
      ? (xi: number, v: number) => (signal * xi - variance * v) / sigma
      : (xi: number, v: number) => (variance * eps(xi, v) - sigma * xi) / signal,
  }[to];
  const out = new Float32Array(values.data.length);
  for (let i = 0; i < out.length; i++) out[i] = convert(x.data[i]!, values.data[i]!);
  return { data: out, shape: values.shape };
}

/**
 * Options of {@linkcode predictAs}.
 *
 * @category Denoisers
 */
export interface PredictAsOptions extends PredictOptions {
  /** Noisy images `[B, H, W, C]`. */
  readonly x: ImageBatch;
  /** Time in [0, 1]. */
  readonly t: number;
}

/**
 * Asks a denoiser for the kind of prediction that is wanted, whatever kind it makes.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   predictAs,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using machine = createMachine("LS", { images, schedule, patchSize: 3 });
 * // A machine predicts clean images; this is the noise that it expects.
 * const eps = await predictAs(machine, "eps", { x: images, t: 0.5 });
 * assertEquals(eps.shape, images.shape);
 * ```
 *
 * @returns `[B, H, W, C]`, of the kind `to`.
 * @throws RangeError if the conversion divides by a zero signal or sigma, as at t = 0.
 * @category Denoisers
 */
export async function predictAs(
  denoiser: Denoiser,
  to: Prediction,
  options: PredictAsOptions,
): Promise<ImageBatch> {
  const { x, t, ...predictOptions } = options;
  const values = await denoiser.predict(x, t, predictOptions);
  return convertPrediction(x, values, {
    from: denoiser.prediction,
    to,
    signal: denoiser.schedule.signal(t),
    sigma: denoiser.schedule.sigma(t),
  });
}
