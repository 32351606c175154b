/** Scale schedules as tables of comma-separated values, for spreadsheets and plots. */
import { csvText } from "../formats/csv.ts";
import { quantile } from "../core/statistics.ts";
import type { ScaleSchedule } from "../machines/scale_schedule.ts";

/**
 * One row per step, from the lowest noise: the scale and its spread over the samples.
 *
 * Columns `step, t, signal, sigma, patch_size, samples, min, lower_quartile, median, upper_quartile,
 * max`; the last five are of the samples' best scales (quantiles interpolate) and empty without samples.
 * Widths of a window are in `patch_size`, too, and `window` then names it in a further column.
 *
 * @example
 * ```ts
 * import {
 *   cosineLegacy,
 *   createProvenance,
 *   importScales,
 *   scaleScheduleCsv,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const scales = importScales([3, 5], {
 *   machine: "bbELS",
 *   padding: "zeros",
 *   imageShape: [8, 8, 1],
 *   schedule: cosineLegacy(),
 *   indexing: "calibration",
 *   provenance: createProvenance({ seed: 0, config: {} }),
 * });
 * const [header, first] = scaleScheduleCsv(scales).split("\n");
 * assertEquals(header!.split(",").slice(0, 5), ["step", "t", "signal", "sigma", "patch_size"]);
 * assertEquals(first!.split(",").slice(0, 2), ["1", "0.5"]);
 * ```
 *
 * @category Calibration
 */
export function scaleScheduleCsv(schedule: ScaleSchedule): string {
  const { steps, window } = schedule;
  const named = window === undefined ? [] : [window];
  const header = [
    ...["step", "t", "signal", "sigma", "patch_size", "samples"],
    ...["min", "lower_quartile", "median", "upper_quartile", "max"],
    ...named.map(() => "window"),
  ];
  const rows = steps.map(({ step, t, signal, sigma, patchSize, perSample }) => {
    const spread = [0, 0.25, 0.5, 0.75, 1].map((q) =>
      perSample.length === 0 ? null : quantile(perSample, q)
    );
    return [step, t, signal, sigma, patchSize, perSample.length, ...spread, ...named];
  });
  return csvText([header, ...rows]);
}

/**
 * The whole table in long format, one row per sample, step and candidate scale.
 *
 * Columns `sample, step, t, scale, similarity`; samples count from 0, and a similarity that was not
 * evaluated is empty.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   calibrate,
 *   createMachine,
 *   createProvenance,
 *   createSchedule,
 *   similarityCsv,
 *   syntheticTextures,
 *   toScaleSchedule,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using network = createMachine("bbELS", { images, schedule, patchSize: 3 });
 * await using machine = createMachine("bbELS", { images, schedule });
 * const options = { candidates: [3, 5], steps: 1, samples: 1, seed: 1 };
 * const provenance = createProvenance({ seed: 1, config: options });
 * const calibration = await calibrate(network, machine, options);
 * const scales = toScaleSchedule(calibration, { machine: "bbELS", padding: "zeros", provenance });
 * // A line for the header, and one for each candidate.
 * assertEquals(similarityCsv(scales).trim().split("\n").length, 3);
 * ```
 *
 * @category Calibration
 */
export function similarityCsv(schedule: ScaleSchedule): string {
  const { steps, candidates } = schedule;
  const samples = steps[0]?.similarity.map((_, sample) => sample) ?? [];
  return csvText([
    ["sample", "step", "t", "scale", "similarity"],
    ...samples.flatMap((sample) =>
      steps.flatMap(({ step, t, similarity }) =>
        candidates.map((scale, column) => {
          const value = similarity[sample]?.[column] ?? null;
          return [sample, step, t, scale, value];
        })
      )
    ),
  ]);
}
