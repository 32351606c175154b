/** The forward process, objective and loss of a training run, from presets and flags. */
import type { NetworkPrediction, Preconditioning } from "../../src/denoisers/preconditioning.ts";
import { checkPreconditioning, preconditioningKinds } from "../../src/denoisers/preconditioning.ts";
import { createSchedule, scheduleNames } from "../../src/schedules/create_schedule.ts";
import type { NoiseSchedule } from "../../src/schedules/noise_schedule.ts";
import type { NoiseSampling } from "../../src/training/noise_sampling.ts";
import { type LossWeighting, lossWeightings } from "../../src/training/objective.ts";
import { CommandError } from "../cli/command.ts";

/** What a preset decides about it, and flags replace; `auto` follows from the rest. */
export interface FormulationChoice {
  readonly noiseSchedule: string;
  /** Parameters of the noise schedule that differ from its defaults. */
  readonly noiseParameters?: Readonly<Record<string, number>>;
  /** What the network predicts. */
  readonly objective: "noise" | "x0" | "v";
  /** `stable`: the Stable Target Field over `references` images. */
  readonly target: "plain" | "stable";
  readonly references: number;
  readonly preconditioning: "auto" | Preconditioning["kind"];
  /** Standard deviation of the clean images, for preconditioning. */
  readonly sigmaData: number;
  readonly noiseSampling: "auto" | NoiseSampling["kind"];
  /** Uniform times are 1 - (1 - u)^p. */
  readonly timePower: number;
  /** Of the logarithm of log-normal noise. */
  readonly logSigmaMean: number;
  readonly logSigmaDeviation: number;
  readonly weighting: "auto" | LossWeighting;
}

/** What most presets say: a plain target, and the rest by the schedule. */
export const plainFormulation = {
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

/** Flags of `deno task train` about it. */
export const formulationFlags = {
  noiseSchedule: { type: "choice", choices: scheduleNames, help: "Forward process" },
  noiseParameters: {
    type: "string",
    placeholder: "NAME=VALUE,..",
    help: "Parameters of the forward process, such as sigmaMax=50",
  },
  objective: {
    type: "choice",
    choices: ["noise", "x0", "v", "stable"],
    help: "What the network predicts; stable: as before, with --target stable",
  },
  target: {
    type: "choice",
    choices: ["plain", "stable"],
    help: "Learn from the image behind each example, or from the Stable Target Field",
  },
  references: { type: "integer", min: 1, help: "Images behind a stable target" },
  preconditioning: {
    type: "choice",
    choices: ["auto", ...preconditioningKinds],
    help: "Scaling around the network; auto: none for VP, edm for x0 on edm, input for the rest",
  },
  sigmaData: { type: "number", min: 0.001, help: "Deviation of clean images, for preconditioning" },
  noiseSampling: {
    type: "choice",
    choices: ["auto", "uniform", "lognormal"],
    help: "How noise is drawn; auto: lognormal for edm, times for the rest",
  },
  timePower: { type: "number", min: 0.1, help: "Above 1: more practice near t = 1" },
  logSigmaMean: { type: "number", help: "Mean of the logarithm of log-normal noise" },
  logSigmaDeviation: { type: "number", min: 0.01, help: "Its standard deviation" },
  weighting: {
    type: "choice",
    choices: ["auto", ...lossWeightings],
    help: "What a squared error counts by its noise; auto: min_snr for plain x0, own for the rest",
  },
} as const;

/** The choice without `auto`, and what is made of it. */
export interface ResolvedFormulation {
  /** For the run's configuration. */
  readonly choice: FormulationChoice;
  readonly schedule: NoiseSchedule;
  readonly prediction: NetworkPrediction;
  readonly preconditioning: Preconditioning;
  readonly noiseSampling: NoiseSampling;
  readonly weighting: LossWeighting;
}

/** Reads `sigmaMin=0.1,sigmaMax=50`. */
export function parseParameters(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [name = "", value = "", ...rest] = part.split("=").map((each) => each.trim());
      if (name === "" || value === "" || rest.length > 0 || !Number.isFinite(Number(value))) {
        throw new CommandError(
          `--noise-parameters has ${
            JSON.stringify(part)
          }, expected such as sigmaMin=0.1,sigmaMax=50`,
        );
      }
      return [name, Number(value)];
    }),
  );
}

/**
 * Follows `auto`.
 *
 * VP schedules take noisy images as they are. Exploding ones need their input scaled, and the power of
 * times that favors high noise on VP is left out there: VE's t is even in log sigma already.
 *
 * @throws RangeError if the schedule, or the preconditioning with this objective, is impossible.
 */
export function resolveFormulation(config: FormulationChoice): ResolvedFormulation {
  const schedule = createSchedule(config.noiseSchedule, config.noiseParameters);
  const exploding = schedule.name === "ve" || schedule.name === "edm";
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
    : "own";
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
