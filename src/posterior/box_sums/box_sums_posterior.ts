/**
 * The step between the definition and the kernels, to be read: one shift after another, sums over windows
 * by blocks, and a running threshold. docs/kernels.md explains it; the kernels add vectors, several scales
 * and the other rules.
 *
 * @module
 */
import { ArgumentError } from "../../core/errors.ts";
import { type ImageBatch, imageShapeOf } from "../../core/image_batch.ts";
import { addCandidate } from "../add_candidate.ts";
import { emptyState } from "../merge_states.ts";
import type { PosteriorState } from "../patch_posterior.ts";
import { checkRequest, checkTile } from "../request.ts";

/**
 * Options of {@linkcode boxSumsPosterior}.
 *
 * @category Posterior
 */
export interface BoxSumsOptions {
  /** Patch size k, odd. */
  readonly patchSize: number;
  /** Factor of the clean image. */
  readonly signal: number;
  /** Standard deviation of the noise. */
  readonly sigma: number;
  /** Part of the sum of weights that may be left out at a pixel; 1e-7 when absent. */
  readonly tolerance?: number;
}

/**
 * The posterior of one noisy image under the rule `interior`, that of the ELS machine.
 *
 * @example
 * ```ts
 * import { boxSumsPosterior, imageBatch, posteriorMean } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const x = imageBatch(new Float32Array(25), [1, 5, 5, 1]);
 * const images = imageBatch(new Float32Array(50).fill(0.5), [2, 5, 5, 1]);
 * const state = boxSumsPosterior(x, images, { patchSize: 3, signal: 1, sigma: 1 });
 * assertEquals(posteriorMean(state, { imageShape: [5, 5, 1] }).data[0], 0.5);
 * ```
 *
 * @param query One image `[1, H, W, C]`.
 * @param images Training images `[N, H, W, C]`.
 * @throws ArgumentError if shapes or options do not fit.
 * @category Posterior
 */
export function boxSumsPosterior(
  query: ImageBatch,
  images: ImageBatch,
  options: BoxSumsOptions,
): PosteriorState {
  const { patchSize: k, signal, sigma, tolerance = 1e-7 } = options;
  checkRequest({ query, rule: "interior", scales: [k], signal, sigma });
  checkTile(images, imageShapeOf(query));
  if (query.shape[0] !== 1) {
    throw new ArgumentError(`Cannot take ${query.shape[0]} queries at once: expected one image`);
  }
  const [, H, W, C] = query.shape;
  const pixels = H * W, r = (k - 1) / 2;
  const state = emptyState([1, 1, pixels, C]);
  // What weighs less than tolerance / M of the sum, of M candidates, may be left out.
  const cutoff = Math.log(images.shape[0] * pixels / tolerance);
  const thresholds = new Float64Array(pixels).fill(-Infinity);
  for (let n = 0; n < images.shape[0]; n++) {
    const y = images.data.subarray(n * pixels * C, (n + 1) * pixels * C);
    for (let shift = 0; shift < pixels; shift++) {
      const sy = Math.floor(shift / W), sx = shift % W;
      const pOf = (row: number, column: number) =>
        (row - sy + (row < sy ? H : 0)) * W + column - sx + (column < sx ? W : 0);
      // All pairs (p, q) with q - p = shift: a plane of squared differences.
      const E = Float64Array.from({ length: pixels }, (_, q) => {
        const p = pOf(Math.floor(q / W), q % W);
        let difference = 0;
        for (let c = 0; c < C; c++) {
          difference += (query.data[p * C + c]! - signal * y[q * C + c]!) ** 2;
        }
        return difference;
      });
      // Every D of these pairs is a sum over a k x k box of it: columns first, then rows.
      const columns = windowSums(E, { lines: W, apart: 1, size: H, step: W, k });
      const D = windowSums(columns, { lines: H - k + 1, apart: W, size: W, step: 1, k });
      for (let top = 0; top <= H - k; top++) {
        for (let left = 0; left <= W - k; left++) {
          const p = pOf(top + r, left + r);
          const logit = -D[top * W + left]! / (2 * sigma ** 2);
          if (logit < thresholds[p]!) continue;
          addCandidate(state, { cell: p, logit, values: y, at: ((top + r) * W + left + r) * C });
        }
      }
    }
    thresholds.forEach((_, p) => {
      thresholds[p] = state.logScale[p]! + Math.log(state.sum[p]!) - cutoff;
    });
  }
  return state;
}

/**
 * Sums of k consecutive values along each line (van Herk): a window is the end of one block of k values and
 * the beginning of the next, a suffix sum plus a prefix sum, whatever k is three additions. Nothing is
 * subtracted, so that errors stay relative to each sum.
 *
 * @returns As many values; sum i is that of the window that begins at i.
 */
function windowSums(
  values: Float64Array,
  { lines, apart, size, step, k }: Readonly<
    Record<"lines" | "apart" | "size" | "step" | "k", number>
  >,
): Float64Array {
  const sums = new Float64Array(values.length), suffixes = new Float64Array(k);
  for (let line = 0; line < lines; line++) {
    const at = (i: number) => line * apart + i * step;
    for (let block = 0; block + k <= size; block += k) {
      let suffix = 0, prefix = 0;
      for (let i = k - 1; i >= 0; i--) suffixes[i] = suffix += values[at(block + i)]!;
      sums[at(block)] = suffix;
      for (let i = 1; i < k && block + k + i <= size; i++) {
        prefix += values[at(block + k + i - 1)]!;
        sums[at(block + i)] = suffixes[i]! + prefix;
      }
    }
  }
  return sums;
}
