/**
 * Weights and sums. State of (query, scale, pixel), float32, relative to a threshold distance `thr`:
 *   sum += w, acc += w * (y - origin), w = 2^((thr - D) * bitsPerUnit).
 * A candidate with D >= thr weighs less than 2^-window of what has been summed already: skipped.
 * Every few images the float32 sums move to float64 and thr follows the growing sum.
 */
import {
  bits4, c1, c2, c3, c4, c5, exact4, exactBits, farthest4, fma, fnma, four, magic, nearest4, one,
  setFour, weighty4, windowBits,
} from "./arithmetic.as";
import {
  C, cellPlane, cellRow, columns, distances, ends, H, image, imageBytes, imagePlane,
  imageRow, origins, planeRow, R, states, W,
} from "./layout.as";
import { sumColumnsOf4, sumColumnsOf8 } from "./planes.as";
import { margins, reconsider } from "./rescoring.as";

/**
 * Weighs the candidates of 4 or 8 columns from x on in rows [y0, y1), whose distances `planes` has
 * left. `calm`: no distance can be too coarse in float32 unless its weight is beyond LIMIT. `channels`:
 * 1, 3, or 0 for any number. `plain`: centres are summed as they are, relative to 0.
 */
@inline
function weigh(
  pair: bool, calm: bool, plain: bool, channels: i32,
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x: i32,
): void {
  const plane = cellPlane, yPlane = imagePlane, other = imageBytes;
  const state = states + <usize>bs * (2 + C) * plane;
  const zOffset = origins + <usize>(b * C) * plane - state;
  const cellStep = <usize>cellRow, imageStep = <usize>imageRow;
  const k = 2 * r + 1;
  const k5 = c5, k4 = c4, k3 = c3, k2 = c2, k1 = c1, k0 = one, round = magic;
  const highest = farthest4, lowest = nearest4, scale = bits4, coarse = exact4;
  let v = y0 - sy;
  if (v < 0) v += H;
  const column = state + (<usize>(x - sx + W) << 2);
  const wrapAt = column + plane;
  let tp = column + <usize>v * cellStep;
  let yp = image + <usize>(y0 * imageRow + (x << 2));
  const end = distances + (<usize>(y1 - y0) << 6);
  for (let at = distances; at < end; at += 64) {
    weighFour(
      false, at, tp, yp, other, calm, plain, channels, k, bs, plane, yPlane, zOffset,
      k5, k4, k3, k2, k1, k0, round, highest, lowest, scale, coarse,
    );
    if (pair) {
      weighFour(
        true, at, tp, yp, other, calm, plain, channels, k, bs, plane, yPlane, zOffset,
        k5, k4, k3, k2, k1, k0, round, highest, lowest, scale, coarse,
      );
    }
    yp += imageStep;
    tp += cellStep;
    if (tp == wrapAt) tp = column;
  }
}

/**
 * A candidate of four neighbouring pixels from each image of the pair, the first four of a row or the
 * second: distances at `at` and 32 further; cells from tp; centres from yp in the first image and
 * `other` further in the second.
 */
@inline
function weighFour(
  second: bool, at: usize, tp: usize, yp: usize, other: usize,
  calm: bool, plain: bool, channels: i32, k: i32, bs: i32, plane: usize, yPlane: usize,
  zOffset: usize,
  k5: v128, k4: v128, k3: v128, k2: v128, k1: v128, k0: v128, round: v128,
  highest: v128, lowest: v128, scale: v128, coarse: v128,
): void {
  const thr = four(second, tp);
  const d1 = four(second, at), d2 = four(second, at + 32);
  let t1 = f32x4.sub(thr, d1), t2 = f32x4.sub(thr, d2);
  // Does any of them have no sign?
  if (i32x4.bitmask(v128.and(t1, t2)) != 15) {
    let unusual = f32x4.gt(f32x4.pmax(t1, t2), highest);
    if (!calm) {
      const large1 = f32x4.gt(f32x4.abs(d1), coarse), large2 = f32x4.gt(f32x4.abs(d2), coarse);
      unusual = v128.or(unusual, v128.or(
        v128.and(large1, f32x4.gt(t1, weighty4)), v128.and(large2, f32x4.gt(t2, weighty4))));
    }
    if (i32x4.bitmask(unusual) != 0) {
      const skipped: usize = second ? 16 : 0;
      reconsider(d1, d2, tp + skipped, yp + skipped, k, bs);
      t1 = v128.load(margins);
      t2 = v128.load(margins, 16);
    }
    // w = 2^(t * bits): the nearest integer goes to the exponent, the rest, with its sign turned,
    // through the polynomial.
    t1 = f32x4.pmax(t1, lowest);
    t2 = f32x4.pmax(t2, lowest);
    const rounded1 = fma(t1, scale, round), rounded2 = fma(t2, scale, round);
    const f1 = fnma(t1, scale, f32x4.sub(rounded1, round));
    const f2 = fnma(t2, scale, f32x4.sub(rounded2, round));
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
    const sum = tp + plane;
    setFour(second, sum, f32x4.add(four(second, sum), f32x4.add(w1, w2)));
    let acc = tp + 2 * plane, z = tp + zOffset, y = yp;
    addCentres(second, w1, w2, plain, acc, z, y, other);
    if (channels == 3) {
      addCentres(second, w1, w2, plain, acc + plane, z + plane, y + yPlane, other);
      addCentres(second, w1, w2, plain, acc + 2 * plane, z + 2 * plane, y + 2 * yPlane, other);
    } else if (channels != 1) {
      const count = C;
      for (let c = 1; c < count; c++) {
        acc += plane;
        z += plane;
        y += yPlane;
        addCentres(second, w1, w2, plain, acc, z, y, other);
      }
    }
  }
}

@inline
function addCentres(
  second: bool, w1: v128, w2: v128, plain: bool, acc: usize, z: usize, y: usize, other: usize,
): void {
  let centre1 = four(second, y), centre2 = four(second, y + other);
  if (!plain) {
    const origin = four(second, z);
    centre1 = f32x4.sub(centre1, origin);
    centre2 = f32x4.sub(centre2, origin);
  }
  setFour(second, acc, fma(w2, centre2, fma(w1, centre1, four(second, acc))));
}

/**
 * Lets thresholds fall to what each candidate alone would set, and sums nothing. Done with the first
 * pair before it is weighed, since without thresholds all of its candidates would pass, most of them
 * too far off for float32.
 */
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
@inline
function visitAll(
  scouting: bool, calm: bool, plain: bool, channels: i32,
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  for (let x = x0; x < x1; x += 8) {
    // The last four columns of these, beyond the end or not, take their share of `ends`.
    const beyond = max(0, x + 8 - x1);
    const from = columns + <usize>(y0 * planeRow + ((x - r + R) << 2));
    const mask = ends + (<usize>(beyond & 3) << 2);
    if (beyond < 4) {
      sumColumnsOf8(r, from, mask, y1 - y0);
      if (scouting) scout(true, bs, sy, sx, y0, y1, x);
      else weigh(true, calm, plain, channels, b, bs, r, sy, sx, y0, y1, x);
    } else {
      sumColumnsOf4(r, from, mask, y1 - y0);
      if (scouting) scout(false, bs, sy, sx, y0, y1, x);
      else weigh(false, calm, plain, channels, b, bs, r, sy, sx, y0, y1, x);
    }
  }
}

// One function for each case, so that the compiler leaves the others out of its loop.
export function scoutAll(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  visitAll(true, false, false, 0, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function plain3(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  visitAll(false, true, true, 3, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function calm1(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  visitAll(false, true, false, 1, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function calm3(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  visitAll(false, true, false, 3, b, bs, r, sy, sx, y0, y1, x0, x1);
}
export function waryAny(
  b: i32, bs: i32, r: i32, sy: i32, sx: i32, y0: i32, y1: i32, x0: i32, x1: i32,
): void {
  visitAll(false, false, false, 0, b, bs, r, sy, sx, y0, y1, x0, x1);
}
