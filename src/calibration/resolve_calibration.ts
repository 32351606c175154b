/** A calibration with its defaults, checked. */
import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import type { Metric } from "../core/metric.ts";
import type { Denoiser, GrowingDenoiser, MultiScaleDenoiser } from "../denoisers/denoiser.ts";
import { labelPerSample } from "../denoisers/labels.ts";
import { checkSameProcess } from "../denoisers/same_process.ts";
import type { ScaleAggregate } from "../machines/scale_schedule.ts";
import { initialNoise } from "../samplers/initial_noise.ts";
import { type SamplerDefinition, samplerDefinition } from "../samplers/samplers.ts";
import { timeGrid, timeGridDefinition } from "../samplers/time_grid.ts";
import type { CalibrateOptions } from "./calibrate_options.ts";
import type { CalibrationIdentity } from "./calibration_tables.ts";
import { checkOptions, checkResume, windowOfMachine } from "./checks.ts";
import { heldOutSampler, heldOutShare } from "./held_out_queries.ts";
import type { ScaleSearch } from "./scale_search.ts";
import { mostSamples } from "./settled.ts";
import { similarityMetric, similarityMetrics } from "./similarity.ts";

/** What a calibration does. */
export interface ResolvedCalibration {
  readonly identity: CalibrationIdentity;
  /** The metric that scales are chosen by, and all that are kept. */
  readonly metric: Metric;
  readonly metrics: readonly Metric[];
  readonly aggregate: ScaleAggregate;
  readonly search: ScaleSearch;
  readonly sampler: SamplerDefinition;
  /** Times of the trajectory, descending. */
  readonly times: readonly number[];
  /** Samples at most, and whether fewer will do once all steps are settled; the number of the first. */
  readonly samples: number;
  readonly base: number;
  readonly untilSettled: boolean;
  /** The machine, if its images are to be added until a step is settled. */
  readonly growing: GrowingDenoiser | undefined;
  readonly labels: readonly number[] | null;
  readonly xT: ImageBatch;
}

/**
 * Fills in and checks.
 *
 * @throws RangeError if options or shapes do not fit, or network and machine have different noise levels.
 * @throws CheckpointMismatchError if `resume` belongs to other options.
 */
export function resolveCalibration(
  network: Denoiser,
  machine: MultiScaleDenoiser,
  options: CalibrateOptions,
): ResolvedCalibration {
  const { candidates, steps, seed, resume, on } = options;
  const { aggregate = "median", batch = 16, search = "full", first: base = 0 } = options;
  const metric = similarityMetric(options.metric ?? "cosine");
  const metrics: readonly Metric[] = [...new Set<Metric>([...similarityMetrics, metric])];
  const sampler = on ? heldOutSampler(on) : samplerDefinition(options.sampler ?? "ddim");
  const grid = timeGridDefinition(options.grid ?? "uniform");
  if (sampler.offGrid) {
    throw new ArgumentError(
      `Cannot calibrate along ${sampler.name}: it asks between the steps, where a schedule has no ` +
        "scale; calibrate along heun or ddpm",
    );
  }
  const untilSettled = options.samples === "auto";
  const samples = options.samples === "auto"
    ? options.maxSamples ??
      (on ? Math.min(mostSamples, on.images.shape[0]) : options.xT?.shape[0] ?? mostSamples)
    : options.samples;
  const window = windowOfMachine(machine);
  checkOptions({ candidates, samples, batch, widths: window !== undefined });
  const growing = options.images === "auto" && isGrowing(machine) ? machine : undefined;
  if (growing && search !== "full") {
    throw new ArgumentError(
      `Cannot calibrate by ${search} with images "auto", which begins with all candidates`,
    );
  }
  const times = timeGrid(grid, { steps, schedule: network.schedule });
  checkSameProcess(network, machine, { times });
  const labels = labelPerSample(options.labels, samples);
  const { imageShape, schedule: { name, parameters } } = network;
  const settling = [...untilSettled ? ["samples"] : [], ...growing ? ["images"] : []];
  const identity: CalibrationIdentity = {
    network: network.name,
    machine: machine.name,
    imageShape,
    noiseSchedule: { name, parameters },
    seed: options.xT === undefined || sampler.stochastic ? seed : null,
    sampler: sampler.name,
    grid: grid.name,
    search: search === "full" ? search : `${search} by ${metric.name}`,
    // What was settled with other samples, or by another metric, is not settled here.
    ...settling.length > 0 && {
      settling: `${settling.join(" and ")}, ${samples} samples, by ${metric.name}, ${aggregate}`,
    },
    ...window !== undefined && { window },
    ...base > 0 && { first: base },
    steps,
    candidates: [...candidates],
    labels,
  };
  if (resume !== undefined) checkResume(identity, resume, { samples, metrics });
  const xT = on ? heldOutShare(on, { first: base, samples, imageShape }) : options.xT ??
    initialNoise({ seed, samples, first: base, imageShape, schedule: network.schedule });
  if (xT.shape[0] !== samples) {
    throw new ArgumentError(`Cannot calibrate ${samples} samples from ${xT.shape[0]} noise images`);
  }
  return {
    ...{ identity, metric, metrics, aggregate, search, sampler, times },
    ...{ samples, base, untilSettled, growing, labels, xT },
  };
}

function isGrowing(machine: MultiScaleDenoiser): machine is GrowingDenoiser {
  return "growScales" in machine && typeof machine.growScales === "function";
}
