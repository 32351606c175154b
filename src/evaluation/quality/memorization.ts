import { ArgumentError } from "../../core/errors.ts";
import { median } from "../../core/statistics.ts";

/**
 * Distances of images to their nearest training images, as `nearestImages` and {@linkcode nearestCopies} give
 * them.
 *
 * @category Quality
 */
export interface Neighbors {
  /** `[Q, n]`: images, and training images that were found for each. */
  readonly shape: readonly [images: number, found: number];
  /** Distances, `[Q, n]`, the nearest first. */
  readonly distance: ArrayLike<number>;
}

/**
 * How near generated images are to training images, beside held-out ones.
 *
 * @category Quality
 */
export interface Memorization {
  /** Median distance of generated images to their nearest training image. */
  readonly distance: number;
  /** The same of held-out images: what is to be expected of an image that is not copied. */
  readonly heldOutDistance: number;
  /** Share of generated images nearer than the median held-out one; a half is to be expected. */
  readonly nearer: number;
  /** Share of generated images nearer than the nearest of all held-out ones; none is to be expected. */
  readonly nearest: number;
  /**
   * Share of generated images less than a third as far from the nearest training image as from the second
   * nearest; null where only one was found.
   */
  readonly alone: number | null;
  /** The same share of held-out images. */
  readonly heldOutAlone: number | null;
  /** C_T: below 0 where generated images are nearer than held-out ones; below -3 they are copied. */
  readonly copying: number;
  /** Generated images. */
  readonly count: number;
  /** Held-out images. */
  readonly heldOutCount: number;
}

/**
 * Whether generated images are copies of training images, by their distances to them and those of held-out
 * images: shares below held-out distances; the ratio of first to second neighbor, below 1/3 for a copy
 * (Yoon et al. 2023, ICML workshop); and C_T, the Mann-Whitney z of both sets of distances (Meehan et
 * al. 2020, arXiv 2004.05675, with one cell).
 *
 * Blurred or plain images are near to everything, and so look copied: always look at the neighbors.
 *
 * @example Three images of which one is a copy
 * ```ts
 * import { memorization } from "@els/toolkit/quality";
 * import { assertEquals } from "@std/assert";
 *
 * const generated = { shape: [3, 2], distance: [0, 5, 4, 5, 4.5, 6] } as const;
 * const heldOut = { shape: [2, 2], distance: [3, 4, 5, 5] } as const;
 * const { nearest, alone } = memorization(generated, heldOut);
 * assertEquals([nearest, alone], [1 / 3, 1 / 3]);
 * ```
 *
 * @throws RangeError if a set is empty.
 * @category Quality
 */
export function memorization(generated: Neighbors, heldOut: Neighbors): Memorization {
  const [own, held] = [firstOf(generated), firstOf(heldOut)];
  const heldOutDistance = median(held);
  const closest = Math.min(...held);
  const share = (limit: number) => own.filter((distance) => distance < limit).length / own.length;
  return {
    distance: median(own),
    heldOutDistance,
    nearer: share(heldOutDistance),
    nearest: share(closest),
    alone: aloneOf(generated),
    heldOutAlone: aloneOf(heldOut),
    copying: mannWhitneyZ(own, held),
    count: own.length,
    heldOutCount: held.length,
  };
}

/** How much nearer the first neighbor of a copy is than the second. */
const aloneRatio = 1 / 3;

function firstOf({ shape: [images, found], distance }: Neighbors): number[] {
  if (images === 0 || found === 0) {
    throw new ArgumentError(
      `Cannot measure memorization: found ${images} images with ${found} neighbors each, ` +
        "expected at least one of both",
    );
  }
  return Array.from({ length: images }, (_, i) => distance[i * found]!);
}

function aloneOf({ shape: [images, found], distance }: Neighbors): number | null {
  if (found < 2) return null;
  let alone = 0;
  for (let i = 0; i < images; i++) {
    if (distance[i * found]! < aloneRatio * distance[i * found + 1]!) alone++;
  }
  return alone / images;
}

/**
 * Mann-Whitney's U in units of its standard deviation about its mean, ties by their mean rank: above 0 where
 * the first values tend to be the larger ones; 0 where all values are equal.
 *
 * @throws RangeError if a side is empty.
 */
export function mannWhitneyZ(first: readonly number[], second: readonly number[]): number {
  const [m, n] = [first.length, second.length];
  if (m === 0 || n === 0) throw new ArgumentError("Cannot compare ranks of no values");
  const all = [
    ...first.map((value) => ({ value, own: true })),
    ...second.map((value) => ({ value, own: false })),
  ].sort((a, b) => a.value - b.value);
  let [ranks, ties] = [0, 0];
  for (let from = 0; from < all.length;) {
    let to = from;
    while (to < all.length && all[to]!.value === all[from]!.value) to++;
    const size = to - from;
    ties += size ** 3 - size;
    for (let i = from; i < to; i++) if (all[i]!.own) ranks += (from + 1 + to) / 2;
    from = to;
  }
  const u = ranks - m * (m + 1) / 2;
  const total = m + n;
  const variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)));
  return variance === 0 ? 0 : (u - m * n / 2) / Math.sqrt(variance);
}
