import { ArgumentError } from "../core/errors.ts";
import type { ImageShape } from "../core/image_batch.ts";
import { isPatchSize } from "../core/patch_size.ts";
import type { Provenance } from "../core/provenance.ts";
import {
  largestPatchSize,
  type MachineDefinition,
  machineDefinition,
  machineHasScale,
  type MachineName,
} from "../machines/machine_table.ts";
import type { ScaleAggregate, ScaleSchedule } from "../machines/scale_schedule.ts";
import type { WindowName } from "../machines/machine_window.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * How an index of a bare list becomes a time, n being its length.
 *
 * - `calibration`: index i - 1 is t = i/n. That is what the public code's calibration measured, what its
 *   paper lists, and what this package's own lists hold.
 * - `sampler`: index i is t = i/n, as the public code's sampler reads the same list, one step noisier
 *   than it was calibrated; its last scale stands for t = (n - 1)/n and, where it has none, for t = 1.
 *
 * @category Calibration
 */
export type ScaleIndexing = "calibration" | "sampler";

/**
 * The values of {@linkcode ScaleIndexing}, the default first.
 *
 * @category Calibration
 */
export const scaleIndexings: readonly ScaleIndexing[] = ["calibration", "sampler"];

/**
 * Options of {@linkcode importScales}: what a bare list does not tell.
 *
 * @category Calibration
 */
export interface ImportScalesOptions {
  /** The machine whose scales these are. */
  readonly machine: MachineName | MachineDefinition;
  /** The window whose widths these are, one of a fixed shape; absent: sizes of the k x k box, odd. */
  readonly window?: Exclude<WindowName, "gradient"> | undefined;
  /** Height, width, channels of the images. */
  readonly imageShape: ImageShape;
  /** Padding of the network that was calibrated against. */
  readonly padding: "zeros" | "circular";
  /** The forward process. */
  readonly schedule: NoiseSchedule;
  /** Which index is which time. Default "calibration". */
  readonly indexing?: ScaleIndexing;
  /** The times that the list is for; default: uniform, t = i/n. */
  readonly grid?: {
    /** Name of the grid. */
    readonly name: string;
    /** Its n + 1 times from 1 to 0, as `timeGrid` makes them. */
    readonly times: readonly number[];
  };
  /** Name of the metric by which network and machine were compared. Default "cosine", as in the paper. */
  readonly metric?: string;
  /** How the samples were combined. Default "median", as in the paper. */
  readonly aggregate?: ScaleAggregate;
  /** Where the list comes from. */
  readonly provenance: Provenance;
}

/**
 * A bare list of locality scales as a scale schedule, without the similarities that calibration keeps:
 * t, sigma and k of every step stand together, so that no index can slip any more.
 *
 * @param scales Scale k by index; see {@linkcode ScaleIndexing}.
 * @throws RangeError if the list is empty, the machine has no scale, a scale is even (no width, where there
 * is a window) or larger than the machine allows, the shape is none of images, or the grid has not n + 1 times that descend.
 *
 * @example
 * ```ts
 * import { cosineLegacy, createProvenance, importScales } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = importScales([3, 5, 9, 15], {
 *   machine: "bbELS",
 *   imageShape: [32, 32, 1],
 *   padding: "zeros",
 *   schedule: cosineLegacy(),
 *   provenance: createProvenance({ seed: 0, config: { importedFrom: "scales.pt" } }),
 * });
 * assertEquals(schedule.steps.map(({ t, patchSize }) => [t, patchSize])[1], [0.5, 5]);
 * ```
 * @category Calibration
 */
export function importScales(
  scales: readonly number[],
  options: ImportScalesOptions,
): ScaleSchedule {
  const { imageShape, padding, schedule, grid, provenance, window } = options;
  const { indexing = "calibration", metric = "cosine", aggregate = "median" } = options;
  const { name: machine } = machineDefinition(options.machine);
  if (imageShape.length !== 3 || !imageShape.every((n) => Number.isSafeInteger(n) && n > 0)) {
    throw new ArgumentError(
      `Cannot import scales for images of [${
        imageShape.join(", ")
      }]: expected height, width, channels`,
    );
  }
  const n = scales.length;
  if (n === 0) throw new ArgumentError("Cannot import scales: the list is empty");
  if (!machineHasScale(options.machine)) {
    throw new ArgumentError(`Cannot import scales for ${machine}: that machine has no scale`);
  }
  const largest = largestPatchSize(options.machine, imageShape);
  const wrong = scales.findIndex((k) =>
    window === undefined ? !isPatchSize(k, largest) : !(k >= 1 && k <= largest)
  );
  if (wrong >= 0) {
    throw new ArgumentError(
      `Cannot import scales for ${machine}: number ${wrong + 1} is ${scales[wrong]}, expected ${
        window === undefined ? "odd ones" : "widths from 1"
      } up to ${largest} for images of ${imageShape.slice(0, 2).join(" x ")}`,
    );
  }
  if (grid !== undefined && grid.times.length !== n + 1) {
    throw new ArgumentError(
      `Cannot import scales for ${machine}: the grid has ${grid.times.length} times, expected ${
        n + 1
      } for a list of ${n}`,
    );
  }
  const stray = grid?.times.findIndex((t, i, { [i - 1]: before = Infinity }) =>
    !(t >= 0 && t <= 1 && t < before)
  );
  if (stray !== undefined && stray >= 0) {
    throw new ArgumentError(
      `Cannot import scales for ${machine}: time ${stray} of the grid is ${
        grid!.times[stray]
      }, expected times that descend from 1 to 0`,
    );
  }
  const at = (step: number) => indexing === "calibration" ? step - 1 : Math.min(step, n - 1);
  return {
    format: "els-scale-schedule",
    version: window === undefined ? 1 : 2,
    imageShape: [...imageShape],
    machine,
    padding,
    noiseSchedule: { name: schedule.name, parameters: schedule.parameters },
    metric,
    ...window !== undefined && { window },
    aggregate,
    candidates: [...new Set(scales)].sort((a, b) => a - b),
    labels: null,
    ...grid !== undefined && grid.name !== "uniform" && { timeGrid: grid.name },
    steps: Array.from({ length: n }, (_, i) => {
      const t = grid?.times[n - 1 - i] ?? (i + 1) / n;
      return {
        step: i + 1,
        t,
        signal: schedule.signal(t),
        sigma: schedule.sigma(t),
        patchSize: scales[at(i + 1)]!,
        perSample: [],
        similarity: [],
      };
    }),
    provenance,
  };
}
