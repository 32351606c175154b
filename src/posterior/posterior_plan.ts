import type { PatchRule, PosteriorRequest, PosteriorState } from "./patch_posterior.ts";
import { emptyState } from "./merge_states.ts";
import { hasScale } from "./request.ts";
import { isPlainBox, weightsOf, type WindowWeights } from "./window_weights.ts";

/** The rules by the numbers that the kernel knows them by. */
const ruleCodes: Readonly<Record<PatchRule, number>> = {
  "whole": 0,
  "shifts": 1,
  "same-position": 2,
  "interior": 3,
  "wrapped": 4,
  "same-border-distance": 5,
};

/**
 * Logits up to this many nats, relative to the pivot, are taken from float32 sums, whose error of some
 * 5e-8 of the logit is then below 5e-6; larger ones are taken again in float64. An error of the logit
 * moves the score by signal / sigma times as much at most, so more is allowed at high noise, where
 * many candidates also average it out.
 */
const float32Nats = 96;

/** Rounding of the sum itself: with `exact`, nothing above it is left out. */
const float64Tolerance = 2 ** -53;

/** Everything a kernel needs to know about a request, as plain data for any thread. */
export interface PosteriorPlan {
  /** Code of the rule. */
  readonly rule: number;
  /** B, S, H, W, C. */
  readonly queries: number;
  readonly scales: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** (k - 1) / 2 of each scale, or how far its window goes. */
  readonly radii: Int32Array;
  /** How near a border is interior at each scale: (k - 1) / 2, or as its window says. */
  readonly reaches: Int32Array;
  /** Taps of each scale; null: windows are boxes of weights 1. */
  readonly taps: readonly Float64Array[] | null;
  /** Bits of weight per unit of distance: signal^2 / (2 sigma^2 ln 2). */
  readonly bitsPerUnit: number;
  /** Distances of larger magnitude are taken again in float64. */
  readonly exactFrom: number;
  /** x / signal, `[B, C, H, W]`. */
  readonly x: Float64Array;
  /** The pivot z, `[B, C, H, W]`. */
  readonly pivot: Float32Array;
  /** Distance of the query from its pivot, `[B, S, P]`: the part of D that all candidates share. */
  readonly shared: Float64Array;
  /** Candidates per pixel of one training image. */
  readonly candidatesPerImage: number;
}

/** Makes the plan of a checked request. */
export function planPosterior(request: PosteriorRequest): PosteriorPlan {
  const { query, rule, scales, signal, sigma } = request;
  const [queries, height, width, channels] = query.shape;
  const pixels = height * width;
  const x = new Float64Array(queries * channels * pixels);
  for (let b = 0; b < queries; b++) {
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < channels; c++) {
        x[(b * channels + c) * pixels + p] = query.data[(b * pixels + p) * channels + c]! / signal;
      }
    }
  }
  const bitsPerUnit = signal ** 2 / (2 * sigma ** 2 * Math.LN2);
  const weights = weightsOf(request, [height, width, channels]);
  const pivot = pivotOf(x, { height, width, noise: sigma / signal });
  const plan = {
    rule: ruleCodes[rule],
    queries,
    scales: scales.length,
    height,
    width,
    channels,
    radii: Int32Array.from(weights, ({ radius }) => radius),
    reaches: Int32Array.from(weights, ({ reach }) => reach),
    taps: !hasScale(rule) || isPlainBox(request.window, scales)
      ? null
      : weights.map(({ taps }) => taps),
    bitsPerUnit,
    exactFrom: float32Nats * Math.max(1, 3 * sigma / signal) / Math.LN2 / bitsPerUnit,
    x,
    pivot,
    candidatesPerImage: rule === "whole" || rule === "same-position" ? 1 : pixels,
  };
  return { ...plan, shared: sharedDistances(plan, { rule, weights }) };
}

/**
 * An image near the clean one, so that distances relative to it are small: the mean of 5 x 5 pixels,
 * kept within [-1, 1] and within 1.5 standard deviations of the noisy one. Any image gives the same
 * posterior; a near one gives it with less rounding.
 */
export function pivotOf(
  x: Float64Array,
  { height, width, noise }: { height: number; width: number; noise: number },
): Float32Array {
  const pivot = new Float32Array(x.length);
  const pixels = height * width;
  for (let i = 0; i < x.length; i++) {
    const plane = i - i % pixels;
    const row = Math.floor((i % pixels) / width), column = i % width;
    let sum = 0, count = 0;
    for (let v = Math.max(0, row - 2); v <= Math.min(height - 1, row + 2); v++) {
      for (let u = Math.max(0, column - 2); u <= Math.min(width - 1, column + 2); u++) {
        sum += x[plane + v * width + u]!;
        count++;
      }
    }
    const smooth = Math.min(1, Math.max(-1, sum / count));
    const near = Math.min(x[i]! + 1.5 * noise, Math.max(x[i]! - 1.5 * noise, smooth));
    // A multiple of 2^-10, which fixed point holds too.
    pivot[i] = Math.round(near * 1024) / 1024;
  }
  return pivot;
}

/** Sums of (x / signal - pivot)^2 over each window, padded as the rule says. */
function sharedDistances(
  { queries, scales, height, width, channels, x, pivot }: Omit<PosteriorPlan, "shared">,
  { rule, weights }: { readonly rule: PatchRule; readonly weights: readonly WindowWeights[] },
): Float64Array {
  const pixels = height * width;
  const shared = new Float64Array(queries * scales * pixels);
  if (!hasScale(rule)) return shared;
  const cyclic = rule === "interior" || rule === "wrapped";
  const squares = new Float64Array(pixels), rowSums = new Float64Array(pixels);
  const window = (
    from: Float64Array,
    at: number,
    step: number,
    i: number,
    size: number,
    { radius, taps }: WindowWeights,
  ) => {
    let sum = 0;
    for (let j = i - radius; j <= i + radius; j++) {
      const tap = taps[Math.abs(j - i)]!;
      if (j >= 0 && j < size) sum += tap * from[at + j * step]!;
      else if (cyclic) sum += tap * from[at + ((j + size) % size) * step]!;
    }
    return sum;
  };
  for (let b = 0; b < queries; b++) {
    squares.fill(0);
    for (let c = 0; c < channels; c++) {
      const plane = (b * channels + c) * pixels;
      for (let p = 0; p < pixels; p++) {
        squares[p] = squares[p]! + (x[plane + p]! - pivot[plane + p]!) ** 2;
      }
    }
    // Kernels subtract them in float32; their roundings, the same for all candidates, are added again here.
    for (let p = 0; p < pixels; p++) squares[p] = Math.fround(squares[p]!);
    weights.forEach((each, s) => {
      for (let p = 0; p < pixels; p++) {
        rowSums[p] = window(squares, p - p % width, 1, p % width, width, each);
      }
      for (let p = 0; p < pixels; p++) {
        const row = Math.floor(p / width);
        shared[(b * scales + s) * pixels + p] = window(
          rowSums,
          p % width,
          width,
          row,
          height,
          each,
        );
      }
    });
  }
  return shared;
}

/**
 * How far below the sum a candidate may weigh and still be counted, in bits: below `tolerance / M` of the
 * sum it is skipped, of the M candidates in the images up to the end of its portion. Together they are
 * below `tolerance` times one more than the logarithm of N over the size of the first portion.
 */
export function cutoffBits(
  plan: PosteriorPlan,
  { images, tolerance }: { images: number; tolerance: number },
): number {
  const candidates = images * plan.candidatesPerImage;
  // Beyond 80 bits float32 weights would need another reference; the sum has only 53.
  return Math.min(80, Math.log2(candidates / Math.max(tolerance, float64Tolerance)));
}

/** What a kernel has summed over some training images, in its own layout. */
export interface KernelResult {
  /** Distance that weights are relative to, `[B, S, P]`; of whole images one logit per query. */
  readonly references: Float32Array | Float64Array;
  /** `[B, S, P]`. */
  readonly sums: Float64Array;
  /** `[B, S, C, P]`. */
  readonly accs: Float64Array;
  /** What accs are relative to. */
  readonly origin: "pivot" | "zero";
}

/** A kernel's sums as a posterior state. */
export function stateOf(
  plan: PosteriorPlan,
  { references, sums, accs, origin }: KernelResult,
): PosteriorState {
  const { queries, scales, height, width, channels, pivot, shared, bitsPerUnit } = plan;
  const pixels = height * width;
  const state = emptyState([queries, scales, pixels, channels]);
  const wholeImages = references instanceof Float64Array;
  const natsPerUnit = bitsPerUnit * Math.LN2;
  for (let bs = 0; bs < queries * scales; bs++) {
    const b = Math.floor(bs / scales);
    for (let p = 0; p < pixels; p++) {
      const cell = bs * pixels + p;
      const sum = sums[wholeImages ? bs * pixels : cell]!;
      if (!(sum > 0)) continue;
      state.logScale[cell] = wholeImages
        ? references[b]!
        : -natsPerUnit * (references[cell]! + shared[cell]!);
      state.sum[cell] = sum;
      for (let c = 0; c < channels; c++) {
        const acc = accs[(bs * channels + c) * pixels + p]!;
        const z = origin === "zero" ? 0 : pivot[(b * channels + c) * pixels + p]!;
        state.acc[cell * channels + c] = acc + z * sum;
      }
    }
  }
  return state;
}

/** The sum of weights of every (query, scale, pixel) in bits; -Infinity where nothing was summed. */
export function sumBitsOf({ logScale, sum }: PosteriorState): Float64Array {
  return logScale.map((value, cell) =>
    sum[cell]! > 0 ? value / Math.LN2 + Math.log2(sum[cell]!) : -Infinity
  );
}

/** Thresholds that let a kernel start with what is known of the sums: `[B, S, P]` distances. */
export function thresholdsOf(
  plan: PosteriorPlan,
  { sumBits, cutoff }: { readonly sumBits: Float64Array; readonly cutoff: number },
): Float32Array {
  return Float32Array.from(
    sumBits,
    (bits, cell) =>
      bits === -Infinity ? 1e30 : -(bits - cutoff) / plan.bitsPerUnit - plan.shared[cell]!,
  );
}

/** The plan of some of a plan's queries, which is what it would be without the others. */
export function planOfQueries(
  plan: PosteriorPlan,
  { from, to }: { readonly from: number; readonly to: number },
): PosteriorPlan {
  const { scales, height, width, channels, x, pivot, shared } = plan;
  const pixels = height * width, values = pixels * channels;
  return {
    ...plan,
    queries: to - from,
    x: x.slice(from * values, to * values),
    pivot: pivot.slice(from * values, to * values),
    shared: shared.slice(from * scales * pixels, to * scales * pixels),
  };
}
