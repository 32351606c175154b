/** The numbers in the formula of a pixel, from the images themselves. */
import type { ImageShape } from "../../core/image_batch.ts";
import type { ExplainedPatch } from "../../machines/explanation.ts";
import { machineDefinitions, type MachineName } from "../../machines/machine_table.ts";
import { windowDistance } from "../../posterior/explanation/candidate_windows.ts";
import type { ExplorerStep } from "../contract.ts";
import type { Place } from "./pixels.ts";

/** One pixel's posterior, its heaviest patch at the front. */
export interface FormulaValues {
  /** Squared distance D between the noisy window and `signal` times the patch. */
  readonly distance: number;
  readonly twoSigmaSquared: number;
  readonly signal: number;
  /** Weight w of the patch. */
  readonly weight: number;
  /** Natural logarithm of Z, the sum of `exp(-D / (2 sigma^2))` over all patches. */
  readonly logSum: number;
  /** Values that the patch has at its center, `[C]`. */
  readonly center: readonly number[];
  /** Values of the denoised pixel, `[C]`. */
  readonly prediction: readonly number[];
}

/** The squared distance that a patch's weight is made of, as `PatchPosterior` defines it. */
export function patchDistance(
  step: Pick<ExplorerStep, "x" | "signal" | "patchSize">,
  { pixel, patch, image, machine, shape }: {
    readonly pixel: Place;
    readonly patch: Pick<ExplainedPatch, "row" | "column">;
    /** The training image, `[H, W, C]`. */
    readonly image: Float32Array;
    readonly machine: MachineName;
    readonly shape: ImageShape;
  },
): number {
  const [height, width, channels] = shape;
  const definition = machineDefinitions[machine];
  // Machines without a rule for patches compare images at their own place.
  const rule = "rule" in definition ? definition.rule : "same-position";
  if (step.patchSize !== null) {
    const radius = (step.patchSize - 1) / 2;
    const setting = { x: step.x, height, width, channels, rule, radius, signal: step.signal };
    const pair = { p: pixel, q: [patch.row, patch.column] as const };
    return windowDistance(setting, pair, { images: image, start: 0, limit: Infinity });
  }
  const [down, right] = [patch.row - pixel[0] + height, patch.column - pixel[1] + width];
  let distance = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const p = (row * width + column) * channels;
      const q = ((row + down) % height * width + (column + right) % width) * channels;
      for (let c = 0; c < channels; c++) {
        distance += (step.x[p + c]! - step.signal * image[q + c]!) ** 2;
      }
    }
  }
  return distance;
}

/** All numbers of the formula for one patch of a pixel. */
export function formulaValues(
  step: ExplorerStep,
  where: Omit<Parameters<typeof patchDistance>[1], "patch"> & { readonly patch: ExplainedPatch },
): FormulaValues {
  const { pixel, patch, image, shape: [, width, channels] } = where;
  const distance = patchDistance(step, where);
  const twoSigmaSquared = 2 * step.sigma ** 2;
  const valuesAt = (data: Float32Array, [row, column]: Place) =>
    Array.from(data.subarray((row * width + column) * channels).subarray(0, channels));
  return {
    distance,
    twoSigmaSquared,
    signal: step.signal,
    weight: patch.weight,
    logSum: -distance / twoSigmaSquared - Math.log(patch.weight),
    center: valuesAt(image, [patch.row, patch.column]),
    prediction: valuesAt(step.xHat0, pixel),
  };
}
