import * as tf from "@tensorflow/tfjs";
import { ArgumentError } from "../../core/errors.ts";
import { eventLoopTurns } from "../../core/event_loop.ts";
import { checkImages, type ImageBatch, sliceBatch } from "../../core/image_batch.ts";
import { resizeImages } from "../../core/resize_images.ts";
import {
  convolutionsOf,
  inceptionPlan,
  inceptionSide,
  type InceptionStage,
  inceptionWidth,
} from "./inception_stages.ts";
import type { InceptionNetwork } from "./inception_weights.ts";

/**
 * Options of {@linkcode inceptionFeatures}.
 *
 * @category Networks
 */
export interface InceptionFeaturesOptions {
  /** Images at a time, which bounds memory: some 20 MB each. Default 4. */
  readonly batchSize?: number;
  /** Stops the work; the promise rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
  /** Called after each batch with its features and the number of its first image: to keep them. */
  readonly onBatch?: ((features: Float32Array, first: number) => void) | undefined;
  /** Called with the number of images done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Rows of values, as the measures of quality take them.
 *
 * @category Networks
 */
export interface InceptionRows {
  /** `[n, d]` values. */
  readonly data: Float32Array;
  /** `[n, d]`. */
  readonly shape: readonly [rows: number, width: number];
}

/**
 * The pool3 features of images by the Inception network of 2015-12-05, on the backend that `startBackend`
 * started: what the Frechet inception distance is made of (Heusel et al. 2017, arXiv 1706.08500).
 *
 * Images are rounded to bytes, as if they had been saved, gray ones repeated in three colors, resized to
 * 299 x 299 as TensorFlow 1 did (bilinear, corners of the grids aligned at the first pixel), and put to
 * (byte - 128) / 128.
 *
 * @example
 * ```ts
 * import { inceptionFeatures, readInception, startBackend } from "@els/toolkit/networks";
 * import { imageBatch } from "@els/toolkit/machines";
 *
 * // A file of one's own: pt_inception-2015-12-05-6726825d.pth.
 * const path = "inception.pth";
 * const bytes = await Deno.readFile(path).catch(() => undefined);
 * if (bytes !== undefined) {
 *   await startBackend("wasm");
 *   const network = await readInception(bytes, path);
 *   const images = imageBatch(new Float32Array(2 * 32 * 32 * 3), [2, 32, 32, 3]);
 *   const { shape } = await inceptionFeatures(network, images);
 *   console.log(shape); // [2, 2048]
 * }
 * ```
 *
 * @param images `[n, H, W, C]` in [-1, 1], of one channel or three.
 * @returns Features `[n, 2048]`.
 * @throws RangeError if images have another number of channels.
 * @category Networks
 */
export async function inceptionFeatures(
  network: InceptionNetwork,
  images: ImageBatch,
  options: InceptionFeaturesOptions = {},
): Promise<InceptionRows> {
  checkImages(images);
  const [count, , , channels] = images.shape;
  if (channels !== 1 && channels !== 3) {
    throw new ArgumentError(
      `Cannot make inception features of images of ${channels} channels: expected 1 or 3`,
    );
  }
  const { batchSize = 4, abort, onBatch, onProgress } = options;
  const { features: width, convolutions } = network;
  const { stages } = inceptionPlan(inceptionWidth / width);
  const data = new Float32Array(count * width);
  const turn = eventLoopTurns();
  const held = new Map(
    convolutionsOf(stages).map(({ name, kernel: [kh, kw], inputs, outputs }) => {
      const { filter, bias } = convolutions.get(name)!;
      return [name, {
        filter: tf.tensor4d(filter, [kh, kw, inputs, outputs]),
        bias: tf.tensor1d(bias),
      }] as const;
    }),
  );
  try {
    for (let first = 0; first < count; first += batchSize) {
      abort?.throwIfAborted();
      const some = preparedImages(sliceBatch(images, first, Math.min(count, first + batchSize)));
      const x = tf.tensor4d(some.data, [...some.shape]);
      const last = through(stages, x, held);
      const means = tf.tidy(() => tf.mean(last, [1, 2]));
      tf.dispose([x, last]);
      const values = await means.data() as Float32Array;
      means.dispose();
      data.set(values, first * width);
      onBatch?.(values, first);
      onProgress?.(first + some.shape[0]);
      await turn();
    }
  } finally {
    tf.dispose([...held.values()].flatMap(({ filter, bias }) => [filter, bias]));
  }
  return { data, shape: [count, width] };
}

/**
 * What features say of the 1008 classes of the Inception network: softmax without the head's bias, as the
 * inception score was first computed (Salimans et al. 2016, arXiv 1606.03498).
 *
 * @example
 * ```ts
 * import { inceptionProbabilities } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * // Two features, two classes.
 * const network = { features: 2, classes: 2, head: Float32Array.of(1, 0, 0, 1) };
 * const features = { data: Float32Array.of(3, 3), shape: [1, 2] } as const;
 * const { data } = inceptionProbabilities(network, features);
 * assertEquals([...data], [0.5, 0.5]);
 * ```
 *
 * @param features `[n, 2048]`, as {@linkcode inceptionFeatures} makes them.
 * @returns Probabilities `[n, 1008]`.
 * @throws RangeError if the features are those of another network.
 * @category Networks
 */
export function inceptionProbabilities(
  network: Pick<InceptionNetwork, "head" | "classes" | "features">,
  features: InceptionRows,
): InceptionRows {
  const { head, classes, features: width } = network;
  const { data, shape: [count, found] } = features;
  if (found !== width) {
    throw new ArgumentError(
      `Cannot tell classes by features of ${found} values: expected ${width}`,
    );
  }
  const probabilities = new Float32Array(count * classes);
  const logits = new Float64Array(classes);
  for (let row = 0; row < count; row++) {
    const own = data.subarray(row * width, (row + 1) * width);
    let most = -Infinity;
    for (let k = 0; k < classes; k++) {
      let logit = 0;
      for (let i = 0; i < width; i++) logit += head[k * width + i]! * own[i]!;
      logits[k] = logit;
      most = Math.max(most, logit);
    }
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += logits[k] = Math.exp(logits[k]! - most);
    for (let k = 0; k < classes; k++) probabilities[row * classes + k] = logits[k]! / sum;
  }
  return { data: probabilities, shape: [count, classes] };
}

/** Images as the network takes them: bytes, three colors, 299 x 299, about -1 to 1. */
export function preparedImages({ data, shape: [n, h, w, channels] }: ImageBatch): ImageBatch {
  const bytes = new Float32Array(n * h * w * 3);
  for (let i = 0; i < bytes.length; i++) {
    const value = data[channels === 3 ? i : Math.floor(i / 3)]!;
    bytes[i] = Math.max(0, Math.min(255, Math.round((value + 1) * 127.5)));
  }
  const resized = resizeImages({ data: bytes, shape: [n, h, w, 3] }, {
    ...{ height: inceptionSide, width: inceptionSide, centers: "corner" },
  });
  return { data: resized.data.map((value) => (value - 128) / 128), shape: resized.shape };
}

/** Convolutions on the backend, by name. */
type Held = ReadonlyMap<string, { readonly filter: tf.Tensor4D; readonly bias: tf.Tensor1D }>;

/** Stages one after the other. Each is freed as soon as the next is there; x stays. */
function through(stages: readonly InceptionStage[], x: tf.Tensor4D, held: Held): tf.Tensor4D {
  let state = x;
  for (const stage of stages) {
    const next = applied(stage, state, held);
    if (state !== x) state.dispose();
    state = next;
  }
  return state;
}

function applied(stage: InceptionStage, x: tf.Tensor4D, held: Held): tf.Tensor4D {
  if (stage.kind === "branches") {
    const parts = stage.branches.map((branch) => through(branch, x, held));
    const joined = tf.concat(parts, 3);
    tf.dispose(parts);
    return joined;
  }
  if (stage.kind === "pool") {
    const pad = stage.stride === 1 ? "same" : "valid";
    const pool = stage.of === "max" ? tf.maxPool : tf.avgPool;
    return tf.tidy(() => pool(x, 3, stage.stride, pad));
  }
  const { filter, bias } = held.get(stage.name)!;
  return tf.tidy(() =>
    tf.fused.conv2d({
      ...{ x, filter, bias, activation: "relu", pad: stage.padding },
      strides: stage.stride,
    })
  );
}
