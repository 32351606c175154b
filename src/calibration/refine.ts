import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, valuesPerImage } from "../core/image_batch.ts";
import { isBetter, measureBy } from "../core/metric.ts";
import { mean } from "../core/statistics.ts";
import type { Denoiser, MultiScaleDenoiser } from "../denoisers/denoiser.ts";
import { labelPerSample } from "../denoisers/labels.ts";
import { checkSameProcess } from "../denoisers/same_process.ts";
import {
  type AgreementMeasure,
  agreementMeasure,
  type AgreementName,
} from "../evaluation/agreement.ts";
import { seal } from "../formats/seal.ts";
import type { RefinementTrial } from "../machines/scale_schedule.ts";
import { initialNoise } from "../samplers/initial_noise.ts";
import { samplerDefinition } from "../samplers/samplers.ts";
import type { SamplingProtocolOptions } from "../samplers/sampling_protocol.ts";
import { timeGrid, timeGridDefinition } from "../samplers/time_grid.ts";
import { checkOptions, windowOfMachine } from "./checks.ts";
import { checkRefinementResume, type Refinement, type RefinementState } from "./refinement.ts";

/**
 * How far a refinement has come.
 *
 * @category Calibration
 */
export interface RefinementProgress {
  /** Pass at work, from 1. */
  readonly pass: number;
  /** Step at work, from n down to 1. */
  readonly step: number;
  /** Schedules tried so far. */
  readonly trials: number;
  /** Best mean agreement so far. */
  readonly best: number;
}

/**
 * Options of {@linkcode refineScales}.
 *
 * @category Calibration
 */
export interface RefineScalesOptions extends Omit<SamplingProtocolOptions, "steps"> {
  /**
   * Scale of each step to begin with, index 0 the lowest noise; each one of the candidates. Its length is
   * the machine's number of steps.
   */
  readonly start: readonly number[];
  /** Candidate scales, ascending: k, odd, or widths of the machine's window. */
  readonly candidates: readonly number[];
  /** What the final images are compared by, or a measure of your own; "r^2" by default. */
  readonly measure?: AgreementName | AgreementMeasure | undefined;
  /** Sweeps over the steps at most; 2 by default. It ends before where a sweep changes nothing. */
  readonly passes?: number | undefined;
  /** Called before each trial and at the end. */
  readonly onProgress?: ((progress: RefinementProgress) => void) | undefined;
  /** Called after each trial with all that is known; save it to resume. Awaited. */
  readonly onState?: ((state: RefinementState) => void | Promise<void>) | undefined;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
  /** State of an interrupted run with the same options; `passes` may differ. */
  readonly resume?: RefinementState | undefined;
}

/** A machine's trajectory: its images at each step (index 0 is step 1), and at the end. */
interface Trajectory {
  readonly at: readonly ImageBatch[];
  readonly perSample: readonly number[];
}

/**
 * Refines a schedule of scales by what it is for: the agreement of the machine's final images with the
 * network's from the same noise. `calibrate` chooses each scale by the similarity of two predictions at
 * one time, on the network's trajectory; errors that the machine carries along its own trajectory do
 * not enter there, and a step's share in the final image neither.
 *
 * The search is coordinate-wise: from the highest noise to the lowest, a step's scale moves to the next
 * candidate, larger or smaller, as long as the mean agreement over the samples rises; sweeps are repeated
 * until one changes nothing. So the result is never worse than the start on these samples, and whether it
 * is better on others is for an evaluation with another seed to say.
 *
 * The cost is about n (n + 1) denoisings of a sample per sweep over n steps where nothing moves, since
 * only the rest of the trajectory is computed anew.
 *
 * The seed is to be another than an evaluation's, and the sampler any but "churn", which asks between
 * the steps.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   refineScales,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using network = createMachine("bbELS", { images, schedule, patchSize: [3, 3] });
 * await using machine = createMachine("bbELS", { images, schedule });
 * const refined = await refineScales(network, machine, {
 *   start: [5, 3],
 *   candidates: [3, 5],
 *   samples: 1,
 *   seed: 1,
 * });
 * assertEquals(refined.scales, [3, 3]);
 * ```
 *
 * @returns The refined scales with every trial.
 * @throws RangeError if options or shapes do not fit, or network and machine have different noise levels.
 * @throws CheckpointMismatchError if `resume` belongs to other options; the message names which.
 * @category Calibration
 */
export async function refineScales(
  network: Denoiser,
  machine: MultiScaleDenoiser,
  options: RefineScalesOptions,
): Promise<Refinement> {
  const { start, candidates, samples, seed, abort, onProgress, onState, resume } = options;
  const { passes = 2 } = options;
  const measure = agreementMeasure(options.measure ?? "r^2");
  const grid = timeGridDefinition(options.grid ?? "uniform");
  const { name: sampler, sample, stochastic, offGrid } = samplerDefinition(
    options.sampler ?? "ddim",
  );
  const steps = start.length;
  const { networkSteps = steps } = options;
  const widths = windowOfMachine(machine) !== undefined;
  checkOptions({ candidates, samples, batch: samples, widths });
  checkStart({ start, candidates, passes });
  if (offGrid || (stochastic && networkSteps !== steps)) {
    throw new ArgumentError(
      `Cannot refine along ${sampler} with ${steps} steps of the machine and ${networkSteps} of the ` +
        `network: ${offGrid ? "it asks between the steps" : "it adds noise at each step"}; ` +
        (offGrid ? "refine along heun or ddpm" : "expected as many"),
    );
  }
  const { schedule, imageShape } = network;
  const times = timeGrid(grid, { steps, schedule });
  checkSameProcess(network, machine, { times });
  const labels = labelPerSample(options.labels, samples);
  const identity = {
    network: network.name,
    machine: machine.name,
    noiseSchedule: { name: schedule.name, parameters: schedule.parameters },
    measure: measure.name,
    sampler,
    grid: grid.name,
    steps,
    networkSteps,
    seed: options.xT === undefined || stochastic ? seed : null,
    samples,
    labels,
    candidates: [...candidates],
    start: [...start],
  };
  if (resume !== undefined) checkRefinementResume(identity, resume);
  const known = new Map((resume?.tried ?? []).map((each) => [each.scales.join(), each.perSample]));
  const tried = [...resume?.tried ?? []];

  const xT = options.xT ?? initialNoise({ seed, samples, imageShape, schedule });
  if (xT.shape[0] !== samples) {
    throw new ArgumentError(`Cannot refine ${samples} samples from ${xT.shape[0]} noise images`);
  }
  const common = { seed, labels: labels ?? undefined, abort };
  let reference: ImageBatch | undefined;
  const compare = async (images: ImageBatch): Promise<number[]> => {
    reference ??= await sample(network, {
      xT,
      times: timeGrid(grid, { steps: networkSteps, schedule }),
      ...common,
    });
    return agreements(reference, images, measure);
  };

  /** The highest step that asks at each step's time: Heun's step asks at the time where it ends, too. */
  const reach = Array.from({ length: steps }, (_, index) => index + 1);
  /** The trajectory of a schedule from step `from` on; the images before it are those of `along`. */
  const follow = async (
    scales: readonly number[],
    { from, along }: { readonly from: number; readonly along?: Trajectory | undefined },
  ): Promise<Trajectory> => {
    const at = [...along?.at ?? []];
    let step = from;
    const onAsk = (asked: number) => reach[asked - 1] = Math.max(reach[asked - 1]!, step);
    const images = await sample(withScales(machine, { scales, times, onAsk }), {
      xT: along === undefined ? xT : along.at[from - 1]!,
      times: times.slice(steps - from),
      totalSteps: steps,
      ...common,
      onStep: ({ i, x }) => {
        at[i - 1] = x;
        step = i - 1;
      },
    });
    return { at, perSample: await compare(images) };
  };

  let scales = [...start];
  let current: Trajectory | undefined;
  const trials: RefinementTrial[] = [];
  /** Agreement of a schedule that differs from the current one at step `i`, computed or remembered. */
  const attempt = async (candidate: readonly number[], i: number) => {
    const remembered = known.get(candidate.join());
    if (remembered !== undefined) return { perSample: remembered, trajectory: undefined };
    if (current === undefined && candidate !== scales) {
      current = await follow(scales, { from: steps });
    }
    const trajectory = await follow(candidate, {
      from: reach[i - 1]!,
      along: current,
    });
    known.set(candidate.join(), trajectory.perSample);
    tried.push({ scales: [...candidate], perSample: trajectory.perSample });
    await onState?.(seal({ ...identity, tried: [...tried] }));
    return { perSample: trajectory.perSample, trajectory };
  };

  const first = await attempt(scales, steps);
  current = first.trajectory;
  let best = mean(first.perSample);
  const report = (pass: number, step: number) =>
    onProgress?.({ pass, step, trials: trials.length, best });
  let pass = 1;
  for (let moved = true; moved && pass <= passes; pass++) {
    moved = false;
    for (let i = steps; i >= 1; i--) {
      for (const direction of [1, -1]) {
        let accepted = false;
        for (;;) {
          const k = candidates[candidates.indexOf(scales[i - 1]!) + direction];
          if (k === undefined) break;
          report(pass, i);
          const candidate = scales.with(i - 1, k);
          const { perSample, trajectory } = await attempt(candidate, i);
          const score = mean(perSample);
          const better = isBetter(measure, [score, best]);
          trials.push({ pass, step: i, patchSize: k, score, perSample, accepted: better });
          if (!better) break;
          [scales, best, current] = [candidate, score, trajectory];
          [accepted, moved] = [true, true];
        }
        // Where larger is better, the smaller neighbor is where the search came from.
        if (accepted) break;
      }
    }
  }
  report(pass - 1, 1);
  return {
    ...identity,
    scales,
    startScore: mean(first.perSample),
    score: best,
    startPerSample: first.perSample,
    perSample: known.get(scales.join())!,
    trials,
  };
}

function checkStart(
  { start, candidates, passes }: {
    readonly start: readonly number[];
    readonly candidates: readonly number[];
    readonly passes: number;
  },
): void {
  const strange = start.find((k) => !candidates.includes(k));
  if (start.length === 0 || strange !== undefined) {
    throw new ArgumentError(
      `Cannot refine the scales [${start.join(", ")}]: expected at least one, each of the ` +
        `candidates ${candidates.join(", ")}`,
    );
  }
  if (!Number.isSafeInteger(passes) || passes < 1) {
    throw new ArgumentError(`Cannot refine in ${passes} passes: expected a positive integer`);
  }
}

/** The machine at the scale of each step; `times` descend from step n, index 0 of `scales` is step 1. */
function withScales(
  machine: MultiScaleDenoiser,
  { scales, times, onAsk }: {
    readonly scales: readonly number[];
    readonly times: readonly number[];
    /** Told the step at whose time the machine is asked. */
    readonly onAsk: (step: number) => void;
  },
): Denoiser {
  const { name, prediction, imageShape, schedule } = machine;
  return {
    name,
    prediction,
    imageShape,
    schedule,
    predict: async (x, t, options) => {
      const step = scales.length - times.indexOf(t);
      const patchSize = scales[step - 1];
      if (patchSize === undefined) {
        throw new ArgumentError(`Cannot choose a scale at t = ${t}: it is none of the steps`);
      }
      onAsk(step);
      const [only] = await machine.predictScales(x, t, { ...options, scales: [patchSize] });
      return only!;
    },
  };
}

/** Agreement of each sample; where it is not defined, as for a constant image, 0: none. */
function agreements(
  reference: ImageBatch,
  images: ImageBatch,
  measure: AgreementMeasure,
): number[] {
  const length = valuesPerImage(reference);
  return Array.from({ length: reference.shape[0] }, (_, i) => {
    const [a, b] = [reference, images].map(({ data }) =>
      data.subarray(i * length, (i + 1) * length)
    ) as [Float32Array, Float32Array];
    const value = measureBy(measure, [a, b]);
    if (value !== null) return value;
    if (measure.better === "higher") return 0;
    throw new ArgumentError(
      `Cannot refine by ${measure.name}: it is not defined for sample ${i}, expected a number where ` +
        "lower is better",
    );
  });
}
