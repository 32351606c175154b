/**
 * AdamW, moving average, clipping and the guard against numbers that are not finite as three programs on
 * flat vectors. Bound by memory: 36 bytes a parameter, on an H100 (3.3 TB/s) 11 us for a million.
 */
import {
  type GpuProgram,
  groupNumber,
  workgroupSum,
} from "../networks/layers/webgpu/gpu_program.ts";

/** Invocations of a workgroup. */
export const SIZE = 256;
/** Partial sums of squares, each of a workgroup. */
export const PARTS = 256;
/** Steps whose reports are held. */
export const LOG_STEPS = 64;

const header = (body: string) => `
${groupNumber}
var<workgroup> sums: array<f32, ${SIZE}>;
@compute @workgroup_size(${SIZE})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let number = groupNumber(group, groups);
  ${body}
}`;

const reduce = workgroupSum(SIZE);

/** Arrays gradients, parts: sums of squares, one for each of the `PARTS` workgroups. */
export const squares: GpuProgram = {
  code: header(`
  var sum = 0.0;
  for (var i = number * ${SIZE}u + t; i < uniforms.count; i += ${PARTS * SIZE}u) {
    sum += gradients[i] * gradients[i];
  }
  ${reduce}
  if (t == 0u) { parts[number] = sums[0]; }`),
  tensors: [
    { name: "gradients", element: "f32" },
    { name: "parts", element: "f32", write: true },
  ],
  uniforms: [{ name: "count", type: "u32" }],
};

/**
 * Arrays parts, loss, verdict, reports: what becomes of a step. verdict[0] is the factor of the gradients,
 * verdict[1] is 1 from the first step on whose loss or gradient is not finite: no later step changes
 * anything, so that the host may find out later. The reports get loss and norm at `slot`.
 */
export const verdict: GpuProgram = {
  code: `
// By its bits: a compiler may take all numbers for finite.
fn finite(value: f32) -> bool { return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u; }
${
    header(`
  let sum = parts[t];
  ${reduce}
  if (t == 0u && number == 0u) {
    let norm = sqrt(sums[0]);
    reports[2u * uniforms.slot] = loss[0];
    reports[2u * uniforms.slot + 1u] = norm;
    verdict[0] = select(1.0, uniforms.clipNorm / norm,
      uniforms.clipNorm > 0.0 && norm > uniforms.clipNorm);
    if (!finite(norm) || !finite(loss[0])) { verdict[1] = 1.0; }
  }`)
  }`,
  tensors: [
    { name: "parts", element: "f32" },
    { name: "loss", element: "f32" },
    { name: "verdict", element: "f32", write: true },
    { name: "reports", element: "f32", write: true },
  ],
  uniforms: [{ name: "slot", type: "u32" }, { name: "clipNorm", type: "f32" }],
};

/**
 * Arrays verdict, gradients, parameters, mean, square, average: one step of AdamW (Loshchilov & Hutter,
 * arXiv 1711.05101, algorithm 2) and of the moving average, as `adamw.ts` and `ema.ts` take it.
 */
export const adamw: GpuProgram = {
  code: header(`
  let i = number * ${SIZE}u + t;
  if (i >= uniforms.count || verdict[1] != 0.0) { return; }
  let g = verdict[0] * gradients[i];
  let m = uniforms.beta1 * mean[i] + uniforms.other1 * g;
  let v = uniforms.beta2 * square[i] + uniforms.other2 * g * g;
  let p = uniforms.keep * parameters[i] -
    uniforms.stepSize * m / (sqrt(v) / uniforms.root + uniforms.epsilon);
  mean[i] = m;
  square[i] = v;
  parameters[i] = p;
  average[i] = uniforms.decay * average[i] + uniforms.otherDecay * p;`),
  tensors: [
    { name: "verdict", element: "f32" },
    { name: "gradients", element: "f32" },
    { name: "parameters", element: "f32", write: true },
    { name: "mean", element: "f32", write: true },
    { name: "square", element: "f32", write: true },
    { name: "average", element: "f32", write: true },
  ],
  uniforms: [
    { name: "count", type: "u32" },
    ...[
      "beta1",
      "other1",
      "beta2",
      "other2",
      "keep",
      "stepSize",
      "root",
      "epsilon",
      "decay",
      "otherDecay",
    ].map((name) => ({ name, type: "f32" as const })),
  ],
};
