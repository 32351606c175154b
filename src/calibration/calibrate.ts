import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, imageBatch, sliceBatch } from "../core/image_batch.ts";
import type { Metric } from "../core/metric.ts";
import type { Denoiser, GrowingDenoiser, MultiScaleDenoiser } from "../denoisers/denoiser.ts";
import { labelPerSample } from "../denoisers/labels.ts";
import { checkSameProcess } from "../denoisers/same_process.ts";
import { initialNoise } from "../samplers/initial_noise.ts";
import type { SamplerStep } from "../samplers/sampler.ts";
import { samplerDefinition } from "../samplers/samplers.ts";
import type { SamplingProtocolOptions } from "../samplers/sampling_protocol.ts";
import { timeGrid, timeGridDefinition } from "../samplers/time_grid.ts";
import {
  type Calibration,
  type CalibrationInProgress,
  type CalibrationState,
  chooseScales,
  type ChooseScalesOptions,
} from "./calibration.ts";
import { CalibrationTables } from "./calibration_tables.ts";
import { type CalibrationRound, CalibrationWork } from "./calibration_work.ts";
import { checkOptions, checkResume } from "./checks.ts";
import { raceStep, searchStep } from "./evaluate_step.ts";
import type { ScaleSearch } from "./scale_search.ts";
import {
  certaintyOf,
  isSettled,
  isSettledWhichever,
  mostSamples,
  roundOf,
  sameWhichever,
} from "./settled.ts";
import { similarityMetric, similarityMetrics } from "./similarity.ts";

/**
 * How far a calibration has come.
 *
 * @category Calibration
 */
export interface CalibrationProgress {
  /** Work done in units of one sample at one step; has a fraction while the machine works. */
  readonly done: number;
  /** Units in all: samples times steps. Of steps that are settled before, all samples count as done. */
  readonly total: number;
  /** With samples "auto": steps that need no further sample. */
  readonly settled?: number;
  /** The samples at work: with samples "auto" nobody knows how many follow. */
  readonly round: CalibrationRound;
  /** Step at work, from n down to 1. */
  readonly step: number;
  /** Time of that step. */
  readonly t: number;
}

/**
 * Options of {@linkcode calibrate}.
 *
 * @category Calibration
 */
export interface CalibrateOptions
  extends ChooseScalesOptions, Omit<SamplingProtocolOptions, "networkSteps" | "samples"> {
  /**
   * Number of trajectories. "auto": five, then two more at a time until each step's scale is settled, at
   * most `maxSamples`; steps that are settled are not evaluated for further samples. A step is settled when
   * 95 % of bootstrap resamples of its samples choose the same scale, or when the error of what others they
   * choose is at most 2 % less.
   */
  readonly samples: number | "auto";
  /** Trajectories at most with samples "auto"; default: those of `xT`, or 15. */
  readonly maxSamples?: number | undefined;
  /**
   * How many of the machine's training images are compared with: all (the default), or as many as the choice
   * needs ("auto"): few at first, then about twice as many, each time only at the scales that can still be
   * the best of a sample. Machines that cannot do so (see {@linkcode GrowingDenoiser}) take all.
   */
  readonly images?: "all" | "auto" | undefined;
  /** Candidate scales k: odd, ascending. */
  readonly candidates: readonly number[];
  /**
   * Which of them are evaluated: all at every step (`full`, the default), or all at t = 1 and then those
   * around each sample's last winner, outwards until the best has a worse one on either side
   * (`neighbors`; see {@linkcode searchScales}). What was not evaluated is null in the tables.
   */
  readonly search?: ScaleSearch | undefined;
  /** Samples that network and machine see in one call; 16 by default. With "auto": rounds of their own. */
  readonly batch?: number | undefined;
  /** Called often. */
  readonly onProgress?: ((progress: CalibrationProgress) => void) | undefined;
  /** Called after each step of each batch with all that is known; save it to resume. Awaited. */
  readonly onState?: ((state: CalibrationState) => void | Promise<void>) | undefined;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
  /**
   * State of an interrupted run with the same options. `metric`, `aggregate` and `batch` may
   * differ, and `samples` may have grown.
   */
  readonly resume?: CalibrationState | undefined;
}

/**
 * Finds the locality scale of each reverse step (Kamb & Ganguli, arXiv 2412.20292, section 5): along the
 * network's own trajectory from x_T ~ N(0, sigma(1)^2), of DDIM unless another sampler is asked for, the
 * scale whose machine predicts an eps most like the network's.
 *
 * Every candidate is evaluated at every step, all in one pass of the machine, unless `search` says
 * otherwise, and similarities by all metrics are kept.
 *
 * The trajectories are of any sampler but "churn", which asks between the steps.
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
  const { candidates, steps, seed, abort, onProgress, onState, resume } = options;
  const { aggregate = "median", batch = 16, search = "full" } = options;
  const metric = similarityMetric(options.metric ?? "cosine");
  const metrics: readonly Metric[] = [...new Set<Metric>([...similarityMetrics, metric])];
  const { name: sampler, sample, stochastic, offGrid } = samplerDefinition(
    options.sampler ?? "ddim",
  );
  const grid = timeGridDefinition(options.grid ?? "uniform");
  if (offGrid) {
    throw new ArgumentError(
      `Cannot calibrate along ${sampler}: it asks between the steps, where a schedule has no scale; ` +
        "calibrate along heun or ddpm",
    );
  }
  const untilSettled = options.samples === "auto";
  const samples = sampleCount(options);
  const growing = options.images === "auto" && isGrowing(machine) ? machine : undefined;
  checkOptions({ candidates, samples, batch });
  if (growing && search !== "full") {
    throw new ArgumentError(
      `Cannot calibrate by ${search} with images "auto", which begins with all candidates`,
    );
  }
  const times = timeGrid(grid, { steps, schedule: network.schedule });
  checkSameProcess(network, machine, { times });
  const labels = labelPerSample(options.labels, samples);
  const { imageShape } = network;
  const { name, parameters } = network.schedule;
  const settling = [...untilSettled ? ["samples"] : [], ...growing ? ["images"] : []];
  const identity = {
    network: network.name,
    machine: machine.name,
    imageShape,
    noiseSchedule: { name, parameters },
    seed: options.xT === undefined || stochastic ? seed : null,
    sampler,
    grid: grid.name,
    search: search === "full" ? search : `${search} by ${metric.name}` as const,
    ...settling.length > 0 && {
      settling: `${settling.join(" and ")}, ${samples} samples, by ${metric.name}, ${aggregate}`,
    },
    steps,
    candidates: [...candidates],
    labels,
  };
  if (resume !== undefined) checkResume(identity, resume, { samples, metrics });
  const xT = options.xT ??
    initialNoise({ seed, samples, imageShape, schedule: network.schedule });
  if (xT.shape[0] !== samples) {
    throw new ArgumentError(`Cannot calibrate ${samples} samples from ${xT.shape[0]} noise images`);
  }

  const countImages = growing !== undefined;
  const tables = new CalibrationTables(identity, { metrics, metric, countImages, resume });
  const settledBy = (end: number, step: number) =>
    untilSettled && isSettled(tables.rowsAt(step, { end }), { candidates, metric, aggregate });

  let held = resume?.inProgress ?? null;
  let first = held?.first ?? tables.samples;
  while (first < samples) {
    const settled = Array.from({ length: steps }, (_, index) => settledBy(first, index + 1));
    if (settled.every(Boolean)) break;
    const end = held !== null
      ? tables.samples
      : settling.length > 0
      ? roundOf(first, samples).end
      : Math.min(first + batch, samples);
    const count = end - first;
    const start = held === null ? sliceBatch(xT, first, end) : heldImages(held, count, imageShape);
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
      const step = { candidates, metric, metrics, x, eps, t, labels: batchLabels, first };
      const all = { ...step, abort, report };
      if (growing) {
        const before = tables.winnersAt(i, { end: first }).map((index) => [index]);
        const { rows, images } = await raceStep({ ...all, machine: growing }, {
          enough: (possible) =>
            end === samples
              ? sameWhichever([...before, ...possible], aggregate)
              : untilSettled && isSettledWhichever([...before, ...possible], aggregate),
        });
        tables.add(rows, { first, step: i, images });
      } else {
        const known = search === "full" || i === steps || settled[i];
        const start = known ? null : tables.winnersAt(i + 1, { from: first, end });
        const rows = await searchStep({ ...all, machine }, { start });
        tables.add(rows, { first, step: i, images: undefined });
      }
      work.finish(i, { settled: settledBy(end, i) });
      report(0);
    };
    await sample(network, {
      xT: start,
      times: times.slice(steps - lastStep),
      totalSteps: steps,
      seed,
      sampleNumbers: Array.from({ length: count }, (_, index) => first + index),
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
        ...images !== undefined && { images },
      };
    }),
  };
}

/** Samples at most. */
function sampleCount({ samples, maxSamples, xT }: CalibrateOptions): number {
  return samples === "auto" ? maxSamples ?? xT?.shape[0] ?? mostSamples : samples;
}

function isGrowing(machine: MultiScaleDenoiser): machine is GrowingDenoiser {
  return "growScales" in machine && typeof machine.growScales === "function";
}

function heldImages(
  held: CalibrationInProgress,
  count: number,
  imageShape: readonly [number, number, number],
): ImageBatch {
  return imageBatch(Float32Array.from(held.x), [count, ...imageShape]);
}
