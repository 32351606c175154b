import type * as tf from "@tensorflow/tfjs";
import { type GpuProgram, groupNumber, runProgram, type WebgpuBackend } from "./gpu_program.ts";

const SUM_SIZE = 256;
/** Channels that a workgroup adds up, each by 8 invocations. */
const SUM_CHANNELS = 32;

/**
 * Arrays x `[groups, rows, channels]`, out `[groups, channels]`: sums over rows, in a fixed order. A
 * workgroup for each group and 32 channels.
 */
const rowSums: GpuProgram = {
  code: `
${groupNumber}
var<workgroup> parts: array<f32, ${SUM_SIZE}>;
@compute @workgroup_size(${SUM_SIZE})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let blocks = (uniforms.channels + ${SUM_CHANNELS - 1}u) / ${SUM_CHANNELS}u;
  let number = groupNumber(group, workgroups);
  let channel = number % blocks * ${SUM_CHANNELS}u + t % ${SUM_CHANNELS}u;
  let start = number / blocks * uniforms.rows;
  var sum = 0.0;
  if (channel < uniforms.channels && number / blocks < uniforms.groups) {
    for (var row = t / ${SUM_CHANNELS}u; row < uniforms.rows; row += ${SUM_SIZE / SUM_CHANNELS}u) {
      sum += x[(start + row) * uniforms.channels + channel];
    }
  }
  parts[t] = sum;
  workgroupBarrier();
  if (t < ${SUM_CHANNELS}u && channel < uniforms.channels && number / blocks < uniforms.groups) {
    for (var i = t + ${SUM_CHANNELS}u; i < ${SUM_SIZE}u; i += ${SUM_CHANNELS}u) {
      sum += parts[i];
    }
    out[number / blocks * uniforms.channels + channel] = sum;
  }
}`,
  tensors: [{ name: "x", element: "f32" }, { name: "out", element: "f32", write: true }],
  uniforms: [
    { name: "groups", type: "u32" },
    { name: "rows", type: "u32" },
    { name: "channels", type: "u32" },
  ],
};

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
    uniforms: [groups, rows, channels],
    workgroups: groups * Math.ceil(channels / SUM_CHANNELS),
  });
  return out;
}
