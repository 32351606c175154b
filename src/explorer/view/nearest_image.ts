/** Memorization in numbers: how near an image is to a training image, and which of them hold its weight. */
import type { ExplorerEngine } from "../contract.ts";

/** The training image that is nearest to an image. */
export interface NearestImage {
  readonly image: number;
  /** Root of the mean squared difference, in units of values, which lie in [-1, 1]. */
  readonly distance: number;
}

/** Looks through all training images; of equally near ones the lower number. */
export function nearestImage(
  image: Float32Array,
  { count, trainingImage }: {
    readonly count: number;
    readonly trainingImage: ExplorerEngine["trainingImage"];
  },
): NearestImage {
  let best = { image: 0, distance: Infinity };
  for (let n = 0; n < count; n++) {
    const { data } = trainingImage(n);
    let sum = 0;
    for (let i = 0; i < data.length && sum < best.distance; i++) sum += (data[i]! - image[i]!) ** 2;
    if (sum < best.distance) best = { image: n, distance: sum };
  }
  return { ...best, distance: Math.sqrt(best.distance / image.length) };
}

/** Which training images hold the weight of a step. */
export interface ImageShares {
  /** The one with most. */
  readonly image: number;
  /** Its part of all weight, 0 to 1. */
  readonly share: number;
  /** How many, the heaviest first, hold 90 % of it; null where the weights that are known do not. */
  readonly holding: number | null;
  /** How many have a weight that is known. */
  readonly known: number;
}

/** Reads the weights of training images, which add to 1; of a stored step only the largest may be known. */
export function imageShares(weights: ArrayLike<number>): ImageShares {
  let image = 0, known = 0;
  for (let n = 0; n < weights.length; n++) {
    if (weights[n]! > weights[image]!) image = n;
    if (weights[n]! > 0) known++;
  }
  const falling = Float64Array.from(weights).sort().reverse();
  let sum = 0, holding = 0;
  while (sum < 0.9 && holding < known) sum += falling[holding++]!;
  return { image, share: weights[image]!, holding: sum < 0.9 ? null : holding, known };
}
