import { ArgumentError } from "../core/errors.ts";
import { checkImages, type ImageBatch, imageShapeOf } from "../core/image_batch.ts";
import {
  type NetworkPrediction,
  type Preconditioning,
  trainedKind,
} from "../denoisers/preconditioning.ts";
import {
  type BackendChoice,
  type BackendInfo,
  runningBackend,
  startBackend,
} from "../networks/backend.ts";
import type { Network } from "../networks/network.ts";
import type { TrainedNetwork } from "../networks/weights/weights.ts";
import { cosineLegacy } from "../schedules/cosine_legacy.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { defaultFormulation, formulate } from "./formulation.ts";
import { createGradientPool, type GradientPool } from "./gradient_pool.ts";
import type { LearningRateSchedule } from "./learning_rate.ts";
import type { NoiseSampling } from "./noise_sampling.ts";
import type { LossWeighting } from "./objective.ts";
import type { TrainingState, TrainingStep } from "./optimization.ts";
import { type Checkpoints, optimizeNetwork } from "./optimize_network.ts";
import type { Target } from "./target.ts";

/**
 * Options of {@linkcode train}. Images and steps are needed, everything else has a default: the recipe of
 * this package's small networks.
 *
 * @category Training
 */
export interface TrainOptions {
  /** Clean images `[N, H, W, C]` in [-1, 1], of the network's shape. */
  readonly images: ImageBatch;
  /** Steps in all. */
  readonly steps: number;
  /** Class of each image: required by a conditional network, refused by others. */
  readonly labels?: ArrayLike<number> | undefined;
  /** The forward process; `cosine_legacy` by default. */
  readonly schedule?: NoiseSchedule | undefined;
  /** What the network predicts; eps by default, x0 on the schedule `edm`. */
  readonly prediction?: NetworkPrediction | undefined;
  /**
   * What stands between the network and noisy images. By default none where the process preserves variance,
   * EDM's for x0 on the schedule `edm`, else scaled inputs; sigmaData is that of the images.
   */
  readonly preconditioning?: Preconditioning | undefined;
  /** What the network is to find in noisy images; what they were made of by default. */
  readonly target?: Target | undefined;
  /** What a squared error counts by its noise; by default `min_snr` for plain x0, `own` for the rest. */
  readonly weighting?: LossWeighting | undefined;
  /**
   * How noise is drawn; by default more of it near t = 1 where the process preserves variance (uniform times
   * to the power 2), log-normal levels on `edm`, uniform times else.
   */
  readonly noiseSampling?: NoiseSampling | undefined;
  /** Images per step; 16 by default. */
  readonly batchSize?: number | undefined;
  /**
   * Learning rate: its largest value, reached after a tenth of the steps (200 at most) and falling by half a
   * cosine, or a schedule of your own; 0.002 by default.
   */
  readonly learningRate?: number | LearningRateSchedule | undefined;
  /** Decoupled weight decay; 0 by default. */
  readonly weightDecay?: number | undefined;
  /** Decay of the moving average of the parameters, which is the result; 0.999 by default, 0: the last ones. */
  readonly emaDecay?: number | undefined;
  /** Gradients of a larger norm are scaled down to it; 1 by default, 0: never. */
  readonly clipNorm?: number | undefined;
  /** Seed of everything random; 1 by default. */
  readonly seed?: number | undefined;
  /** Backend of TensorFlow.js; by default the one that runs already, else a real GPU, else wasm. */
  readonly backend?: BackendChoice | undefined;
  /** Computes gradients; by default made for the backend, and disposed of at the end. */
  readonly pool?: GradientPool | undefined;
  /** Threads of a pool that is made here; as many as cores, 2 at most, by default. */
  readonly workers?: number | undefined;
  /** Where to go on; by default from the seed's initial parameters. */
  readonly resume?: TrainingState | undefined;
  /** Called for each step in order; may be async. */
  readonly onStep?: ((step: TrainingStep) => void | Promise<void>) | undefined;
  /** Keeps copies of the state on the way. */
  readonly checkpoints?: Checkpoints | undefined;
  /** Stops between two steps; what there is by then is the result, and `state` goes on from there. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * A network with its weights, ready for `networkDenoiser` and `writeWeights`, and how it came about.
 *
 * @category Training
 */
export interface Training extends TrainedNetwork {
  /** What the network predicts. */
  readonly prediction: NetworkPrediction;
  /** What stands between the network and noisy images. */
  readonly preconditioning: Preconditioning;
  /** Where the training stands; hand it back as `resume` to go on. */
  readonly state: TrainingState;
  /** The backend that it ran on. */
  readonly backend: BackendInfo;
}

/** Parts that a batch is cut into for threads. Part of the result's bytes, so the same on all machines. */
const shards = 2;

/**
 * Trains a network by a full recipe of which every part can be replaced. The backend is found and the threads
 * are made here, and ended at the end; on a GPU whole steps stay there.
 *
 * The result depends on the seed, the recipe and the backend only: stopping and resuming, or another number
 * of workers, gives the same bytes.
 *
 * @param network One that `createNetwork` built, or one of your own.
 * @throws RangeError if an option is out of range, or images or labels do not fit the network.
 * @throws TrainingDivergedError if a loss or gradient is not finite.
 * @throws CheckpointMismatchError if the state to resume does not fit the network.
 * @category Training
 *
 * @example
 * ```ts
 * import { createNetwork, ddim, initialNoise, networkDenoiser, train } from "@els/toolkit";
 * import { bytesToImages, syntheticTextures, uniformTimeGrid } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 40, size: 8 }));
 * const network = createNetwork({
 *   ...{ kind: "resnet", imageShape: [8, 8, 1], padding: "zeros", classes: 0 },
 *   ...{ width: 8, layers: 2, kernelSize: 3 },
 * });
 * const trained = await train(network, { images, steps: 20, backend: "wasm" });
 * const denoiser = networkDenoiser(trained);
 * const xT = initialNoise({ seed: 1, samples: 2, imageShape: [8, 8, 1] });
 * const samples = await ddim(denoiser, { xT, times: uniformTimeGrid(4) });
 * assertEquals(samples.shape, [2, 8, 8, 1]);
 * denoiser.dispose();
 * ```
 */
export async function train(network: Network, options: TrainOptions): Promise<Training> {
  const { images, steps, labels, schedule = cosineLegacy(), target, abort } = options;
  const { batchSize = 16, seed = 1, workers, resume, onStep, checkpoints } = options;
  const { weightDecay = 0, emaDecay = 0.999, clipNorm = 1 } = options;
  checkData(network, options);
  const prediction = options.prediction ?? (schedule.name === "edm" ? "x0" : "eps");
  const automatic = formulate(schedule, {
    ...defaultFormulation,
    objective: prediction === "eps" ? "noise" : prediction,
    preconditioning: options.preconditioning ? trainedKind(options.preconditioning) : "auto",
    sigmaData: deviationOf(images),
    timePower: 2,
  });
  const { preconditioning = automatic.preconditioning } = options;
  const { weighting = automatic.weighting, noiseSampling = automatic.noiseSampling } = options;
  const { learningRate: rate = 2e-3 } = options;
  const learningRate = typeof rate === "number"
    ? { base: rate, warmup: Math.min(200, Math.ceil(steps / 10)), decay: "cosine" as const }
    : rate;
  const backend = options.backend === undefined
    ? runningBackend() ?? await startBackend()
    : await startBackend(options.backend);
  const own = options.pool === undefined && backend.name !== "webgpu"
    ? await createGradientPool(network, {
      backend: backend.name,
      shards,
      workers,
    })
    : undefined;
  const recipe = { steps, learningRate, weightDecay, emaDecay, clipNorm };
  try {
    const state = await optimizeNetwork(network, {
      examples: {
        ...{ images, schedule, prediction, preconditioning, weighting, noiseSampling },
        ...{ batchSize, seed },
        ...{ labels, target },
      },
      ...{ recipe, resume, onStep, checkpoints, abort },
      pool: options.pool ?? own,
    });
    return {
      network,
      parameters: state.average,
      ...{ schedule, prediction, preconditioning },
      training: {
        ...{ seed, ...recipe, batchSize, weighting, noiseSampling },
        images: images.shape[0],
        backend: backend.name,
        step: state.step,
      },
      ...{ state, backend },
    };
  } finally {
    own?.dispose();
  }
}

/** Refuses images, labels and counts that do not fit the network, before anything is started. */
function checkData(network: Network, { images, labels, steps, batchSize = 1 }: TrainOptions): void {
  const { imageShape, classes } = network.architecture;
  checkImages(images, "training images");
  const found = imageShapeOf(images);
  if (found.some((size, axis) => size !== imageShape[axis])) {
    throw new ArgumentError(
      `Cannot train on images of ${found.join(" x ")}: the network takes ${imageShape.join(" x ")}`,
    );
  }
  for (const [what, value] of [["steps", steps], ["batchSize", batchSize]] as const) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new ArgumentError(`Cannot train: ${what} is ${value}, expected a positive integer`);
    }
  }
  const count = images.shape[0];
  if (classes === 0 ? labels !== undefined : labels?.length !== count) {
    throw new ArgumentError(
      classes === 0
        ? "Cannot train with labels: the network is not conditional, its architecture has classes 0"
        : `Cannot train on ${count} images with ${
          labels?.length ?? "no"
        } labels: the network is told ` +
          `one of ${classes} classes, expected one label for each image`,
    );
  }
}

/** Standard deviation of all values. */
function deviationOf({ data }: ImageBatch): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    sum += data[i]!;
    squares += data[i]! * data[i]!;
  }
  const mean = sum / data.length;
  // Images of a single gray have none; any positive number will do for them.
  return Math.sqrt(Math.max(0, squares / data.length - mean * mean)) || 0.5;
}
