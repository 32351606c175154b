import * as tf from "@tensorflow/tfjs";
import { ArgumentError } from "../../core/errors.ts";
import { eventLoopTurns } from "../../core/event_loop.ts";
import { checkImages, type ImageBatch, sliceBatch } from "../../core/image_batch.ts";
import { unflatten } from "../weights/parameters.ts";
import type { TrainedClassifier } from "./classifier_weights.ts";

/**
 * What a classifier makes of images.
 *
 * @category Networks
 */
export interface Classified {
  /** Its last hidden layer: `[n, d]` values, features for the measures of quality. */
  readonly features: {
    /** `[n, d]` values. */
    readonly data: Float32Array;
    /** `[n, d]`. */
    readonly shape: readonly [rows: number, width: number];
  };
  /** Probabilities of the classes, `[n, classes]`. */
  readonly probabilities: {
    /** `[n, classes]` values. */
    readonly data: Float32Array;
    /** `[n, classes]`. */
    readonly shape: readonly [rows: number, width: number];
  };
}

/**
 * Options of {@linkcode classify}.
 *
 * @category Networks
 */
export interface ClassifyOptions {
  /** Images at a time. Default 100. */
  readonly batchSize?: number;
  /** Stops the work; the promise rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
  /** Called with the number of images done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Features and class probabilities of images, on the backend that `startBackend` started.
 *
 * @example
 * ```ts
 * import { classify, createClassifier, initialParameters, Random, startBackend } from
 *   "@els/toolkit/networks";
 * import { bytesToImages, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * await startBackend("cpu");
 * const classifier = createClassifier({
 *   kind: "small-convolutional",
 *   imageShape: [8, 8, 1],
 *   classes: 3,
 *   widths: [8],
 * });
 * const parameters = initialParameters(classifier.parameters, new Random(1));
 * const images = bytesToImages(syntheticTextures({ images: 5, size: 8 }));
 * const { features, probabilities } = await classify(
 *   { classifier, parameters, training: {} },
 *   images,
 * );
 * assertEquals([features.shape, probabilities.shape], [[5, 8], [5, 3]]);
 * ```
 *
 * @param images `[n, H, W, C]` in the classifier's shape.
 * @throws RangeError if images have another shape.
 * @category Networks
 */
export async function classify(
  trained: TrainedClassifier,
  images: ImageBatch,
  options: ClassifyOptions = {},
): Promise<Classified> {
  const { classifier, parameters } = trained;
  const { batchSize = 100, abort, onProgress } = options;
  checkImages(images);
  const { architecture: { imageShape, classes }, features: width } = classifier;
  const [count, ...shape] = images.shape;
  if (shape.join() !== imageShape.join()) {
    throw new ArgumentError(
      `Cannot classify images of ${shape.join(" x ")}: the classifier takes ${
        imageShape.join(" x ")
      }`,
    );
  }
  const features = new Float32Array(count * width);
  const probabilities = new Float32Array(count * classes);
  const turn = eventLoopTurns();
  const tensors = unflatten(classifier.parameters, parameters);
  try {
    for (let first = 0; first < count; first += batchSize) {
      abort?.throwIfAborted();
      const { data, shape } = sliceBatch(images, first, Math.min(count, first + batchSize));
      const made = tf.tidy(() => {
        // A copy: the cpu backend keeps a reference to the values that it is given.
        const { features, logits } = classifier.forward(
          tensors,
          tf.tensor4d(data.slice(), [...shape]),
        );
        return [features, tf.softmax(logits)] as const;
      });
      const [some, sure] = await Promise.all(made.map((tensor) => tensor.data()));
      tf.dispose([...made]);
      features.set(some as Float32Array, first * width);
      probabilities.set(sure as Float32Array, first * classes);
      onProgress?.(first + shape[0]);
      await turn();
    }
  } finally {
    tf.dispose(Object.values(tensors));
  }
  return {
    features: { data: features, shape: [count, width] },
    probabilities: { data: probabilities, shape: [count, classes] },
  };
}
