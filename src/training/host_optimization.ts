import type { GradientPool } from "./gradient_pool.ts";
import { hostVectors } from "./host_vectors.ts";
import {
  checkFinite,
  type Optimization,
  type OptimizationRecipe,
  type TrainingState,
} from "./optimization.ts";

/** Steps whose gradients come from a pool and are applied on the host. */
export function hostOptimization(
  start: TrainingState,
  { recipe, pool }: { readonly recipe: OptimizationRecipe; readonly pool: GradientPool },
): Optimization {
  const { weightDecay, emaDecay, clipNorm } = recipe;
  const vectors = hostVectors(start, weightDecay);
  let { step } = start;
  return {
    async step(batch, learningRate) {
      const { loss, gradients } = await pool.compute(vectors.parameters, batch);
      vectors.gradients.set(gradients);
      const gradientNorm = vectors.norm();
      const report = { step: step + 1, loss, gradientNorm, learningRate };
      checkFinite(report);
      const factor = clipNorm > 0 && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1;
      vectors.apply(++step, { factor, learningRate, emaDecay });
      return [report];
    },
    flush: () => Promise.resolve([]),
    state() {
      const { parameters, average, mean, square } = vectors;
      return Promise.resolve({
        step,
        parameters: parameters.slice(),
        average: average.slice(),
        mean: mean.slice(),
        square: square.slice(),
      });
    },
    dispose() {},
  };
}
