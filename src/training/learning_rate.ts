/**
 * How the learning rate changes over a training run.
 *
 * @category Training
 */
export interface LearningRateSchedule {
  /** Largest rate. */
  readonly base: number;
  /** Steps of linear warm-up from 0. */
  readonly warmup: number;
  /** Factor per step after warm-up (0.999965 in arXiv 2412.20292), or half a cosine down to zero. */
  readonly decay: number | "cosine";
}

/**
 * The learning rate of a step.
 *
 * @example
 * ```ts
 * import { learningRate } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = { base: 1e-3, warmup: 100, decay: 0.5 };
 * assertEquals(learningRate(schedule, { step: 50, steps: 1000 }), 5e-4);
 * assertEquals(learningRate(schedule, { step: 101, steps: 1000 }), 5e-4);
 * ```
 *
 * @param step From 1 to `steps`.
 * @category Training
 */
export function learningRate(
  schedule: LearningRateSchedule,
  options: { readonly step: number; readonly steps: number },
): number {
  const { base, warmup, decay } = schedule;
  const { step, steps } = options;
  if (step <= warmup) return base * step / warmup;
  if (decay === "cosine") {
    return base * 0.5 * (1 + Math.cos(Math.PI * (step - warmup) / (steps - warmup + 1)));
  }
  return base * decay ** (step - warmup);
}
