/**
 * Moves an exponential moving average of the parameters one step:
 * `average <- d * average + (1 - d) * parameters`.
 *
 * While few steps have been taken d is at most (1 + step) / (10 + step), so that the random start is
 * forgotten quickly.
 *
 * @param average Updated in place.
 */
export function updateAverage(
  average: Float32Array,
  parameters: Float32Array,
  { decay, step }: { readonly decay: number; readonly step: number },
): void {
  const d = Math.min(decay, (1 + step) / (10 + step));
  for (let i = 0; i < average.length; i++) {
    average[i] = d * average[i]! + (1 - d) * parameters[i]!;
  }
}
