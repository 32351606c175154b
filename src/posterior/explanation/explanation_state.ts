/** Explanations as an algebra: empty, and merged. */
import { ArgumentError } from "../../core/errors.ts";
import type { ExplanationState, PosteriorState } from "../patch_posterior.ts";
import { insertCandidate } from "./insert_candidate.ts";

/**
 * An explanation before the first candidate: the neutral element of {@linkcode mergeExplanations}.
 *
 * @example
 * ```ts
 * import { emptyExplanation } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(emptyExplanation([1, 2, 3]).logWeight, new Float64Array(6).fill(-Infinity));
 * ```
 *
 * @category Posterior
 */
export function emptyExplanation(shape: ExplanationState["shape"]): ExplanationState {
  const [queries, pixels, top] = shape;
  const cells = queries * pixels;
  return {
    shape,
    mass: new Float64Array(cells),
    entropy: new Float64Array(cells),
    imageEntropy: new Float64Array(cells),
    logWeight: new Float64Array(cells * top).fill(-Infinity),
    image: new Uint32Array(cells * top),
    position: new Uint32Array(cells * top),
    imageWeights: Array.from({ length: queries }, () => new Float64Array(0)),
  };
}

/**
 * The explanation by all candidates of two, from two sets of training images.
 *
 * @example
 * ```ts
 * import { emptyExplanation, mergeExplanations } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = [0.25, 0.75].map((weight, image) => ({
 *   ...emptyExplanation([1, 1, 1]),
 *   mass: Float64Array.of(weight),
 *   logWeight: Float64Array.of(Math.log(weight)),
 *   image: Uint32Array.of(image),
 * }));
 * const merged = mergeExplanations(a!, b!);
 * assertEquals([merged.mass[0], merged.image[0]], [1, 1]);
 * assertEquals(merged, mergeExplanations(b!, a!));
 * ```
 *
 * @throws RangeError if the shapes differ.
 * @category Posterior
 */
export function mergeExplanations(a: ExplanationState, b: ExplanationState): ExplanationState {
  if (a.shape.some((size, axis) => size !== b.shape[axis])) {
    throw new ArgumentError(
      `Cannot merge explanations of shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}]`,
    );
  }
  const add = (one: Float64Array, two: Float64Array) => {
    const [long, short] = one.length >= two.length ? [one, two] : [two, one];
    return long.map((value, i) => value + (short[i] ?? 0));
  };
  const merged: ExplanationState = {
    shape: a.shape,
    mass: add(a.mass, b.mass),
    entropy: add(a.entropy, b.entropy),
    imageEntropy: add(a.imageEntropy, b.imageEntropy),
    logWeight: a.logWeight.slice(),
    image: a.image.slice(),
    position: a.position.slice(),
    imageWeights: a.imageWeights.map((weights, query) => add(weights, b.imageWeights[query]!)),
  };
  const top = a.shape[2];
  for (let i = 0; i < b.logWeight.length; i++) {
    insertCandidate(merged, {
      cell: Math.floor(i / top),
      logWeight: b.logWeight[i]!,
      image: b.image[i]!,
      position: b.position[i]!,
    });
  }
  return merged;
}

/**
 * Logarithms of the sums of weights of a finished posterior, `[B, S, P]`: what an explanation is relative to.
 *
 * @example
 * ```ts
 * import { emptyState, logSumOf } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const state = emptyState([1, 1, 1, 1]);
 * state.logScale[0] = -2;
 * state.sum[0] = 1;
 * assertEquals(logSumOf(state), Float64Array.of(-2));
 * ```
 *
 * @category Posterior
 */
export function logSumOf(state: PosteriorState): Float64Array {
  const { logScale, sum } = state;
  return logScale.map((value, cell) => sum[cell]! > 0 ? value + Math.log(sum[cell]!) : -Infinity);
}
