import * as tf from "@tensorflow/tfjs";
import { ArgumentError } from "../core/errors.ts";
import { eventLoopTurns } from "../core/event_loop.ts";
import { checkImages, type ImageBatch, valuesPerImage } from "../core/image_batch.ts";
import { Random } from "../core/random.ts";
import type { Classifier } from "../networks/classifiers/classifier.ts";
import { initialParameters, parameterCount, unflatten } from "../networks/weights/parameters.ts";
import { hostVectors } from "./host_vectors.ts";
import { learningRate as rateAt } from "./learning_rate.ts";
import type { TrainingState } from "./optimization.ts";

/**
 * Options of {@linkcode trainClassifier}.
 *
 * @category Training
 */
export interface TrainClassifierOptions {
  /** Images `[n, H, W, C]`. */
  readonly images: ImageBatch;
  /** Class of each image. */
  readonly labels: ArrayLike<number>;
  /** How often each image is seen. */
  readonly epochs: number;
  /** Images of a step. Default 64. */
  readonly batchSize?: number;
  /** Largest learning rate; it rises over the first steps and falls to zero. Default 2e-3. */
  readonly learningRate?: number;
  /** Decoupled weight decay. Default 0.01. */
  readonly weightDecay?: number;
  /** Pixels by which images are shifted at random, their border filled with the nearest. Default 2. */
  readonly shift?: number;
  /** Whether images are mirrored at random. Default false. */
  readonly flip?: boolean;
  /** Seed of parameters, order, shifts and flips. Default 1. */
  readonly seed?: number;
  /** Where to go on: what {@linkcode TrainClassifierOptions.onEpoch} was given. */
  readonly resume?: TrainingState | undefined;
  /** Called after each epoch, with the state to go on from. */
  readonly onEpoch?: ((epoch: number, state: TrainingState) => void | Promise<void>) | undefined;
  /** Called after each step. */
  readonly onStep?:
    | ((step: { readonly step: number; readonly steps: number; readonly loss: number }) => void)
    | undefined;
  /** Stops between two steps; the promise rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
}

/**
 * Trains a classifier by cross-entropy with AdamW and an average of the parameters, on the backend that
 * `startBackend` started. The same seed, images and backend give the same bytes, also where it was stopped
 * and went on.
 *
 * @example
 * ```ts
 * import { trainClassifier } from "@els/toolkit/training";
 * import { createClassifier, startBackend } from "@els/toolkit/networks";
 * import { bytesToImages, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * await startBackend("cpu");
 * const classifier = createClassifier({
 *   kind: "small-convolutional",
 *   imageShape: [8, 8, 1],
 *   classes: 2,
 *   widths: [8],
 * });
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * const labels = [0, 1, 0, 1];
 * const { step } = await trainClassifier(classifier, { images, labels, epochs: 1, batchSize: 2 });
 * assertEquals(step, 2);
 * ```
 *
 * @returns The last state, whose `average` is the classifier to use.
 * @throws RangeError if there are no images, or labels do not fit.
 * @category Training
 */
export async function trainClassifier(
  classifier: Classifier,
  options: TrainClassifierOptions,
): Promise<TrainingState> {
  const { images, labels, epochs, batchSize = 64, learningRate = 2e-3, weightDecay = 0.01 } =
    options;
  const { shift = 2, flip = false, seed = 1, resume, onEpoch, onStep, abort } = options;
  const { imageShape, classes } = classifier.architecture;
  checkImages(images);
  const [count, ...shape] = images.shape;
  if (count === 0 || labels.length !== count || shape.join() !== imageShape.join()) {
    throw new ArgumentError(
      `Cannot train a classifier of ${imageShape.join(" x ")} on ${count} images of ${
        shape.join(" x ")
      } with ${labels.length} labels`,
    );
  }
  const perEpoch = Math.ceil(count / batchSize);
  const steps = epochs * perEpoch;
  const vectors = hostVectors(resume ?? initialState(classifier, seed), weightDecay);
  const schedule = {
    base: learningRate,
    warmup: Math.min(200, steps >> 3),
    decay: "cosine",
  } as const;
  const turn = eventLoopTurns();
  let step = resume?.step ?? 0;
  for (let epoch = Math.floor(step / perEpoch); epoch < epochs; epoch++) {
    const random = new Random(seed, `epoch ${epoch}`);
    const order = random.permutation(count);
    for (let first = 0; first < count; first += batchSize) {
      abort?.throwIfAborted();
      const rows = order.subarray(first, first + batchSize);
      const x = changedImages(images, rows, { random, shift, flip });
      const { loss, gradients } = await gradientsOf(classifier, vectors.parameters, {
        x,
        labels: Array.from(rows, (row) => labels[row]!),
        classes,
      });
      vectors.gradients.set(gradients);
      const norm = vectors.norm();
      step++;
      vectors.apply(step, {
        factor: norm > 1 ? 1 / norm : 1,
        learningRate: rateAt(schedule, { step, steps }),
        emaDecay: 0.998,
      });
      onStep?.({ step, steps, loss });
      await turn();
    }
    await onEpoch?.(epoch + 1, copyOf(step, vectors));
  }
  return copyOf(step, vectors);
}

type Vectors = Omit<TrainingState, "step">;

const copyOf = (step: number, { parameters, average, mean, square }: Vectors): TrainingState => ({
  step,
  parameters: parameters.slice(),
  average: average.slice(),
  mean: mean.slice(),
  square: square.slice(),
});

function initialState({ parameters: specs }: Classifier, seed: number): TrainingState {
  const parameters = initialParameters(specs, new Random(seed, "initial parameters"));
  const zeros = () => new Float32Array(parameterCount(specs));
  return { step: 0, parameters, average: parameters, mean: zeros(), square: zeros() };
}

/** Mean cross-entropy of a batch and its gradient. */
async function gradientsOf(
  classifier: Classifier,
  parameters: Float32Array,
  { x, labels, classes }: {
    readonly x: ImageBatch;
    readonly labels: readonly number[];
    readonly classes: number;
  },
): Promise<{ readonly loss: number; readonly gradients: Float32Array }> {
  const names = classifier.parameters.map(({ name }) => name);
  const [loss, flat] = tf.tidy(() => {
    const tensors = unflatten(classifier.parameters, parameters);
    const input = tf.tensor4d(x.data, [...x.shape]);
    const wanted = new Float32Array(labels.length * classes);
    labels.forEach((label, i) => wanted[i * classes + label] = 1);
    const target = tf.tensor2d(wanted, [labels.length, classes]);
    const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const named = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
      const sure = tf.logSoftmax(classifier.forward(named, input).logits);
      return tf.div(tf.neg(tf.sum(tf.mul(sure, target))), labels.length) as tf.Scalar;
    })(names.map((name) => tensors[name]!));
    return [value, tf.concat(grads.map((gradient) => tf.reshape(gradient, [-1])))] as const;
  });
  const [value, gradients] = await Promise.all([loss.data(), flat.data()]);
  tf.dispose([loss, flat]);
  return { loss: value[0]!, gradients: gradients as Float32Array };
}

/** Images at `rows`, each shifted and mirrored as chance has it. */
function changedImages(
  images: ImageBatch,
  rows: ArrayLike<number>,
  { random, shift, flip }: {
    readonly random: Random;
    readonly shift: number;
    readonly flip: boolean;
  },
): ImageBatch {
  const [, h, w, c] = images.shape;
  const size = valuesPerImage(images);
  const data = new Float32Array(rows.length * size);
  for (let i = 0; i < rows.length; i++) {
    const [down, right] = [0, 0].map(() => random.integer(2 * shift + 1) - shift) as [
      number,
      number,
    ];
    const mirrored = flip && random.bits() % 2 === 1;
    const from = rows[i]! * size;
    for (let y = 0; y < h; y++) {
      const sourceY = Math.min(h - 1, Math.max(0, y + down));
      for (let x = 0; x < w; x++) {
        const at = Math.min(w - 1, Math.max(0, x + right));
        const sourceX = mirrored ? w - 1 - at : at;
        for (let k = 0; k < c; k++) {
          data[i * size + (y * w + x) * c + k] = images
            .data[from + (sourceY * w + sourceX) * c + k]!;
        }
      }
    }
  }
  return { data, shape: [rows.length, h, w, c] };
}
