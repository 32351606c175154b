import { ArgumentError } from "../core/errors.ts";
import { eventLoopTurns } from "../core/event_loop.ts";
import * as tf from "@tensorflow/tfjs";
import { type ImageBatch, imageShapeOf, sliceBatch } from "../core/image_batch.ts";
import type { Denoiser, PredictOptions } from "../denoisers/denoiser.ts";
import { labelPerSample } from "../denoisers/labels.ts";
import { checkPreconditioning, preconditioningFactors } from "../denoisers/preconditioning.ts";
import { type MemoryByBatch, memoryByBatch } from "./tensor_memory.ts";
import { parameterCount, unflatten } from "./weights/parameters.ts";
import type { TrainedNetwork } from "./weights/weights.ts";

/**
 * A trained network as a denoiser; holds tensors until it is disposed of.
 *
 * @category Networks
 */
export interface NetworkDenoiser extends Denoiser {
  /** Frees the network's tensors. */
  dispose(): void;
}

/**
 * Makes a trained network, with its preconditioning around it, a denoiser that predicts what it was
 * trained for, on the backend in use.
 *
 * @example
 * ```ts
 * import {
 *   createNetwork,
 *   initialParameters,
 *   networkDenoiser,
 *   Random,
 *   startBackend,
 * } from "@els/toolkit/networks";
 * import { createSchedule, imageBatch } from "@els/toolkit/machines";
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
 * const denoiser = networkDenoiser({ network, parameters, schedule, training: {} });
 * const x = imageBatch(new Float32Array(64), [1, 8, 8, 1]);
 * assertEquals((await denoiser.predict(x, 0.5)).shape, [1, 8, 8, 1]);
 * denoiser.dispose();
 * ```
 *
 * @param options.batchSize At most so many images go through at once, which bounds memory. Default 32.
 * @category Networks
 */
export function networkDenoiser(
  trained: TrainedNetwork,
  options: { readonly batchSize?: number } = {},
): NetworkDenoiser {
  const { network, parameters, schedule, prediction = "eps", preconditioning = { kind: "none" } } =
    trained;
  const { batchSize = 32 } = options;
  const { kind, imageShape } = network.architecture;
  checkPreconditioning(prediction, preconditioning);
  const tensors = unflatten(network.parameters, parameters);
  return {
    name: kind,
    prediction,
    imageShape,
    schedule,
    ...trained.clip !== undefined && { clip: trained.clip },
    async predict(x: ImageBatch, t: number, { labels, abort }: PredictOptions = {}) {
      const found = imageShapeOf(x);
      if (found.join() !== imageShape.join()) {
        throw new ArgumentError(
          `Cannot denoise images of ${found.join(" x ")}: the network takes ${
            imageShape.join(" x ")
          }`,
        );
      }
      const perSample = labelPerSample(labels, x.shape[0]);
      const { cSkip, cOut, cIn, cNoise } = preconditioningFactors(preconditioning, { schedule, t });
      const out = new Float32Array(x.data.length);
      const turn = eventLoopTurns();
      for (let from = 0; from < x.shape[0]; from += batchSize) {
        await turn();
        abort?.throwIfAborted();
        const part = sliceBatch(x, from, Math.min(from + batchSize, x.shape[0]));
        const raw = tf.tidy(() =>
          network.forward(tensors, {
            // A copy: the cpu backend keeps a reference to the values that it is given.
            x: tf.tensor4d(part.data.map((value) => cIn * value), [...part.shape]),
            times: new Array<number>(part.shape[0]).fill(cNoise),
            labels: perSample?.slice(from, from + part.shape[0]),
          })
        );
        out.set(await raw.data(), from * imageShape[0] * imageShape[1] * imageShape[2]);
        raw.dispose();
      }
      if (cSkip !== 0 || cOut !== 1) {
        for (let i = 0; i < out.length; i++) out[i] = cSkip * x.data[i]! + cOut * out[i]!;
      }
      return { data: out, shape: x.shape };
    },
    dispose: () => tf.dispose(Object.values(tensors)),
  };
}

/** What predictions of a network take. */
export interface PredictionCost extends MemoryByBatch {
  readonly secondsPerImage: number;
}

/**
 * Measures, with one image and with two, the memory and the time that predictions of a network take on the
 * backend in use: what its layers put out stays until the last is done.
 */
export async function predictionCost(trained: TrainedNetwork): Promise<PredictionCost> {
  const [height, width, channels] = trained.network.architecture.imageShape;
  const { classes } = trained.network.architecture;
  const denoiser = networkDenoiser(trained);
  let secondsPerImage = 0;
  try {
    const { fixed, perImage } = await memoryByBatch(async (batch) => {
      const data = new Float32Array(batch * height * width * channels);
      const x = { data, shape: [batch, height, width, channels] as const };
      const labels = classes > 0 ? { labels: new Array<number>(batch).fill(0) } : {};
      const began = performance.now();
      await denoiser.predict(x, 0.5, labels);
      // The last batch counts: the first compiles.
      secondsPerImage = (performance.now() - began) / 1000 / batch;
    });
    const weights = 4 * parameterCount(trained.network.parameters);
    return { fixed: weights + fixed, perImage, secondsPerImage };
  } finally {
    denoiser.dispose();
  }
}
