/** The shaders of layers as they are written for some sizes: fixtures to read, and to see changes. */
import { convolution, type ConvShape } from "../../src/networks/layers/webgpu/conv2d_wgsl.ts";
import { filterGradient } from "../../src/networks/layers/webgpu/filter_gradient_wgsl.ts";
import {
  groupNormGradient,
  groupNormMeans,
  type GroupNormShape,
  groupNormStatistics,
  groupNormSums,
  groupNormValue,
} from "../../src/networks/layers/webgpu/group_norm_wgsl.ts";
import { gate, turnedFilter } from "../../src/networks/layers/webgpu/passes_wgsl.ts";
import { rowSums } from "../../src/networks/layers/webgpu/row_sums.ts";
import { tiles } from "../../src/networks/layers/webgpu/tile.ts";
import { testShaders } from "../gpu/test_shaders.ts";

const [, , middle, , narrow, narrowest] = tiles as [...typeof tiles, never];
const shape: ConvShape = {
  height: 32,
  width: 32,
  inputs: 64,
  outputs: 64,
  size: 3,
  padding: "zeros",
};
/** Channels that do not fill vectors. */
const odd: ConvShape = { ...shape, inputs: 3, outputs: 5, padding: "circular" };
const norm: GroupNormShape = {
  pixels: 1024,
  channels: 48,
  groups: 8,
  epsilon: 1e-5,
  activation: "silu",
};

const programs = {
  conv2d_3x3_64_to_64: convolution(shape, {
    tile: middle!,
    bias: true,
    shift: false,
    relu: true,
  }),
  conv2d_3x3_3_to_5_circular: convolution(odd, {
    tile: narrowest!,
    bias: true,
    shift: true,
    relu: false,
  }),
  conv2d_1x1_64_to_16: convolution({ ...shape, size: 1, outputs: 16 }, {
    tile: narrow!,
    bias: false,
    shift: true,
    relu: false,
  }),
  filter_gradient_3x3_64_to_64: filterGradient(shape, { tile: middle!, shift: false }),
  filter_gradient_3x3_3_to_5_circular: filterGradient(odd, { tile: narrowest!, shift: true }),
  group_norm_statistics: groupNormStatistics(norm, { shift: true }),
  group_norm_value_silu: groupNormValue(norm),
  group_norm_sums_relu: groupNormSums({ ...norm, activation: "relu" }),
  group_norm_means: groupNormMeans(norm),
  group_norm_gradient_none: groupNormGradient({ ...norm, activation: "none" }),
  row_sums: rowSums,
  pass_gate: gate,
  pass_turned_filter: turnedFilter({ size: 3, inputs: 48, outputs: 64 }),
};

testShaders("layers", programs);
