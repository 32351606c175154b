/** Scale schedules as tables of comma-separated values, for spreadsheets and plots. */
import { quantile } from "../core/statistics.ts";
import type { ScaleSchedule } from "../machines/scale_schedule.ts";

/**
 * One row per step, from the lowest noise: the scale and its spread over the samples.
 *
 * Columns `step, t, signal, sigma, patch_size, samples, min, lower_quartile, median, upper_quartile,
 * max`; the last five are of the samples' best scales (quantiles interpolate) and empty without samples.
 *
 * @category Calibration
 */
export function scaleScheduleCsv(schedule: ScaleSchedule): string {
  const { steps } = schedule;
  const header =
    "step,t,signal,sigma,patch_size,samples,min,lower_quartile,median,upper_quartile,max";
  const rows = steps.map(({ step, t, signal, sigma, patchSize, perSample }) => {
    const spread = [0, 0.25, 0.5, 0.75, 1].map((q) =>
      perSample.length === 0 ? "" : quantile(perSample, q)
    );
    return [step, t, signal, sigma, patchSize, perSample.length, ...spread].join(",");
  });
  return [header, ...rows, ""].join("\n");
}

/**
 * The whole table in long format, one row per sample, step and candidate scale.
 *
 * Columns `sample, step, t, scale, similarity`; samples count from 0, and a similarity that was not
 * evaluated is empty.
 *
 * @category Calibration
 */
export function similarityCsv(schedule: ScaleSchedule): string {
  const { steps, candidates } = schedule;
  const lines = ["sample,step,t,scale,similarity"];
  const samples = steps[0]?.similarity.length ?? 0;
  for (let sample = 0; sample < samples; sample++) {
    for (const { step, t, similarity } of steps) {
      candidates.forEach((scale, column) => {
        lines.push([sample, step, t, scale, similarity[sample]?.[column] ?? ""].join(","));
      });
    }
  }
  return [...lines, ""].join("\n");
}
