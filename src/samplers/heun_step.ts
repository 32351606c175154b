import type { ImageBatch } from "../core/image_batch.ts";
import { noiseLevel } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { type StepContext, weightedSum } from "./sampler.ts";

/** One Heun step of the probability flow in the noise level; shared by `heun` and `churn`. */
export async function heunStep(
  schedule: NoiseSchedule,
  { x, t, tNext, predict }: Pick<StepContext, "x" | "t" | "tNext" | "predict">,
): Promise<ImageBatch> {
  const { xHat0, eps } = await predict(x, t);
  const [signalNext, sigmaNext] = [schedule.signal(tNext), schedule.sigma(tNext)];
  const predicted = weightedSum([signalNext, xHat0], [sigmaNext, eps]);
  if (sigmaNext === 0) return predicted;
  const { eps: epsNext } = await predict(predicted, tNext);
  // The Euler step plus half the difference that the slope at the end makes.
  const half = signalNext * (noiseLevel(schedule, tNext) - noiseLevel(schedule, t)) / 2;
  return weightedSum([1, predicted], [half, epsNext], [-half, eps]);
}
