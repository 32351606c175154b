import { ArgumentError } from "../core/errors.ts";

/**
 * Returns `t` if it is a time.
 *
 * @param t Time in [0, 1], 0 = clean.
 * @throws RangeError if t is NaN or lies outside [0, 1].
 */
export function checkTime(t: number): number {
  if (!(t >= 0 && t <= 1)) {
    throw new ArgumentError(`Cannot evaluate the noise schedule at t = ${t}: expected 0 <= t <= 1`);
  }
  return t;
}
