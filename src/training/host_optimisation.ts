import { AdamW } from "./adamw.ts";
import { updateAverage } from "./ema.ts";
import type { GradientPool } from "./gradient_pool.ts";
import {
  checkFinite,
  type Optimisation,
  type OptimisationRecipe,
  type TrainingState,
} from "./optimisation.ts";

/** Steps whose gradients come from a pool and are applied by plain loops on the host. */
export function hostOptimisation(
  start: TrainingState,
  { recipe, pool }: { readonly recipe: OptimisationRecipe; readonly pool: GradientPool },
): Optimisation {
  const { weightDecay, emaDecay, clipNorm } = recipe;
  const optimiser = new AdamW(start.parameters, { weightDecay }, start);
  const average = start.average.slice();
  return {
    async step(batch, learningRate) {
      const { loss, gradients } = await pool.compute(optimiser.parameters, batch);
      const gradientNorm = Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0));
      const report = { step: optimiser.state.step + 1, loss, gradientNorm, learningRate };
      checkFinite(report);
      if (clipNorm > 0 && gradientNorm > clipNorm) {
        const factor = clipNorm / gradientNorm;
        for (let i = 0; i < gradients.length; i++) gradients[i] = gradients[i]! * factor;
      }
      optimiser.step(gradients, learningRate);
      if (emaDecay > 0) {
        updateAverage(average, optimiser.parameters, { decay: emaDecay, step: report.step });
      } else {
        average.set(optimiser.parameters);
      }
      return [report];
    },
    flush: () => Promise.resolve([]),
    state() {
      const { step, mean, square } = optimiser.state;
      return Promise.resolve({
        step,
        parameters: optimiser.parameters.slice(),
        average: average.slice(),
        mean: mean.slice(),
        square: square.slice(),
      });
    },
    dispose() {},
  };
}
