/**
 * Reverse processes in a page's data: the predictions of all steps. Noisy images are not stored: DDIM makes them
 * again of the noise at the start and the predictions.
 */
import type { ImageBatch, ImageShape } from "../../core/image_batch.ts";
import type { Denoiser } from "../../denoisers/denoiser.ts";
import type { StoredTensor } from "../../formats/stored_tensor.ts";
import type { Explanation } from "../../machines/explanation.ts";
import type { MachineName } from "../../machines/machine_table.ts";
import { ddim } from "../../samplers/ddim.ts";
import type { SamplerStep } from "../../samplers/sampler.ts";
import type { NoiseSchedule } from "../../schedules/noise_schedule.ts";
import { arrayOf, type Block, packBlock } from "./blocks.ts";
import { dequantize, quantize } from "./image_bytes.ts";
import { storeExplanation } from "./stored_explanation.ts";

/** Which reverse process. */
export interface ProcessName {
  /** Place among the stored samples. */
  readonly sample: number;
  /** Null: the network. */
  readonly machine: MachineName | null;
  /** Patch size of all steps; null: as calibrated, or none. */
  readonly patchSize: number | null;
}

/** A reverse process, packed. */
export interface PackedProcess extends ProcessName {
  /** Block of the predictions. */
  readonly process: Uint8Array<ArrayBuffer>;
  /** Block of the explanations of all steps, if they are stored. */
  readonly why: Uint8Array<ArrayBuffer> | undefined;
}

/** A name for blocks and files, such as "0-bbELS-7". */
export function processKey({ sample, machine, patchSize }: ProcessName): string {
  return [sample, machine ?? "network", ...patchSize === null ? [] : [patchSize]].join("-");
}

/** Packs the predictions of x0 at all steps, `[1, H, W, C]` each, and what explains them. */
export function packProcess(
  name: ProcessName,
  { predictions, explanations }: {
    readonly predictions: readonly ImageBatch[];
    readonly explanations?: readonly Explanation[];
  },
): PackedProcess {
  const tensors = new Map<string, StoredTensor>();
  const units: number[] = [];
  predictions.forEach(({ data }, step) => {
    const { planes, unit } = quantize(data);
    tensors.set(`${step}`, { dtype: "U8", shape: [planes.length], data: planes });
    units.push(unit);
  });
  const why = explanations && new Map(
    explanations.flatMap((explanation, step) => [...storeExplanation(explanation, `${step}/`)]),
  );
  return {
    ...name,
    process: packBlock({ tensors, texts: { units: JSON.stringify(units) } }),
    why: why && packBlock({ tensors: why, texts: {} }),
  };
}

/** The predictions of a block, `[1, H, W, C]` each. */
export function predictionsOf(block: Block, [height, width, channels]: ImageShape): ImageBatch[] {
  const units = JSON.parse(block.texts.units ?? "[]") as number[];
  return units.map((unit, step) => ({
    data: dequantize(arrayOf(block, `${step}`, "U8"), unit),
    shape: [1, height, width, channels],
  }));
}

/** What a replay needs beside the predictions. */
export interface ReplayOptions {
  readonly schedule: NoiseSchedule;
  /** Noise at the start, `[1, H, W, C]`. */
  readonly xT: ImageBatch;
  /** Times of the steps and where the last one leads. */
  readonly times: readonly number[];
  /** How far the network's clean images are believed; undefined: however far. */
  readonly clip: number | undefined;
  readonly onStep: (step: SamplerStep) => void;
}

/** Runs a reverse process whose predictions are known. */
export function replay(
  predictions: readonly ImageBatch[],
  { schedule, xT, times, clip, onStep }: ReplayOptions,
): Promise<ImageBatch> {
  const [, height, width, channels] = xT.shape;
  let step = 0;
  const denoiser: Denoiser = {
    name: "stored",
    prediction: "x0",
    imageShape: [height, width, channels],
    schedule,
    predict: () => Promise.resolve(predictions[step++]!),
  };
  return ddim(denoiser, { xT, times, clip, onStep });
}
