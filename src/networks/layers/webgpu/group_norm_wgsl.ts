/**
 * Group normalization in a pass for the statistics and one for the values, its gradient in one for sums
 * and one for the values. Bound by memory: about five readings and two writings of the image for both
 * ways (the composition of tfjs operations takes some thirty), on an H100 2 ps a byte.
 */
import type { GroupNormAttributes } from "../group_norm_implementation.ts";
import { type GpuProgram, groupNumber, workgroupSum } from "./gpu_program.ts";
import { eachValue } from "./passes_wgsl.ts";

/** What is compiled into the programs; the number of images is not. */
export interface GroupNormShape extends GroupNormAttributes {
  /** Of an image. */
  readonly pixels: number;
  readonly channels: number;
}

const SIZE = 256;
/** Channels that a workgroup of {@linkcode groupNormSums} adds up. */
export const SUM_CHANNELS = 32;

const activations = {
  none: "fn act(v: f32) -> f32 { return v; } fn slope(v: f32) -> f32 { return 1.0; }",
  // select, not max: what is not a number must not become zero unseen.
  relu: `fn act(v: f32) -> f32 { return select(v, 0.0, v < 0.0); }
    fn slope(v: f32) -> f32 { return select(0.0, 1.0, v > 0.0); }`,
  silu: `fn sigmoid(v: f32) -> f32 {
      // Of a number below 1 only: the exponential of a large one is not finite.
      let e = exp(-abs(v));
      return select(1.0, e, v < 0.0) / (1.0 + e);
    }
    fn act(v: f32) -> f32 { return v * sigmoid(v); }
    fn slope(v: f32) -> f32 { let s = sigmoid(v); return s * (1.0 + v * (1.0 - s)); }`,
} as const;

const float = (name: string) => ({ name, element: "f32" }) as const;
const written = (name: string) => ({ name, element: "f32", write: true }) as const;

/**
 * Arrays x, shift where it is, statistics `[B, 2, C]`: what is subtracted from x, and the factor after
 * that. A workgroup for each image and group.
 */
export function groupNormStatistics(
  { pixels, channels, groups, epsilon }: GroupNormShape,
  { shift }: { readonly shift: boolean },
): GpuProgram {
  const members = channels / groups;
  const count = pixels * members;
  const total = workgroupSum(SIZE);
  return {
    code: `
${groupNumber}
var<workgroup> sums: array<f32, ${SIZE}>;
fn value(image: u32, group: u32, i: u32) -> f32 {
  let c = group * ${members}u + i % ${members}u;
  return x[(image * ${pixels}u + i / ${members}u) * ${channels}u + c]
    ${shift ? `+ shift[image * ${channels}u + c]` : ""};
}
@compute @workgroup_size(${SIZE})
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) ids: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let image = groupNumber(id, ids) / ${groups}u;
  let group = groupNumber(id, ids) % ${groups}u;
  if (image >= uniforms.images) { return; }
  var sum = 0.0;
  for (var i = t; i < ${count}u; i += ${SIZE}u) { sum += value(image, group, i); }
  ${total}
  let mean = sums[0] / ${count}.0;
  workgroupBarrier();
  sum = 0.0;
  for (var i = t; i < ${count}u; i += ${SIZE}u) {
    let centered = value(image, group, i) - mean;
    sum += centered * centered;
  }
  ${total}
  let factor = 1.0 / sqrt(sums[0] / ${count}.0 + ${epsilon.toExponential()});
  for (var c = group * ${members}u + t; c < (group + 1u) * ${members}u; c += ${SIZE}u) {
    statistics[2u * image * ${channels}u + c] =
      mean ${shift ? `- shift[image * ${channels}u + c]` : ""};
    statistics[(2u * image + 1u) * ${channels}u + c] = factor;
  }
}`,
    tensors: [float("x"), ...shift ? [float("shift")] : [], written("statistics")],
    uniforms: [{ name: "images", type: "u32" }],
  };
}

/** Functions of value number `i`: its channel, the normalized value and what enters the activation. */
const normal = ({ pixels, channels, activation }: GroupNormShape) => `
${activations[activation]}
fn perImage(i: u32) -> u32 {
  return 2u * (i / ${pixels * channels}u) * ${channels}u + i % ${channels}u;
}
fn normal(i: u32) -> f32 {
  return (x[i] - statistics[perImage(i)]) * statistics[perImage(i) + ${channels}u];
}
fn before(i: u32) -> f32 { return normal(i) * scale[i % ${channels}u] + offset[i % ${channels}u]; }
`;

/** Arrays x, statistics, scale, offset, out: the value. */
export function groupNormValue(shape: GroupNormShape): GpuProgram {
  return {
    code: normal(shape) + eachValue("if (i < uniforms.count) { out[i] = act(before(i)); }"),
    tensors: [...["x", "statistics", "scale", "offset"].map(float), written("out")],
    uniforms: [{ name: "count", type: "u32" }],
  };
}

/**
 * Arrays x, dy, statistics, scale, offset, sums, products, both `[B, C]`: over the pixels, the gradient
 * before the activation, and that times the normalized value. A workgroup for each image and
 * `SUM_CHANNELS` channels.
 */
export function groupNormSums(shape: GroupNormShape): GpuProgram {
  const { pixels, channels } = shape;
  const blocks = Math.ceil(channels / SUM_CHANNELS);
  return {
    code: `
${groupNumber}
${normal(shape)}
var<workgroup> parts: array<vec2f, ${SIZE}>;
@compute @workgroup_size(${SIZE})
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) ids: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let image = groupNumber(id, ids) / ${blocks}u;
  let channel = groupNumber(id, ids) % ${blocks}u * ${SUM_CHANNELS}u + t % ${SUM_CHANNELS}u;
  let here = image < uniforms.images && channel < ${channels}u;
  var sum = vec2f(0);
  if (here) {
    for (var p = t / ${SUM_CHANNELS}u; p < ${pixels}u; p += ${SIZE / SUM_CHANNELS}u) {
      let i = (image * ${pixels}u + p) * ${channels}u + channel;
      let d = dy[i] * slope(before(i));
      sum += vec2f(d, d * normal(i));
    }
  }
  parts[t] = sum;
  workgroupBarrier();
  if (here && t < ${SUM_CHANNELS}u) {
    for (var i = t + ${SUM_CHANNELS}u; i < ${SIZE}u; i += ${SUM_CHANNELS}u) { sum += parts[i]; }
    sums[image * ${channels}u + channel] = sum.x;
    products[image * ${channels}u + channel] = sum.y;
  }
}`,
    tensors: [
      ...["x", "dy", "statistics", "scale", "offset"].map(float),
      ...["sums", "products"].map(written),
    ],
    uniforms: [{ name: "images", type: "u32" }],
  };
}

/** Arrays sums, products, scale, means `[B, 2, C]`: both times the scale, mean of pixels and group. */
export function groupNormMeans({ pixels, channels, groups }: GroupNormShape): GpuProgram {
  const members = channels / groups;
  return {
    code: eachValue(`
  if (i >= uniforms.count) { return; }
  let image = i / ${channels}u;
  let first = i % ${channels}u / ${members}u * ${members}u;
  var mean = vec2f(0);
  for (var c = first; c < first + ${members}u; c++) {
    mean += scale[c] * vec2f(sums[image * ${channels}u + c], products[image * ${channels}u + c]);
  }
  mean /= ${pixels * members}.0;
  means[2u * image * ${channels}u + i % ${channels}u] = mean.x;
  means[(2u * image + 1u) * ${channels}u + i % ${channels}u] = mean.y;`),
    tensors: [...["sums", "products", "scale"].map(float), written("means")],
    uniforms: [{ name: "count", type: "u32" }],
  };
}

/** Arrays x, dy, statistics, scale, offset, means, dx: the gradient of x. */
export function groupNormGradient(shape: GroupNormShape): GpuProgram {
  const { channels } = shape;
  return {
    code: normal(shape) + eachValue(`
  if (i >= uniforms.count) { return; }
  let d = dy[i] * slope(before(i)) * scale[i % ${channels}u];
  let at = perImage(i);
  dx[i] = (d - (means[at] + normal(i) * means[at + ${channels}u])) * statistics[at + ${channels}u];`),
    tensors: [
      ...["x", "dy", "statistics", "scale", "offset", "means"].map(float),
      written("dx"),
    ],
    uniforms: [{ name: "count", type: "u32" }],
  };
}
