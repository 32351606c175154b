/**
 * The decay of a step: while few steps have been taken at most (1 + step) / (10 + step), so that the
 * random start is forgotten quickly.
 *
 * @example
 * ```ts
 * import { emaDecayAt } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * // Early on the average forgets faster.
 * assertEquals(emaDecayAt(0.999, 1) < emaDecayAt(0.999, 100_000), true);
 * ```
 *
 * @category Training
 */
export function emaDecayAt(decay: number, step: number): number {
  return Math.min(decay, (1 + step) / (10 + step));
}

/**
 * Moves an exponential moving average of the parameters one step:
 * `average <- d * average + (1 - d) * parameters`, with d of {@linkcode emaDecayAt}.
 *
 * @example
 * ```ts
 * import { updateAverage } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const average = Float32Array.of(0);
 * updateAverage(average, Float32Array.of(1), { decay: 0.5, step: 1_000_000 });
 * assertEquals(average, Float32Array.of(0.5));
 * ```
 *
 * @param average Updated in place.
 * @category Training
 */
export function updateAverage(
  average: Float32Array,
  parameters: Float32Array,
  options: { readonly decay: number; readonly step: number },
): void {
  const { decay, step } = options;
  const d = emaDecayAt(decay, step);
  for (let i = 0; i < average.length; i++) {
    average[i] = d * average[i]! + (1 - d) * parameters[i]!;
  }
}
