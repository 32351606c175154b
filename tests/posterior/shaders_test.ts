/** The shaders of the posterior as they are written for some sizes: fixtures to read, and to see changes. */
import { deviceMean, deviceQuery } from "../../src/posterior/webgpu/device_mean_wgsl.ts";
import { marchProgram } from "../../src/posterior/webgpu/march_wgsl.ts";
import { mergeProgram } from "../../src/posterior/webgpu/merge_wgsl.ts";
import type { PatchRule } from "../../src/posterior/patch_posterior.ts";
import type { PatchProgramOptions } from "../../src/posterior/webgpu/patch_wgsl.ts";
import { planesProgram } from "../../src/posterior/webgpu/planes_wgsl.ts";
import type { Segment } from "../../src/posterior/webgpu/segments.ts";
import {
  weightedProgram,
  type WeightedProgramOptions,
} from "../../src/posterior/webgpu/weighted_wgsl.ts";
import { wholeDistance, wholeSum } from "../../src/posterior/webgpu/whole_wgsl.ts";
import { testShaders } from "../gpu/test_shaders.ts";

const inside: Segment = { y: "inside", x: "inside", owns: "every" };
const wrapped: Segment = { y: "cyclic", x: "cyclic", owns: "every" };
const interior: Segment = { y: "inside", x: "inside", owns: "inner-query" };
const padded: Segment = { y: "padded", x: "padded", owns: "every" };
const edgeRows: Segment = { y: "padded", x: "inside", owns: "edge-query" };
const corners: Segment = { y: "padded", x: "padded", owns: "edge-query" };

/** What every device grants at least. */
const leastMemory = 16384;

const sized = (
  segment: Segment,
  k: number,
  rest: Partial<PatchProgramOptions> = {},
): PatchProgramOptions => ({
  height: 32,
  width: 32,
  channels: 1,
  k,
  segment,
  exact: false,
  workgroupMemory: 49152,
  ...rest,
});

// Each way that the text can go: shifts taken together (4, 2, 1), channels, edges, digits, memory.
const marching: Readonly<Record<string, PatchProgramOptions>> = {
  march_els_k3: sized(inside, 3),
  march_els_k9_rgb: sized(inside, 9, { channels: 3 }),
  march_els_k17: sized(inside, 17),
  march_els_k5_exact: sized(inside, 5, { exact: true }),
  march_wrapped_k5: sized(wrapped, 5),
  march_bbels_k9: sized(interior, 9),
  march_els_k3_little_memory: sized(inside, 3, {
    height: 30,
    width: 33,
    channels: 3,
    workgroupMemory: leastMemory,
  }),
};
const planar: Readonly<Record<string, PatchProgramOptions>> = {
  planes_ls_k9: sized(padded, 9),
  planes_ls_k5_rgb_exact: sized(padded, 5, { channels: 3, exact: true }),
  planes_bbels_rows_k9: sized(edgeRows, 9),
  planes_bbels_corners_k9_little_memory: sized(corners, 9, { workgroupMemory: leastMemory }),
};

const weighted: Readonly<Record<string, WeightedProgramOptions>> = {
  weighted_bbels: weightedAt("same-border-distance"),
  weighted_els_rgb_exact: weightedAt("interior", { channels: 3, exact: true }),
  weighted_ls_little_memory: weightedAt("same-position", { workgroupMemory: leastMemory }),
};

function weightedAt(
  rule: PatchRule,
  rest: Partial<WeightedProgramOptions> = {},
): WeightedProgramOptions {
  const shape = { height: 32, width: 32, channels: 1, radius: 7, reach: 4 };
  return { ...shape, rule, exact: false, workgroupMemory: 49152, ...rest };
}

const images = { height: 32, width: 32, channels: 1 };
const colorImages = { height: 32, width: 32, channels: 3 };
const around = { ...colorImages, rowLength: 72 };

const programs = {
  ...Object.fromEntries(
    Object.entries(marching).map(([name, options]) => [name, marchProgram(options)!]),
  ),
  ...Object.fromEntries(
    Object.entries(planar).map(([name, options]) => [name, planesProgram(options)!]),
  ),
  ...Object.fromEntries(
    Object.entries(weighted).map(([name, options]) => [name, weightedProgram(options)!]),
  ),
  whole_distance: wholeDistance({ ...images, shifts: false }),
  whole_distance_shifts: wholeDistance({ ...colorImages, shifts: true }),
  whole_sum_shifts: wholeSum({ ...colorImages, shifts: true }),
  merge: mergeProgram({ pixels: 1024, channels: 1, totals: false }),
  merge_totals: mergeProgram({ pixels: 1024, channels: 3, totals: true }),
  device_query: deviceQuery(around),
  device_mean: deviceMean(around),
};

testShaders("the posterior", programs);
