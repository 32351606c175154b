/** The widths of a window to calibrate over, and the window that a schedule of scales is for. */
import { ArgumentError } from "../core/errors.ts";
import type { ImageShape } from "../core/image_batch.ts";
import type { MachineWindow } from "./machine_window.ts";
import type { ScaleSchedule, ScaleStep } from "./scale_schedule.ts";

/** Candidate widths from one to its double. */
const toAnOctave = 8;

/**
 * Options of {@linkcode candidateWidths}.
 *
 * @category Machines
 */
export interface CandidateWidthsOptions {
  /** Height, width, channels of the images. */
  readonly imageShape: ImageShape;
  /** Smallest width in pixels, at least 1; 2 when absent. */
  readonly from?: number;
  /** Largest width in pixels; when absent the smaller side of the images. */
  readonly to?: number;
  /** How far the network looks that the machine is to predict: by default no width is larger. */
  readonly receptiveField?: number;
}

/**
 * Widths of a window up to a bound, to calibrate over: each 9 % larger than the one before, to two
 * decimals.
 *
 * @example
 * ```ts
 * import { candidateWidths } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const widths = candidateWidths({ imageShape: [32, 32, 1], from: 3, to: 4 });
 * assertEquals(widths, [3.08, 3.36, 3.67, 4]);
 * ```
 *
 * @returns Ascending.
 * @throws RangeError if a bound is below 1, or the bounds leave no width.
 * @category Machines
 */
export function candidateWidths(options: CandidateWidthsOptions): number[] {
  const { imageShape: [height, columns], from = 2, receptiveField = Infinity } = options;
  const { to = Math.min(height, columns, Math.max(from, receptiveField)) } = options;
  if (!(from >= 1 && to >= from && to < Infinity)) {
    throw new ArgumentError(
      `Cannot list widths from ${from} to ${to}: expected two numbers from 1 on, the first the smaller`,
    );
  }
  const widths = new Set<number>();
  for (let i = 0;; i++) {
    const width = Math.round(100 * to / 2 ** (i / toAnOctave)) / 100;
    if (width < from) return [...widths].reverse();
    widths.add(width);
  }
}

/**
 * The window that a schedule's scales are widths of, by time where the network gives its shape.
 *
 * @example
 * ```ts
 * import { cosineLegacy, createProvenance, importScales, windowOf } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = importScales([3.2, 5.8], {
 *   machine: "bbELS",
 *   window: "super",
 *   padding: "zeros",
 *   imageShape: [8, 8, 1],
 *   schedule: cosineLegacy(),
 *   provenance: createProvenance({ seed: 0, config: {} }),
 * });
 * assertEquals(windowOf(schedule), "super");
 * ```
 *
 * @returns Undefined for sizes of the k x k box.
 * @category Machines
 */
export function windowOf(schedule: ScaleSchedule): MachineWindow | undefined {
  const { window } = schedule;
  if (window !== "gradient") return window;
  return (t) => {
    const distance = (step: ScaleStep) => Math.abs(step.t - t);
    const nearest = schedule.steps.reduce((a, b) => distance(b) < distance(a) ? b : a);
    return { shape: "gradient", profile: nearest.profile! };
  };
}
