import { ArgumentError } from "../../core/errors.ts";

/** What time is multiplied by in its embedding: `10000^(-j / (d - 1))`, j = 0 .. d - 1. */
export function timeFrequencies(d: number): number[] {
  return Array.from({ length: d }, (_, j) => 10000 ** (-j / (d - 1)));
}

/**
 * Sinusoidal embedding of time: `[sin(arg), cos(arg)]`, `arg_j = t / 10000^(j / (d - 1))`,
 * j = 0 .. d - 1, d = width / 2; t in [0, 1] is not scaled up (as in the public code of
 * arXiv 2412.20292).
 *
 * @example
 * ```ts
 * import { timeEmbedding } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(timeEmbedding([0, 0.5], 8).length, 16);
 * ```
 *
 * @param times Time of each image, `[B]`.
 * @param width Even, at least 4.
 * @returns `[B, width]`.
 * @throws RangeError if the width is odd or below 4.
 * @category Networks
 */
export function timeEmbedding(times: ArrayLike<number>, width: number): Float32Array {
  if (!Number.isInteger(width) || width < 4 || width % 2 !== 0) {
    throw new ArgumentError(
      `Cannot embed time in ${width} values: the width must be even, at least 4`,
    );
  }
  const d = width / 2;
  const frequencies = timeFrequencies(d);
  const out = new Float32Array(times.length * width);
  for (let b = 0; b < times.length; b++) {
    for (let j = 0; j < d; j++) {
      const arg = times[b]! * frequencies[j]!;
      out[b * width + j] = Math.sin(arg);
      out[b * width + d + j] = Math.cos(arg);
    }
  }
  return out;
}

/**
 * `[sin(arg), cos(arg)]`, `arg_j = rate_j t`, where times are hundreds: arguments are rounded to 32 bits, as
 * they were for the networks that were trained so.
 *
 * @param times Time of each image, or what stands in its place, `[B]`.
 * @param rates One for each two values, d in all.
 * @returns `[B, 2 d]`.
 */
export function waveEmbedding(times: ArrayLike<number>, rates: readonly number[]): Float32Array {
  const d = rates.length;
  const out = new Float32Array(times.length * 2 * d);
  for (let b = 0; b < times.length; b++) {
    for (let j = 0; j < d; j++) {
      const arg = Math.fround(Math.fround(times[b]!) * rates[j]!);
      out[b * 2 * d + j] = Math.sin(arg);
      out[b * 2 * d + d + j] = Math.cos(arg);
    }
  }
  return out;
}

/** Rates of {@linkcode waveEmbedding} from 1 to 1 / 10000, half as many as `width`: those of DDPM++. */
export function geometricRates(width: number): number[] {
  const { fround } = Math;
  const d = width / 2;
  return Array.from({ length: d }, (_, j) => fround(fround(1e-4) ** fround(j / (d - 1))));
}

/** Rates of random Fourier features (Tancik et al., arXiv 2006.10739): `2 pi f`, as in NCSN++. */
export function fourierRates(frequencies: readonly number[]): number[] {
  const { fround } = Math;
  return frequencies.map((f) => fround(fround(2 * Math.PI) * fround(f)));
}
