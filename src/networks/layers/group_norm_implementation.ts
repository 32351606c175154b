import type * as tf from "@tensorflow/tfjs";

/** What follows a normalization: `silu(x) = x * sigmoid(x)`. */
export type Activation = "none" | "relu" | "silu";

/** Numbers that decide a group normalization. */
export interface GroupNormAttributes {
  /** Number of groups; divides the channels. */
  readonly groups: number;
  /** Added to the variance. */
  readonly epsilon: number;
  /** What follows. */
  readonly activation: Activation;
}

/** Tensors that it reads: `[B, H, W, C]`, `[C]`, `[C]`, `[B, C]`. */
export interface GroupNormInputs {
  readonly x: tf.Tensor4D;
  readonly scale: tf.Tensor;
  readonly offset: tf.Tensor;
  readonly shift: tf.Tensor | undefined;
}

/** One way to compute a group normalization and its gradients. */
export interface GroupNormImplementation {
  /**
   * The value `[B, H, W, C]`, and statistics `[B, 2, C]` that the gradient needs: what is subtracted from
   * x, and the factor after that.
   */
  forward(
    inputs: GroupNormInputs,
    attributes: GroupNormAttributes,
  ): { readonly value: tf.Tensor; readonly statistics: tf.Tensor };
  /** Gradients of x, scale, offset and shift, the last `[B, C]` whether there is a shift or not. */
  backward(
    inputs: GroupNormInputs & { readonly statistics: tf.Tensor; readonly dy: tf.Tensor },
    attributes: GroupNormAttributes,
  ): readonly [x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, shift: tf.Tensor];
}
