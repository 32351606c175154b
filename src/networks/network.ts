import { ArgumentError } from "../core/errors.ts";
import type * as tf from "@tensorflow/tfjs";
import type { ImageShape } from "../core/image_batch.ts";
import type { Padding } from "./layers/conv2d_implementation.ts";
import type { Parameters, ParameterSpec } from "./weights/parameters.ts";

/**
 * What every description of a network says, as plain data. With the fields of its own kind it decides
 * a network's parameters and what it computes.
 *
 * @category Networks
 */
export interface ArchitectureBase {
  /** Which architecture. */
  readonly kind: string;
  /** Height, width and channels of the images. */
  readonly imageShape: ImageShape;
  /** What the convolutions see outside the image. */
  readonly padding: Padding;
  /** Number of classes; 0: not conditional. */
  readonly classes: number;
}

/**
 * A batch as a network takes it.
 *
 * @category Networks
 */
export interface NetworkInput {
  /**
   * Noisy images `[B, H, W, C]`: a Tensor4D of TensorFlow.js.
   *
   * @internal
   */
  readonly x: tf.Tensor4D;
  /** Time of each image in [0, 1], or what preconditioning puts in its place. */
  readonly times: ArrayLike<number>;
  /** Class of each image; required by a conditional network, refused by others. */
  readonly labels?: ArrayLike<number> | undefined;
}

/**
 * Options of a network's forward pass.
 *
 * @category Networks
 */
export interface ForwardOptions {
  /**
   * Whether gradients reach the images, as a Jacobian needs; training saves that work. Default false.
   */
  readonly inputGradient?: boolean;
}

/**
 * A network as a pure function of its parameters. One of your own is an object of this kind: it can be
 * trained, used as a denoiser, and its weights written and read.
 *
 * @category Networks
 */
export interface Network<A extends ArchitectureBase = ArchitectureBase> {
  /** What it was built from. */
  readonly architecture: A;
  /** Its parameters, in the order of the flat vector. */
  readonly parameters: readonly ParameterSpec[];
  /**
   * Width in pixels of the square of inputs that one output depends on, the widest over all outputs; it
   * may exceed the image. Infinity: attention, the whole image. Group normalization is not counted:
   * its means see the whole image, but no structure in it.
   */
  readonly receptiveField: number;
  /** Multiply-adds times two of one forward pass of one image, for rates. */
  readonly flopsPerImage: number;
  /**
   * Whether `createNetwork` builds the same network from its architecture, so that training can do it on
   * other threads. Absent, as for a network of your own: it stays on the thread that made it.
   */
  readonly rebuildable?: boolean;
  /**
   * Predicts from noisy images, `[B, H, W, C]`; differentiable in the parameters and, when asked, in `x`.
   *
   * @internal
   */
  forward(parameters: Parameters, input: NetworkInput, options?: ForwardOptions): tf.Tensor4D;
}

/**
 * Checks the labels of a batch against an architecture.
 *
 * @throws RangeError if labels are missing, superfluous, too few or out of range.
 */
export function checkLabels(
  classes: number,
  labels: ArrayLike<number> | undefined,
  batch: number,
): void {
  if (classes === 0 && labels !== undefined) {
    throw new ArgumentError("Class labels were given to a network that is not conditional");
  }
  if (classes === 0) return;
  if (labels === undefined || labels.length !== batch) {
    throw new ArgumentError(
      `A conditional network needs a class label for each of ${batch} images, found ${
        labels?.length ?? 0
      }`,
    );
  }
  for (let i = 0; i < batch; i++) {
    const label = labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new ArgumentError(`Class label ${label} is not one of 0 .. ${classes - 1}`);
    }
  }
}
