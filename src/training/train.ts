import { CheckpointMismatchError } from "../array/errors.ts";
import { Random } from "../array/random.ts";
import type { Network } from "../networks/network.ts";
import { type FlatParameters, initialParameters, parameterCount } from "../networks/parameters.ts";
import { AdamW } from "./adamw.ts";
import { updateAverage } from "./ema.ts";
import { type ExampleSource, ExampleStream } from "./examples.ts";
import type { GradientPool } from "./gradient_pool.ts";
import { learningRate, type LearningRateSchedule } from "./learning_rate.ts";

/** Everything that decides the result of a training run, besides network, data and backend. */
export interface TrainingRecipe {
  /** Steps in all. */
  readonly steps: number;
  /** Learning rate over the steps. */
  readonly learningRate: LearningRateSchedule;
  /** Decoupled weight decay. */
  readonly weightDecay: number;
  /** Decay of the moving average of the parameters; 0: the last parameters themselves. */
  readonly emaDecay: number;
  /** Gradients of a larger norm are scaled down to it; 0: never. */
  readonly clipNorm: number;
}

/** Where a training run stands; all that is needed to go on exactly. */
export interface TrainingState {
  /** Steps taken. */
  readonly step: number;
  /** Parameters. */
  readonly parameters: FlatParameters;
  /** Moving average of the parameters: the network to be used. */
  readonly average: FlatParameters;
  /** Mean of gradients (AdamW). */
  readonly mean: Float32Array;
  /** Mean of squared gradients (AdamW). */
  readonly square: Float32Array;
}

/** What a step reports. */
export interface TrainingStep {
  /** Step, from 1. */
  readonly step: number;
  /** Mean squared error of its batch, weighted as the objective says. */
  readonly loss: number;
  /** Norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** Learning rate. */
  readonly learningRate: number;
}

/** Options of {@linkcode train}. */
export interface TrainOptions {
  /** Images, schedule, batch size and seed. */
  readonly examples: ExampleSource;
  /** The recipe. */
  readonly recipe: TrainingRecipe;
  /** Computes gradients. */
  readonly pool: GradientPool;
  /** Where to go on; absent: from the seed's initial parameters. */
  readonly resume?: TrainingState;
  /** Called after each step; `state` makes a copy for a checkpoint. May be async. */
  readonly onStep?: (step: TrainingStep, state: () => TrainingState) => void | Promise<void>;
  /** Stops between two steps; the run can then be resumed from the last state. */
  readonly abort?: AbortSignal;
}

/** Loss or gradient of a step was not a finite number: nothing after it can be trusted. */
export class TrainingDivergedError extends Error {
  /** Name of the class. */
  override readonly name = "TrainingDivergedError";
}

/**
 * Trains a network to predict what the examples ask for. The result depends on the seed, the recipe and the backend only:
 * stopping and resuming, or another number of workers, gives the same bytes.
 *
 * @returns The state after the last step, or where the abort signal stopped it.
 * @throws TrainingDivergedError if a loss or gradient is not finite; the state handed out before stays
 * valid.
 * @throws CheckpointMismatchError if the state to resume does not fit the network.
 */
export async function train(network: Network, options: TrainOptions): Promise<TrainingState> {
  const { examples, recipe, pool, resume, onStep, abort } = options;
  const stream = new ExampleStream(examples);
  const start = resume?.parameters ??
    initialParameters(network.parameters, new Random(examples.seed, "initial parameters"));
  const expected = parameterCount(network.parameters);
  if (start.length !== expected) {
    throw new CheckpointMismatchError(
      `The state to resume has ${start.length} parameters, the network has ${expected}`,
    );
  }
  const optimiser = new AdamW(start, { weightDecay: recipe.weightDecay }, resume);
  const average = (resume?.average ?? start).slice();
  let step = resume?.step ?? 0;
  const state = (): TrainingState => {
    const { mean, square } = optimiser.state;
    return {
      step,
      parameters: optimiser.parameters.slice(),
      average: average.slice(),
      mean: mean.slice(),
      square: square.slice(),
    };
  };
  let next = stream.batch(step + 1);
  while (step < recipe.steps && !abort?.aborted) {
    const batch = await next;
    // Drawn while the workers compute.
    const computing = pool.compute(optimiser.parameters, batch);
    next = step + 1 < recipe.steps ? stream.batch(step + 2) : next;
    const { loss, gradients } = await computing;
    const gradientNorm = Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0));
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new TrainingDivergedError(
        `Training diverged at step ${step + 1}: the loss is ${loss} and the gradient's norm ` +
          `${gradientNorm}; resume from the last checkpoint with a lower --learning-rate`,
      );
    }
    step++;
    if (recipe.clipNorm > 0 && gradientNorm > recipe.clipNorm) {
      const factor = recipe.clipNorm / gradientNorm;
      for (let i = 0; i < gradients.length; i++) gradients[i] = gradients[i]! * factor;
    }
    const rate = learningRate(recipe.learningRate, { step, steps: recipe.steps });
    optimiser.step(gradients, rate);
    if (recipe.emaDecay > 0) {
      updateAverage(average, optimiser.parameters, { decay: recipe.emaDecay, step });
    } else {
      average.set(optimiser.parameters);
    }
    await onStep?.({ step, loss, gradientNorm, learningRate: rate }, state);
  }
  return state();
}
