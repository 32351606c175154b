/**
 * What images are worth, measured on sets of them: Frechet and kernel distance, inception score, precision,
 * recall, density, coverage, sliced Wasserstein distance, and how much of the training images is in them.
 * Pure functions of features, in double precision; loads no TensorFlow.js and reads no file, so it runs in
 * Deno, Node and browsers alike.
 *
 * @example How far two sets of images are apart, by their pixels
 * ```ts
 * import { featureMoments, features, frechetDistance, mergeMoments } from "@els/toolkit/quality";
 * import { Random } from "@els/toolkit/machines";
 *
 * const random = new Random(1);
 * const [real, some, others] = [100, 60, 40].map((n) => features(random.normals(3 * n), [n, 3]));
 * // Sums of parts add up.
 * const generated = mergeMoments(featureMoments(some!), featureMoments(others!));
 * const { distance, few } = frechetDistance(featureMoments(real!), generated);
 * console.log(distance, few ? "too few images" : "enough images");
 * ```
 *
 * @module
 */
export { type ImageBatch, imageBatch } from "./core/image_batch.ts";
export type { ExplainedPixels } from "./evaluation/copied_regions.ts";
export { blockError, type BlockErrorOptions } from "./evaluation/quality/block_error.ts";
export {
  type FeatureMoments,
  featureMoments,
  mergeMoments,
} from "./evaluation/quality/feature_moments.ts";
export { type Features, features } from "./evaluation/quality/features.ts";
export {
  type FrechetAtInfinity,
  frechetAtInfinity,
  type FrechetAtInfinityOptions,
} from "./evaluation/quality/frechet_at_infinity.ts";
export { type FrechetDistance, frechetDistance } from "./evaluation/quality/frechet_distance.ts";
export {
  patchFeatures,
  type PatchFeaturesOptions,
  pixelFeatures,
} from "./evaluation/quality/image_features.ts";
export {
  type InceptionScore,
  inceptionScore,
  type InceptionScoreOptions,
} from "./evaluation/quality/inception_score.ts";
export {
  type KernelDistance,
  kernelDistance,
  type KernelDistanceOptions,
} from "./evaluation/quality/kernel_distance.ts";
export {
  type LocalMemorization,
  localMemorization,
} from "./evaluation/quality/local_memorization.ts";
export {
  type Memorization,
  memorization,
  type Neighbors,
} from "./evaluation/quality/memorization.ts";
export {
  type NearestCopies,
  nearestCopies,
  type NearestCopiesOptions,
} from "./evaluation/quality/nearest_copies.ts";
export {
  type PrecisionRecall,
  precisionRecall,
  type PrecisionRecallOptions,
} from "./evaluation/quality/precision_recall.ts";
export {
  type SlicedWasserstein,
  slicedWasserstein,
  type SlicedWassersteinOptions,
} from "./evaluation/quality/sliced_wasserstein.ts";
