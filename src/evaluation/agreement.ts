import { determination, pearson } from "../core/statistics.ts";

/** How well a prediction agrees with a reference. */
export interface Agreement {
  /** Pearson's correlation r, in [-1, 1]; null if reference or prediction is constant. */
  readonly r: number | null;
  /** r^2 = r * r, in [0, 1]; null where r is. It does not see the sign of r, nor scale or offset. */
  readonly rSquared: number | null;
  /**
   * Coefficient of determination R^2 = 1 - SSres / SStot, at most 1 and negative where the
   * reference's own mean predicts better; null if the reference is constant.
   */
  readonly determination: number | null;
}

/** The three measures, as tables name them. */
export const agreementMeasures: readonly {
  readonly key: keyof Agreement;
  readonly label: "r" | "r^2" | "R^2";
}[] = [
  { key: "r", label: "r" },
  { key: "rSquared", label: "r^2" },
  { key: "determination", label: "R^2" },
];

/**
 * Agreement of two images over all pixels and channels, summed in double precision.
 *
 * @param reference The network's output, H * W * C values; SStot is its sum of squares about its mean.
 * @param prediction The theory's output, as many values.
 * @throws RangeError if the lengths differ or are zero, or a value is not finite.
 */
export function agreement(
  reference: ArrayLike<number>,
  prediction: ArrayLike<number>,
): Agreement {
  const n = reference.length;
  if (prediction.length !== n || n === 0) {
    throw new RangeError(
      `Cannot measure agreement: ${n} reference and ${prediction.length} predicted values, ` +
        `expected equally many and at least one`,
    );
  }
  const r = pearson(reference, prediction);
  const R2 = determination(reference, prediction);
  return {
    r: Number.isNaN(r) ? null : r,
    rSquared: Number.isNaN(r) ? null : r * r,
    determination: Number.isNaN(R2) ? null : R2,
  };
}
