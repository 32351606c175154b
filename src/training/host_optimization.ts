import { AdamW } from "./adamw.ts";
import { updateAverage } from "./ema.ts";
import type { GradientPool } from "./gradient_pool.ts";
import {
  checkFinite,
  type Optimization,
  type OptimizationRecipe,
  type TrainingState,
} from "./optimization.ts";

/** Steps whose gradients come from a pool and are applied by plain loops on the host. */
export function hostOptimization(
  start: TrainingState,
  { recipe, pool }: { readonly recipe: OptimizationRecipe; readonly pool: GradientPool },
): Optimization {
  const { weightDecay, emaDecay, clipNorm } = recipe;
  const optimizer = new AdamW(start.parameters, { weightDecay }, start);
  const average = start.average.slice();
  return {
    async step(batch, learningRate) {
      const { loss, gradients } = await pool.compute(optimizer.parameters, batch);
      const gradientNorm = Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0));
      const report = { step: optimizer.state.step + 1, loss, gradientNorm, learningRate };
      checkFinite(report);
      if (clipNorm > 0 && gradientNorm > clipNorm) {
        const factor = clipNorm / gradientNorm;
        for (let i = 0; i < gradients.length; i++) gradients[i] = gradients[i]! * factor;
      }
      optimizer.step(gradients, learningRate);
      if (emaDecay > 0) {
        updateAverage(average, optimizer.parameters, { decay: emaDecay, step: report.step });
      } else {
        average.set(optimizer.parameters);
      }
      return [report];
    },
    flush: () => Promise.resolve([]),
    state() {
      const { step, mean, square } = optimizer.state;
      return Promise.resolve({
        step,
        parameters: optimizer.parameters.slice(),
        average: average.slice(),
        mean: mean.slice(),
        square: square.slice(),
      });
    },
    dispose() {},
  };
}
