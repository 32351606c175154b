/** Candidates whose distance float32 cannot tell, or that are far above the threshold. */
import { bitsPerUnit, exactBits, exactFrom, LIMIT, weighty, windowBits } from "./arithmetic.as";
import {
  apart, C, calms, cellPlane, cellRow, doublePlane, exactQueries, H, image, imageBytes,
  imagePlane, imageRow, INTERIOR, rule, S, states, W, WRAPPED,
} from "./layout.as";

/** What `reconsider` returns: thr - D of four candidates of the first image, then of the second. */
export const margins: usize = memory.data(32, 16);

/** thr - D of candidates of which some are far above the threshold or too coarse in float32. */
export function reconsider(d1: v128, d2: v128, tp: usize, yp: usize, k: i32, bs: i32): void {
  v128.store(margins, d1);
  v128.store(margins, d2, 16);
  // Thresholds fall first: both images are relative to the same ones.
  for (let lane: usize = 0; lane < 4; lane++) {
    const nearest = min(
      load<f32>(margins + (lane << 2)), load<f32>(margins + (lane << 2) + 16));
    lower(tp + (lane << 2), nearest, bs);
  }
  for (let lane = 0; lane < 8; lane++) {
    const at = margins + (<usize>lane << 2);
    const cell = tp + (<usize>(lane & 3) << 2);
    const center = yp + (<usize>(lane & 3) << 2) + (lane < 4 ? 0 : imageBytes);
    const distance = load<f32>(at), thr = load<f32>(cell);
    let margin = <f64>thr - <f64>distance;
    if (margin > weighty && abs(distance) > exactFrom) {
      const offset = cell - (states + <usize>bs * (2 + C) * cellPlane);
      margin = <f64>thr - exactDistance(
        bs / S, k >> 1, <i32>(offset / cellRow), <i32>((offset % cellRow) >> 2) % W, center,
      );
    }
    store<f32>(at, <f32>min(max(margin, -LIMIT / exactBits), LIMIT / exactBits));
  }
}

/** Lets the threshold of a cell fall where a candidate at this distance would weigh beyond LIMIT. */
function lower(cell: usize, distance: f32, bs: i32): void {
  const thr = load<f32>(cell);
  if ((thr - distance) * bitsPerUnit <= LIMIT) return;
  const next = distance + <f32>(windowBits / exactBits);
  const keep = <f32>Math.pow(2, (<f64>next - <f64>thr) * exactBits);
  for (let c = 0; c <= C; c++) {
    const at = cell + <usize>(c + 1) * cellPlane;
    store<f32>(at, load<f32>(at) * keep);
  }
  store<f32>(cell, next);
  if (!isCalm(next, next)) store<u8>(calms + bs, 0);
}

/** D of one candidate in float64, relative to the pivot as everywhere. */
function exactDistance(b: i32, r: i32, py: i32, px: i32, center: usize): f64 {
  const offset = center - image;
  const from = image + (offset < imageBytes ? 0 : imageBytes);
  const qy = <i32>((center - from) / imageRow), qx = <i32>((center - from) % imageRow) >> 2;
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  const k = 2 * r + 1;
  let sum: f64 = 0;
  for (let dy = -r; dy <= r; dy++) {
    let y = qy + dy, v = py + dy;
    if (cyclic) {
      if (y < 0) y += H; else if (y >= H) y -= H;
      if (v < 0) v += H; else if (v >= H) v -= H;
    } else if (y < 0 || y >= H) continue;
    const gRow = apart + <usize>b * cellPlane + <usize>(v * cellRow);
    const alongside = qx >= r && qx + r < W && px >= r && px + r < W;
    for (let c = 0; c < C; c++) {
      const yRow = from + c * imagePlane + <usize>(y * imageRow);
      const uRow = exactQueries + <usize>(b * C + c) * doublePlane + (<usize>(v * W) << 3);
      if (alongside) {
        let yp = yRow + (<usize>(qx - r) << 2), up = uRow + (<usize>(px - r) << 3);
        let gp = gRow + (<usize>(px - r) << 2);
        let part = f64x2.splat(0);
        for (let i = 1; i < k; i += 2) {
          const value = f64x2.promote_low_f32x4(v128.load64_zero(yp));
          const difference = f64x2.sub(v128.load(up), value);
          part = f64x2.add(part, f64x2.mul(difference, difference));
          if (c == 0) part = f64x2.add(part, f64x2.promote_low_f32x4(v128.load64_zero(gp)));
          yp += 8;
          gp += 8;
          up += 16;
        }
        const difference = load<f64>(up) - <f64>load<f32>(yp);
        sum += difference * difference + (c == 0 ? <f64>load<f32>(gp) : 0) +
          (f64x2.extract_lane(part, 0) + f64x2.extract_lane(part, 1));
        continue;
      }
      for (let dx = -r; dx <= r; dx++) {
        let x = qx + dx, u = px + dx;
        if (cyclic) {
          if (x < 0) x += W; else if (x >= W) x -= W;
          if (u < 0) u += W; else if (u >= W) u -= W;
        } else if (x < 0 || x >= W) continue;
        const difference = load<f64>(uRow + (<usize>u << 3)) -
          <f64>load<f32>(yRow + (<usize>x << 2));
        sum += difference * difference;
        if (c == 0) sum += <f64>load<f32>(gRow + (<usize>u << 2));
      }
    }
  }
  return sum;
}

/**
 * Can a candidate below thresholds in this range be too coarse in float32 only with a weight beyond
 * LIMIT, where it is reconsidered anyway? Thresholds only fall, and when one falls it is asked again.
 */
export function isCalm(nearest: f32, farthest: f32): bool {
  return farthest < exactFrom && nearest - LIMIT / bitsPerUnit > -exactFrom;
}
