import { type ImageBatch, imageBatch, sliceBatch } from "../core/image_batch.ts";
import type { Denoiser, MultiScaleDenoiser } from "../denoisers/denoiser.ts";
import type { SamplerStep } from "../samplers/sampler.ts";
import type { CalibrateOptions } from "./calibrate_options.ts";
import { type Calibration, type CalibrationInProgress, chooseScales } from "./calibration.ts";
import { CalibrationTables } from "./calibration_tables.ts";
import { CalibrationWork } from "./calibration_work.ts";
import { raceStep, searchStep } from "./evaluate_step.ts";
import { resolveCalibration } from "./resolve_calibration.ts";
import {
  certaintyOf,
  intervalOf,
  isSettled,
  isSettledWhichever,
  roundOf,
  sameWhichever,
} from "./settled.ts";

/**
 * Finds the locality scale of each reverse step (Kamb & Ganguli, arXiv 2412.20292, section 5): along the
 * network's own trajectory from x_T ~ N(0, sigma(1)^2), of DDIM unless another sampler is asked for, the
 * scale whose machine predicts an eps most like the network's.
 *
 * Every candidate is evaluated at every step, all in one pass of the machine, unless `search` says
 * otherwise, and similarities by all metrics are kept.
 *
 * The trajectories are of any sampler but "churn", which asks between the steps. In their place there may be
 * held-out images with noise, with the network's answers or the clean images themselves as what is predicted
 * ({@linkcode HeldOutQueries}).
 *
 * @example Find the patch sizes of a machine, which here poses as the network
 * ```ts
 * import {
 *   bytesToImages,
 *   calibrate,
 *   createMachine,
 *   createSchedule,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using network = createMachine("bbELS", { images, schedule, patchSize: [3, 5] });
 * await using machine = createMachine("bbELS", { images, schedule });
 * const options = { candidates: [3, 5, 7], steps: 2, samples: 1, seed: 1 };
 * const { chosen } = await calibrate(network, machine, options);
 * assertEquals(chosen.map(({ patchSize }) => patchSize), [3, 5]);
 * ```
 *
 * @throws RangeError if options or shapes do not fit, or network and machine have different noise levels.
 * @throws CheckpointMismatchError if `resume` belongs to other options; the message names which.
 * @category Calibration
 */
export async function calibrate(
  network: Denoiser,
  machine: MultiScaleDenoiser,
  options: CalibrateOptions,
): Promise<Calibration> {
  const { candidates, steps, seed, batch = 16, abort, onProgress, onState, resume } = options;
  const resolved = resolveCalibration(network, machine, options);
  const { identity, metric, metrics, aggregate, search, sampler, times } = resolved;
  const { samples, base, untilSettled, growing, labels, xT } = resolved;
  const tables = new CalibrationTables(identity, {
    ...{ metrics, metric, resume, countImages: growing !== undefined },
  });
  const settledBy = (end: number, step: number) =>
    untilSettled && isSettled(tables.rowsAt(step, { end }), { candidates, metric, aggregate });

  let held = resume?.inProgress ?? null;
  let first = held?.first ?? tables.samples;
  while (first < samples) {
    const settled = Array.from({ length: steps }, (_, index) => settledBy(first, index + 1));
    if (settled.every(Boolean)) break;
    const end = held !== null
      ? tables.samples
      : untilSettled || growing
      ? roundOf(first, samples).end
      : Math.min(first + batch, samples);
    const count = end - first;
    const start = held === null
      ? sliceBatch(xT, first, end)
      : heldImages(held, count, network.imageShape);
    const lastStep = held === null ? steps : held.step - 1;
    held = null;
    const batchLabels = labels?.slice(first, end);
    tables.begin(end);
    const work = new CalibrationWork({ samples, first, end, settled });
    for (let step = steps; step > lastStep; step--) {
      work.finish(step, { settled: settledBy(end, step) });
    }

    const evaluate = async ({ i, t, x, eps }: SamplerStep) => {
      const report = (fraction: number) =>
        onProgress?.({
          ...{ done: work.done(fraction), total: work.total, step: i, t },
          ...{ round: work.round(fraction), ...untilSettled && { settled: work.settled } },
        });
      report(0);
      const step = {
        ...{ candidates, metric, metrics, x, eps, t, labels: batchLabels, abort, report },
        first: base + first,
      };
      if (growing) {
        const before = tables.winnersAt(i, { end: first }).map((index) => [index]);
        const { rows, images } = await raceStep({ ...step, machine: growing }, {
          enough: (likely) =>
            end === samples
              ? sameWhichever([...before, ...likely], aggregate)
              : untilSettled && isSettledWhichever([...before, ...likely], aggregate),
        });
        tables.add(rows, { first, step: i, images });
      } else {
        const all = search === "full" || i === steps || settled[i];
        const start = all ? null : tables.winnersAt(i + 1, { from: first, end });
        const rows = await searchStep({ ...step, machine }, { start, line: search === "line" });
        tables.add(rows, { first, step: i });
      }
      work.finish(i, { settled: settledBy(end, i) });
      report(0);
    };

    await sampler.sample(network, {
      xT: start,
      times: times.slice(steps - lastStep),
      totalSteps: steps,
      seed,
      sampleNumbers: Array.from({ length: count }, (_, index) => base + first + index),
      onStep: async (step) => {
        const { i, xNext } = step;
        if (!settled[i - 1]) await evaluate(step);
        const held = i === 1 ? null : { first, step: i, x: Array.from(xNext.data) };
        await onState?.(tables.state(held));
      },
      labels: batchLabels,
      abort,
    });
    first = end;
  }

  const final = tables.state(null);
  const chosen = chooseScales(final.tables[metric.name]!, { candidates, metric, aggregate });
  return {
    ...final,
    metric: metric.name,
    aggregate,
    chosen: chosen.map(({ patchSize, perSample }, index) => {
      const t = times[steps - 1 - index]!;
      const images = tables.imagesAt(index + 1);
      return {
        step: index + 1,
        t,
        signal: network.schedule.signal(t),
        sigma: network.schedule.sigma(t),
        patchSize,
        perSample,
        certainty: certaintyOf(perSample, aggregate),
        interval: intervalOf(perSample, aggregate),
        ...images !== undefined && { images },
      };
    }),
  };
}

function heldImages(
  held: CalibrationInProgress,
  count: number,
  imageShape: readonly [number, number, number],
): ImageBatch {
  return imageBatch(Float32Array.from(held.x), [count, ...imageShape]);
}
