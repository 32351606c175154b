import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, sliceBatch } from "../core/image_batch.ts";
import type { Metric } from "../core/metric.ts";
import { convertPrediction } from "../denoisers/convert.ts";
import type { MultiScaleDenoiser } from "../denoisers/denoiser.ts";
import { compareVectors, type Similarities } from "./similarity.ts";

/**
 * Compares the network's eps with the machine's at each scale.
 *
 * @param eps The network's, `[samples, H, W, C]`.
 * @returns Similarities `[samples][candidates]`.
 * @throws RangeError if the machine's predictions are not one for each scale, or a value is not finite.
 */
export function compareScales(
  eps: ImageBatch,
  { x, t, predictions, machine, candidates, metrics, samples }: {
    /** Noisy images of the same samples. */
    readonly x: ImageBatch;
    readonly t: number;
    readonly predictions: readonly ImageBatch[];
    readonly machine: MultiScaleDenoiser;
    readonly candidates: readonly number[];
    readonly metrics: readonly Metric[];
    /** Numbers of the samples, for messages. */
    readonly samples: readonly number[];
  },
): Similarities[][] {
  if (predictions.length !== candidates.length) {
    throw new ArgumentError(
      `Cannot compare ${machine.name}: it gave ${predictions.length} predictions for ${candidates.length} scales`,
    );
  }
  const level = {
    from: machine.prediction,
    to: "eps",
    signal: machine.schedule.signal(t),
    sigma: machine.schedule.sigma(t),
  } as const;
  const machineEps = predictions.map((values) => convertPrediction(x, values, level));
  return Array.from({ length: x.shape[0] }, (_, index) => {
    const reference = sliceBatch(eps, index, index + 1).data;
    return machineEps.map((values, column) =>
      compareVectors(reference, sliceBatch(values, index, index + 1).data, {
        what: `${machine.name} at k = ${candidates[column]}, t = ${t}, sample ${samples[index]}`,
        metrics,
      })
    );
  });
}
