/**
 * Spread and bias of a training target at one time and size of reference batch.
 *
 * @category Figures
 */
export interface TargetPoint {
  /** Time in (0, 1]. */
  readonly t: number;
  /** Noise level sigma / signal at that time. */
  readonly level: number;
  /** Size n of the reference batch. */
  readonly references: number;
  /** Variance of the target given x, in units of eps. */
  readonly variance: number;
  /** Standard error of `variance`. */
  readonly varianceError: number;
  /** Squared bias of the target, in units of eps. */
  readonly biasSquared: number;
  /** Squared bias where the batch need not hold the source. */
  readonly biasSquaredWithoutSource: number;
}
