import { DivergedError } from "../core/errors.ts";
import type { FlatParameters } from "../networks/weights/parameters.ts";
import type { TrainingBatch } from "./gradients.ts";

/**
 * Everything that decides how parameters change with their gradients.
 *
 * @category Training
 */
export interface OptimizationRecipe {
  /** Decoupled weight decay. */
  readonly weightDecay: number;
  /** Decay of the moving average of the parameters; 0: the last parameters themselves. */
  readonly emaDecay: number;
  /** Gradients of a larger norm are scaled down to it; 0: never. */
  readonly clipNorm: number;
}

/**
 * Where a training run stands; all that is needed to go on exactly.
 *
 * @category Training
 */
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

/**
 * What a step reports.
 *
 * @category Training
 */
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

/**
 * Takes training steps from a state, on the host or on a GPU.
 *
 * @category Training
 */
export interface Optimization {
  /**
   * Takes a step, or queues it.
   *
   * @returns Reports of steps that are known by now, in order; a GPU tells them later, several at once.
   * @throws TrainingDivergedError if a loss or gradient, perhaps of an earlier step, is not finite.
   */
  step(batch: TrainingBatch, learningRate: number): Promise<readonly TrainingStep[]>;
  /** Waits for all steps; the reports that are left. */
  flush(): Promise<readonly TrainingStep[]>;
  /** A copy of the state after the last step. */
  state(): Promise<TrainingState>;
  /** Gives back what it holds. */
  dispose(): void;
}

/**
 * Loss or gradient of a step was not a finite number: nothing after it can be trusted.
 *
 * @example
 * ```ts
 * import { DivergedError, TrainingDivergedError } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * // Caught with everything that diverges, in sampling too.
 * assertEquals(new TrainingDivergedError("the loss is NaN") instanceof DivergedError, true);
 * ```
 *
 * @category Errors
 */
export class TrainingDivergedError extends DivergedError {
  /** Name of the class. */
  override readonly name = "TrainingDivergedError";
}

/**
 * Refuses a step whose numbers are not finite.
 *
 * @throws TrainingDivergedError if so.
 */
export function checkFinite({ step, loss, gradientNorm }: TrainingStep): void {
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) return;
  throw new TrainingDivergedError(
    `Training diverged at step ${step}: the loss is ${loss} and the gradient's norm ` +
      `${gradientNorm}`,
    {
      remedy: (say) => `resume from the last checkpoint with a lower ${say.option("learningRate")}`,
    },
  );
}
