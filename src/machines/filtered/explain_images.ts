import type { ImageBatch } from "../../core/image_batch.ts";
import { checkExplanation } from "../../posterior/explanation/check_explanation.ts";
import { emptyExplanation } from "../../posterior/explanation/explanation_state.ts";
import { insertCandidate } from "../../posterior/explanation/insert_candidate.ts";
import type { ExplanationState } from "../../posterior/patch_posterior.ts";
import { allPixels, flatPixels } from "../candidates.ts";
import { type ExplainOptions, type Explanation, explanationOf } from "../explanation.ts";

/** Says what weight each candidate has in the answer to a noisy image. */
export interface Weigher {
  /** Number of candidates. */
  readonly count: number;
  /** Hands over the weights of each by pixel, or by coordinate. */
  weigh(
    x: Float64Array,
    visit: (image: number, weights: Float64Array) => void,
  ): Promise<void>;
}

/** What is to be explained, and by what. */
export interface ExplainImagesOptions extends ExplainOptions {
  readonly patchSize: number;
  readonly groups: ReadonlyMap<number | null, readonly number[]>;
  /** The training images. */
  readonly images: ImageBatch;
  readonly labelsOfImages: ArrayLike<number> | undefined;
  readonly weigherOf: (
    label: number | null,
    onImages: (images: number) => void,
  ) => Promise<Weigher>;
}

/**
 * Explains predictions whose weights belong to whole images at their own place: at each pixel, each training
 * image is one candidate, if it weighs at least 1e-15. Where channels have weights of their own it counts with their mean.
 */
export async function explainImages(
  x: ImageBatch,
  t: number,
  { groups, images, labelsOfImages, weigherOf, patchSize, top = 8, onProgress, ...options }:
    ExplainImagesOptions,
): Promise<Explanation> {
  const [queries, height, width, channels] = x.shape;
  const pixels = options.pixels ?? allPixels(height, width);
  const flat = flatPixels(pixels, { height, width });
  checkExplanation({
    query: x,
    ...{ rule: "whole", scale: 1, signal: 1, sigma: 1, top, pixels: flat },
    logSum: new Float64Array(queries * height * width),
  });
  const values = height * width * channels;
  const xHat0 = new Float32Array(x.data.length);
  const states: { members: readonly number[]; state: ExplanationState }[] = [];
  let done = 0;
  for (const [label, members] of groups) {
    let seen = 0, count = 1;
    const weigher = await weigherOf(label, (more) => {
      seen += more;
      if (seen % 64 === 0) {
        onProgress?.(Math.min(1, (done + Math.min(1, seen / (2 * count))) / queries));
      }
    });
    count = weigher.count;
    for (const query of members) {
      seen = 0;
      const state = oneState({ pixels: flat.length, top, images: images.shape[0] });
      const sum = new Float64Array(values);
      await weigher.weigh(
        Float64Array.from(x.data.subarray(query * values, (query + 1) * values)),
        (image, weights) => {
          const at = image * values;
          const shared = weights.length === values ? 1 : channels;
          for (let i = 0; i < values; i++) {
            sum[i] = sum[i]! + weights[Math.floor(i / shared)]! * images.data[at + i]!;
          }
          addWeights(state, { image, weights, flat, channels: channels / shared });
        },
      );
      xHat0.set(sum, query * values);
      states.push({ members: [query], state });
      done++;
      onProgress?.(done / queries);
    }
  }
  return explanationOf(states, {
    shape: [queries, pixels.length, top],
    ...{ t, patchSize, pixels, width },
    xHat0: { data: xHat0, shape: x.shape },
    images: images.shape[0],
    labels: labelsOfImages,
  });
}

function oneState(
  { pixels, top, images }: {
    readonly pixels: number;
    readonly top: number;
    readonly images: number;
  },
): ExplanationState {
  return { ...emptyExplanation([1, pixels, top]), imageWeights: [new Float64Array(images)] };
}

/** Smaller weights cannot be told from the rounding of running sums. */
const leastWeight = 1e-15;

/** Adds a training image to the explained pixels. */
function addWeights(
  state: ExplanationState,
  { image, weights, flat, channels }: {
    readonly image: number;
    readonly weights: Float64Array;
    readonly flat: Uint32Array;
    /** Weights of a pixel. */
    readonly channels: number;
  },
): void {
  flat.forEach((position, cell) => {
    let weight = 0;
    for (let c = 0; c < channels; c++) weight += weights[position * channels + c]! / channels;
    if (weight < leastWeight) return;
    const logWeight = Math.log(weight);
    state.mass[cell] = state.mass[cell]! + weight;
    state.entropy[cell] = state.entropy[cell]! - weight * logWeight;
    state.imageEntropy[cell] = state.imageEntropy[cell]! - weight * logWeight;
    state.imageWeights[0]![image] = state.imageWeights[0]![image]! + weight;
    insertCandidate(state, { cell, logWeight, image, position });
  });
}
