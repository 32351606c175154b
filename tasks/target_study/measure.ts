/** What a network in training is worth: the distance of its images from held-out ones, and its errors. */
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { mean } from "../../src/core/statistics.ts";
import { resizeImages } from "../../src/core/resize_images.ts";
import { denoisingErrors } from "../../src/evaluation/denoising_error.ts";
import { featureMoments } from "../../src/evaluation/quality/feature_moments.ts";
import type { Features } from "../../src/evaluation/quality/features.ts";
import { frechetDistance } from "../../src/evaluation/quality/frechet_distance.ts";
import { classify } from "../../src/networks/classifiers/classify.ts";
import type { TrainedClassifier } from "../../src/networks/classifiers/classifier_weights.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import type { TrainedNetwork } from "../../src/networks/weights/weights.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import type { TargetPlan, TargetSources } from "./cells.ts";

/** What was measured after so many steps. */
export interface TargetMeasure {
  readonly step: number;
  /** Frechet distance of the images from held-out ones. */
  readonly frechet: number;
  /** Mean squared error of xHat0 on noisy held-out images, geometric mean over the times. */
  readonly error: number;
}

/** Images that go through the networks at a time. */
const BATCH = 100;

/** Features of images of any size: a classifier sees them in the size that it was made for. */
export async function featuresOf(
  images: ImageBatch,
  { classifier, abort }: {
    readonly classifier: TrainedClassifier;
    readonly abort?: AbortSignal | undefined;
  },
): Promise<Features> {
  const [height, width] = classifier.classifier.architecture.imageShape;
  const { features } = await classify(classifier, resizeImages(images, { height, width }), {
    abort,
  });
  return features;
}

/** Images of a network from the plan's noise. */
async function imagesOf(
  trained: TrainedNetwork,
  { sampling: { samples, steps, seed } }: TargetPlan,
  abort: AbortSignal,
): Promise<ImageBatch> {
  const { network: { architecture: { imageShape } }, schedule } = trained;
  const denoiser = networkDenoiser(trained, { batchSize: BATCH });
  const xT = initialNoise({ seed, samples, imageShape, schedule });
  const times = timeGrid("karras", { steps, schedule });
  const data = new Float32Array(xT.data.length);
  try {
    for (let first = 0; first < samples; first += BATCH) {
      const some = sliceBatch(xT, first, Math.min(samples, first + BATCH));
      const made = await ddim(denoiser, { xT: some, times, abort });
      data.set(made.data, first * made.data.length / made.shape[0]);
    }
  } finally {
    denoiser.dispose();
  }
  return { data, shape: xT.shape };
}

/** Measures a network. */
export async function measureNetwork(
  trained: TrainedNetwork,
  { step, plan, sources, abort }: {
    readonly step: number;
    readonly plan: TargetPlan;
    readonly sources: Pick<TargetSources, "heldOut" | "reference" | "classifier">;
    readonly abort: AbortSignal;
  },
): Promise<TargetMeasure> {
  const { heldOut, reference, classifier } = sources;
  const made = await featuresOf(await imagesOf(trained, plan, abort), { classifier, abort });
  const { distance } = frechetDistance(featureMoments(made), reference);
  const { images, times, seed } = plan.denoising;
  const denoiser = networkDenoiser(trained, { batchSize: BATCH });
  try {
    const errors = await denoisingErrors(denoiser, sliceBatch(heldOut, 0, images), {
      ...{ times, seed, abort, batch: BATCH },
    });
    // Near t = 1 of VP an error of eps is a large one of x0: factors count, not differences.
    return { step, frechet: distance, error: Math.exp(mean(errors.map(({ x0 }) => Math.log(x0)))) };
  } finally {
    denoiser.dispose();
  }
}
