import type { PosteriorState } from "./patch_posterior.ts";

/** A candidate of one (query, scale, pixel): its logit, and the channels of its center. */
export interface Candidate {
  /** Which one, counted over queries, scales and pixels. */
  readonly cell: number;
  readonly logit: number;
  /** Values among which the center's channels begin at `at`. */
  readonly values: Float32Array;
  readonly at: number;
}

/** Adds a candidate to a state, whose weights stay relative to the largest logit so far. */
export function addCandidate(
  { logScale, sum, acc, shape: [, , , channels] }: PosteriorState,
  { cell, logit, values, at }: Candidate,
): void {
  if (logit > logScale[cell]!) {
    const keep = Math.exp(logScale[cell]! - logit);
    logScale[cell] = logit;
    sum[cell] = sum[cell]! * keep;
    for (let c = 0; c < channels; c++) {
      acc[cell * channels + c] = acc[cell * channels + c]! * keep;
    }
  }
  const weight = Math.exp(logit - logScale[cell]!);
  sum[cell] = sum[cell]! + weight;
  for (let c = 0; c < channels; c++) {
    acc[cell * channels + c] = acc[cell * channels + c]! + weight * values[at + c]!;
  }
}
