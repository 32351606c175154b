import { ArgumentError } from "../core/errors.ts";

/**
 * Quantile of a sample, interpolated linearly between order statistics (type 7 of Hyndman & Fan).
 *
 * @param values At least one finite number, in any order.
 * @param q From 0 to 1.
 * @throws RangeError if there is no value, one is not finite, or q lies outside [0, 1].
 */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0 || !values.every(Number.isFinite) || !(q >= 0 && q <= 1)) {
    throw new ArgumentError(
      `Cannot take quantile ${q}: expected q from 0 to 1 and finite values, found [${values}]`,
    );
  }
  const sorted = [...values].sort((a, b) => a - b);
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  return low + (position - below) * ((sorted[below + 1] ?? low) - low);
}
