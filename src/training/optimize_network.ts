import * as tf from "@tensorflow/tfjs";
import { ArgumentError, CheckpointMismatchError, DeviceUnavailableError } from "../core/errors.ts";
import { Random } from "../core/random.ts";
import type { Network } from "../networks/network.ts";
import { initialParameters, parameterCount } from "../networks/weights/parameters.ts";
import { deviceOptimization } from "./device_optimization.ts";
import { type ExampleSource, ExampleStream } from "./examples.ts";
import type { GradientPool } from "./gradient_pool.ts";
import { hostOptimization } from "./host_optimization.ts";
import { learningRate, type LearningRateSchedule } from "./learning_rate.ts";
import type { OptimizationRecipe, TrainingState, TrainingStep } from "./optimization.ts";

/**
 * Everything that decides the result of a training run, besides network, data and backend.
 *
 * @category Training
 */
export interface TrainingRecipe extends OptimizationRecipe {
  /** Steps in all. */
  readonly steps: number;
  /** Learning rate over the steps. */
  readonly learningRate: LearningRateSchedule;
}

/**
 * Copies of the state on the way.
 *
 * @category Training
 */
export interface Checkpoints {
  /** Steps from one to the next. */
  readonly every: number;
  /** Keeps a copy. */
  readonly save: (state: TrainingState) => void | Promise<void>;
}

/**
 * Options of {@linkcode optimizeNetwork}.
 *
 * @category Training
 */
export interface OptimizeOptions {
  /** Images, schedule, batch size and seed. */
  readonly examples: ExampleSource;
  /** The recipe. */
  readonly recipe: TrainingRecipe;
  /**
   * Computes gradients, which are then applied on the host. Absent: every step stays on the GPU of the
   * webgpu backend, which must be the one in use.
   */
  readonly pool?: GradientPool | undefined;
  /** Where to go on; absent: from the seed's initial parameters. */
  readonly resume?: TrainingState | undefined;
  /**
   * Called for each step in order; may be async. With a GPU's steps it comes later, for several steps one
   * after the other, but always before a later checkpoint.
   */
  readonly onStep?: ((step: TrainingStep) => void | Promise<void>) | undefined;
  /** Keeps copies of the state on the way. */
  readonly checkpoints?: Checkpoints | undefined;
  /** Stops between two steps; the run can then be resumed from the last state. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * Takes the steps of a training, on a backend that runs already: what {@linkcode train} does once everything
 * is decided. The result depends on the seed, the recipe and the backend only: stopping and resuming, or
 * another number of workers, gives the same bytes.
 *
 * @example
 * ```ts
 * import { createGradientPool, optimizeNetwork } from "@els/toolkit/training";
 * import { createNetwork, startBackend } from "@els/toolkit/networks";
 * import { bytesToImages, createSchedule, syntheticTextures } from "@els/toolkit/machines";
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
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * const pool = await createGradientPool(network, { backend: "cpu", shards: 1 });
 * const learningRate = { base: 1e-3, warmup: 0, decay: "cosine" } as const;
 * const { step } = await optimizeNetwork(network, {
 *   examples: { images, schedule, batchSize: 2, seed: 1 },
 *   recipe: { steps: 2, learningRate, weightDecay: 0, emaDecay: 0.99, clipNorm: 1 },
 *   pool,
 * });
 * assertEquals(step, 2);
 * pool.dispose();
 * ```
 *
 * @returns The state after the last step, or where the abort signal stopped it.
 * @throws TrainingDivergedError if a loss or gradient is not finite; the state handed out before stays
 * valid.
 * @throws CheckpointMismatchError if the state to resume does not fit the network.
 * @category Training
 */
export async function optimizeNetwork(
  network: Network,
  options: OptimizeOptions,
): Promise<TrainingState> {
  const { examples, recipe, pool, resume, onStep, checkpoints, abort } = options;
  if (pool === undefined && tf.getBackend() !== "webgpu") {
    throw new ArgumentError(
      `Cannot train on the ${tf.getBackend()} backend without a gradient pool; only webgpu can`,
    );
  }
  const stream = new ExampleStream(examples);
  const start = resume ?? initialState(network, examples.seed);
  const expected = parameterCount(network.parameters);
  if (start.parameters.length !== expected) {
    throw new CheckpointMismatchError(
      `The state to resume has ${start.parameters.length} parameters, the network has ${expected}`,
    );
  }
  const optimization = pool
    ? hostOptimization(start, { recipe, pool })
    : deviceOptimization(network, start, recipe);
  const report = async (steps: readonly TrainingStep[]) => {
    for (const step of steps) await onStep?.(step);
  };
  try {
    let step = start.step;
    let next = stream.batch(step + 1);
    while (step < recipe.steps && !abort?.aborted) {
      const batch = await next;
      step++;
      const rate = learningRate(recipe.learningRate, { step, steps: recipe.steps });
      const taken = optimization.step(batch, rate);
      // Drawn while the workers or the GPU compute.
      if (step < recipe.steps) next = stream.batch(step + 1);
      // Whatever goes wrong there is told when it is awaited.
      next.catch(() => {});
      await report(await taken);
      if (checkpoints && step % checkpoints.every === 0) {
        await report(await optimization.flush());
        await checkpoints.save(await optimization.state());
      }
    }
    await report(await optimization.flush());
    return await optimization.state();
  } catch (error) {
    if (error instanceof DeviceUnavailableError && pool && checkpoints) {
      // Threads are gone, what they computed before is here.
      await checkpoints.save(await optimization.state());
    }
    throw error;
  } finally {
    optimization.dispose();
  }
}

function initialState(network: Network, seed: number): TrainingState {
  const parameters = initialParameters(network.parameters, new Random(seed, "initial parameters"));
  const zeros = () => new Float32Array(parameters.length);
  return { step: 0, parameters, average: parameters, mean: zeros(), square: zeros() };
}
