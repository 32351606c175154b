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
  C, cellPlane, cellRow, columns, distances, ends, H, image, imagePlane, imageRow, pivots,
  planeRow, R, states, W,
} from "./layout.as";
import { sumRowsOf4, sumRowsOf8 } from "./planes.as";
import { reconsider } from "./rescoring.as";

/** One candidate of four neighbouring pixels: distances d; cells from tp, centres from yp. */
// @ts-ignore: decorator
@inline
function weighFour(
  d: v128, tp: usize, yp: usize,
  calm: bool, channels: i32, k: i32, bs: i32, plane: usize, yPlane: usize, zOffset: usize,
  k5: v128, k4: v128, k3: v128, k2: v128, k1: v128, k0: v128, round: v128,
  highest: v128, lowest: v128, scale: v128, coarse: v128,
): void {
  const thr = v128.load(tp);
  if (i32x4.bitmask(f32x4.lt(d, thr)) != 0) {
    let t = f32x4.mul(f32x4.sub(thr, d), scale);
    let unusual = f32x4.gt(t, highest);
    if (!calm) {
      const large = f32x4.gt(f32x4.abs(d), coarse);
      unusual = v128.or(unusual, v128.and(large, f32x4.lt(d, thr)));
    }
    if (i32x4.bitmask(unusual) != 0) t = reconsider(d, tp, yp, k, bs);
    // w = 2^t: the nearest integer goes to the exponent, the rest through the polynomial.
    t = f32x4.pmax(t, lowest);
    const rounded = f32x4.add(t, round);
    const f = f32x4.sub(t, f32x4.sub(rounded, round));
    let p = fma(k5, f, k4);
    p = fma(p, f, k3);
    p = fma(p, f, k2);
    p = fma(p, f, k1);
    p = fma(p, f, k0);
    const w = i32x4.add(p, i32x4.shl(rounded, 23));
    v128.store(tp + plane, f32x4.add(v128.load(tp + plane), w));
    addCentre(w, tp + 2 * plane, tp + zOffset, yp);
    if (channels == 3) {
      addCentre(w, tp + 3 * plane, tp + zOffset + plane, yp + yPlane);
      addCentre(w, tp + 4 * plane, tp + zOffset + 2 * plane, yp + 2 * yPlane);
    } else if (channels != 1) {
      const count = C;
      let ap = tp + 2 * plane, zp = tp + zOffset;
      for (let c = 1; c < count; c++) {
        ap += plane;
        zp += plane;
        yp += yPlane;
        addCentre(w, ap, zp, yp);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function addCentre(w: v128, ap: usize, zp: usize, yp: usize): void {
  v128.store(ap, fma(w, f32x4.sub(v128.load(yp), v128.load(zp)), v128.load(ap)));
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
  const plane = cellPlane, yPlane = imagePlane;
  const state = states + <usize>bs * (2 + C) * plane;
  const zOffset = pivots + <usize>(b * C) * plane - state;
  const cellStep = <usize>cellRow, imageStep = <usize>imageRow;
  let v = y0 - sy;
  if (v < 0) v += H;
  const column = state + (<usize>(x - sx + W) << 2);
  const wrapAt = column + plane;
  let tp = column + <usize>v * cellStep;
  let yp = image + <usize>(y0 * imageRow + (x << 2));
  const end = distances + (<usize>(y1 - y0) << 5);
  for (let at = distances; at < end; at += 32) {
    weighFour(
      v128.load(at), tp, yp, calm, channels, k, bs, plane, yPlane, zOffset,
      k5, k4, k3, k2, k1, k0, round, highest, lowest, scale, coarse,
    );
    if (pair) {
      weighFour(
        v128.load(at, 16), tp + 16, yp + 16, calm, channels, k, bs, plane, yPlane, zOffset,
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
 * image before it is weighed, since without thresholds all of its candidates would pass, most of them
 * too far off for float32.
 */
export function scoutAll(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  const window = f32x4.splat(<f32>(windowBits / exactBits));
  const cellStep = <usize>cellRow;
  const state = states + <usize>bs * (2 + C) * cellPlane;
  let v = y0 - sy;
  if (v < 0) v += H;
  for (let x = x0; x < x1; x += 8) {
    const from = columns + <usize>(y0 * planeRow + ((x - r + R) << 2));
    sumRowsOf8(r, from, ends + (<usize>max(0, x + 8 - x1) << 2), y1 - y0);
    const column = state + (<usize>(x - sx + W) << 2);
    const wrapAt = column + cellPlane;
    const end = distances + (<usize>(y1 - y0) << 5);
    let tp = column + <usize>v * cellStep;
    for (let at = distances; at < end; at += 32) {
      v128.store(tp, f32x4.pmin(v128.load(tp), f32x4.add(v128.load(at), window)));
      v128.store(
        tp, f32x4.pmin(v128.load(tp, 16), f32x4.add(v128.load(at, 16), window)), 16);
      tp += cellStep;
      if (tp == wrapAt) tp = column;
    }
  }
}

/** All outputs q in [y0, y1) x [x0, x1) of one scale, 8 columns at a time. */
// @ts-ignore: decorator
@inline
function weighAll(
  calm: bool, channels: i32,
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  for (let x = x0; x < x1; x += 8) {
    const beyond = max(0, x + 8 - x1);
    const from = columns + <usize>(y0 * planeRow + ((x - r + R) << 2));
    const mask = ends + (<usize>beyond << 2);
    if (beyond < 4) {
      sumRowsOf8(r, from, mask, y1 - y0);
      weigh(true, calm, channels, b, bs, r, sy, sx, y0, y1, x);
    } else {
      sumRowsOf4(r, from, mask, y1 - y0);
      weigh(false, calm, channels, b, bs, r, sy, sx, y0, y1, x);
    }
  }
}

// One function for each case, so that the compiler leaves the others out of its loop.
export function calm1(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  weighAll(true, 1, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function calm3(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  weighAll(true, 3, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function wary1(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  weighAll(false, 1, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function waryAny(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  weighAll(false, 0, b, bs, r, sy, sx, y0, y1, x0, x1);
}
