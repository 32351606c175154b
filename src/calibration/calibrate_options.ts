import type { SamplingProtocolOptions } from "../samplers/sampling_protocol.ts";
import type { CalibrationState, ChooseScalesOptions } from "./calibration.ts";
import type { CalibrationRound } from "./calibration_work.ts";
import type { HeldOutQueries } from "./held_out_queries.ts";
import type { ScaleSearch } from "./scale_search.ts";

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
  /** Trajectories at most with samples "auto"; default: those of `xT`, or 11. */
  readonly maxSamples?: number | undefined;
  /**
   * How many of the machine's training images are compared with: all (the default), or as many as the choice
   * needs ("auto"): few at first, then about twice as many, each time only at the scales that can still be
   * the best of a sample. Machines that cannot do so (see {@linkcode GrowingDenoiser}) take all.
   */
  readonly images?: "all" | "auto" | undefined;
  /** Candidate scales, ascending: k, odd, or widths of the machine's window, such as `candidateWidths`. */
  readonly candidates: readonly number[];
  /**
   * Which of them are evaluated: all at every step (`full`, the default), or all at t = 1 and then those
   * around each sample's last winner, outwards until the best has a worse one on either side
   * (`neighbors`; see {@linkcode searchScales}), or so, but every fourth of them first, then every second,
   * then all (`line`, for widths that lie close together). What was not evaluated is null in the tables.
   */
  readonly search?: ScaleSearch | undefined;
  /**
   * Held-out images with noise in place of the network's trajectory, one for each sample: network and machine are
   * asked about them, or the machine alone, against the noise that is in them. `sampler` and `xT` then mean
   * nothing, and labels are those of the images.
   */
  readonly on?: HeldOutQueries | undefined;
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
