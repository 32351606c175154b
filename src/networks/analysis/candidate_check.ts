import type { Network } from "../network.ts";
import type { TrainedNetwork } from "../weights/weights.ts";
import { measureAlongTrajectories } from "./field_along_trajectories.ts";
import { effectiveField } from "./field_profile.ts";

/** Share of the absolute gradient that counts as the measured field. */
const SHARE = 0.99;

/**
 * "receptive field 17", or what is to be said where it exceeds the image.
 *
 * @category Networks
 */
export function receptiveFieldText({ receptiveField, architecture }: Network): string {
  if (receptiveField === Infinity) return "receptive field the whole image (attention)";
  const [h, w] = architecture.imageShape;
  const wider = receptiveField >= 2 * Math.max(h, w) - 1;
  return `receptive field ${receptiveField}${wider ? " (the whole image)" : ""}`;
}

/**
 * How the candidate scales of a calibration stand to the network's receptive field.
 *
 * @category Networks
 */
export interface CandidateCheck {
  /** Width in pixels that the architecture allows; null where it sets no bound. */
  readonly receptiveField: number | null;
  /** Width in pixels that holds 99 % of the gradient; absent: the candidates go far enough. */
  readonly receptiveFieldMeasured?: number;
  /** What is to be said where the candidates stop below the architecture's field. */
  readonly warning?: string;
}

/**
 * Options of {@linkcode checkCandidates}.
 *
 * @category Networks
 */
export interface CheckCandidatesOptions {
  /** Candidate scales, ascending. */
  readonly candidates: readonly number[];
  /** Seed of the trajectory. */
  readonly seed: number;
  /** Class of each sample, of which the first is looked at. */
  readonly labels?: readonly number[] | undefined;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * Compares candidate scales with what the architecture allows, and, where they stop below it, with what
 * the network makes of it: a look at a few pixels of one trajectory. The backend must have been started.
 *
 * @example
 * ```ts
 * import {
 *   checkCandidates,
 *   createNetwork,
 *   initialParameters,
 *   Random,
 *   startBackend,
 * } from "@els/toolkit/networks";
 * import { createSchedule } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * await startBackend("cpu");
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const parameters = initialParameters(network.parameters, new Random(1));
 * const schedule = createSchedule("cosine_legacy");
 * const trained = { network, parameters, schedule, training: {} };
 * // It sees 7 pixels.
 * const enough = await checkCandidates(trained, { candidates: [3, 5, 7], seed: 1 });
 * assertEquals(enough.warning, undefined);
 * ```
 *
 * @category Networks
 */
export async function checkCandidates(
  trained: TrainedNetwork,
  options: CheckCandidatesOptions,
): Promise<CandidateCheck> {
  const { candidates, seed, labels, abort } = options;
  const { network } = trained;
  const last = candidates.at(-1)!;
  const receptiveField = Number.isFinite(network.receptiveField) ? network.receptiveField : null;
  if (last >= network.receptiveField) return { receptiveField };
  const { times, radius } = await measureAlongTrajectories(trained, {
    protocol: {
      ...{ sampler: "ddim", grid: "uniform", steps: 4, samples: 1, seed },
      labels: labels?.slice(0, 1),
    },
    pixels: 8,
    abort,
  });
  const widths = times.map((field) => effectiveField(field, { radius, share: SHARE }) ?? 1);
  const measured = Math.max(...widths);
  return {
    receptiveField,
    receptiveFieldMeasured: measured,
    warning: `the candidate scales end at ${last}, below the network's ${
      receptiveFieldText(network)
    } by its architecture; as measured ${measured} pixels hold ${100 * SHARE} % of its gradient`,
  };
}
