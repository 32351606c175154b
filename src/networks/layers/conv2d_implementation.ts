import type * as tf from "@tensorflow/tfjs";

/**
 * How a convolution sees pixels outside the image: as zeros, or wrapped around.
 *
 * @category Networks
 */
export type Padding = "zeros" | "circular";

/** What a convolution does besides convolving. */
export interface Conv2dAttributes {
  /** What lies outside the image. */
  readonly padding: Padding;
  /** Whether negative outputs become zero. */
  readonly relu: boolean;
  /** Whether the gradient of `x` is wanted. */
  readonly inputGradient: boolean;
  /** Whether x is added to the result, by an implementation that `addsInput`. Default false. */
  readonly residual?: boolean;
}

/** Tensors that a convolution reads: `[B, H, W, Ci]`, `[k, k, Ci, Co]`, `[Co]`, `[B, Ci]`. */
export interface Conv2dInputs {
  readonly x: tf.Tensor4D;
  readonly filter: tf.Tensor4D;
  readonly bias: tf.Tensor | undefined;
  readonly shift: tf.Tensor | undefined;
}

/** One way to compute `act(conv(pad(x + shift)) + bias)`, perhaps plus x, and all its gradients. */
export interface Conv2dImplementation {
  /** Whether x can be added to the result in passing, with filters of so many pixels a side; absent: never. */
  readonly addsInput?: (kernelSize: number) => boolean;
  forward(inputs: Conv2dInputs, attributes: Conv2dAttributes): tf.Tensor4D;
  /** Gradients shaped as the inputs; that of `x` may be a single zero when it is not wanted. */
  backward(
    inputs: Conv2dInputs & { readonly y: tf.Tensor4D; readonly dy: tf.Tensor4D },
    attributes: Conv2dAttributes,
  ): {
    readonly x: tf.Tensor;
    readonly filter: tf.Tensor;
    readonly bias: tf.Tensor;
    readonly shift: tf.Tensor;
  };
}
