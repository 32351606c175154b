import { ArgumentError } from "../core/errors.ts";
import type { CopiedRegions } from "./copied_regions.ts";

/**
 * Regions of one size.
 *
 * @category Evaluation
 */
export interface RegionSize {
  /** Pixels of each of these regions. */
  readonly size: number;
  /** How many regions there are. */
  readonly regions: number;
  /** Weight of the heaviest candidates of their pixels, summed: how many pixels were copied in earnest. */
  readonly weight: number;
}

/**
 * How many regions there are of each size, over images together; see `copiedRegions`.
 *
 * @example
 * ```ts
 * import { regionSizes } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const region = { image: 0, shift: [0, 0], weight: 0.5 } as const;
 * const regions = [{ ...region, pixels: 3 }, { ...region, pixels: 1 }, { ...region, pixels: 3 }];
 * assertEquals(regionSizes([{ regions }]), [
 *   { size: 1, regions: 1, weight: 0.5 },
 *   { size: 3, regions: 2, weight: 3 },
 * ]);
 * ```
 *
 * @returns In ascending order of sizes.
 * @category Evaluation
 */
export function regionSizes(images: readonly Pick<CopiedRegions, "regions">[]): RegionSize[] {
  const sizes = new Map<number, { size: number; regions: number; weight: number }>();
  for (const { pixels: size, weight } of images.flatMap(({ regions }) => regions)) {
    const known = sizes.get(size) ?? { size, regions: 0, weight: 0 };
    known.regions++;
    known.weight += weight * size;
    sizes.set(size, known);
  }
  return [...sizes.values()].sort((a, b) => a.size - b.size);
}

/**
 * The size of the region that a pixel lies in, as quantile over pixels that each count by the weight of their
 * heaviest candidate: means of many candidates, which copy nothing, hardly count.
 *
 * @example
 * ```ts
 * import { regionSizeQuantile } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const sizes = [{ size: 1, regions: 40, weight: 1 }, { size: 12, regions: 1, weight: 9 }];
 * assertEquals(regionSizeQuantile(sizes, 0.5), 12);
 * ```
 *
 * @param share 0 to 1; 0.5 is the median.
 * @returns The least size such that regions up to it hold this share of the weight.
 * @throws RangeError if there is no region with weight, or the share lies outside.
 * @category Evaluation
 */
export function regionSizeQuantile(sizes: readonly RegionSize[], share: number): number {
  const total = sizes.reduce((sum, { weight }) => sum + weight, 0);
  if (!(total > 0) || !(share >= 0 && share <= 1)) {
    throw new ArgumentError(
      `Cannot find the size that holds a share of ${share} of ${total}: expected 0 to 1 of a weight above 0`,
    );
  }
  let sum = 0;
  for (const { size, weight } of sizes) {
    sum += weight;
    if (weight > 0 && sum >= share * total * (1 - 1e-12)) return size;
  }
  return sizes.at(-1)!.size;
}
