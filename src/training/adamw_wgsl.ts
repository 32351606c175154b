/**
 * AdamW, moving average, clipping and the guard against numbers that are not finite as three programs on
 * flat vectors. Bound by memory: 36 bytes a parameter, on an H100 (3.3 TB/s) 11 us for a million.
 */
import type { GpuProgram } from "../gpu/program.ts";
import { wgsl } from "../gpu/wgsl.ts";
import { entryPoint, workgroupSum } from "../gpu/workgroup_wgsl.ts";

/** Invocations of a workgroup. */
export const SIZE = 256;
/** Partial sums of squares, each of a workgroup. */
export const PARTS = 256;
/** Steps whose reports are held. */
export const LOG_STEPS = 64;

const sums = `var<workgroup> sums: array<f32, ${SIZE}>;`;

const addSquares = entryPoint(
  SIZE,
  wgsl`
    var sum = 0.0;
    for (var i = number * ${SIZE}u + t; i < params.count; i += ${PARTS * SIZE}u) {
      sum += gradients[i] * gradients[i];
    }
    ${workgroupSum(SIZE)}
    if (t == 0u) { parts[number] = sums[0]; }
  `,
);

/** Sums of squares of the gradients, one for each of the `PARTS` workgroups. */
export const squares = {
  code: wgsl`
    ${sums}

    ${addSquares}
  `,
  arrays: [
    { name: "gradients", element: "f32" },
    { name: "parts", element: "f32", write: true },
  ],
  params: { count: "u32" },
} as const satisfies GpuProgram;

const judge = entryPoint(
  SIZE,
  wgsl`
    let sum = parts[t];
    ${workgroupSum(SIZE)}
    if (t == 0u && number == 0u) {
      let norm = sqrt(sums[0]);
      reports[2u * params.slot] = loss[0];
      reports[2u * params.slot + 1u] = norm;
      verdict[0] = select(1.0, params.clipNorm / norm,
        params.clipNorm > 0.0 && norm > params.clipNorm);
      if (!finite(norm) || !finite(loss[0])) { verdict[1] = 1.0; }
    }
  `,
);

/**
 * What becomes of a step. verdict[0] is the factor of the gradients, verdict[1] is 1 from the first step on
 * whose loss or gradient is not finite: no later step changes anything, so that the host may find out
 * later. The reports get loss and norm at `slot`.
 */
export const verdict = {
  code: wgsl`
    ${sums}

    // By its bits: a compiler may take all numbers for finite.
    fn finite(value: f32) -> bool { return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u; }

    ${judge}
  `,
  arrays: [
    { name: "parts", element: "f32" },
    { name: "loss", element: "f32" },
    { name: "verdict", element: "f32", write: true },
    { name: "reports", element: "f32", write: true },
  ],
  params: { slot: "u32", clipNorm: "f32" },
} as const satisfies GpuProgram;

/**
 * One step of AdamW (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2) and of the moving average, as
 * `adamw.ts` and `ema.ts` take it.
 */
export const adamw = {
  code: entryPoint(
    SIZE,
    wgsl`
      let i = number * ${SIZE}u + t;
      if (i >= params.count || verdict[1] != 0.0) { return; }
      let g = verdict[0] * gradients[i];
      let m = params.beta1 * mean[i] + params.other1 * g;
      let v = params.beta2 * square[i] + params.other2 * g * g;
      let p = params.keep * parameters[i] -
        params.stepSize * m / (sqrt(v) / params.root + params.epsilon);
      mean[i] = m;
      square[i] = v;
      parameters[i] = p;
      average[i] = params.decay * average[i] + params.otherDecay * p;
    `,
  ),
  arrays: [
    { name: "verdict", element: "f32" },
    { name: "gradients", element: "f32" },
    { name: "parameters", element: "f32", write: true },
    { name: "mean", element: "f32", write: true },
    { name: "square", element: "f32", write: true },
    { name: "average", element: "f32", write: true },
  ],
  params: {
    count: "u32",
    beta1: "f32",
    other1: "f32",
    beta2: "f32",
    other2: "f32",
    keep: "f32",
    stepSize: "f32",
    root: "f32",
    epsilon: "f32",
    decay: "f32",
    otherDecay: "f32",
  },
} as const satisfies GpuProgram;
