import { ArgumentError } from "../core/errors.ts";
import { gatherImages, type ImageBatch, imageBatch, sliceBatch } from "../core/image_batch.ts";
import type { Metric } from "../core/metric.ts";
import { convertPrediction } from "../denoisers/convert.ts";
import type { Denoiser, MultiScaleDenoiser } from "../denoisers/denoiser.ts";
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
  type SimilarityTable,
} from "./calibration.ts";
import { bestScale, type BestScaleOptions } from "./choose_scale.ts";
import { checkOptions, checkResume } from "./checks.ts";
import { calibrationCheck } from "./resume_check.ts";
import { type ScaleSearch, searchScales } from "./scale_search.ts";
import { compareVectors, similarityMetric, similarityMetrics } from "./similarity.ts";

/**
 * How far a calibration has come.
 *
 * @category Calibration
 */
export interface CalibrationProgress {
  /** Work done in units of one sample at one step; has a fraction while the machine works. */
  readonly done: number;
  /** Units in all: samples times steps. */
  readonly total: number;
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
  extends ChooseScalesOptions, Omit<SamplingProtocolOptions, "networkSteps"> {
  /** Candidate scales k: odd, ascending. */
  readonly candidates: readonly number[];
  /**
   * Which of them are evaluated: all at every step (`full`, the default), or all at t = 1 and then those
   * around each sample's last winner, outwards until the best has a worse one on either side
   * (`neighbors`; see {@linkcode searchScales}). What was not evaluated is null in the tables.
   */
  readonly search?: ScaleSearch | undefined;
  /** Samples that network and machine see in one call; 16 by default. */
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
  const { candidates, steps, samples, seed, abort, onProgress, onState, resume } = options;
  const { aggregate = "median", batch = 16 } = options;
  const metric = similarityMetric(options.metric ?? "cosine");
  const metrics: readonly Metric[] = [...new Set<Metric>([...similarityMetrics, metric])];
  const { search = "full" } = options;
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
  checkOptions({ candidates, samples, batch });
  const times = timeGrid(grid, { steps, schedule: network.schedule });
  checkSameProcess(network, machine, { times });
  const labels = labelPerSample(options.labels, samples);
  const { imageShape } = network;
  const { name, parameters } = network.schedule;
  const identity = {
    network: network.name,
    machine: machine.name,
    imageShape,
    noiseSchedule: { name, parameters },
    seed: options.xT === undefined || stochastic ? seed : null,
    sampler,
    grid: grid.name,
    search: search === "full" ? search : `${search} by ${metric.name}` as const,
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

  const tables = new Map(metrics.map(({ name }) => [
    name,
    (resume?.tables[name] ?? []).map((rows) => rows.map((row) => [...row])),
  ]));
  const chosenBy = tables.get(metric.name)!;
  const state = (inProgress: CalibrationInProgress | null): CalibrationState => {
    const found = {
      ...identity,
      // Rows are never written again, so copies down to them make a state that stays as it is.
      tables: Object.fromEntries<SimilarityTable>(
        [...tables].map(([name, table]) => [name, table.map((rows) => [...rows])]),
      ) as CalibrationState["tables"],
      inProgress,
    };
    return { ...found, check: calibrationCheck(found) };
  };

  let held = resume?.inProgress ?? null;
  let first = held?.first ?? chosenBy.length;
  while (first < samples) {
    const end = held === null ? Math.min(first + batch, samples) : chosenBy.length;
    const count = end - first;
    const start = held === null ? sliceBatch(xT, first, end) : heldImages(held, count, imageShape);
    const lastStep = held === null ? steps : held.step - 1;
    held = null;
    const batchLabels = labels?.slice(first, end);
    for (let sample = first; sample < end; sample++) {
      for (const table of tables.values()) {
        table[sample] ??= Array.from({ length: steps }, () => []);
      }
    }
    const onStep = async ({ i, t, x, eps, xNext }: SamplerStep) => {
      const report = (fraction: number) =>
        onProgress?.({
          done: first * steps + count * (steps - i + fraction),
          total: samples * steps,
          step: i,
          t,
        });
      report(0);
      const rows = await searchScales({
        samples: count,
        candidates: candidates.length,
        metric,
        start: search === "full" || i === steps
          ? null
          : chosenBy.slice(first, end).map((steps) => winner(steps[i]!, { candidates, metric })),
        evaluate: async ({ samples: wanted, candidates: indices, from, to }) => {
          const scales = indices.map((index) => candidates[index]!);
          const some = gatherImages(x, wanted);
          const someLabels = batchLabels && wanted.map((index) => batchLabels[index]!);
          const predictions = await machine.predictScales(some, t, {
            scales,
            onProgress: (fraction) => report(from + (to - from) * fraction),
            labels: someLabels,
            abort,
          });
          return compareScales(gatherImages(eps, wanted), {
            ...{ x: some, t, predictions, machine, candidates: scales, metrics },
            samples: wanted.map((index) => first + index),
          });
        },
      });
      rows.forEach((row, index) => {
        for (const [name, table] of tables) {
          table[first + index]![i - 1] = row.map((value) => value?.[name] ?? null);
        }
      });
      report(1);
      await onState?.(state(i === 1 ? null : { first, step: i, x: Array.from(xNext.data) }));
    };
    await sample(network, {
      xT: start,
      times: times.slice(steps - lastStep),
      totalSteps: steps,
      seed,
      sampleNumbers: Array.from({ length: count }, (_, index) => first + index),
      onStep,
      labels: batchLabels,
      abort,
    });
    first = end;
  }

  const final = state(null);
  const chosen = chooseScales(final.tables[metric.name]!, { candidates, metric, aggregate });
  return {
    ...final,
    metric: metric.name,
    aggregate,
    chosen: chosen.map(({ patchSize, perSample }, index) => {
      const t = times[steps - 1 - index]!;
      return {
        step: index + 1,
        t,
        signal: network.schedule.signal(t),
        sigma: network.schedule.sigma(t),
        patchSize,
        perSample,
      };
    }),
  };
}

function compareScales(
  eps: ImageBatch,
  { x, t, predictions, machine, candidates, metrics, samples }: {
    readonly x: ImageBatch;
    readonly t: number;
    readonly predictions: readonly ImageBatch[];
    readonly machine: MultiScaleDenoiser;
    readonly candidates: readonly number[];
    readonly metrics: readonly Metric[];
    /** Numbers of the samples, for messages. */
    readonly samples: readonly number[];
  },
) {
  if (predictions.length !== candidates.length) {
    throw new ArgumentError(
      `Cannot compare ${machine.name}: it gave ${predictions.length} predictions for ${candidates.length} scales`,
    );
  }
  const level = {
    from: machine.prediction,
    to: "eps",
    signal: machine.schedule.signal(t),
    sigma: machine.schedule.sigma(t),
  } as const;
  const machineEps = predictions.map((values) => convertPrediction(x, values, level));
  return Array.from({ length: x.shape[0] }, (_, index) => {
    const reference = sliceBatch(eps, index, index + 1).data;
    return machineEps.map((values, column) =>
      compareVectors(reference, sliceBatch(values, index, index + 1).data, {
        what: `${machine.name} at k = ${candidates[column]}, t = ${t}, sample ${samples[index]}`,
        metrics,
      })
    );
  });
}

/** Index of the best candidate of a row; -1 if none has a value. */
function winner(
  row: readonly (number | null)[],
  { candidates, metric }: BestScaleOptions,
): number {
  if (row.every((value) => value === null)) return -1;
  return candidates.indexOf(bestScale(row, { candidates, metric }));
}

function heldImages(
  held: CalibrationInProgress,
  count: number,
  imageShape: readonly [number, number, number],
): ImageBatch {
  return imageBatch(Float32Array.from(held.x), [count, ...imageShape]);
}
