/** What a network and machines are asked together: checks, and the noise and labels that they share. */
import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, imageShapeOf } from "../core/image_batch.ts";
import type { Denoiser } from "../denoisers/denoiser.ts";
import { labelPerSample } from "../denoisers/labels.ts";
import { checkSameProcess } from "../denoisers/same_process.ts";
import { initialNoise } from "../samplers/initial_noise.ts";
import type { SamplingProtocolOptions } from "../samplers/sampling_protocol.ts";
import type { NamedDenoiser } from "./named_denoiser.ts";

/** What is done with them, as messages say it. */
type Doing = "compare" | "evaluate";

/** The names of machines, which with the numbers of samples are checked before anything is made. */
export function namesOfMachines(
  doing: Doing,
  { machines, ...counts }: {
    readonly machines: readonly NamedDenoiser[];
    readonly samples: number;
    readonly batch: number;
  },
): string[] {
  for (const what of ["samples", "batch"] as const) {
    const value = counts[what];
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new ArgumentError(`Cannot ${doing}: ${what} is ${value}, expected a positive integer`);
    }
  }
  const names = machines.map(({ name }) => name);
  if (names.length === 0 || new Set(names).size !== names.length) {
    throw new ArgumentError(
      `Cannot ${doing} machines named [${
        names.join(", ")
      }]: expected at least one, without repeats`,
    );
  }
  return names;
}

/** The label of each sample, and x_T: made of the seed, or that of the options where it fits the network. */
export function commonNoise(
  doing: Doing,
  network: Denoiser,
  { machines, times, samples, first = 0, seed, ...options }:
    & Pick<SamplingProtocolOptions, "samples" | "first" | "seed" | "labels" | "xT">
    & { readonly machines: readonly NamedDenoiser[]; readonly times: readonly number[] },
): { labels: ReturnType<typeof labelPerSample>; xT: ImageBatch } {
  const { schedule, imageShape } = network;
  for (const { denoiser } of machines) checkSameProcess(network, denoiser, { times });
  const labels = labelPerSample(options.labels, samples);
  const xT = options.xT ?? initialNoise({ seed, samples, first, imageShape, schedule });
  if (xT.shape[0] !== samples || imageShapeOf(xT).some((size, a) => size !== imageShape[a])) {
    throw new ArgumentError(
      `Cannot ${doing} ${samples} samples of ${
        imageShape.join(" x ")
      } from noise of shape [${xT.shape}]`,
    );
  }
  return { labels, xT };
}
