/**
 * The times of a reverse process with equal steps: `[1, (n - 1) / n, .., 1 / n, 0]`.
 *
 * @param steps Number of steps n, a positive integer.
 * @returns n + 1 times, descending.
 * @throws RangeError if `steps` is not a positive integer.
 */
export function uniformTimeGrid(steps: number): number[] {
  if (!Number.isSafeInteger(steps) || steps < 1) {
    throw new RangeError(`Cannot make a time grid of ${steps} steps: expected a positive integer`);
  }
  return Array.from({ length: steps + 1 }, (_, index) => (steps - index) / steps);
}

/**
 * Checks that times can be stepped through in reverse.
 *
 * @param times At least two, strictly descending, in [0, 1].
 * @throws RangeError that names the first time at fault.
 */
export function checkTimes(times: readonly number[]): void {
  if (times.length < 2) {
    throw new RangeError(`Cannot sample on ${times.length} times: expected at least two`);
  }
  times.forEach((t, index) => {
    if (!(t >= 0 && t <= 1)) {
      throw new RangeError(`Cannot sample: times[${index}] is ${t}, expected 0 <= t <= 1`);
    }
    if (index > 0 && !(t < times[index - 1]!)) {
      throw new RangeError(
        `Cannot sample: times[${index}] = ${t} does not lie below times[${index - 1}] = ${
          times[index - 1]
        }, expected strictly descending times`,
      );
    }
  });
}
