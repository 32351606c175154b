/** The progress of a calibration on the terminal. */
import type { CalibrationProgress } from "../../src/calibration/calibrate_options.ts";
import type { Progress } from "../cli/progress.ts";
import type { CalibrationPlan } from "./calibration.ts";
import type { Session } from "./session.ts";

/**
 * One line where the number of samples is known, counted in training images that a sample has been compared
 * with. Where samples come until the scales are settled, a line for those at work, counted in steps: how
 * many follow, nobody knows, so the time left is that of these.
 */
export function calibrationBars(
  { machine, samples, images, steps }: CalibrationPlan,
  { data, progress }: Pick<Session, "data" | "progress">,
): {
  readonly update: (progress: CalibrationProgress) => void;
  readonly finish: () => void;
} {
  const perUnit = images === "auto" ? 1 : data.images.shape[0];
  const unit = images === "auto" ? "steps" : "images";
  let bar: Progress | undefined;
  let first = 0;
  return {
    update: ({ done, total, round, settled, t }) => {
      const part = samples === "auto" ? round : { done, total, first: 0 };
      if (part.first !== first) bar?.finish();
      const last = round.first + round.samples;
      const of = samples === "auto" ? `, samples ${round.first + 1} to ${last}` : "";
      const seen = Math.floor(part.done * perUnit);
      if (bar === undefined || part.first !== first) {
        first = part.first;
        bar = progress.start({
          ...{ label: `calibrate ${machine}${of}`, total: part.total * perUnit, done: seen, unit },
        });
      }
      bar.update(seen, {
        t,
        ...settled !== undefined && { settled: `${settled} of ${steps} steps` },
      });
    },
    finish: () => bar?.finish(),
  };
}
