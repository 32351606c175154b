/**
 * Weights and sums. State of (query, scale, pixel), float32, relative to a threshold distance:
 *   sum += w, acc += w * (y - origin), w = 2^((threshold - D) * bitsPerUnit).
 * A candidate with D >= threshold weighs less than 2^-cutoffBits of what has been summed already: skipped.
 * Every few images the float32 sums move to float64 and thresholds follow the growing sums.
 *
 * Bounds and sizes are read where they are used, from `window`, `layout` and `arithmetic`: passing them
 * down to the innermost functions is no faster.
 */
import {
  atSum4, bits4, bitsPerUnit64, c1, c2, c3, c4, c5, cutoffBits, exactFrom4, fma, fnma, four, magic, maxMargin4,
  minMargin4, one, powerOfTwo, rescoreFrom4, setFour,
} from "./arithmetic.as";
import { sumEight, sumFour } from "./distances.as";
import { margins1, products, weights } from "./explanation.as";
import {
  C, cellPlane, cellRow, columns, distances, H, image, imageBytes, imagePlane, imageRow, origins,
  planeRow, R, states, W, weighted,
} from "./layout.as";
import { margins, rescore } from "./rescoring.as";
import { sumWeightedEight, sumWeightedFour } from "./weighted_windows.as";
import { query, radius, scale, shiftX, shiftY, x0, x1, y0, y1 } from "./window.as";

// What is done with distances. Each has a function of its own, whose loops have nothing of the others.
/** Thresholds fall to what each candidate alone would set; nothing is summed. */
const THRESHOLDS = 0;
/** Float32 for 1 or 3 channels, where only a weight beyond LIMIT can have a distance too coarse for it. */
const F32_C1 = 1, F32_C3 = 2;
/** The same, with centers summed as they are, relative to 0. */
const F32_C3_NO_PIVOT = 3;
/** Weights and margins of each image for itself; see `explanation`. */
const EXPLANATION = 5;
/** Any number of channels; distances that float32 is too coarse for are taken again in float64. */
const MIXED_ANY = 4;

export function passThresholds(): void { visitWindows(THRESHOLDS); }
export function accumulateF32C1(): void { visitWindows(F32_C1); }
export function accumulateF32C3(): void { visitWindows(F32_C3); }
export function accumulateF32C3NoPivot(): void { visitWindows(F32_C3_NO_PIVOT); }
export function accumulateMixedAny(): void { visitWindows(MIXED_ANY); }

export function explainWindows(): void { visitWindows(EXPLANATION); }

/** From a cell of the window's state to what its center is relative to. */
let originOffset: usize;

/** All windows of a scale, 8 columns at a time. */
@inline
function visitWindows(kind: i32): void {
  const state = states + <usize>scale * (2 + C) * cellPlane;
  originOffset = origins + <usize>(query * C) * cellPlane - state;
  let sums = columns + <usize>(y0 * planeRow + ((x0 - radius + R) << 2));
  let cells = state + (<usize>(x0 - shiftX + W) << 2);
  let centers = image + <usize>(y0 * imageRow + (x0 << 2));
  for (let left = x1 - x0; left > 0; left -= 8) {
    if (left > 4) {
      if (weighted) sumWeightedEight(sums, max(0, 8 - left), y1 - y0);
      else sumEight(sums, max(0, 8 - left), y1 - y0);
      visitRows(kind, true, cells, centers);
    } else {
      if (weighted) sumWeightedFour(sums, 4 - left, y1 - y0);
      else sumFour(sums, 4 - left, y1 - y0);
      visitRows(kind, false, cells, centers);
    }
    sums += 32;
    cells += 32;
    centers += 32;
  }
}

/** The candidates of 4 or 8 columns; `cells` is the first row of p, `centers` that of the window's q. */
@inline
function visitRows(kind: i32, eight: bool, cells: usize, centers: usize): void {
  const cellStep = <usize>cellRow, imageStep = <usize>imageRow;
  const v = y0 < shiftY ? y0 - shiftY + H : y0 - shiftY;
  const wrapAt = cells + cellPlane;
  let cell = cells + <usize>(v * cellRow);
  const end = distances + (<usize>(y1 - y0) << 6);
  for (let at = distances; at < end; at += 64) {
    if (kind == THRESHOLDS) {
      lowerFour(false, at, cell);
      if (eight) lowerFour(true, at, cell);
    } else if (kind == EXPLANATION) {
      explainFour(false, at, cell, centers);
      if (eight) explainFour(true, at, cell, centers);
    } else {
      accumulateFour(kind, false, at, cell, centers);
      if (eight) accumulateFour(kind, true, at, cell, centers);
    }
    centers += imageStep;
    cell += cellStep;
    if (cell == wrapAt) cell = cells;
  }
}

/**
 * Lets four thresholds fall to what each candidate alone would set. Done with the first pair of images
 * before it is summed, since without thresholds all of its candidates would pass, most of them too far off
 * for float32.
 */
@inline
function lowerFour(second: bool, at: usize, cell: usize): void {
  const cutoff = f32x4.splat(<f32>(cutoffBits / bitsPerUnit64));
  const nearest = f32x4.pmin(four(second, at + 32), four(second, at));
  setFour(second, cell, f32x4.pmin(four(second, cell), f32x4.add(nearest, cutoff)));
}

/**
 * A candidate of four neighboring pixels from each image of the pair, the first four of a row or the
 * second: distances at `at` and 32 further; the state from `cell` on; centers from `center` on.
 */
@inline
function accumulateFour(kind: i32, second: bool, at: usize, cell: usize, center: usize): void {
  const threshold = four(second, cell);
  const d1 = four(second, at), d2 = four(second, at + 32);
  let t1 = f32x4.sub(threshold, d1), t2 = f32x4.sub(threshold, d2);
  // Does any of them have no sign?
  if (i32x4.bitmask(v128.and(t1, t2)) != 15) {
    let unusual = f32x4.gt(f32x4.pmax(t1, t2), maxMargin4);
    if (kind == MIXED_ANY) {
      const coarse1 = v128.and(f32x4.gt(f32x4.abs(d1), exactFrom4), f32x4.gt(t1, rescoreFrom4));
      const coarse2 = v128.and(f32x4.gt(f32x4.abs(d2), exactFrom4), f32x4.gt(t2, rescoreFrom4));
      unusual = v128.or(unusual, v128.or(coarse1, coarse2));
    }
    if (i32x4.bitmask(unusual) != 0) {
      const skipped: usize = second ? 16 : 0;
      rescore(d1, d2, cell + skipped, center + skipped);
      t1 = v128.load(margins);
      t2 = v128.load(margins, 16);
    }
    // w = 2^(t * bits): the nearest integer goes to the exponent, the rest, with its sign turned, through
    // the polynomial. Both candidates share what is read.
    const lowest = minMargin4, bits = bits4, round = magic;
    t1 = f32x4.pmax(t1, lowest);
    t2 = f32x4.pmax(t2, lowest);
    const rounded1 = fma(t1, bits, round), rounded2 = fma(t2, bits, round);
    const f1 = fnma(t1, bits, f32x4.sub(rounded1, round));
    const f2 = fnma(t2, bits, f32x4.sub(rounded2, round));
    const k5 = c5, k4 = c4, k3 = c3, k2 = c2, k1 = c1, k0 = one;
    const p1 = fma(fma(fma(fma(fma(k5, f1, k4), f1, k3), f1, k2), f1, k1), f1, k0);
    const p2 = fma(fma(fma(fma(fma(k5, f2, k4), f2, k3), f2, k2), f2, k1), f2, k0);
    const w1 = i32x4.add(p1, i32x4.shl(rounded1, 23));
    const w2 = i32x4.add(p2, i32x4.shl(rounded2, 23));
    const sum = cell + cellPlane;
    setFour(second, sum, f32x4.add(four(second, sum), f32x4.add(w1, w2)));
    accumulateCenters(kind, second, w1, w2, cell, center);
  }
}

/** Adds weights times centers, channel after channel. */
@inline
function accumulateCenters(
  kind: i32, second: bool, w1: v128, w2: v128, cell: usize, center: usize,
): void {
  const plane = cellPlane, imageStep = imagePlane;
  let acc = cell + 2 * plane, origin = cell + originOffset;
  accumulateChannel(kind, second, w1, w2, acc, origin, center);
  if (kind == F32_C3 || kind == F32_C3_NO_PIVOT) {
    accumulateChannel(kind, second, w1, w2, acc + plane, origin + plane, center + imageStep);
    accumulateChannel(kind, second, w1, w2, acc + 2 * plane, origin + 2 * plane, center + 2 * imageStep);
  } else if (kind == MIXED_ANY) {
    for (let c = 1; c < C; c++) {
      acc += plane;
      origin += plane;
      center += imageStep;
      accumulateChannel(kind, second, w1, w2, acc, origin, center);
    }
  }
}

@inline
function accumulateChannel(
  kind: i32, second: bool, w1: v128, w2: v128, acc: usize, origin: usize, center: usize,
): void {
  let center1 = four(second, center), center2 = four(second, center + imageBytes);
  if (kind != F32_C3_NO_PIVOT) {
    const z = four(second, origin);
    center1 = f32x4.sub(center1, z);
    center2 = f32x4.sub(center2, z);
  }
  setFour(second, acc, fma(w2, center2, fma(w1, center1, four(second, acc))));
}

/**
 * The same candidates, with what they are to their images: the nearest of each, weights, and weights times
 * margins. Those that weigh enough are always taken in float64.
 */
@inline
function explainFour(second: bool, at: usize, cell: usize, center: usize): void {
  const threshold = four(second, cell), plane = cellPlane;
  const d1 = four(second, at), d2 = four(second, at + 32);
  let t1 = f32x4.sub(threshold, d1), t2 = f32x4.sub(threshold, d2);
  const offset = cell - states;
  const margin = margins1 + offset;
  setFour(second, margin, f32x4.pmax(four(second, margin), t1));
  setFour(second, margin + plane, f32x4.pmax(four(second, margin + plane), t2));
  if (i32x4.bitmask(v128.and(t1, t2)) == 15) return;
  if (i32x4.bitmask(f32x4.gt(f32x4.pmax(t1, t2), rescoreFrom4)) != 0) {
    const skipped: usize = second ? 16 : 0;
    rescore(d1, d2, cell + skipped, center + skipped);
    t1 = v128.load(margins);
    t2 = v128.load(margins, 16);
  }
  t1 = f32x4.pmax(t1, minMargin4);
  t2 = f32x4.pmax(t2, minMargin4);
  const w1 = powerOfTwo(t1), w2 = powerOfTwo(t2);
  const sum = weights + offset, product = products + offset;
  setFour(second, sum, f32x4.add(four(second, sum), w1));
  setFour(second, sum + plane, f32x4.add(four(second, sum + plane), w2));
  // Relative to the sum, where logarithms of weights that count are small.
  t1 = f32x4.sub(t1, atSum4);
  t2 = f32x4.sub(t2, atSum4);
  setFour(second, product, fma(w2, t2, fma(w1, t1, four(second, product))));
}
