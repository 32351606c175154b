import type * as tf from "@tensorflow/tfjs";
import type { GpuProgram } from "../../../gpu/program.ts";
import { wgsl } from "../../../gpu/wgsl.ts";
import { entryPoint } from "../../../gpu/workgroup_wgsl.ts";
import { runProgram, type WebgpuBackend } from "./tfjs_queue.ts";

const SUM_SIZE = 256;
/** Channels that a workgroup adds up, each by 8 invocations. */
const SUM_CHANNELS = 32;

const sumOfRows = entryPoint(
  SUM_SIZE,
  wgsl`
    let blocks = (params.channels + ${SUM_CHANNELS - 1}u) / ${SUM_CHANNELS}u;
    let channel = number % blocks * ${SUM_CHANNELS}u + t % ${SUM_CHANNELS}u;
    let start = number / blocks * params.rows;
    var sum = 0.0;
    if (channel < params.channels && number / blocks < params.groups) {
      for (var row = t / ${SUM_CHANNELS}u; row < params.rows; row += ${SUM_SIZE / SUM_CHANNELS}u) {
        sum += x[(start + row) * params.channels + channel];
      }
    }
    parts[t] = sum;
    workgroupBarrier();
    if (t < ${SUM_CHANNELS}u && channel < params.channels && number / blocks < params.groups) {
      for (var i = t + ${SUM_CHANNELS}u; i < ${SUM_SIZE}u; i += ${SUM_CHANNELS}u) {
        sum += parts[i];
      }
      out[number / blocks * params.channels + channel] = sum;
    }
  `,
);

/** Sums over rows, in a fixed order; a workgroup for each group and 32 channels. */
export const rowSums = {
  code: wgsl`
    var<workgroup> parts: array<f32, ${SUM_SIZE}>;

    ${sumOfRows}
  `,
  arrays: [
    { name: "x", element: "f32", holds: "[groups, rows, channels]" },
    { name: "out", element: "f32", holds: "[groups, channels]", write: true },
  ],
  params: { groups: "u32", rows: "u32", channels: "u32" },
} as const satisfies GpuProgram;

/**
 * Sums over the rows of each group, `[groups, rows, channels]` in memory, as a tensor of shape `shape`. In
 * a fixed order, and with a workgroup for each group and 32 channels; tfjs transposes first.
 */
export function sumRows(
  backend: WebgpuBackend,
  x: tf.TensorInfo,
  { groups, rows, channels, shape }: Record<"groups" | "rows" | "channels", number> & {
    readonly shape: readonly number[];
  },
): tf.TensorInfo {
  const out = backend.makeTensorInfo(shape, "float32");
  runProgram(backend, rowSums, {
    tensors: [x, out],
    params: { groups, rows, channels },
    workgroups: groups * Math.ceil(channels / SUM_CHANNELS),
  });
  return out;
}
