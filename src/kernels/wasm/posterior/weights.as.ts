/**
 * Weights and sums. State of (query, scale, pixel), float32, relative to a threshold distance `thr`:
 *   sum += w, acc += w * (y - z), w = 2^((thr - D) * bitsPerUnit).
 * A candidate with D >= thr weighs less than 2^-window of what has been summed already: skipped.
 * Every few images the float32 sums move to float64 and thr follows the growing sum.
 */
import {
  bits4, c1, c2, c3, c4, c5, exact4, exactBits, fma, limit, low, magic, one, windowBits,
} from "./arithmetic.as";
import {
  C, cellPlane, cellRow, columns, columnsBytes, distances, ends, H, image, imageBytes, imagePlane, imageRow, pivots,
  planeRow, R, states, W,
} from "./layout.as";
import { sumColumnsOf4, sumColumnsOf8 } from "./planes.as";
import { exponents, reconsider } from "./rescoring.as";

/**
 * A candidate of four neighbouring pixels from each image of the pair: distances d1 and d2; cells from
 * tp, centres from yp in the first image and from yp + other in the second.
 */
// @ts-ignore: decorator
@inline
function weighFour(
  d1: v128, d2: v128, tp: usize, yp: usize, other: usize,
  calm: bool, channels: i32, k: i32, bs: i32, plane: usize, yPlane: usize, zOffset: usize,
  k5: v128, k4: v128, k3: v128, k2: v128, k1: v128, k0: v128, round: v128,
  highest: v128, lowest: v128, scale: v128, coarse: v128,
): void {
  const thr = v128.load(tp);
  let t1 = f32x4.mul(f32x4.sub(thr, d1), scale), t2 = f32x4.mul(f32x4.sub(thr, d2), scale);
  // Does any of them have no sign?
  if (i32x4.bitmask(v128.and(t1, t2)) != 15) {
    let unusual = f32x4.gt(f32x4.pmax(t1, t2), highest);
    if (!calm) {
      const large1 = f32x4.gt(f32x4.abs(d1), coarse), large2 = f32x4.gt(f32x4.abs(d2), coarse);
      unusual = v128.or(unusual, v128.or(
        v128.and(large1, f32x4.lt(d1, thr)), v128.and(large2, f32x4.lt(d2, thr))));
    }
    if (i32x4.bitmask(unusual) != 0) {
      reconsider(d1, d2, tp, yp, k, bs);
      t1 = v128.load(exponents);
      t2 = v128.load(exponents, 16);
    }
    // w = 2^t: the nearest integer goes to the exponent, the rest through the polynomial.
    t1 = f32x4.pmax(t1, lowest);
    t2 = f32x4.pmax(t2, lowest);
    const rounded1 = f32x4.add(t1, round), rounded2 = f32x4.add(t2, round);
    const f1 = f32x4.sub(t1, f32x4.sub(rounded1, round));
    const f2 = f32x4.sub(t2, f32x4.sub(rounded2, round));
    let p1 = fma(k5, f1, k4), p2 = fma(k5, f2, k4);
    p1 = fma(p1, f1, k3);
    p2 = fma(p2, f2, k3);
    p1 = fma(p1, f1, k2);
    p2 = fma(p2, f2, k2);
    p1 = fma(p1, f1, k1);
    p2 = fma(p2, f2, k1);
    p1 = fma(p1, f1, k0);
    p2 = fma(p2, f2, k0);
    const w1 = i32x4.add(p1, i32x4.shl(rounded1, 23));
    const w2 = i32x4.add(p2, i32x4.shl(rounded2, 23));
    v128.store(tp + plane, f32x4.add(v128.load(tp + plane), f32x4.add(w1, w2)));
    addCentres(w1, w2, tp + 2 * plane, tp + zOffset, yp, other);
    if (channels == 3) {
      addCentres(w1, w2, tp + 3 * plane, tp + zOffset + plane, yp + yPlane, other);
      addCentres(w1, w2, tp + 4 * plane, tp + zOffset + 2 * plane, yp + 2 * yPlane, other);
    } else if (channels != 1) {
      const count = C;
      let ap = tp + 2 * plane, zp = tp + zOffset;
      for (let c = 1; c < count; c++) {
        ap += plane;
        zp += plane;
        yp += yPlane;
        addCentres(w1, w2, ap, zp, yp, other);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function addCentres(w1: v128, w2: v128, ap: usize, zp: usize, yp: usize, other: usize): void {
  const z = v128.load(zp);
  const first = fma(w1, f32x4.sub(v128.load(yp), z), v128.load(ap));
  v128.store(ap, fma(w2, f32x4.sub(v128.load(yp + other), z), first));
}

/**
 * Weighs the candidates of 4 or 8 columns from x on in rows [y0, y1), whose distances `sumRows` has
 * left. `calm`: no distance can be too coarse in float32 unless its weight is beyond LIMIT. `channels`:
 * 1, 3, or 0 for any number.
 */
// @ts-ignore: decorator
@inline
function weigh(
  pair: bool, calm: bool, channels: i32,
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x: i32,
): void {
  const k5 = c5, k4 = c4, k3 = c3, k2 = c2, k1 = c1, k0 = one, round = magic;
  const highest = limit, lowest = low, scale = bits4, coarse = exact4;
  const k = 2 * r + 1;
  const plane = cellPlane, yPlane = imagePlane, other = imageBytes;
  const state = states + <usize>bs * (2 + C) * plane;
  const zOffset = pivots + <usize>(b * C) * plane - state;
  const cellStep = <usize>cellRow, imageStep = <usize>imageRow;
  let v = y0 - sy;
  if (v < 0) v += H;
  const column = state + (<usize>(x - sx + W) << 2);
  const wrapAt = column + plane;
  let tp = column + <usize>v * cellStep;
  let yp = image + <usize>(y0 * imageRow + (x << 2));
  const end = distances + (<usize>(y1 - y0) << 6);
  for (let at = distances; at < end; at += 64) {
    weighFour(
      v128.load(at), v128.load(at, 32), tp, yp, other, calm, channels, k, bs, plane, yPlane, zOffset,
      k5, k4, k3, k2, k1, k0, round, highest, lowest, scale, coarse,
    );
    if (pair) {
      weighFour(
        v128.load(at, 16), v128.load(at, 48), tp + 16, yp + 16, other, calm, channels, k, bs, plane, yPlane, zOffset,
        k5, k4, k3, k2, k1, k0, round, highest, lowest, scale, coarse,
      );
    }
    yp += imageStep;
    tp += cellStep;
    if (tp == wrapAt) tp = column;
  }
}

/**
 * Lets thresholds fall to what each candidate alone would set, and sums nothing. Done with the first
 * pair before it is weighed, since without thresholds all of its candidates would pass, most of them
 * too far off for float32.
 */
// @ts-ignore: decorator
@inline
function scout(
  pair: bool, bs: i32, sy: i32, sx: i32, y0: i32, y1: i32, x: i32,
): void {
  const window = f32x4.splat(<f32>(windowBits / exactBits));
  const cellStep = <usize>cellRow;
  const column = states + <usize>bs * (2 + C) * cellPlane + (<usize>(x - sx + W) << 2);
  const wrapAt = column + cellPlane;
  let v = y0 - sy;
  if (v < 0) v += H;
  let tp = column + <usize>v * cellStep;
  const end = distances + (<usize>(y1 - y0) << 6);
  for (let at = distances; at < end; at += 64) {
    const nearest = f32x4.pmin(v128.load(at, 32), v128.load(at));
    v128.store(tp, f32x4.pmin(v128.load(tp), f32x4.add(nearest, window)));
    if (pair) {
      const next = f32x4.pmin(v128.load(at, 48), v128.load(at, 16));
      v128.store(tp, f32x4.pmin(v128.load(tp, 16), f32x4.add(next, window)), 16);
    }
    tp += cellStep;
    if (tp == wrapAt) tp = column;
  }
}

/** All outputs q in [y0, y1) x [x0, x1) of one scale, 8 columns at a time. */
// @ts-ignore: decorator
@inline
function visitAll(
  scouting: bool, calm: bool, channels: i32,
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  const other = distances + 32;
  for (let x = x0; x < x1; x += 8) {
    // The last four columns of these, beyond the end or not, take their share of `ends`.
    const beyond = max(0, x + 8 - x1);
    const from = columns + <usize>(y0 * planeRow + ((x - r + R) << 2));
    const mask = ends + (<usize>(beyond & 3) << 2);
    if (beyond < 4) {
      sumColumnsOf8(r, distances, from, mask, y1 - y0);
      sumColumnsOf8(r, other, from + columnsBytes, mask, y1 - y0);
      if (scouting) scout(true, bs, sy, sx, y0, y1, x);
      else weigh(true, calm, channels, b, bs, r, sy, sx, y0, y1, x);
    } else {
      sumColumnsOf4(r, distances, from, mask, y1 - y0);
      sumColumnsOf4(r, other, from + columnsBytes, mask, y1 - y0);
      if (scouting) scout(false, bs, sy, sx, y0, y1, x);
      else weigh(false, calm, channels, b, bs, r, sy, sx, y0, y1, x);
    }
  }
}

// One function for each case, so that the compiler leaves the others out of its loop.
export function scoutAll(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  visitAll(true, false, 0, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function calm1(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  visitAll(false, true, 1, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function calm3(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  visitAll(false, true, 3, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function wary1(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  visitAll(false, false, 1, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function waryAny(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  visitAll(false, false, 0, b, bs, r, sy, sx, y0, y1, x0, x1);
}
