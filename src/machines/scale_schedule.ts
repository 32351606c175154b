import type { Provenance } from "../core/provenance.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import type { WindowName } from "./machine_window.ts";

/**
 * How the best scales of the samples become one scale.
 *
 * @category Calibration
 */
export type ScaleAggregate = "median" | "mode";

/**
 * The scale of a step for one class.
 *
 * @category Calibration
 */
export interface ClassScale {
  /** Label of the class. */
  readonly label: number;
  /** The scale, one of the candidates. */
  readonly patchSize: number;
  /** Between which scales 95 % of bootstrap resamples of the class's samples choose. */
  readonly interval: readonly [low: number, high: number];
}

/**
 * One reverse step: time, noise level and scale stand together, so that no index can slip.
 *
 * @category Calibration
 */
export interface ScaleStep {
  /** Step number i from 1 (lowest noise) to n. */
  readonly step: number;
  /** Time in (0, 1], ascending with the step; i / n on the uniform grid. */
  readonly t: number;
  /** Factor of the clean image at t. */
  readonly signal: number;
  /** Standard deviation of the noise at t. */
  readonly sigma: number;
  /** The calibrated scale, one of the candidates: k, or the width of a window. */
  readonly patchSize: number;
  /** Scales of single classes, by ascending label; absent: one scale for all. */
  readonly perClass?: readonly ClassScale[];
  /** Of a window whose shape the network gives: its weights by distance, from the pixel itself outwards. */
  readonly profile?: readonly number[];
  /** The best scale of each sample; where a step was settled early, of the first samples only. */
  readonly perSample: readonly number[];
  /** Share of bootstrap resamples of these samples that choose the same scale; absent: not known. */
  readonly certainty?: number;
  /** Between which scales 95 % of these resamples choose; absent: not known. */
  readonly interval?: readonly [low: number, high: number];
  /** Most training images that any of these samples was compared with; absent: all of the data set. */
  readonly images?: number;
  /** Similarity of each of these samples (rows) at each candidate (columns); null where not evaluated. */
  readonly similarity: readonly (readonly (number | null)[])[];
}

/**
 * One move that was tried.
 *
 * @category Calibration
 */
export interface RefinementTrial {
  /** Sweep, from 1. */
  readonly pass: number;
  /** Step whose scale was changed, from 1 (lowest noise) to n. */
  readonly step: number;
  /** The scale that was tried there. */
  readonly patchSize: number;
  /** Mean agreement over the samples. */
  readonly score: number;
  /** Agreement of each sample. */
  readonly perSample: readonly number[];
  /** Whether it was kept: better than all before. */
  readonly accepted: boolean;
}

/**
 * How scales were refined by the agreement of final images, after each had been calibrated by itself.
 *
 * @category Calibration
 */
export interface ScaleRefinement {
  /** Name of the measure that final images were compared by. */
  readonly measure: string;
  /** Name of the sampler of network and machine. */
  readonly sampler: string;
  /** Name of its grid of times. */
  readonly grid: string;
  /** Steps of the network. */
  readonly networkSteps: number;
  /** Seed of x_T and of a stochastic sampler; null if the noise was given. */
  readonly seed: number | null;
  /** Number of trajectories. */
  readonly samples: number;
  /** Class label of each sample; null when unconditional. */
  readonly labels: readonly number[] | null;
  /** Scales to begin with, those that were calibrated; index 0 the lowest noise. */
  readonly start: readonly number[];
  /** Mean agreement of the scales to begin with. */
  readonly startScore: number;
  /** Mean agreement of the refined scales, on the same samples. */
  readonly score: number;
  /** Every move that was tried, in order. */
  readonly trials: readonly RefinementTrial[];
}

/**
 * The calibrated locality scales of a network, with the similarities that they were chosen by.
 *
 * @category Calibration
 */
export interface ScaleSchedule {
  /** Marks the file as what it is. */
  readonly format: "els-scale-schedule";
  /** Version of the format: 2 where there is a window or scales of single classes, which the first had not. */
  readonly version: 1 | 2;
  /** Height, width, channels. */
  readonly imageShape: readonly [number, number, number];
  /** Name of the machine whose scales these are. */
  readonly machine: string;
  /** Padding of the network that was calibrated against. */
  readonly padding: "zeros" | "circular";
  /** The forward process: what makes it again. */
  readonly noiseSchedule: {
    readonly name: string;
    readonly parameters: NoiseSchedule["parameters"];
  };
  /** Name of the metric by which network and machine were compared. */
  readonly metric: string;
  /** Name of the window whose widths the scales are; absent: the k x k box, of odd sizes. */
  readonly window?: WindowName;
  /** How the best scales of the samples became one. */
  readonly aggregate: ScaleAggregate;
  /** Candidate scales, ascending. */
  readonly candidates: readonly number[];
  /** Class label of each sample; null when unconditional. */
  readonly labels: readonly number[] | null;
  /** Name of the grid of times; absent: uniform, t = step / n. */
  readonly timeGrid?: string;
  /** Steps 1 .. n in ascending order. */
  readonly steps: readonly ScaleStep[];
  /** How the scales were refined; absent: they are as they were calibrated. */
  readonly refinement?: ScaleRefinement;
  /** Where the schedule comes from. */
  readonly provenance: Provenance;
  /** Its file was edited by hand after it was written, as its checksum tells; absent: not that is known. */
  readonly edited?: true;
}
