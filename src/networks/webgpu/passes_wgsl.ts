/** Passes over tensors beside the products: bound by memory, each value read and written once. */
import { type GpuProgram, groupNumber } from "./gpu_program.ts";

/** Invocations of a workgroup, in all of them. */
export const PASS_SIZE = 256;

const main = (body: string) => `
${groupNumber}
@compute @workgroup_size(${PASS_SIZE})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let i = groupNumber(group, groups) * ${PASS_SIZE}u + t;
  ${body}
}`;

/** Arrays y, dy, out: dy where the rectified y is positive, else 0; `count` values. */
export const gate: GpuProgram = {
  code: main("if (i < uniforms.count) { out[i] = select(0.0, dy[i], y[i] > 0.0); }"),
  tensors: [
    { name: "y", element: "f32" },
    { name: "dy", element: "f32" },
    { name: "out", element: "f32", write: true },
  ],
  uniforms: [{ name: "count", type: "u32" }],
};

/** Arrays filter `[k, k, Ci, Co]`, out `[k, k, Co, Ci]`: turned by half a turn and transposed. */
export function turnedFilter(
  { size, inputs, outputs }: Record<"size" | "inputs" | "outputs", number>,
): GpuProgram {
  const [taps, each] = [size * size, inputs * outputs];
  return {
    code: main(`
  if (i >= ${taps * each}u) { return; }
  let tap = ${taps - 1}u - i / ${each}u;
  let o = i % ${each}u / ${inputs}u;
  let c = i % ${inputs}u;
  out[i] = filters[tap * ${each}u + c * ${outputs}u + o];`),
    tensors: [{ name: "filters", element: "f32" }, { name: "out", element: "f32", write: true }],
    uniforms: [],
  };
}

/** Channels that a workgroup of {@linkcode rowSums} adds up, each by 8 invocations. */
export const SUM_CHANNELS = 32;

/**
 * Arrays x `[groups, rows, channels]`, out `[groups, channels]`: sums over rows, in a fixed order. A
 * workgroup for each group and 32 channels.
 */
export const rowSums: GpuProgram = {
  code: `
${groupNumber}
var<workgroup> partial: array<f32, ${PASS_SIZE}>;
@compute @workgroup_size(${PASS_SIZE})
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
    for (var row = t / ${SUM_CHANNELS}u; row < uniforms.rows; row += ${PASS_SIZE / SUM_CHANNELS}u) {
      sum += x[(start + row) * uniforms.channels + channel];
    }
  }
  partial[t] = sum;
  workgroupBarrier();
  if (t < ${SUM_CHANNELS}u && channel < uniforms.channels && number / blocks < uniforms.groups) {
    for (var i = t + ${SUM_CHANNELS}u; i < ${PASS_SIZE}u; i += ${SUM_CHANNELS}u) {
      sum += partial[i];
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
