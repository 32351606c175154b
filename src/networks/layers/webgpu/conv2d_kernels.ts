/** Registers the convolution of `conv2d_wgsl.ts` with the webgpu backend of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import { programOf } from "../../../gpu/program.ts";
import { registerOnce } from "../custom_kernel.ts";
import type { Conv2dImplementation, Padding } from "../conv2d_implementation.ts";
import { convolution, type ConvShape } from "./conv2d_wgsl.ts";
import { filterGradient } from "./filter_gradient_wgsl.ts";
import { gate, PASS_SIZE, turnedFilter } from "./passes_wgsl.ts";
import { sumRows } from "./row_sums.ts";
import { runProgram, type WebgpuBackend } from "./tfjs_queue.ts";
import { chooseTile, type Tile } from "./tile.ts";

const FORWARD_KERNEL = "ElsConv2D";
const BACKWARD_KERNEL = "ElsConv2DBackward";

function shapeOf(x: tf.TensorInfo, filter: tf.TensorInfo, padding: Padding): ConvShape {
  const [, height, width] = x.shape as [number, number, number];
  const [size, , inputs, outputs] = filter.shape as [number, number, number, number];
  return { height, width, inputs, outputs, size, padding };
}

interface Attributes {
  readonly padding: Padding;
  readonly relu: boolean;
  readonly inputGradient: boolean;
  /** The tile to use; by default the one that suits the sizes. */
  readonly tile?: Tile;
}

type Inputs = Readonly<Record<"x" | "filter", tf.TensorInfo>> & {
  readonly bias?: tf.TensorInfo;
  readonly shift?: tf.TensorInfo;
};

function convolve(
  backend: WebgpuBackend,
  { x, filter, bias, shift }: Inputs,
  { padding, relu, tile: wanted }: Omit<Attributes, "inputGradient">,
): tf.TensorInfo {
  const shape = shapeOf(x, filter, padding);
  const { height, width, outputs } = shape;
  const pixels = x.shape[0]! * height * width;
  const tile = wanted ?? chooseTile({ rows: pixels, columns: outputs });
  const y = backend.makeTensorInfo([x.shape[0]!, height, width, outputs], "float32");
  const options = { tile, relu, bias: bias !== undefined, shift: shift !== undefined };
  runProgram(backend, programOf(convolution, shape, options), {
    tensors: [x, filter, ...bias ? [bias] : [], ...shift ? [shift] : [], y],
    params: { pixels },
    workgroups: Math.ceil(pixels / tile.rows) * Math.ceil(outputs / tile.columns),
  });
  return y;
}

/** Workgroups that a filter's gradient is cut into: enough for a large GPU, the same on every one. */
const WORKGROUPS = 512;
/** Pixels that a part of it has at least, so that adding the parts up costs little. */
const PIXELS_PER_PART = 256;

function gradientOfFilter(
  backend: WebgpuBackend,
  { x, dy, shift, filter }: Readonly<Record<"x" | "dy" | "filter", tf.TensorInfo>> & {
    readonly shift: tf.TensorInfo | undefined;
  },
  { padding, tile: wanted }: Attributes,
): tf.TensorInfo {
  const shape = shapeOf(x, filter, padding);
  const { height, width, inputs, outputs, size } = shape;
  const rows = size * size * inputs;
  const pixels = x.shape[0]! * height * width;
  // Judged as if there were parts enough; how many there are then follows from the tile.
  const tile = wanted ?? chooseTile({ rows, columns: outputs, parts: WORKGROUPS });
  const each = Math.ceil(rows / tile.rows) * Math.ceil(outputs / tile.columns);
  const maxParts = Math.floor(
    Math.min(backend.device.limits.maxStorageBufferBindingSize, 2 ** 30) / (4 * rows * outputs),
  );
  const parts = Math.max(
    1,
    Math.min(Math.ceil(WORKGROUPS / each), Math.ceil(pixels / PIXELS_PER_PART), maxParts),
  );
  const perPart = Math.ceil(pixels / parts);
  const sums = backend.makeTensorInfo(
    parts === 1 ? filter.shape : [parts, ...filter.shape],
    "float32",
  );
  runProgram(backend, programOf(filterGradient, shape, { tile, shift: shift !== undefined }), {
    tensors: [x, dy, ...shift ? [shift] : [], sums],
    params: { pixels, parts, perPart },
    workgroups: each * parts,
  });
  if (parts === 1) return sums;
  const total = sumRows(backend, sums, {
    groups: 1,
    rows: parts,
    channels: rows * outputs,
    shape: filter.shape,
  });
  tf.backend().disposeData(sums.dataId);
  return total;
}

type BackwardInputs = Readonly<Record<"x" | "filter" | "y" | "dy", tf.TensorInfo>> & {
  readonly shift?: tf.TensorInfo;
};

/** Gradients of x (one value when it is not wanted), filter, bias and shift, in this order. */
function backward(
  { inputs, backend, attrs }: {
    inputs: BackwardInputs;
    backend: WebgpuBackend;
    attrs: Attributes;
  },
): tf.TensorInfo[] {
  const { x, filter, y, dy: given, shift } = inputs;
  const { padding, relu, inputGradient } = attrs;
  const shape = shapeOf(x, filter, padding);
  const { height, width, inputs: ci, outputs: co, size } = shape;
  const images = x.shape[0]!;
  const temporary: tf.TensorInfo[] = [];
  const make = (dimensions: readonly number[]) => {
    const tensor = backend.makeTensorInfo(dimensions, "float32");
    temporary.push(tensor);
    return tensor;
  };
  let dy = given;
  if (relu) {
    dy = make(given.shape);
    const count = images * height * width * co;
    runProgram(backend, gate, {
      tensors: [y, given, dy],
      params: { count },
      workgroups: Math.ceil(count / PASS_SIZE),
    });
  }
  const pixels = height * width;
  const byImage = sumRows(backend, dy, {
    groups: images,
    rows: pixels,
    channels: co,
    shape: [images, co],
  });
  temporary.push(byImage);
  const dBias = sumRows(backend, byImage, { groups: 1, rows: images, channels: co, shape: [co] });
  const dFilter = gradientOfFilter(backend, { x, dy, shift, filter }, attrs);
  if (!inputGradient && shift === undefined) {
    for (const { dataId } of temporary) tf.backend().disposeData(dataId);
    const none = () => backend.makeTensorInfo([1], "float32");
    return [none(), dFilter, dBias, none()];
  }
  let turned = filter;
  if (size > 1 || ci > 1 && co > 1) {
    turned = make([size, size, co, ci]);
    runProgram(backend, programOf(turnedFilter, { size, inputs: ci, outputs: co }), {
      tensors: [filter, turned],
      params: {},
      workgroups: Math.ceil(size * size * ci * co / PASS_SIZE),
    });
  } else turned = { ...filter, shape: [size, size, co, ci] };
  const { tile } = attrs;
  const dx = convolve(backend, { x: dy, filter: turned }, {
    padding,
    relu: false,
    ...tile && { tile },
  });
  const dShift = sumRows(backend, dx, {
    groups: images,
    rows: pixels,
    channels: ci,
    shape: [images, ci],
  });
  for (const { dataId } of temporary) tf.backend().disposeData(dataId);
  return [dx, dFilter, dBias, dShift];
}

function forward(
  { inputs, backend, attrs }: { inputs: Inputs; backend: WebgpuBackend; attrs: Attributes },
): tf.TensorInfo {
  return convolve(backend, inputs, attrs);
}

/**
 * The convolution of `conv2d.ts` by the programs in WGSL; the backend in use must be webgpu.
 *
 * @param tile Tile of all products; default: the one that suits the sizes.
 */
export function webgpuConv2dBy(tile?: Tile): Conv2dImplementation {
  const chosen = tile && { tile: tile as unknown as tf.NamedAttrMap["string"] };
  return {
    forward({ x, filter, bias, shift }, { padding, relu }) {
      registerOnce("webgpu", { [FORWARD_KERNEL]: forward, [BACKWARD_KERNEL]: backward });
      const inputs = { x, filter, ...bias && { bias }, ...shift && { shift } };
      const attributes = { padding, relu, ...chosen };
      return tf.engine().runKernel(FORWARD_KERNEL, inputs, attributes) as tf.Tensor4D;
    },
    backward({ x, filter, shift, y, dy }, attributes) {
      const inputs = { x, filter, y, dy, ...shift && { shift } };
      const gradients = tf.engine().runKernel(BACKWARD_KERNEL, inputs, {
        ...attributes,
        ...chosen,
      });
      const [dx, dFilter, dBias, dShift] = gradients as tf.Tensor[];
      return { x: dx!, filter: dFilter!, bias: dBias!, shift: dShift! };
    },
  };
}

/** The convolution of `conv2d.ts` on webgpu. */
export const webgpuConv2d: Conv2dImplementation = webgpuConv2dBy();
