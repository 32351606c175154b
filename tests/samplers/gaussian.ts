/** The one denoiser whose flow is known in closed form: every pixel of x0 is Gaussian. */
import type { ImageBatch } from "../../src/core/image_batch.ts";
import { convertPrediction } from "../../src/denoisers/convert.ts";
import type { Denoiser, Prediction } from "../../src/denoisers/denoiser.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

export const mean = 0.3;
export const deviation = 0.5;

/** The exact posterior mean. */
export function gaussian(scheduleName: string, prediction: Prediction = "x0"): Denoiser {
  const schedule = createSchedule(scheduleName);
  return {
    name: "gaussian",
    prediction,
    imageShape: [2, 2, 1],
    schedule,
    predict(x, t) {
      const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
      const gain = signal * deviation ** 2 / (signal ** 2 * deviation ** 2 + sigma ** 2);
      const xHat0: ImageBatch = {
        data: x.data.map((value) => mean + gain * (value - signal * mean)),
        shape: x.shape,
      };
      return Promise.resolve(
        convertPrediction(x, xHat0, { from: "x0", to: prediction, signal, sigma }),
      );
    },
  };
}

/** Where the exact probability flow takes x from t = 1: it keeps the quantile. */
export function exactFlow(scheduleName: string, x: number, t: number): number {
  const { signal, sigma } = createSchedule(scheduleName);
  const spread = (at: number) => Math.hypot(signal(at) * deviation, sigma(at));
  return signal(t) * mean + (x - signal(1) * mean) * spread(t) / spread(1);
}
