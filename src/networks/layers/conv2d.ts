import { ArgumentError } from "../../core/errors.ts";
import * as tf from "@tensorflow/tfjs";
import { customGradient } from "./custom_gradient.ts";
import { composedConv2d } from "./conv2d_composed.ts";
import type { Conv2dImplementation, Padding } from "./conv2d_implementation.ts";
import { wasmConv2d } from "./wasm/conv2d_kernels.ts";
import { webgpuConv2d } from "./webgpu/conv2d_kernels.ts";

const implementations: Readonly<Record<string, Conv2dImplementation>> = {
  wasm: wasmConv2d,
  webgpu: webgpuConv2d,
};

/** Options of {@linkcode conv2d}. */
export interface Conv2dOptions {
  /** What lies outside the image. */
  readonly padding: Padding;
  /** Added to every output pixel, `[Co]`. */
  readonly bias?: tf.Tensor1D;
  /** Added to every input pixel before padding, `[B, Ci]`: the time embedding. */
  readonly shift?: tf.Tensor2D;
  /** Whether negative outputs become zero. Default false. */
  readonly relu?: boolean;
  /**
   * Whether x is added to the result, with as many channels. Its ReLU then lets gradients through where the
   * sum is above x: a change below the rounding of x is none. Default false.
   */
  readonly residual?: boolean;
  /** Whether gradients reach `x`; false saves the work for the first layer. Default true. */
  readonly inputGradient?: boolean;
}

/**
 * `act(conv(pad(x + shift)) + bias)`, plus x where asked, stride 1, output as large as the input, as one
 * differentiable operation with gradients for all four tensors, on every backend of TensorFlow.js.
 *
 * On wasm it is our own SIMD kernel (`wasm/conv2d.as.ts`), on webgpu programs of our own
 * (`webgpu/conv2d_wgsl.ts`), elsewhere a composition of tfjs operations (`conv2d_composed.ts`).
 *
 * @param x Input `[B, H, W, Ci]`.
 * @param filter `[k, k, Ci, Co]`, k odd.
 * @returns `[B, H, W, Co]`.
 * @throws RangeError if k is even, the channels do not match, or a circular border is wider than
 * the image.
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions): tf.Tensor4D {
  const [kh, kw, ci, co] = filter.shape;
  const [b, h, w, c] = x.shape;
  if (kh !== kw || kh % 2 === 0) {
    throw new ArgumentError(
      `Cannot convolve: the filter is ${kh} x ${kw}, it must be square and odd`,
    );
  }
  if (ci !== c) {
    throw new ArgumentError(`Cannot convolve: the filter takes ${ci} channels, the input has ${c}`);
  }
  if (options.padding === "circular" && (kh >> 1) > Math.min(h, w)) {
    throw new ArgumentError(
      `Cannot convolve: a ${kh} x ${kh} filter wraps around ${h} x ${w} twice`,
    );
  }
  if (options.bias && options.bias.size !== co) {
    throw new ArgumentError(`Cannot convolve: ${options.bias.size} biases for ${co} channels`);
  }
  if (options.shift && options.shift.size !== b * c) {
    throw new ArgumentError(
      `Cannot convolve: shift is [${options.shift.shape}], expected [${b}, ${c}]`,
    );
  }
  const { bias, shift, padding, relu = false, residual = false, inputGradient = true } = options;
  if (residual && ci !== co) {
    throw new ArgumentError(`Cannot add an input of ${ci} channels to ${co}`);
  }
  const implementation = implementations[tf.getBackend()] ?? composedConv2d;
  if (residual && !implementation.addsInput?.(kh)) {
    return tf.add(x, conv2d(x, filter, { ...options, residual: false }));
  }
  const attributes = { padding, relu, inputGradient, residual };
  const inputs: tf.Tensor[] = [
    x,
    filter,
    ...[bias, shift].filter((tensor) => tensor !== undefined),
  ];
  const named = ([x, filter, ...rest]: readonly tf.Tensor[]) => ({
    x: x as tf.Tensor4D,
    filter: filter as tf.Tensor4D,
    bias: bias && rest[0],
    shift: shift && rest[bias ? 1 : 0],
  });
  return customGradient(inputs, {
    forward() {
      const value = implementation.forward(named(inputs), attributes);
      return { value, kept: [value] };
    },
    backward(dy, saved) {
      const y = saved.at(-1) as tf.Tensor4D;
      const gradient = implementation.backward(
        { ...named(saved), y, dy: dy as tf.Tensor4D },
        attributes,
      );
      return [
        gradient.x,
        gradient.filter,
        ...bias ? [gradient.bias] : [],
        ...shift ? [gradient.shift] : [],
      ];
    },
  }) as tf.Tensor4D;
}
