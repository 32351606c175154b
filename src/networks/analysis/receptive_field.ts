import { ArgumentError } from "../../core/errors.ts";
import { eventLoopTurns } from "../../core/event_loop.ts";
import * as tf from "@tensorflow/tfjs";
import { type ImageBatch, imageBatch, imageShapeOf } from "../../core/image_batch.ts";
import { Random } from "../../core/random.ts";
import { convertPrediction } from "../../denoisers/convert.ts";
import { labelPerSample } from "../../denoisers/labels.ts";
import { preconditioningFactors } from "../../denoisers/preconditioning.ts";
import type { FieldAtTime, ReceptiveField } from "./field_profile.ts";
import type { Padding } from "../layers/conv2d_implementation.ts";
import { unflatten } from "../weights/parameters.ts";
import type { TrainedNetwork } from "../weights/weights.ts";

/**
 * Noisy images at one time, to differentiate the network at.
 *
 * @category Networks
 */
export interface FieldPoint {
  /** Time in [0, 1]. */
  readonly t: number;
  /** Noisy images `[B, H, W, C]`, such as a sampler's at that time. */
  readonly x: ImageBatch;
}

/**
 * Options of {@linkcode measureReceptiveField}.
 *
 * @category Networks
 */
export interface MeasureReceptiveFieldOptions {
  /**
   * What is differentiated, whatever the network predicts: the clean image that it expects (default)
   * or the noise. They differ in the middle of the map only. At high noise eps is nearly the input
   * itself, so that its gradient there hides all others; at low noise the same is true of x0.
   */
  readonly of?: "x0" | "eps";
  /** Where to differentiate: images at each time. */
  readonly points: readonly FieldPoint[];
  /** Output pixels drawn in each image, each with one output channel. Default 8. */
  readonly pixels?: number;
  /**
   * Offsets to look at, from -radius to radius. Default: one more than the architecture allows, at
   * most so many that they lie within the image around its middle.
   */
  readonly radius?: number;
  /** Seed of the output pixels. Default 0. */
  readonly seed?: number | undefined;
  /** Class label of each image of a batch, or one for all. */
  readonly labels?: number | ArrayLike<number> | undefined;
  /** Gradients computed at once. Default 16. */
  readonly batchSize?: number;
  /** Stops the work; the promise then rejects with the signal's reason. */
  readonly abort?: AbortSignal | undefined;
  /** Called after each batch with the gradients done and those to do. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Measures how far a network looks: the mean absolute gradient of an output pixel by the noisy pixels
 * around it, at each time, as maps over the offset.
 *
 * One backward pass per output pixel, many in a batch; the absolute value is taken before any mean, so
 * that nothing cancels. Output pixels are drawn where all offsets lie inside the image; with circular
 * padding anywhere, and offsets wrap around.
 *
 * The backend must have been started.
 *
 * @example
 * ```ts
 * import {
 *   createNetwork,
 *   initialParameters,
 *   measureReceptiveField,
 *   Random,
 *   startBackend,
 * } from "@els/toolkit/networks";
 * import { createSchedule, imageBatch } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * await startBackend("cpu");
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const random = new Random(1);
 * const parameters = initialParameters(network.parameters, random);
 * const schedule = createSchedule("cosine_legacy");
 * const x = imageBatch(random.normals(64), [1, 8, 8, 1]);
 * const field = await measureReceptiveField({ network, parameters, schedule, training: {} }, {
 *   points: [{ t: 0.5, x }],
 *   pixels: 1,
 *   radius: 2,
 * });
 * assertEquals(field.times[0]!.map.length, 25);
 * ```
 *
 * @throws RangeError if there are no points, a count is not positive, a radius reaches around the
 * image, or shapes and labels do not fit the network.
 * @category Networks
 */
export async function measureReceptiveField(
  trained: TrainedNetwork,
  options: MeasureReceptiveFieldOptions,
): Promise<ReceptiveField> {
  const { network, schedule, prediction = "eps", preconditioning = { kind: "none" } } = trained;
  const { imageShape, padding } = network.architecture;
  const { of = "x0", points, pixels = 8, seed = 0, batchSize = 16, abort, onProgress } = options;
  const [h, w, channels] = imageShape;
  const widest = (Math.min(h, w) - 1) >> 1;
  const radius = options.radius ?? Math.min(Math.ceil((network.receptiveField + 1) / 2), widest);
  checkOptions({ points, pixels, batchSize, radius, widest, imageShape });
  const tensors = unflatten(network.parameters, trained.parameters);
  const random = new Random(seed, "receptive field");
  const total = points.reduce((sum, { x }) => sum + x.shape[0] * pixels, 0);
  let done = 0;
  const times: FieldAtTime[] = [];
  const turn = eventLoopTurns();
  try {
    for (const { t, x } of points.toSorted((a, b) => a.t - b.t)) {
      const labels = labelPerSample(options.labels, x.shape[0]);
      const factors = preconditioningFactors(preconditioning, { schedule, t });
      const { cIn, cNoise } = factors;
      const convert = (noisy: number, predicted: number) => {
        const one = (value: number) => imageBatch(Float32Array.of(value), [1, 1, 1, 1]);
        return convertPrediction(one(noisy), one(predicted), {
          from: prediction,
          to: of,
          signal: schedule.signal(t),
          sigma: schedule.sigma(t),
        }).data[0]!;
      };
      // What is wanted is linear in the noisy image and in the network's output.
      const [ofNoisy, ofPredicted] = [convert(1, 0), convert(0, 1)];
      const identity = ofNoisy + ofPredicted * factors.cSkip;
      const factor = ofPredicted * factors.cOut * cIn;
      const targets = drawTargets(x.shape, { pixels, radius, padding, random });
      const sums = new OffsetMap(radius, padding);
      for (let from = 0; from < targets.length; from += batchSize) {
        await turn();
        abort?.throwIfAborted();
        const part = targets.slice(from, from + batchSize);
        const size = h * w * channels;
        const images = new Float32Array(part.length * size);
        const chosen = new Float32Array(part.length * size);
        part.forEach(({ image, y, x: column, channel }, i) => {
          const source = x.data.subarray(image * size, (image + 1) * size);
          images.set(source.map((value) => cIn * value), i * size);
          chosen[i * size + (y * w + column) * channels + channel] = 1;
        });
        const gradient = tf.tidy(() => {
          const mask = tf.tensor4d(chosen, [part.length, h, w, channels]);
          const output = (input: tf.Tensor) =>
            tf.sum(tf.mul(
              mask,
              network.forward(tensors, {
                x: input as tf.Tensor4D,
                times: new Array<number>(part.length).fill(cNoise),
                labels: labels === null ? undefined : part.map(({ image }) => labels[image]!),
              }, { inputGradient: true }),
            ));
          return tf.grad(output)(tf.tensor4d(images, [part.length, h, w, channels]));
        });
        const values = await gradient.data() as Float32Array;
        gradient.dispose();
        part.forEach((target, i) => {
          const ofOutput = values.subarray(i * size, (i + 1) * size).map((value) => factor * value);
          const { y, x: column, channel } = target;
          ofOutput[(y * w + column) * channels + channel]! += identity;
          sums.add(ofOutput, target, imageShape);
        });
        done += part.length;
        onProgress?.(done, total);
      }
      times.push({ t, sigma: schedule.sigma(t), map: sums.means() });
    }
  } finally {
    tf.dispose(Object.values(tensors));
  }
  return {
    of,
    computed: network.receptiveField,
    radius,
    gradients: points[0]!.x.shape[0] * pixels,
    times,
  };
}

function checkOptions(
  { points, pixels, batchSize, radius, widest, imageShape }: {
    points: readonly FieldPoint[];
    pixels: number;
    batchSize: number;
    radius: number;
    widest: number;
    imageShape: readonly [number, number, number];
  },
): void {
  const fail = (problem: string): never => {
    throw new ArgumentError(`Cannot measure the receptive field: ${problem}`);
  };
  for (const [what, value] of [["pixels", pixels], ["batchSize", batchSize]] as const) {
    if (!Number.isSafeInteger(value) || value < 1) {
      fail(`${what} is ${value}, expected a positive integer`);
    }
  }
  if (!Number.isSafeInteger(radius) || radius < 0 || radius > widest) {
    fail(`radius is ${radius}, expected 0 to ${widest} for images of ${imageShape.join(" x ")}`);
  }
  if (points.length === 0) fail("there are no images to differentiate at");
  for (const { t, x } of points) {
    const found = imageShapeOf(x);
    if (x.shape[0] < 1 || found.join() !== imageShape.join()) {
      fail(
        `at t = ${t} there are ${x.shape[0]} images of ${found.join(" x ")}, the network takes ${
          imageShape.join(" x ")
        }`,
      );
    }
  }
}

/** An output value: of which image, where, which channel. */
interface Target {
  readonly image: number;
  readonly y: number;
  readonly x: number;
  readonly channel: number;
}

function drawTargets(
  [images, h, w, channels]: ImageBatch["shape"],
  { pixels, radius, padding, random }: {
    pixels: number;
    radius: number;
    padding: Padding;
    random: Random;
  },
): Target[] {
  const place = (size: number) =>
    padding === "circular" ? random.integer(size) : radius + random.integer(size - 2 * radius);
  return Array.from({ length: images * pixels }, (_, i) => ({
    image: Math.floor(i / pixels),
    y: place(h),
    x: place(w),
    channel: random.integer(channels),
  }));
}

/** Sums of absolute gradients by offset from the output pixel. */
class OffsetMap {
  readonly #sums: Float64Array;
  readonly #radius: number;
  readonly #padding: Padding;
  #count = 0;

  constructor(radius: number, padding: Padding) {
    this.#radius = radius;
    this.#padding = padding;
    this.#sums = new Float64Array((2 * radius + 1) ** 2);
  }

  /** Adds the gradient `[H, W, C]` of one output value; the radius keeps every offset inside. */
  add(gradient: Float32Array, target: Target, [h, w, channels]: readonly [number, number, number]) {
    const radius = this.#radius;
    const wrap = (place: number, size: number) =>
      this.#padding === "circular" ? (place + size) % size : place;
    let at = 0;
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++, at++) {
        const pixel = wrap(target.y + dy, h) * w + wrap(target.x + dx, w);
        for (let c = 0; c < channels; c++) {
          this.#sums[at]! += Math.abs(gradient[pixel * channels + c]!);
        }
      }
    }
    this.#count += channels;
  }

  means(): number[] {
    return Array.from(this.#sums, (sum) => sum / this.#count);
  }
}
