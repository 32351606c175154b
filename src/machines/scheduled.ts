import { ArgumentError } from "../core/errors.ts";
import { isPatchSize } from "../core/patch_size.ts";
import type { ScaleSchedule } from "./scale_schedule.ts";

/**
 * A machine's scale, the patch size k or the width of its window: one for all times, one per step (index 0 is
 * t = 1/n, the lowest noise), a calibrated schedule, or a function of the time.
 *
 * @category Machines
 */
export type PatchSize = number | readonly number[] | ScaleSchedule | ((t: number) => number);

/** Times i / n that went through JSON or a division still count as that step. */
const timeTolerance = 1e-6;

/** Whether a scale is a calibrated schedule. */
export function isSchedule(patchSize: PatchSize | undefined): patchSize is ScaleSchedule {
  return typeof patchSize === "object" && "steps" in patchSize;
}

/** Every scale that may be asked for, in ascending order without repeats. */
export function patchSizesOf(
  patchSize: Exclude<PatchSize, (t: number) => number>,
): number[] {
  const all = typeof patchSize === "number"
    ? [patchSize]
    : isSchedule(patchSize)
    ? patchSize.steps.flatMap(({ patchSize, perClass = [] }) => [
      patchSize,
      ...perClass.map((each) => each.patchSize),
    ])
    : [...patchSize];
  return [...new Set(all)].sort((a, b) => a - b);
}

/**
 * Options of {@linkcode patchSizeAt}.
 *
 * @category Machines
 */
export interface PatchSizeAtOptions {
  /**
   * At times that are no step: `refuse` (default), so that no index slips unseen, or take the scale of the
   * `nearest` step, as samplers that leave the grid need.
   */
  readonly between?: "refuse" | "nearest";
  /** Class whose scale it is to be, where a schedule has scales of single classes. Absent: that for all. */
  readonly label?: number | null | undefined;
  /** Scales are widths of a window, which need be no odd integers. Default false. */
  readonly widths?: boolean;
}

/**
 * The scale at a time.
 *
 * @example
 * ```ts
 * import { patchSizeAt } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * // One size for all times, one for each of n steps, or a function of the time.
 * assertEquals(patchSizeAt(7, 0.3), 7);
 * assertEquals(patchSizeAt([3, 5, 9], 2 / 3), 5);
 * assertEquals(patchSizeAt((t) => t < 0.5 ? 3 : 9, 0.7), 9);
 * ```
 *
 * @throws RangeError if t is not a step of the list or schedule; the message names t and the steps. What a
 * function gives must be odd and positive, or a width.
 * @category Machines
 */
export function patchSizeAt(
  patchSize: PatchSize,
  t: number,
  options: PatchSizeAtOptions = {},
): number {
  const { between = "refuse", label = null, widths = false } = options;
  if (typeof patchSize === "number") return patchSize;
  if (typeof patchSize === "function") {
    const k = patchSize(t);
    if (widths ? k >= 1 && k < Infinity : isPatchSize(k)) return k;
    throw new ArgumentError(
      `Cannot choose a scale at t = ${t}: patchSize(t) is ${k}, expected ${
        widths ? "a width of 1 or more" : "an odd positive integer"
      }`,
    );
  }
  const steps = isSchedule(patchSize) ? patchSize.steps : patchSize.map((k, i) => ({
    t: (i + 1) / patchSize.length,
    patchSize: k,
    perClass: undefined,
  }));
  const step = between === "nearest"
    ? steps.reduce((best, each) => Math.abs(each.t - t) < Math.abs(best.t - t) ? each : best)
    : steps.find((each) => Math.abs(each.t - t) <= timeTolerance);
  if (step !== undefined) {
    const own = step.perClass?.find((each) => each.label === label);
    return (own ?? step).patchSize;
  }
  const times = steps.map((each) => Number(each.t.toPrecision(6)));
  const listed = times.length > 6
    ? [...times.slice(0, 3), "..", times.at(-1)].join(", ")
    : times.join(", ");
  throw new ArgumentError(
    `Cannot choose a scale at t = ${t}: the schedule has ${times.length} steps, at t = ${listed}; ` +
      "sample with as many steps, or give one scale for all times",
  );
}
