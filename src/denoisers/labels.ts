import { ArgumentError } from "../core/errors.ts";

/**
 * Spreads a class label over samples.
 *
 * @param labels One label for all, one per sample, or absent: unconditional.
 * @param samples Number of samples.
 * @returns One label per sample, or null when unconditional.
 * @throws RangeError if the count differs or a label is not an integer from 0.
 */
export function labelPerSample(
  labels: number | ArrayLike<number> | undefined,
  samples: number,
): number[] | null {
  if (labels === undefined) return null;
  const spread = typeof labels === "number"
    ? new Array<number>(samples).fill(labels)
    : Array.from(labels);
  if (spread.length !== samples) {
    throw new ArgumentError(
      `Cannot label ${samples} samples with ${spread.length} labels: expected one label or one per sample`,
    );
  }
  for (const label of spread) {
    if (!Number.isInteger(label) || label < 0) {
      throw new ArgumentError(`Cannot use ${label} as a class label: expected an integer from 0`);
    }
  }
  return spread;
}
