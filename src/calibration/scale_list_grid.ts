import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { timeGrid, type TimeGridName, timeGridNames } from "../samplers/time_grid.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * Options of {@linkcode scaleListGrid}.
 *
 * @category Calibration
 */
export interface ScaleListGridOptions {
  /** Number of scales in the list. */
  readonly steps: number;
  /** The forward process, by which some grids find their times. */
  readonly schedule: NoiseSchedule;
  /** The grid that is asked for; absent: that of the times, else uniform. */
  readonly grid?: TimeGridName | undefined;
  /** Where the list came from, for messages. */
  readonly source?: string | undefined;
}

/**
 * The time grid that a bare list of scales is for, held against the times that stand beside its scales.
 *
 * @example
 * ```ts
 * import { cosineLegacy, scaleListGrid, timeGrid } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = cosineLegacy();
 * const times = timeGrid("cubic", { steps: 3, schedule }).slice(0, -1).reverse();
 * assertEquals(scaleListGrid(times, { steps: 3, schedule }), "cubic");
 * ```
 *
 * @param times Ascending, as `scaleListTimes` reads them; absent: the list holds none.
 * @throws DataFormatError if the times are of no grid, or of another than the one asked for.
 *
 * @category Calibration
 */
export function scaleListGrid(
  times: readonly number[] | undefined,
  options: ScaleListGridOptions,
): TimeGridName {
  const { steps, schedule, grid, source = "scales" } = options;
  if (times === undefined) return grid ?? "uniform";
  const timesOf = (name: TimeGridName) => {
    try {
      return timeGrid(name, { steps, schedule }).toReversed().slice(1);
    } catch (error) {
      // Not every grid can be had with any number of steps, or on any process.
      if (error instanceof ArgumentError) return undefined;
      throw error;
    }
  };
  const fits = (name: TimeGridName) => {
    const expected = timesOf(name);
    return expected !== undefined && expected.every((t, i) => Math.abs(t - times[i]!) <= 1e-6);
  };
  if (grid !== undefined && fits(grid)) return grid;
  const found = timeGridNames.find(fits);
  if (grid === undefined && found !== undefined) return found;
  const problem = `the times t = ${times.join(", ")} beside the scales are`;
  if (found === undefined) {
    throw new DataFormatError(
      source,
      `${problem} of no grid that is known for this noise schedule (${timeGridNames.join(", ")})`,
    );
  }
  throw new DataFormatError(source, `${problem} ${found}, ${grid} ones were asked for`, {
    remedy: (say) => `use ${say.option("grid", found)}`,
  });
}
