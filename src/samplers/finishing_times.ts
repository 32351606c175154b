import { ArgumentError } from "../core/errors.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { noiseLevel, timeAtLevel } from "../schedules/noise_level.ts";

/**
 * Options of {@linkcode finishingTimes}.
 *
 * @category Samplers
 */
export interface FinishingTimesOptions {
  /** The process that the times are of. */
  readonly schedule: NoiseSchedule;
  /** Times to add, 0 and more; 3 when absent. */
  readonly steps?: number;
  /** Noise level sigma / signal of the last of them; 0.08 when absent. */
  readonly level?: number;
}

/**
 * Divides the last step of a reverse process, which leads from some noise to none, into more: at noise
 * levels that fall by equal factors, down to one so low that a machine tells single patches apart. Times
 * that go so low by themselves, or nearly (within 1 %), stay as they are.
 *
 * @example
 * ```ts
 * import { cosineLegacy, finishingTimes, noiseLevel, timeGrid } from "@els/toolkit/machines";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const schedule = cosineLegacy();
 * const times = timeGrid("cubic", { steps: 8, schedule });
 * const finished = finishingTimes(times, { schedule });
 * assertEquals(finished.slice(0, 8), times.slice(0, 8));
 * assertEquals([finished.length, finished.at(-1)], [12, 0]);
 * assertAlmostEquals(noiseLevel(schedule, finished.at(-2)!), 0.08);
 * ```
 *
 * @param times Descending, to 0.
 * @throws RangeError if the times do not end at 0, or an option cannot be used.
 * @category Samplers
 */
export function finishingTimes(
  times: readonly number[],
  options: FinishingTimesOptions,
): number[] {
  const { schedule, steps = 3, level = 0.08 } = options;
  if (times.length < 2 || times.at(-1) !== 0) {
    throw new ArgumentError(
      `Cannot divide the last step: found times to ${times.at(-1)}, expected at least two, to 0`,
    );
  }
  if (!Number.isInteger(steps) || steps < 0 || !(level > 0)) {
    throw new ArgumentError(
      `Cannot divide the last step: found ${steps} times down to a noise of ${level}, expected a ` +
        "whole number and a noise above 0",
    );
  }
  const before = noiseLevel(schedule, times.at(-2)!);
  if (!(before > 1.01 * level)) return [...times];
  const added = Array.from(
    { length: steps },
    (_, i) => timeAtLevel(schedule, before * (level / before) ** ((i + 1) / steps)),
  );
  return [...times.slice(0, -1), ...added, 0];
}
