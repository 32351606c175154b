/** The forward process, objective and loss of a training, chosen by name or left to `auto`. */
import {
  checkPreconditioning,
  type NetworkPrediction,
  type Preconditioning,
  type TrainedPreconditioning,
} from "../denoisers/preconditioning.ts";
import { createSchedule } from "../schedules/create_schedule.ts";
import { preservesVariance } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import type { NoiseSampling } from "./noise_sampling.ts";
import type { LossWeighting } from "./objective.ts";

/**
 * A formulation as people choose it; `auto` follows from the rest.
 *
 * @category Training
 */
export interface FormulationChoice {
  /** Name of the forward process. */
  readonly noiseSchedule: string;
  /** Parameters of the noise schedule that differ from its defaults. */
  readonly noiseParameters?: NoiseSchedule["parameters"];
  /** What the network predicts. */
  readonly objective: "noise" | "x0" | "v";
  /** `stable`: the Stable Target Field over `references` images. */
  readonly target: "plain" | "stable";
  /** Images behind a stable target. */
  readonly references: number;
  /** Scaling around the network; `auto`: none for VP, edm for x0 on edm, input for the rest. */
  readonly preconditioning: "auto" | TrainedPreconditioning;
  /** Standard deviation of the clean images, for preconditioning. */
  readonly sigmaData: number;
  /** How noise is drawn; `auto`: log-normal for edm, times for the rest. */
  readonly noiseSampling: "auto" | NoiseSampling["kind"];
  /** Uniform times are 1 - (1 - u)^p. */
  readonly timePower: number;
  /** Mean of the logarithm of log-normal noise. */
  readonly logSigmaMean: number;
  /** Its standard deviation. */
  readonly logSigmaDeviation: number;
  /** What a squared error counts by its noise; `auto`: min_snr for plain x0, unit for the rest. */
  readonly weighting: "auto" | LossWeighting;
}

/**
 * A plain target, and the rest by the forward process.
 *
 * @category Training
 */
export const defaultFormulation = {
  target: "plain",
  references: 1024,
  preconditioning: "auto",
  sigmaData: 0.5,
  noiseSampling: "auto",
  timePower: 1,
  logSigmaMean: -1.2,
  logSigmaDeviation: 1.2,
  weighting: "auto",
} as const satisfies Partial<FormulationChoice>;

/**
 * The choice without `auto`, and what is made of it.
 *
 * @category Training
 */
export interface ResolvedFormulation {
  /** The same without `auto`, as plain data. */
  readonly choice: FormulationChoice;
  /** The forward process. */
  readonly schedule: NoiseSchedule;
  /** What the network predicts. */
  readonly prediction: NetworkPrediction;
  /** Scaling around the network. */
  readonly preconditioning: Preconditioning;
  /** How noise is drawn. */
  readonly noiseSampling: NoiseSampling;
  /** What a squared error counts by its noise. */
  readonly weighting: LossWeighting;
}

/**
 * The formulation that a choice asks for, each `auto` followed.
 *
 * VP schedules take noisy images as they are. Exploding ones need their input scaled, and the power of
 * times that favors high noise on VP is left out there: VE's t is even in log sigma already.
 *
 * @example
 * ```ts
 * import { defaultFormulation, resolveFormulation } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const { schedule, preconditioning } = resolveFormulation({
 *   ...defaultFormulation,
 *   noiseSchedule: "edm",
 *   objective: "x0",
 * });
 * assertEquals([schedule.name, preconditioning.kind], ["edm", "edm"]);
 * ```
 *
 * @throws RangeError if the schedule, or the preconditioning with this objective, is impossible.
 *
 * @category Training
 */
export function resolveFormulation(config: FormulationChoice): ResolvedFormulation {
  return formulate(createSchedule(config.noiseSchedule, config.noiseParameters), config);
}

/**
 * The formulation that a choice asks for on a noise schedule, which may be one of your own.
 *
 * @throws RangeError if the preconditioning with this objective is impossible.
 */
export function formulate(
  schedule: NoiseSchedule,
  config: Omit<FormulationChoice, "noiseSchedule" | "noiseParameters">,
): ResolvedFormulation {
  const exploding = !preservesVariance(schedule);
  const prediction = config.objective === "noise" ? "eps" : config.objective;
  const kind = config.preconditioning !== "auto"
    ? config.preconditioning
    : !exploding
    ? "none"
    : schedule.name === "edm" && prediction === "x0"
    ? "edm"
    : "input";
  const preconditioning: Preconditioning = kind === "none"
    ? { kind }
    : { kind, sigmaData: config.sigmaData };
  checkPreconditioning(prediction, preconditioning);
  const automatic = config.noiseSampling === "auto";
  const sampling = !automatic
    ? config.noiseSampling
    : schedule.name === "edm"
    ? "lognormal"
    : "uniform";
  const timePower = automatic && exploding ? 1 : config.timePower;
  const weighting = config.weighting !== "auto"
    ? config.weighting
    : prediction === "x0" && kind !== "edm"
    ? "min_snr"
    : "unit";
  return {
    choice: {
      noiseSchedule: schedule.name,
      noiseParameters: schedule.parameters,
      objective: config.objective,
      target: config.target,
      references: config.references,
      preconditioning: kind,
      sigmaData: config.sigmaData,
      noiseSampling: sampling,
      timePower,
      logSigmaMean: config.logSigmaMean,
      logSigmaDeviation: config.logSigmaDeviation,
      weighting,
    },
    schedule,
    prediction,
    preconditioning,
    noiseSampling: sampling === "uniform"
      ? { kind: sampling, power: timePower }
      : { kind: sampling, mean: config.logSigmaMean, deviation: config.logSigmaDeviation },
    weighting,
  };
}
