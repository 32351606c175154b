/** The candidates of one pixel, one by one, as theory.md defines them: in float64, meant to be read. */
import type { PatchRule } from "../patch_posterior.ts";

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
  readonly signal: number;
}

/** Along an axis: the positions of training patches that the pixel at `place` may match. */
export function matchingPlaces(
  rule: PatchRule,
  { size, radius, place }: {
    readonly size: number;
    readonly radius: number;
    readonly place: number;
  },
): readonly number[] {
  const interior = (at: number) => at >= radius && at < size - radius;
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

/**
 * D between the window around p of the query and that around q of the training image `[H, W, C]` that
 * begins at `start` of `images`. Sums along rows are added up, whatever the rule, so that equal patches
 * have equal distances.
 *
 * @returns Infinity as soon as the sum is above `limit`.
 */
export function windowDistance(
  { x, height, width, channels, rule, radius, signal }: WindowSetting,
  { p: [py, px], q: [qy, qx] }: WindowPair,
  { images, start, limit }: {
    readonly images: Float32Array;
    readonly start: number;
    readonly limit: number;
  },
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
      for (let c = 0; c < channels; c++) difference += (x[at + c]! - signal * images[to + c]!) ** 2;
      rowSum += difference;
    }
    distance += rowSum;
    if (distance > limit) return Infinity;
  }
  return distance;
}

function wrap(at: number, size: number): number {
  return at < 0 ? at + size : at >= size ? at - size : at;
}
