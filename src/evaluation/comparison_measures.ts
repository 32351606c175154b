import { type ImageBatch, valuesPerImage } from "../core/image_batch.ts";
import {
  type Agreement,
  agreement,
  type AgreementMeasure,
  agreementMeasures,
} from "./agreement.ts";

/**
 * The measures of a comparison: those of agreement, and the mean squared error.
 *
 * @category Evaluation
 */
export const comparisonMeasures: readonly AgreementMeasure[] = [
  ...agreementMeasures,
  {
    name: "MSE",
    key: "meanSquaredError",
    better: "lower",
    definition: "MSE: mean squared error of a value",
    of: meanSquaredError,
  },
];

function meanSquaredError(reference: ArrayLike<number>, prediction: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < reference.length; i++) sum += (prediction[i]! - reference[i]!) ** 2;
  return sum / reference.length;
}

/** Values of one image: as they are, or as shown, `(x + 1) / 2` clamped to [0, 1]. */
function valuesOf(batch: ImageBatch, image: number, clamp: boolean): Float32Array {
  const size = valuesPerImage(batch);
  const values = batch.data.subarray(image * size, (image + 1) * size);
  return clamp ? values.map((value) => Math.min(1, Math.max(0, (value + 1) / 2))) : values;
}

/** Measures each image of a batch against its reference. */
export function measureImages(
  reference: ImageBatch,
  prediction: ImageBatch,
  { measures, clamp }: { readonly measures: readonly AgreementMeasure[]; readonly clamp: boolean },
): Agreement[] {
  return Array.from(
    { length: reference.shape[0] },
    (_, b) =>
      agreement(valuesOf(reference, b, clamp), valuesOf(prediction, b, clamp), { measures }),
  );
}
