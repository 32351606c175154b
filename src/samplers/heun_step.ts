import { noiseLevel } from "../schedules/noise_level.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { combine, type StepContext, type StepResult } from "./sampler.ts";

/** One Heun step of the probability flow in the noise level; shared by `heun` and `churn`. */
export async function heunStep(
  schedule: NoiseSchedule,
  { x, t, tNext, ask }: Pick<StepContext, "x" | "t" | "tNext" | "ask">,
): Promise<StepResult> {
  const { xHat0, eps } = await ask(x, t);
  const [signalNext, sigmaNext] = [schedule.signal(tNext), schedule.sigma(tNext)];
  const predicted = combine([signalNext, xHat0], [sigmaNext, eps]);
  if (sigmaNext === 0) return { x, t, xHat0, eps, xNext: predicted };
  const { eps: epsNext } = await ask(predicted, tNext);
  // The Euler step plus half the difference that the slope at the end makes.
  const half = signalNext * (noiseLevel(schedule, tNext) - noiseLevel(schedule, t)) / 2;
  return { x, t, xHat0, eps, xNext: combine([1, predicted], [half, epsNext], [-half, eps]) };
}
