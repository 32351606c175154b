/**
 * Group normalization in a pass for the statistics and one for the values, its gradient in one for sums
 * and one for the values. Bound by memory: about five readings and two writings of the image for both
 * ways (the composition of tfjs operations takes some thirty), on an H100 2 ps a byte.
 */
import type { GroupNormAttributes } from "../group_norm_implementation.ts";
import type { GpuProgram } from "../../../gpu/program.ts";
import { wgsl } from "../../../gpu/wgsl.ts";
import { entryPoint, workgroupSum } from "../../../gpu/workgroup_wgsl.ts";
import { perValue } from "./passes_wgsl.ts";

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
  none: wgsl`
    fn act(v: f32) -> f32 { return v; }
    fn slope(v: f32) -> f32 { return 1.0; }
  `,
  // select, not max: what is not a number must not become zero unseen.
  relu: wgsl`
    fn act(v: f32) -> f32 { return select(v, 0.0, v < 0.0); }
    fn slope(v: f32) -> f32 { return select(0.0, 1.0, v > 0.0); }
  `,
  silu: wgsl`
    fn sigmoid(v: f32) -> f32 {
      // Of a number below 1 only: the exponential of a large one is not finite.
      let e = exp(-abs(v));
      return select(1.0, e, v < 0.0) / (1.0 + e);
    }
    fn act(v: f32) -> f32 { return v * sigmoid(v); }
    fn slope(v: f32) -> f32 { let s = sigmoid(v); return s * (1.0 + v * (1.0 - s)); }
  `,
} as const;

const float = (name: string) => ({ name, element: "f32" }) as const;
const written = (name: string, holds: string) =>
  ({ name, element: "f32", holds, write: true }) as const;

/**
 * What is subtracted from x, and the factor after that, from x and shift where it is. A workgroup for each
 * image and group.
 */
export function groupNormStatistics(
  { pixels, channels, groups, epsilon }: GroupNormShape,
  { shift }: { readonly shift: boolean },
): GpuProgram<{ readonly images: "u32" }> {
  const members = channels / groups, count = pixels * members;
  const added = `shift[image * ${channels}u + c]`;
  const main = wgsl`
    let image = number / ${groups}u;
    let group = number % ${groups}u;
    if (image >= params.images) { return; }
    var sum = 0.0;
    for (var i = t; i < ${count}u; i += ${SIZE}u) { sum += value(image, group, i); }
    ${workgroupSum(SIZE)}
    let mean = sums[0] / ${count}.0;
    workgroupBarrier();
    sum = 0.0;
    for (var i = t; i < ${count}u; i += ${SIZE}u) {
      let centered = value(image, group, i) - mean;
      sum += centered * centered;
    }
    ${workgroupSum(SIZE)}
    let factor = 1.0 / sqrt(sums[0] / ${count}.0 + ${epsilon.toExponential()});
    for (var c = group * ${members}u + t; c < (group + 1u) * ${members}u; c += ${SIZE}u) {
      statistics[2u * image * ${channels}u + c] = mean${shift && ` - ${added}`};
      statistics[(2u * image + 1u) * ${channels}u + c] = factor;
    }
  `;
  return {
    code: wgsl`
      var<workgroup> sums: array<f32, ${SIZE}>;

      fn value(image: u32, group: u32, i: u32) -> f32 {
        let c = group * ${members}u + i % ${members}u;
        return x[(image * ${pixels}u + i / ${members}u) * ${channels}u + c]${
      shift && ` + ${added}`
    };
      }

      ${entryPoint(SIZE, main)}
    `,
    arrays: [float("x"), ...shift ? [float("shift")] : [], written("statistics", "[B, 2, C]")],
    params: { images: "u32" },
  };
}

/** Functions of value number `i`: its channel, the normalized value and what enters the activation. */
const normal = ({ pixels, channels, activation }: GroupNormShape) =>
  wgsl`
    ${activations[activation]}
    fn perImage(i: u32) -> u32 {
      return 2u * (i / ${pixels * channels}u) * ${channels}u + i % ${channels}u;
    }
    fn normal(i: u32) -> f32 {
      return (x[i] - statistics[perImage(i)]) * statistics[perImage(i) + ${channels}u];
    }
    fn before(i: u32) -> f32 { return normal(i) * scale[i % ${channels}u] + offset[i % ${channels}u]; }
  `;

/** The value from x, statistics, scale and offset. */
export function groupNormValue(shape: GroupNormShape): GpuProgram<{ readonly count: "u32" }> {
  return {
    code: wgsl`
      ${normal(shape)}

      ${perValue("if (i < params.count) { out[i] = act(before(i)); }")}
    `,
    arrays: [...["x", "statistics", "scale", "offset"].map(float), written("out", "[B, H, W, C]")],
    params: { count: "u32" },
  };
}

/**
 * Over the pixels, the sum of the gradient before the activation, and of that times the normalized value. A
 * workgroup for each image and `SUM_CHANNELS` channels.
 */
export function groupNormSums(shape: GroupNormShape): GpuProgram<{ readonly images: "u32" }> {
  const { pixels, channels } = shape;
  const blocks = Math.ceil(channels / SUM_CHANNELS);
  const main = wgsl`
    let image = number / ${blocks}u;
    let channel = number % ${blocks}u * ${SUM_CHANNELS}u + t % ${SUM_CHANNELS}u;
    let here = image < params.images && channel < ${channels}u;
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
  `;
  return {
    code: wgsl`
      ${normal(shape)}

      var<workgroup> parts: array<vec2f, ${SIZE}>;

      ${entryPoint(SIZE, main)}
    `,
    arrays: [
      ...["x", "dy", "statistics", "scale", "offset"].map(float),
      written("sums", "[B, C]"),
      written("products", "[B, C]"),
    ],
    params: { images: "u32" },
  };
}

/** Both sums times the scale, mean of pixels and group. */
export function groupNormMeans(
  { pixels, channels, groups }: GroupNormShape,
): GpuProgram<{ readonly count: "u32" }> {
  const members = channels / groups;
  return {
    code: perValue(wgsl`
      if (i >= params.count) { return; }
      let image = i / ${channels}u;
      let first = i % ${channels}u / ${members}u * ${members}u;
      var mean = vec2f(0);
      for (var c = first; c < first + ${members}u; c++) {
        mean += scale[c] * vec2f(sums[image * ${channels}u + c], products[image * ${channels}u + c]);
      }
      mean /= ${pixels * members}.0;
      means[2u * image * ${channels}u + i % ${channels}u] = mean.x;
      means[(2u * image + 1u) * ${channels}u + i % ${channels}u] = mean.y;
    `),
    arrays: [...["sums", "products", "scale"].map(float), written("means", "[B, 2, C]")],
    params: { count: "u32" },
  };
}

/** The gradient of x. */
export function groupNormGradient(shape: GroupNormShape): GpuProgram<{ readonly count: "u32" }> {
  const { channels } = shape;
  const gradient = perValue(wgsl`
    if (i >= params.count) { return; }
    let d = dy[i] * slope(before(i)) * scale[i % ${channels}u];
    let at = perImage(i);
    dx[i] = (d - (means[at] + normal(i) * means[at + ${channels}u])) * statistics[at + ${channels}u];
  `);
  return {
    code: wgsl`
      ${normal(shape)}

      ${gradient}
    `,
    arrays: [
      ...["x", "dy", "statistics", "scale", "offset", "means"].map(float),
      written("dx", "[B, H, W, C]"),
    ],
    params: { count: "u32" },
  };
}
