import { ArgumentError } from "../core/errors.ts";

/**
 * How many training images, the heaviest first, hold a share of the weight. Of the `imageWeights` of an
 * explanation: how many distinct images made this share of a whole picture. These weights add over parts of
 * the training images, so the number is exact however the work was cut.
 *
 * @example
 * ```ts
 * import { imagesHolding } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(imagesHolding([0.05, 0.6, 0.32, 0.03], { share: 0.9 }), 2);
 * ```
 *
 * @param weights One per training image, none negative; they need not sum up to 1.
 * @param options.share Part of their sum, above 0 and up to 1; 0.9 when absent.
 * @throws RangeError if the share lies outside, a weight is negative or not finite, or all are zero.
 * @category Evaluation
 */
export function imagesHolding(
  weights: ArrayLike<number>,
  options: { readonly share?: number } = {},
): number {
  const { share = 0.9 } = options;
  if (!(share > 0 && share <= 1)) {
    throw new ArgumentError(
      `Cannot count images that hold a share of ${share}: expected above 0, up to 1`,
    );
  }
  const falling = Float64Array.from(weights).sort().reverse();
  let total = 0;
  for (const weight of falling) total += weight;
  if (!(total > 0 && total < Infinity) || falling.at(-1)! < 0) {
    throw new ArgumentError(
      "Cannot count images that hold a share: expected weights of zero and more, not all zero",
    );
  }
  // Of all weight: every image that has any, however the sums were rounded.
  if (share === 1) return falling.findLastIndex((weight) => weight > 0) + 1;
  let sum = 0, count = 0;
  while (sum < share * total && count < falling.length) sum += falling[count++]!;
  return count;
}
