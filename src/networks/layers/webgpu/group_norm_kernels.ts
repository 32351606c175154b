/** Registers the group normalization of `group_norm_wgsl.ts` with the webgpu backend of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import { programOf } from "../../../gpu/program.ts";
import { groupNormByKernels } from "../group_norm_by_kernels.ts";
import type { GroupNormAttributes, GroupNormImplementation } from "../group_norm_implementation.ts";
import {
  groupNormGradient,
  groupNormMeans,
  type GroupNormShape,
  groupNormStatistics,
  groupNormSums,
  groupNormValue,
  SUM_CHANNELS,
} from "./group_norm_wgsl.ts";
import { PASS_SIZE } from "./passes_wgsl.ts";
import { sumRows } from "./row_sums.ts";
import { runProgram, type WebgpuBackend } from "./tfjs_queue.ts";

interface Call<Names extends string> {
  readonly inputs:
    & Readonly<Record<Names, tf.TensorInfo>>
    & { readonly shift?: tf.TensorInfo };
  readonly backend: WebgpuBackend;
  readonly attrs: GroupNormAttributes;
}

function sizes(x: tf.TensorInfo, { groups, epsilon, activation }: GroupNormAttributes) {
  const [images, height, width, channels] = x.shape as [number, number, number, number];
  const pixels = height * width;
  const shape: GroupNormShape = { pixels, channels, groups, epsilon, activation };
  const count = images * pixels * channels;
  return { shape, images, pixels, channels, count, workgroups: Math.ceil(count / PASS_SIZE) };
}

/** The value and the statistics. */
function forward(
  { inputs, backend, attrs }: Call<"x" | "scale" | "offset">,
): tf.TensorInfo[] {
  const { x, scale, offset, shift } = inputs;
  const { shape, images, channels, count, workgroups } = sizes(x, attrs);
  const statistics = backend.makeTensorInfo([images, 2, channels], "float32");
  const value = backend.makeTensorInfo(x.shape, "float32");
  runProgram(backend, programOf(groupNormStatistics, shape, { shift: shift !== undefined }), {
    tensors: [x, ...shift ? [shift] : [], statistics],
    params: { images },
    workgroups: images * attrs.groups,
  });
  runProgram(backend, programOf(groupNormValue, shape), {
    tensors: [x, statistics, scale, offset, value],
    params: { count },
    workgroups,
  });
  return [value, statistics];
}

/** Gradients of x, scale, offset and shift. */
function backward(
  { inputs, backend, attrs }: Call<"x" | "scale" | "offset" | "statistics" | "dy">,
): tf.TensorInfo[] {
  const { x, scale, offset, statistics, dy } = inputs;
  const { shape, images, pixels, channels, count, workgroups } = sizes(x, attrs);
  const make = (dimensions: readonly number[]) => backend.makeTensorInfo(dimensions, "float32");
  const [sums, products] = [make([images, channels]), make([images, channels])];
  const means = make([images, 2, channels]);
  const dx = make(x.shape);
  runProgram(backend, programOf(groupNormSums, shape), {
    tensors: [x, dy, statistics, scale, offset, sums, products],
    params: { images },
    workgroups: images * Math.ceil(channels / SUM_CHANNELS),
  });
  runProgram(backend, programOf(groupNormMeans, shape), {
    tensors: [sums, products, scale, means],
    params: { count: images * channels },
    workgroups: Math.ceil(images * channels / PASS_SIZE),
  });
  runProgram(backend, programOf(groupNormGradient, shape), {
    tensors: [x, dy, statistics, scale, offset, means, dx],
    params: { count },
    workgroups,
  });
  const overImages = { groups: 1, rows: images, channels, shape: [channels] };
  const gradients = [
    dx,
    sumRows(backend, products, overImages),
    sumRows(backend, sums, overImages),
    sumRows(backend, dx, { groups: images, rows: pixels, channels, shape: [images, channels] }),
  ];
  for (const { dataId } of [sums, products, means]) tf.backend().disposeData(dataId);
  return gradients;
}

/** The normalization of `group_norm.ts` by the programs in WGSL; the backend in use must be webgpu. */
export const webgpuGroupNorm: GroupNormImplementation = groupNormByKernels("webgpu", {
  forward,
  backward,
});
