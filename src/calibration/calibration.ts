import { ArgumentError } from "../core/errors.ts";
import type { ImageShape } from "../core/image_batch.ts";
import type { Metric } from "../core/metric.ts";
import type {
  ClassScale,
  ScaleAggregate,
  ScaleSchedule,
  ScaleStep,
} from "../machines/scale_schedule.ts";
import type { WindowName } from "../machines/machine_window.ts";
import type { Provenance } from "../core/provenance.ts";
import { aggregateScales, bestScale } from "./choose_scale.ts";
import { intervalOf } from "./settled.ts";
import type { SimilarityName } from "./similarity.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";

/**
 * Similarities `[samples][steps][candidates]`; step index 0 is the lowest noise; null: not evaluated.
 *
 * @category Calibration
 */
export type SimilarityTable = readonly (readonly (readonly (number | null)[])[])[];

/**
 * Samples part of the way down their trajectories, as plain data.
 *
 * @category Calibration
 */
export interface CalibrationInProgress {
  /** Number of the first sample of the batch. */
  readonly first: number;
  /** Last step done, from n down to 1. */
  readonly step: number;
  /** Images at the next time, `[samples of the batch, H, W, C]` values. */
  readonly x: readonly number[];
}

/**
 * Everything that a calibration has found so far, as plain data that JSON can hold. Handed back as
 * `resume` it goes on to exactly the result of an uninterrupted run.
 *
 * @category Calibration
 */
export interface CalibrationState {
  /** Name of the network. */
  readonly network: string;
  /** Name of the machine. */
  readonly machine: string;
  /** Height, width, channels. */
  readonly imageShape: ImageShape;
  /** The forward process that both invert. */
  readonly noiseSchedule: {
    readonly name: string;
    readonly parameters: NoiseSchedule["parameters"];
  };
  /** Seed of x_T and of a stochastic sampler; null if the noise was given. */
  readonly seed: number | null;
  /** Name of the sampler of the network's trajectory; absent: "ddim". */
  readonly sampler?: string;
  /** Name of its grid of times; absent: "uniform". */
  readonly grid?: string;
  /** Which candidates were evaluated; absent: "full". */
  readonly search?: "full" | `${"neighbors" | "line"} by ${string}`;
  /** What was added until the scales were settled, and by what; absent: nothing. */
  readonly settling?: string;
  /** Name of the machine's window; absent: the k x k box. */
  readonly window?: WindowName;
  /** Number of the first sample, where they are a share of more; absent: 0. */
  readonly first?: number;
  /** Steps n of the network's trajectory. */
  readonly steps: number;
  /** Candidate scales, ascending. */
  readonly candidates: readonly number[];
  /** Class label of each sample; null when unconditional. */
  readonly labels: readonly number[] | null;
  /**
   * The whole tables. Samples that have not begun have no row; steps not done, or settled before the
   * sample, are empty.
   */
  readonly tables:
    & Readonly<Record<SimilarityName, SimilarityTable>>
    & Readonly<Record<string, SimilarityTable>>;
  /** Training images behind each row, `[samples][steps]`, 0 where there is none; absent: all of them. */
  readonly imagesUsed?: readonly (readonly number[])[];
  /** The batch under way; null between batches and at the end. */
  readonly inProgress: CalibrationInProgress | null;
  /** CRC-32 of all that, by which a changed state is noticed; absent: it is checked without. */
  readonly check?: string;
}

/**
 * The calibrated scale of one step.
 *
 * @category Calibration
 */
export interface CalibratedStep {
  /** Step number i, from 1 (lowest noise) to n. */
  readonly step: number;
  /** Time in (0, 1]; i / n on the uniform grid. */
  readonly t: number;
  /** Factor of the clean image at t. */
  readonly signal: number;
  /** Standard deviation of the noise at t. */
  readonly sigma: number;
  /** The chosen scale k. */
  readonly patchSize: number;
  /** The best scale of each sample that was evaluated at the step. */
  readonly perSample: readonly number[];
  /** Share of bootstrap resamples of these samples that choose the same scale. */
  readonly certainty: number;
  /** Between which scales 95 % of these resamples choose. */
  readonly interval: readonly [low: number, high: number];
  /** Most training images that any of the samples was compared with; absent: all. */
  readonly images?: number;
}

/**
 * A finished calibration: the similarities, and the choice.
 *
 * @category Calibration
 */
export interface Calibration extends CalibrationState {
  /** Name of the metric by which scales were chosen. */
  readonly metric: string;
  /** How the samples were combined. */
  readonly aggregate: ScaleAggregate;
  /** Steps 1 .. n, ascending. */
  readonly chosen: readonly CalibratedStep[];
}

/**
 * Options of {@linkcode chooseScales}.
 *
 * @category Calibration
 */
export interface ChooseScalesOptions {
  /** How predictions are compared: one of `similarityNames`, or a metric of your own; "cosine" by default. */
  readonly metric?: SimilarityName | Metric | undefined;
  /** How samples are combined; "median" by default. */
  readonly aggregate?: ScaleAggregate | undefined;
}

/**
 * The best scale of each step by any metric and aggregate, without computing anything again.
 *
 * @example
 * ```ts
 * import { chooseScales } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * // Two samples, one step, the candidates 3 and 5.
 * const table = [[[0.7, 0.9]], [[0.6, 0.8]]];
 * const chosen = chooseScales(table, { candidates: [3, 5] });
 * assertEquals(chosen, [{ patchSize: 5, perSample: [5, 5] }]);
 * ```
 *
 * @param table Similarities `[samples][steps][candidates]` by that metric.
 * @returns Per step, ascending: the chosen scale and the best of each sample that has a row there.
 * @throws RangeError if no sample has a row at some step, or a row has no value.
 * @category Calibration
 */
export function chooseScales(
  table: SimilarityTable,
  options: ChooseScalesOptions & {
    /** Candidate scales, ascending. */
    readonly candidates: readonly number[];
  },
): { readonly patchSize: number; readonly perSample: number[] }[] {
  const { candidates, metric = "cosine", aggregate = "median" } = options;
  const steps = table[0]?.length ?? 0;
  return Array.from({ length: steps }, (_, index) => {
    const perSample = table.flatMap((rows, sample) => {
      const row = rows[index] ?? [];
      if (row.length === 0) return [];
      try {
        return [bestScale(row, { candidates, metric })];
      } catch (cause) {
        const problem = cause instanceof Error ? cause.message : String(cause);
        throw new ArgumentError(`Step ${index + 1}, sample ${sample}: ${problem}`, { cause });
      }
    });
    if (perSample.length === 0) {
      throw new ArgumentError(`Step ${index + 1}: Cannot choose a scale: no sample was evaluated`);
    }
    return { patchSize: aggregateScales(perSample, aggregate), perSample };
  });
}

/**
 * Options of {@linkcode toScaleSchedule}.
 *
 * @category Calibration
 */
export interface ToScaleScheduleOptions {
  /** Name of the machine that was calibrated. */
  readonly machine: string;
  /** Padding of the network. */
  readonly padding: "zeros" | "circular";
  /** Where the calibration comes from. */
  readonly provenance: Provenance;
  /** Whether each class has scales of its own, by its own samples; those for all stand beside them. */
  readonly perClass?: boolean | undefined;
  /** Of a machine with a gradient window: its profile at a time, which the schedule then holds. */
  readonly profileAt?: ((t: number) => readonly number[]) | undefined;
}

/**
 * A finished calibration as the scale schedule that is exported, with the chosen metric's table.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   calibrate,
 *   createMachine,
 *   createProvenance,
 *   createSchedule,
 *   syntheticTextures,
 *   toScaleSchedule,
 *   writeScaleSchedule,
 * } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * await using network = createMachine("bbELS", { images, schedule, patchSize: 3 });
 * await using machine = createMachine("bbELS", { images, schedule });
 * const options = { candidates: [3, 5], steps: 1, samples: 1, seed: 1 };
 * const calibration = await calibrate(network, machine, options);
 * const scales = toScaleSchedule(calibration, {
 *   machine: "bbELS",
 *   padding: "zeros",
 *   provenance: createProvenance({ seed: 1, config: options }),
 * });
 * assertStringIncludes(writeScaleSchedule(scales), '"patchSize": 3');
 * ```
 *
 * @category Calibration
 */
export function toScaleSchedule(
  calibration: Calibration,
  options: ToScaleScheduleOptions,
): ScaleSchedule {
  const { machine, padding, provenance, perClass = false, profileAt } = options;
  const { imageShape, noiseSchedule, metric, aggregate, candidates, tables, chosen } = calibration;
  const rows = tables[metric]!;
  const labels = calibration.labels?.slice(0, rows.length) ?? null;
  const { grid = "uniform", window } = calibration;
  if (perClass) checkPerClass(calibration);
  return {
    format: "els-scale-schedule",
    version: window === undefined && !perClass ? 1 : 2,
    imageShape,
    machine,
    padding,
    noiseSchedule,
    metric,
    ...window !== undefined && { window },
    aggregate,
    candidates,
    labels,
    ...grid !== "uniform" && { timeGrid: grid },
    steps: chosen.map((step, index): ScaleStep => ({
      ...step,
      ...perClass && { perClass: classScales(step, { labels: labels!, aggregate }) },
      ...profileAt && { profile: profileAt(step.t) },
      similarity: rows.map((steps) => steps[index]!).filter((row) => row.length > 0),
    })),
    provenance,
  };
}

/** Scales of each class by the samples of it. */
function classScales(
  { perSample }: CalibratedStep,
  { labels, aggregate }: {
    readonly labels: readonly number[];
    readonly aggregate: ScaleAggregate;
  },
): ClassScale[] {
  return [...new Set(labels)].sort((a, b) => a - b).map((label) => {
    const own = perSample.filter((_, sample) => labels[sample] === label);
    return {
      label,
      patchSize: aggregateScales(own, aggregate),
      interval: intervalOf(own, aggregate),
    };
  });
}

function checkPerClass({ labels, chosen }: Calibration): void {
  const few = chosen.find(({ perSample }) => perSample.length !== labels?.length);
  if (labels !== null && few === undefined) return;
  throw new ArgumentError(
    `Cannot choose scales of single classes: ${
      labels === null
        ? "the samples have none; give labels"
        : `step ${few!.step} was settled by ${
          few!.perSample.length
        } of ${labels.length} samples; ` +
          'calibrate with a number of samples, not "auto"'
    }`,
  );
}
