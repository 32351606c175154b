import * as tf from "@tensorflow/tfjs";

/** An operation with a gradient of its own. */
export interface CustomGradient {
  /** The value, and the tensors besides the inputs that the gradient needs. */
  forward(): { readonly value: tf.Tensor; readonly kept?: readonly tf.Tensor[] };
  /**
   * The gradient of each input, in order, from that of the value. `saved` holds the inputs, then what
   * was kept: other tensors of the forward pass are gone by then.
   */
  backward(dy: tf.Tensor, saved: readonly tf.Tensor[]): tf.Tensor[];
}

/** Runs an operation such that tfjs differentiates it as it says. */
export function customGradient(
  inputs: readonly tf.Tensor[],
  { forward, backward }: CustomGradient,
): tf.Tensor {
  const op = tf.customGrad((...args) => {
    // customGrad appends a function that keeps tensors for the gradient; its types do not say so.
    const save = args.pop() as unknown as (tensors: tf.Tensor[]) => void;
    const { value, kept = [] } = forward();
    save([...inputs, ...kept]);
    // Several inputs need a list of gradients; the types of customGrad allow one only.
    return { value, gradFunc: backward as unknown as (dy: tf.Tensor) => tf.Tensor };
  });
  return op(...inputs);
}
