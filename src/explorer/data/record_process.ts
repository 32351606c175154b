/** Runs reverse processes and keeps of each step what a page stores. */
import type { ImageBatch } from "../../core/image_batch.ts";
import { predictAs } from "../../denoisers/convert.ts";
import type { Denoiser } from "../../denoisers/denoiser.ts";
import { explainTrajectory } from "../../evaluation/explain_trajectory.ts";
import type { Explanation } from "../../machines/explanation.ts";
import type { Machine } from "../../machines/patch_machine.ts";
import { ddim } from "../../samplers/ddim.ts";

/** Where a process starts, and what it is told on its way. */
export interface RecordOptions {
  /** Noise at the start, `[1, H, W, C]`. */
  readonly xT: ImageBatch;
  /** Times of the steps and where the last one leads. */
  readonly times: readonly number[];
  /** Class that is asked for; null: none. */
  readonly label: number | null;
  readonly abort?: AbortSignal | undefined;
  /** Called with the part of the process that is done, from 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Predictions of x0 at all steps, `[1, H, W, C]` each, and what explains them. */
export interface RecordedProcess {
  readonly predictions: readonly ImageBatch[];
  readonly explanations?: readonly Explanation[];
}

/** Runs DDIM on any denoiser. */
export async function recordPredictions(
  denoiser: Denoiser,
  { xT, times, label, abort, onProgress }: RecordOptions,
): Promise<RecordedProcess> {
  const predictions: ImageBatch[] = [];
  const recording: Denoiser = {
    ...{ name: denoiser.name, prediction: "x0", imageShape: denoiser.imageShape },
    ...{ schedule: denoiser.schedule, clip: denoiser.clip },
    predict: async (x, t, options) => {
      const x0 = await predictAs(denoiser, "x0", { x, t, ...options });
      predictions.push(x0);
      onProgress?.(predictions.length / (times.length - 1));
      return x0;
    },
  };
  await ddim(recording, { xT, times, labels: label ?? undefined, abort });
  return { predictions };
}

/** Runs DDIM on a machine and explains each step, `top` candidates of each pixel. */
export async function recordExplained(
  machine: Machine,
  { label, top, ...options }: RecordOptions & { readonly top: number },
): Promise<RecordedProcess> {
  const explanations: Explanation[] = [];
  await explainTrajectory(machine, {
    ...options,
    labels: label ?? undefined,
    top,
    onStep: ({ explanation }) => void explanations.push(explanation),
  });
  return { predictions: explanations.map(({ xHat0 }) => xHat0), explanations };
}
