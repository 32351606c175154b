import * as tf from "@tensorflow/tfjs";
import { wasmJoin, wasmSplit } from "./wasm/columns_kernels.ts";

/**
 * Tensors beside each other along the last axis, such as channels.
 *
 * Why not tf.concat: on the wasm backend its gradient takes as long as a convolution.
 */
export function joinColumns<T extends tf.Tensor>(parts: readonly T[]): T {
  if (parts.length === 1) return parts[0]!;
  if (tf.getBackend() === "wasm") return wasmJoin(parts) as T;
  return tf.concat([...parts], -1);
}

/** Parts of a tensor along the last axis: the reverse. */
export function splitColumns<T extends tf.Tensor>(x: T, sizes: readonly number[]): T[] {
  // tfjs cannot differentiate a split into one part.
  if (sizes.length === 1) return [x];
  if (tf.getBackend() === "wasm") return wasmSplit(x, sizes) as T[];
  return tf.split(x, [...sizes], -1);
}
