import { trainedPreconditionings } from "../../src/denoisers/preconditioning.ts";
import { scheduleNames } from "../../src/schedules/create_schedule.ts";
import { lossWeightings } from "../../src/training/objective.ts";
import { CommandError } from "../cli/command.ts";
import { grouped } from "../cli/flags.ts";

/** Flags about the forward process, objective and loss of a training. */
export const formulationFlags = grouped("Noise and objective", {
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
    choices: ["auto", ...trainedPreconditionings],
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
    help: "What a squared error counts by its noise; auto: min_snr for plain x0, unit for the rest",
  },
});

/** Reads `sigmaMin=0.1,sigmaMax=50`; values are numbers or words. */
export function parseParameters(text: string): Record<string, number | string> {
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [name = "", value = "", ...rest] = part.split("=").map((each) => each.trim());
      const number = Number(value);
      const isWord = /^[a-z]\w*$/i.test(value);
      if (name === "" || value === "" || rest.length > 0 || !(Number.isFinite(number) || isWord)) {
        throw new CommandError(
          `--noise-parameters has ${
            JSON.stringify(part)
          }, expected such as sigmaMin=0.1,sigmaMax=50`,
        );
      }
      return [name, Number.isFinite(number) ? number : value];
    }),
  );
}
