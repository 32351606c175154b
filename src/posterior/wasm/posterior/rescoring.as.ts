/** Candidates whose distance float32 cannot tell, or that are far above the threshold. */
import { bitsPerUnit, bitsPerUnit64, cutoffBits, exactFrom, LIMIT, rescoreFrom } from "./arithmetic.as";
import {
  C, cellPlane, cellRow, doublePlane, exactQueries, f32Flags, H, image, imageBytes, imagePlane, imageRow,
  INTERIOR, minusPivotDistances, R, rule, states, taps, W, weighted, WRAPPED,
} from "./layout.as";
import { query, radius, scale, scaleOfQuery } from "./window.as";

/** What `rescore` returns: threshold - D of four candidates of the first image, then of the second. */
export const margins: usize = memory.data(32, 16);

/**
 * threshold - D of four candidates of each image, of which some are far below the threshold or too coarse
 * in float32. Cells and centers in the first image begin at `cells` and `centers`.
 */
export function rescore(d1: v128, d2: v128, cells: usize, centers: usize): void {
  v128.store(margins, d1);
  v128.store(margins, d2, 16);
  // Thresholds fall first: both images are relative to the same ones.
  for (let lane: usize = 0; lane < 4; lane++) {
    const nearest = min(
      load<f32>(margins + (lane << 2)), load<f32>(margins + (lane << 2) + 16));
    lower(cells + (lane << 2), nearest);
  }
  for (let lane = 0; lane < 8; lane++) {
    const at = margins + (<usize>lane << 2);
    const cell = cells + (<usize>(lane & 3) << 2);
    const center = centers + (<usize>(lane & 3) << 2) + (lane < 4 ? 0 : imageBytes);
    const distance = load<f32>(at), threshold = load<f32>(cell);
    let margin = <f64>threshold - <f64>distance;
    if (margin > rescoreFrom && abs(distance) > exactFrom) {
      const offset = cell - (states + <usize>scale * (2 + C) * cellPlane);
      const py = <i32>(offset / cellRow), px = <i32>((offset % cellRow) >> 2) % W;
      margin = <f64>threshold - exactDistance(py, px, center);
    }
    store<f32>(at, <f32>min(max(margin, -LIMIT / bitsPerUnit64), LIMIT / bitsPerUnit64));
  }
}

/** Lets the threshold of a cell fall where a candidate at this distance would weigh beyond LIMIT. */
function lower(cell: usize, distance: f32): void {
  const threshold = load<f32>(cell);
  if ((threshold - distance) * bitsPerUnit <= LIMIT) return;
  const next = distance + <f32>(cutoffBits / bitsPerUnit64);
  const keep = <f32>Math.pow(2, (<f64>next - <f64>threshold) * bitsPerUnit64);
  for (let c = 0; c <= C; c++) {
    const at = cell + <usize>(c + 1) * cellPlane;
    store<f32>(at, load<f32>(at) * keep);
  }
  store<f32>(cell, next);
  if (!f32Suffices(next, next)) store<u8>(f32Flags + scale, 0);
}

/**
 * D of one candidate in float64, relative to the pivot as everywhere: the window around (py, px) of the query
 * against that around the center in an image.
 */
function exactDistance(py: i32, px: i32, center: usize): f64 {
  const from = image + (center - image < imageBytes ? 0 : imageBytes);
  const qy = <i32>((center - from) / imageRow), qx = <i32>((center - from) % imageRow) >> 2;
  if (weighted) return exactWeightedDistance(py, px, qy, qx, from);
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  const r = radius;
  const inside = qx >= r && qx + r < W && px >= r && px + r < W;
  let sum: f64 = 0;
  for (let dy = -r; dy <= r; dy++) {
    let y = qy + dy, v = py + dy;
    if (cyclic) {
      y = wrap(y, H);
      v = wrap(v, H);
    } else if (y < 0 || y >= H) continue;
    const pivotRow = minusPivotDistances + <usize>query * cellPlane + <usize>(v * cellRow);
    for (let c = 0; c < C; c++) {
      const yRow = from + c * imagePlane + <usize>(y * imageRow);
      const uRow = exactQueries + <usize>(query * C + c) * doublePlane + (<usize>(v * W) << 3);
      // All channels share the pivot's distance: it goes with the first.
      const gRow = c == 0 ? pivotRow : 0;
      if (inside) {
        const g = gRow == 0 ? 0 : gRow + (<usize>(px - r) << 2);
        sum += insideRow(yRow + (<usize>(qx - r) << 2), uRow + (<usize>(px - r) << 3), g);
      } else sum = addEdgeRow(sum, yRow, uRow, gRow, qx, px);
    }
  }
  return sum;
}

/** The same for windows with weights, which meet the padding of both sides. */
function exactWeightedDistance(py: i32, px: i32, qy: i32, qx: i32, from: usize): f64 {
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  const r = radius, u = taps + (<usize>(scaleOfQuery * (R + 1)) << 3);
  const pivots = minusPivotDistances + <usize>query * cellPlane;
  let sum: f64 = 0;
  for (let dy = -r; dy <= r; dy++) {
    let y = qy + dy, v = py + dy;
    if (cyclic) {
      y = wrap(y, H);
      v = wrap(v, H);
    }
    const rowOfY = y >= 0 && y < H, rowOfP = v >= 0 && v < H;
    let rowSum: f64 = 0;
    for (let dx = -r; dx <= r; dx++) {
      let x = qx + dx, w = px + dx;
      if (cyclic) {
        x = wrap(x, W);
        w = wrap(w, W);
      }
      const hasY = rowOfY && x >= 0 && x < W, hasP = rowOfP && w >= 0 && w < W;
      let square: f64 = hasP ? <f64>load<f32>(pivots + <usize>(v * cellRow + (w << 2))) : 0;
      for (let c: usize = 0; c < <usize>C; c++) {
        const exact = exactQueries + (<usize>(query * C) + c) * doublePlane;
        const one = hasP ? load<f64>(exact + (<usize>(v * W + w) << 3)) : 0;
        const other = hasY ? <f64>load<f32>(from + c * imagePlane + <usize>(y * imageRow + (x << 2))) : 0;
        square += (one - other) * (one - other);
      }
      rowSum += load<f64>(u + (<usize>abs(dx) << 3)) * square;
    }
    sum += load<f64>(u + (<usize>abs(dy) << 3)) * rowSum;
  }
  return sum;
}

/** A place up to one size beyond either end of an axis. */
@inline
function wrap(at: i32, size: i32): i32 {
  return at < 0 ? at + size : at >= size ? at - size : at;
}

/** A row of a window that lies inside both images; its first values, `g` 0 for none. */
@inline
function insideRow(y: usize, u: usize, g: usize): f64 {
  let part = f64x2.splat(0);
  for (const last = u + (<usize>radius << 4); u < last; u += 16) {
    const value = f64x2.promote_low_f32x4(v128.load64_zero(y));
    const difference = f64x2.sub(v128.load(u), value);
    part = f64x2.add(part, f64x2.mul(difference, difference));
    if (g != 0) {
      part = f64x2.add(part, f64x2.promote_low_f32x4(v128.load64_zero(g)));
      g += 8;
    }
    y += 8;
  }
  const difference = load<f64>(u) - <f64>load<f32>(y);
  return difference * difference + (g != 0 ? <f64>load<f32>(g) : 0) +
    (f64x2.extract_lane(part, 0) + f64x2.extract_lane(part, 1));
}

/** Adds a row of a window that leaves an image: wrapped around, or cut off. The rows' first values. */
function addEdgeRow(sum: f64, y: usize, u: usize, g: usize, qx: i32, px: i32): f64 {
  const cyclic = rule == INTERIOR || rule == WRAPPED;
  for (let dx = -radius; dx <= radius; dx++) {
    let column = qx + dx, pColumn = px + dx;
    if (cyclic) {
      column = wrap(column, W);
      pColumn = wrap(pColumn, W);
    } else if (column < 0 || column >= W) continue;
    const difference = load<f64>(u + (<usize>pColumn << 3)) - <f64>load<f32>(y + (<usize>column << 2));
    sum += difference * difference;
    if (g != 0) sum += <f64>load<f32>(g + (<usize>pColumn << 2));
  }
  return sum;
}

/**
 * Can a candidate below thresholds in this range be too coarse in float32 only with a weight beyond
 * LIMIT, where it is rescored anyway? Thresholds only fall, and when one falls it is checked again.
 */
export function f32Suffices(minThreshold: f32, maxThreshold: f32): bool {
  return maxThreshold < exactFrom && minThreshold - LIMIT / bitsPerUnit > -exactFrom;
}
