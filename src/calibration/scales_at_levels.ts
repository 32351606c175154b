import { ArgumentError } from "../core/errors.ts";
import type { ScaleSchedule } from "../machines/scale_schedule.ts";

/**
 * Scales at other noise levels than those that a schedule was calibrated at: of each level the scale of the
 * step whose own level `sigma / signal` is nearest, in their ratio.
 *
 * A scale belongs to what can still be seen in the noise, and that is the noise level, whatever process led
 * there. So the scales of one network can be tried on another whose process is another one.
 *
 * @example
 * ```ts
 * import {
 *   cosineLegacy,
 *   createProvenance,
 *   importScales,
 *   scalesAtLevels,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = importScales([3, 5, 9], {
 *   machine: "bbELS",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   schedule: cosineLegacy(),
 *   provenance: createProvenance({ seed: 0, config: {} }),
 * });
 * assertEquals(scalesAtLevels(schedule, [0.01, 1, 100]), [3, 5, 9]);
 * ```
 *
 * @param levels Noise per signal, positive.
 * @returns A scale for each; beyond the schedule's range that of its end.
 * @throws RangeError if a level is not positive.
 * @category Calibration
 */
export function scalesAtLevels(schedule: ScaleSchedule, levels: readonly number[]): number[] {
  const own = schedule.steps.map(({ sigma, signal, patchSize }) => ({
    ...{ at: Math.log(sigma / signal), patchSize },
  }));
  return levels.map((level) => {
    if (!(level > 0)) {
      throw new ArgumentError(
        `Cannot find the scale at noise level ${level}: expected a positive number`,
      );
    }
    const at = Math.log(level);
    return own.reduce((best, step) => Math.abs(step.at - at) < Math.abs(best.at - at) ? step : best)
      .patchSize;
  });
}
