import type { ImageBatch } from "../array/image_batch.ts";
import type { Denoiser, Prediction, PredictOptions } from "./denoiser.ts";

/** Options of {@linkcode convertPrediction}. */
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
 * Converts between the three things that a denoiser may predict, by
 * `x = signal * x0 + sigma * eps` and `score = -eps / sigma`.
 *
 * @param x Noisy images `[B, H, W, C]`.
 * @param values Prediction of the same shape, of the kind `from`.
 * @returns New values of the same shape, of the kind `to`.
 * @throws RangeError if the shapes differ, or if the conversion divides by a zero signal or sigma.
 */
export function convertPrediction(
  x: ImageBatch,
  values: ImageBatch,
  { from, to, signal, sigma }: ConvertOptions,
): ImageBatch {
  if (values.data.length !== x.data.length) {
    throw new RangeError(
      `Cannot convert a prediction of shape [${values.shape}] for images of shape [${x.shape}]`,
    );
  }
  if (from === to) return values;
  const needsSigma = from === "x0" || from === "score" || to === "score";
  if (needsSigma && !(sigma > 0)) {
    throw new RangeError(`Cannot convert ${from} to ${to}: sigma is ${sigma}, it must be positive`);
  }
  if (to === "x0" && !(signal > 0)) {
    throw new RangeError(`Cannot convert ${from} to x0: signal is ${signal}, it must be positive`);
  }
  const out = new Float32Array(values.data.length);
  for (let i = 0; i < out.length; i++) {
    const xi = x.data[i]!;
    const v = values.data[i]!;
    const eps = from === "eps" ? v : from === "x0" ? (xi - signal * v) / sigma : -sigma * v;
    out[i] = to === "eps" ? eps : to === "x0" ? (xi - sigma * eps) / signal : -eps / sigma;
  }
  return { data: out, shape: values.shape };
}

/** Options of {@linkcode predictAs}. */
export interface PredictAsOptions extends PredictOptions {
  /** Noisy images `[B, H, W, C]`. */
  readonly x: ImageBatch;
  /** Time in [0, 1]. */
  readonly t: number;
}

/**
 * Asks a denoiser for the kind of prediction that is wanted, whatever kind it makes.
 *
 * @returns `[B, H, W, C]`, of the kind `to`.
 * @throws RangeError if the conversion divides by a zero signal or sigma, as at t = 0.
 */
export async function predictAs(
  denoiser: Denoiser,
  to: Prediction,
  { x, t, ...options }: PredictAsOptions,
): Promise<ImageBatch> {
  const values = await denoiser.predict(x, t, options);
  return convertPrediction(x, values, {
    from: denoiser.prediction,
    to,
    signal: denoiser.schedule.signal(t),
    sigma: denoiser.schedule.sigma(t),
  });
}
