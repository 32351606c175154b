/**
 * The one contract behind every machine: a softmax over training patches, at every pixel.
 *
 * Shapes: B queries, S scales, P = H * W pixels, C channels, N training images; of explanations E pixels, M
 * candidates kept of each.
 */
import type { ImageBatch } from "../core/image_batch.ts";
import type { Window } from "./window.ts";

/**
 * Which training patches may match the patch around query pixel p (theory.md, table of machines).
 *
 * - `whole`: image n at its own place, one weight per image; scales are ignored (one state);
 * - `shifts`: every cyclic shift of every image, one weight per (image, shift); scales are ignored;
 * - `same-position`: (n, p), outside the image both sides are zero;
 * - `interior`: every (n, q) whose patch lies inside the image; the query is padded circularly;
 * - `wrapped`: every (n, q); both sides are padded circularly;
 * - `same-border-distance`: (n, q) with q as far from each border as p, where a distance of
 *   (k - 1) / 2 or more counts as interior in that axis; both sides are padded with zeros.
 *
 * Of a window with weights, what reaches to its half height stands for the patch: it decides who is interior. The
 * tails beyond it may leave the images, and meet their padding, of zeros or circular on both sides.
 *
 * @category Posterior
 */
export type PatchRule =
  | "whole"
  | "shifts"
  | "same-position"
  | "interior"
  | "wrapped"
  | "same-border-distance";

/**
 * What to compute.
 *
 * @category Posterior
 */
export interface PosteriorRequest {
  /** Noisy images `[B, H, W, C]`. */
  readonly query: ImageBatch;
  /** Which patches may match. */
  readonly rule: PatchRule;
  /**
   * Patch sizes k, odd, ascending; widths where there is a window; a single ignored entry for the rules `whole`
   * and `shifts`.
   */
  readonly scales: readonly number[];
  /** How much the pixels of a patch count; absent: all of k x k alike. */
  readonly window?: Window | undefined;
  /** Factor of the clean image, positive. */
  readonly signal: number;
  /** Standard deviation of the noise, positive. */
  readonly sigma: number;
  /**
   * Which of the training images are candidates, in a word that tells such choices apart: "class 3"; absent: all.
   * Only backends that know a request again look at it.
   */
  readonly among?: string | undefined;
}

/**
 * Softmax state of every (query, scale, pixel): the weights seen so far are
 * `exp(-D / (2 sigma^2) - logScale)`, `sum` is their sum and `acc` their sum times the center pixel.
 * States merge in any order and grouping (see `mergeStates`). The log-likelihood of the query's patch
 * under the candidates is `logScale + log(sum)`, up to their number and the Gaussian's constant.
 *
 * @category Posterior
 */
export interface PosteriorState {
  /** `[B, S, P, C]` as numbers of each. */
  readonly shape: readonly [queries: number, scales: number, pixels: number, channels: number];
  /**
   * Logit that the weights are relative to, `[B, S, P]`: the largest so far, or one within some tens
   * of nats of it, as a backend likes; -Infinity before the first candidate.
   */
  readonly logScale: Float64Array;
  /** Sum of weights relative to `logScale`, `[B, S, P]`. */
  readonly sum: Float64Array;
  /** Weighted sum of center pixels, `[B, S, P, C]`. */
  readonly acc: Float64Array;
}

/**
 * Options of {@linkcode PosteriorRun.accumulate}.
 *
 * @category Posterior
 */
export interface AccumulateOptions {
  /** Only these images of the tile are candidates (a class, a subset); all when absent. */
  readonly select?: Uint32Array | undefined;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
  /**
   * No tile follows: what would be copied and wait for more images is summed now, on all threads, not by
   * `finish`. Without it the result is the same.
   */
  readonly last?: boolean | undefined;
  /**
   * The tile goes by: neither this run nor another will be fed the same `data` array again, so a backend keeps
   * nothing of it. Without it the result is the same.
   */
  readonly passing?: boolean | undefined;
  /** Called now and then with the number of images of this tile done so far. */
  readonly onProgress?: ((imagesDone: number) => void) | undefined;
}

/**
 * One posterior in the making: feed it tiles of training images in any order, then finish.
 *
 * Every backend gives a query the same bytes whatever other queries are in the request, and however the
 * same images, in the same order, are cut into tiles. In another order they differ by rounding.
 *
 * @category Posterior
 */
export interface PosteriorRun {
  /**
   * How many of the training images, in their order, are summed already, by an earlier process: whoever feeds
   * this run may leave them out. Infinity: the state is known. Absent: none are.
   */
  begun?(): Promise<number>;
  /** Adds training images `[N, H, W, C]` as candidates. */
  accumulate(tile: ImageBatch, options?: AccumulateOptions): Promise<void>;
  /** The merged state of everything accumulated. */
  finish(): Promise<PosteriorState>;
}

/**
 * What to explain: one posterior that has been summed, at one scale.
 *
 * @category Posterior
 */
export interface ExplanationRequest {
  /** Noisy images `[B, H, W, C]`. */
  readonly query: ImageBatch;
  /** Which patches may match. */
  readonly rule: PatchRule;
  /** Patch size k, odd, or the width of a window; ignored by the rules `whole` and `shifts`. */
  readonly scale: number;
  /** How much the pixels of a patch count; absent: all of k x k alike. */
  readonly window?: Window | undefined;
  /** Factor of the clean image, positive. */
  readonly signal: number;
  /** Standard deviation of the noise, positive. */
  readonly sigma: number;
  /** Logarithm of the sum of all weights `exp(-D / (2 sigma^2))`, `[B, H * W]`; see {@linkcode PosteriorState} and `logSumOf`. */
  readonly logSum: Float64Array;
  /** Pixels to explain, row * W + column. */
  readonly pixels: Uint32Array;
  /** Candidates to keep of each pixel, 1 to 64. */
  readonly top: number;
}

/**
 * Provenance of every (query, explained pixel). Weights are those of the finished posterior, so states of
 * parts of the training images add, in any order and grouping (see `mergeExplanations`).
 *
 * @category Posterior
 */
export interface ExplanationState {
  /** `[B, E, M]` as numbers of each. */
  readonly shape: readonly [queries: number, pixels: number, top: number];
  /** Sum of the weights w seen, `[B, E]`; 1 when all have been. */
  readonly mass: Float64Array;
  /** Sum of -w ln w over candidates, `[B, E]`, in nats. */
  readonly entropy: Float64Array;
  /** The same over training images, whose weight is the sum of those of their candidates. */
  readonly imageEntropy: Float64Array;
  /**
   * Logarithms of the largest weights, `[B, E, M]`, falling; -Infinity where there are fewer candidates. Of
   * equal ones the lower image comes first, then the lower position.
   */
  readonly logWeight: Float64Array;
  /** Training image of each, `[B, E, M]`, counted over all tiles. */
  readonly image: Uint32Array;
  /** Position of its patch's center, row * W + column, `[B, E, M]`. */
  readonly position: Uint32Array;
  /** Of each query, the weight of every training image, summed over the explained pixels: `[N]`. */
  readonly imageWeights: readonly Float64Array[];
}

/**
 * Options of {@linkcode ExplanationRun.accumulate}.
 *
 * @category Posterior
 */
export interface ExplainTileOptions extends Omit<AccumulateOptions, "last"> {
  /** Number of the tile's first image among all; by default tiles follow each other. */
  readonly first?: number | undefined;
}

/**
 * An explanation in the making: feed it the tiles that the posterior was fed, in any order, then finish.
 *
 * @category Posterior
 */
export interface ExplanationRun {
  /** Adds training images `[N, H, W, C]`. */
  accumulate(tile: ImageBatch, options?: ExplainTileOptions): Promise<void>;
  /** The merged state of everything accumulated. */
  finish(): Promise<ExplanationState>;
}

/**
 * A way to compute patch posteriors: `reference` (float64, the oracle), `wasm`, `webgpu`.
 *
 * @category Posterior
 */
export interface PatchPosterior {
  /** Name of the backend. */
  readonly name: string;
  /** Starts a posterior for a batch of queries, at all scales at once. */
  begin(request: PosteriorRequest): PosteriorRun;
  /**
   * Starts to say where a posterior that has been summed comes from. A backend without it is explained by
   * the reference.
   */
  explain?(request: ExplanationRequest): ExplanationRun;
  /** Frees workers and memory; the object is of no use afterwards. */
  dispose(): Promise<void>;
}
