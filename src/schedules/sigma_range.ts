import { ArgumentError } from "../core/errors.ts";

/**
 * The range of noise of an exploding process.
 *
 * @category Noise schedules
 */
export interface SigmaRange {
  /** Standard deviation of the noise just after t = 0, positive. */
  readonly sigmaMin?: number;
  /** Standard deviation of the noise at t = 1, above sigmaMin, at most 1e5. */
  readonly sigmaMax?: number;
}

/**
 * Checks a range of noise.
 *
 * @param name Name of the schedule, for messages.
 * @throws RangeError that names the parameter.
 */
export function checkRange(
  name: string,
  { sigmaMin, sigmaMax }: { readonly sigmaMin: number; readonly sigmaMax: number },
): void {
  if (!(sigmaMin > 0 && sigmaMin < Infinity)) {
    throw new ArgumentError(
      `Cannot make the ${name} schedule: sigmaMin is ${sigmaMin}, expected a positive number`,
    );
  }
  if (!(sigmaMax > sigmaMin && sigmaMax <= 1e5)) {
    throw new ArgumentError(
      `Cannot make the ${name} schedule: sigmaMax is ${sigmaMax}, expected more than sigmaMin ` +
        `(${sigmaMin}) and at most 1e5, beyond which float32 images lose the picture`,
    );
  }
}
