/** How far a network looks at each time: plain data that measurement makes and pictures take. */
import { csvText } from "../../formats/csv.ts";

/**
 * Mean absolute input gradient around an output pixel, at one time.
 *
 * @category Networks
 */
export interface FieldAtTime {
  /** Time in [0, 1]. */
  readonly t: number;
  /** Standard deviation of the noise at t. */
  readonly sigma: number;
  /**
   * Mean of `|d y(p) / d x(p + d)|` over output pixels p, images and channels, y what is
   * differentiated (see {@linkcode ReceptiveField.of}), x the noisy image, for offsets d
   * row by row: `[2 radius + 1, 2 radius + 1]`, the output pixel in the middle.
   */
  readonly map: readonly number[];
}

/**
 * A network's receptive field, measured from its Jacobian.
 *
 * @category Networks
 */
export interface ReceptiveField {
  /** What is differentiated: the clean image that the network expects, or the noise. */
  readonly of: "x0" | "eps";
  /** Width in pixels that the architecture allows; Infinity with attention. */
  readonly computed: number;
  /** Offsets reach from -radius to radius in both axes. */
  readonly radius: number;
  /** Output pixels, each with one output channel, behind each map. */
  readonly gradients: number;
  /** One map per time, ascending. */
  readonly times: readonly FieldAtTime[];
}

/**
 * Means of a map over the squares around its middle.
 *
 * @category Networks
 */
export interface FieldProfile {
  /** Mean over the ring of offsets at maximum distance r = 0 .. radius. */
  readonly ring: readonly number[];
  /** Part of the whole map's sum that lies in the square of width k = 2 r + 1; NaN if all is zero. */
  readonly share: readonly number[];
}

/**
 * The radial profile of a map. Distance is the larger of the two axes', since locality scales are
 * widths of squares.
 *
 * @example
 * ```ts
 * import { fieldProfile } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const field = { t: 0.5, sigma: 1, map: [0, 1, 0, 1, 4, 1, 0, 1, 0] };
 * const { ring } = fieldProfile(field, 1);
 * assertEquals(ring, [4, 0.5]);
 * ```
 *
 * @category Networks
 */
export function fieldProfile(field: FieldAtTime, radius: number): FieldProfile {
  const { map } = field;
  const sums = new Array<number>(radius + 1).fill(0);
  const side = 2 * radius + 1;
  map.forEach((value, i) => {
    const [dy, dx] = [Math.floor(i / side) - radius, i % side - radius];
    sums[Math.max(Math.abs(dy), Math.abs(dx))]! += value;
  });
  const total = sums.reduce((a, b) => a + b, 0);
  let inside = 0;
  return {
    ring: sums.map((sum, r) => sum / (r === 0 ? 1 : 8 * r)),
    share: sums.map((sum) => (inside += sum) / total),
  };
}

/**
 * How a map falls with the distance along one axis: its sums over the other, both axes and both directions
 * averaged, and made to fall everywhere. It is the shape of a `gradient` window.
 *
 * @example
 * ```ts
 * import { axisProfile } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const field = { t: 0.5, sigma: 1, map: [0, 1, 0, 1, 4, 1, 0, 1, 0] };
 * // Columns sum to 1, 6 and 1.
 * assertEquals(axisProfile(field, 1), [1, 1 / 6]);
 * ```
 *
 * @returns Relative to the middle, by distance from 0 to the radius.
 * @category Networks
 */
export function axisProfile(field: FieldAtTime, radius: number): number[] {
  const side = 2 * radius + 1;
  const sums = new Array<number>(radius + 1).fill(0);
  field.map.forEach((value, i) => {
    const [dy, dx] = [Math.floor(i / side) - radius, i % side - radius];
    for (const d of [dy, dx]) sums[Math.abs(d)]! += value / (d === 0 ? 2 : 4);
  });
  // Where it rises again, noise of the measurement does so.
  for (let d = radius - 1; d >= 0; d--) sums[d] = Math.max(sums[d]!, sums[d + 1]!);
  return sums.map((sum) => sum / sums[0]!);
}

/**
 * Width k (odd) of the smallest square around the output pixel that holds a share of the absolute
 * gradient: the scale at which the network looks, as against the one that it could.
 *
 * @example
 * ```ts
 * import { effectiveField } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const field = { t: 0.5, sigma: 1, map: [0, 1, 0, 1, 4, 1, 0, 1, 0] };
 * // Half of it all lies in the middle pixel.
 * assertEquals(effectiveField(field, { radius: 1, share: 0.5 }), 1);
 * assertEquals(effectiveField(field, { radius: 1, share: 0.9 }), 3);
 * ```
 *
 * @param share In (0, 1]; 1 gives the width outside which every gradient is exactly zero.
 * @returns null if the whole map is zero.
 * @category Networks
 */
export function effectiveField(
  field: FieldAtTime,
  options: { readonly radius: number; readonly share: number },
): number | null {
  const { radius, share } = options;
  if (share === 1) {
    const { ring } = fieldProfile(field, radius);
    const last = ring.findLastIndex((value) => value > 0);
    return last < 0 ? null : 2 * last + 1;
  }
  const r = fieldProfile(field, radius).share.findIndex((found) => found >= share);
  return r < 0 ? null : 2 * r + 1;
}

/**
 * Shares that tables and pictures show.
 *
 * @category Networks
 */
export const fieldShares: readonly number[] = [0.5, 0.9, 0.99];

/**
 * One row per time: widths that hold 50, 90 and 99 % of the absolute gradient, then the profile.
 *
 * Columns `t, sigma, k50, k90, k99, k100, r0, r1, ..`: r is the distance from the output pixel, its value
 * the mean over that ring.
 *
 * @example
 * ```ts
 * import { receptiveFieldCsv } from "@els/toolkit/networks";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const times = [{ t: 0.5, sigma: 1, map: [0, 1, 0, 1, 4, 1, 0, 1, 0] }];
 * const field = { of: "x0", computed: 3, radius: 1, gradients: 8, times } as const;
 * assertStringIncludes(receptiveFieldCsv(field), "0.5,");
 * ```
 *
 * @category Networks
 */
export function receptiveFieldCsv(field: ReceptiveField): string {
  const { times, radius } = field;
  const rings = Array.from({ length: radius + 1 }, (_, r) => `r${r}`);
  const header = ["t", "sigma", ...fieldShares.map((s) => `k${100 * s}`), "k100", ...rings];
  const rows = times.map((field) => [
    field.t,
    field.sigma,
    ...[...fieldShares, 1].map((share) => effectiveField(field, { radius, share }) ?? null),
    ...fieldProfile(field, radius).ring,
  ]);
  return csvText([header, ...rows]);
}
