/** The candidates of one pixel, one by one, as theory.md defines them: in float64, meant to be read. */
import type { PatchRule } from "../patch_posterior.ts";
import type { WindowWeights } from "../window_weights.ts";

/** Query and rule, one scale. */
export interface WindowSetting {
  /** One noisy image, `[H, W, C]`. */
  readonly x: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly rule: PatchRule;
  /** (k - 1) / 2. */
  readonly radius: number;
  /** Weights of a window of that radius; absent: all 1. */
  readonly weights?: WindowWeights | undefined;
  readonly signal: number;
}

/** Along an axis: the positions of training patches that the pixel at `place` may match. */
export function matchingPlaces(
  rule: PatchRule,
  { size, reach, place }: {
    readonly size: number;
    /** How near a border is interior: (k - 1) / 2, or as the window says. */
    readonly reach: number;
    readonly place: number;
  },
): readonly number[] {
  const interior = (at: number) => at >= reach && at < size - reach;
  const all = Array.from({ length: size }, (_, at) => at);
  switch (rule) {
    case "same-position":
      return [place];
    case "interior":
      return all.filter(interior);
    case "same-border-distance":
      return interior(place) ? all.filter(interior) : [place];
    default:
      return all;
  }
}

/** A pixel of the query and one of a training image, as row and column. */
export interface WindowPair {
  readonly p: readonly [row: number, column: number];
  readonly q: readonly [row: number, column: number];
}

/** Where a training image lies, and from what distance on nobody asks. */
export interface WindowOptions {
  readonly images: Float32Array;
  /** The first value of the image `[H, W, C]`. */
  readonly start: number;
  readonly limit: number;
}

/**
 * D between the window around p of the query and that around q of a training image. Sums along rows are
 * added up, whatever the rule, so that equal patches have equal distances.
 *
 * @returns Infinity as soon as the sum is above `limit`.
 */
export function windowDistance(
  setting: WindowSetting,
  pair: WindowPair,
  options: WindowOptions,
): number {
  const { height, width, radius } = setting;
  if (setting.weights !== undefined) return weightedDistance(setting, pair, options);
  const isInside = ([row, column]: readonly [number, number]) =>
    row >= radius && row + radius < height && column >= radius && column + radius < width;
  return isInside(pair.p) && isInside(pair.q)
    ? insideDistance(setting, pair, options)
    : edgeDistance(setting, pair, options);
}

/** Windows that lie inside both images: nothing wraps around, nothing is cut off. */
function insideDistance(
  { x, width, channels, radius, signal }: WindowSetting,
  { p: [py, px], q: [qy, qx] }: WindowPair,
  { images, start, limit }: WindowOptions,
): number {
  const rowLength = width * channels, columns = (2 * radius + 1) * channels;
  let at = ((py - radius) * width + px - radius) * channels;
  let to = start + ((qy - radius) * width + qx - radius) * channels;
  let distance = 0;
  for (let row = -radius; row <= radius; row++, at += rowLength, to += rowLength) {
    let rowSum = 0;
    for (let i = 0; i < columns; i += channels) {
      let difference = 0;
      for (let c = 0; c < channels; c++) {
        const one = x[at + i + c]! - signal * images[to + i + c]!;
        difference += one * one;
      }
      rowSum += difference;
    }
    distance += rowSum;
    if (distance > limit) return Infinity;
  }
  return distance;
}

/** Windows that leave an image. */
function edgeDistance(
  { x, height, width, channels, rule, radius, signal }: WindowSetting,
  { p: [py, px], q: [qy, qx] }: WindowPair,
  { images, start, limit }: WindowOptions,
): number {
  const cyclic = rule === "interior" || rule === "wrapped";
  let distance = 0;
  for (let dy = -radius; dy <= radius; dy++) {
    let v = py + dy, y = qy + dy;
    if (cyclic) {
      v = wrap(v, height);
      y = wrap(y, height);
    } else if (v < 0 || v >= height) continue;
    let rowSum = 0;
    for (let dx = -radius; dx <= radius; dx++) {
      let u = px + dx, z = qx + dx;
      if (cyclic) {
        u = wrap(u, width);
        z = wrap(z, width);
      } else if (u < 0 || u >= width) continue;
      const at = (v * width + u) * channels, to = start + (y * width + z) * channels;
      let difference = 0;
      for (let c = 0; c < channels; c++) {
        const one = x[at + c]! - signal * images[to + c]!;
        difference += one * one;
      }
      rowSum += difference;
    }
    distance += rowSum;
    if (distance > limit) return Infinity;
  }
  return distance;
}

/** Windows of any weights. */
function weightedDistance(
  { x, height, width, channels, rule, radius, weights, signal }: WindowSetting,
  { p: [py, px], q: [qy, qx] }: WindowPair,
  { images, start, limit }: WindowOptions,
): number {
  const { taps } = weights!;
  const cyclic = rule === "interior" || rule === "wrapped";
  const placeOf = (row: number, column: number) => {
    if (cyclic) return wrap(row, height) * width + wrap(column, width);
    return row >= 0 && row < height && column >= 0 && column < width ? row * width + column : -1;
  };
  let distance = 0;
  for (let dy = -radius; dy <= radius; dy++) {
    let rowSum = 0;
    for (let dx = -radius; dx <= radius; dx++) {
      const at = placeOf(py + dy, px + dx) * channels, to = placeOf(qy + dy, qx + dx) * channels;
      let difference = 0;
      for (let c = 0; c < channels; c++) {
        const one = (at < 0 ? 0 : x[at + c]!) - (to < 0 ? 0 : signal * images[start + to + c]!);
        difference += one * one;
      }
      rowSum += taps[Math.abs(dx)]! * difference;
    }
    distance += taps[Math.abs(dy)]! * rowSum;
    if (distance > limit) return Infinity;
  }
  return distance;
}

function wrap(at: number, size: number): number {
  return at < 0 ? at + size : at >= size ? at - size : at;
}
