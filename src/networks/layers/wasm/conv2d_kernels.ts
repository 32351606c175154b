/** Registers the SIMD convolution of `conv2d.as.ts` with the wasm backend of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import { registerOnce } from "../custom_kernel.ts";
import type { Conv2dAttributes, Conv2dImplementation } from "../conv2d_implementation.ts";
import { relaxed, simd } from "./conv2d_wasm.ts";
import { type NativeModule, onEachBackend } from "./native_module.ts";

const FORWARD_KERNEL = "ElsConv2D";
const BACKWARD_KERNEL = "ElsConv2DBackward";

/** Exports of `conv2d.as.ts`; all arguments are pointers or integers. */
export interface ConvFunctions {
  readonly pad: (...args: number[]) => void;
  readonly padGradient: (...args: number[]) => void;
  readonly sumPixels: (...args: number[]) => void;
  readonly packFilter: (...args: number[]) => void;
  readonly conv: (...args: number[]) => void;
  readonly filterGradient: (...args: number[]) => void;
  readonly packMatrix: (...args: number[]) => void;
  readonly product: (...args: number[]) => void;
  readonly copyColumns: (...args: number[]) => void;
  readonly maxPool: (...args: number[]) => void;
  readonly maxPoolGradient: (...args: number[]) => void;
  readonly transformFilter: (...args: number[]) => void;
  readonly winogradConv: (...args: number[]) => void;
  readonly winogradFilterGradient: (...args: number[]) => void;
  readonly finishFilterGradient: (...args: number[]) => void;
}

/** The module of `conv2d.as.ts` on a backend. */
export const convModule: (backend: object) => NativeModule<ConvFunctions> = onEachBackend({
  simd,
  relaxed,
});

interface Geometry {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly ci: number;
  readonly co: number;
  readonly k: number;
  readonly r: number;
}

function geometry(x: tf.TensorInfo, filter: tf.TensorInfo): Geometry {
  const [n, h, w, ci] = x.shape as [number, number, number, number];
  const [k, , , co] = filter.shape as [number, number, number, number];
  return { n, h, w, ci, co, k, r: k >> 1 };
}

/** Filters of so many pixels a side are Winograd's, others plain sums. */
const WINOGRAD_SIZE = 3;

/** Tiles of 4 x 4 pixels whose transforms are in the cache together. */
const TILES_TOGETHER = 32;

/** Rows that `product` packs at a time. */
const ROWS_TOGETHER = 32;

/** Floats of work space that a product with a matrix `[inputs, outputs]` needs: matrix, bias, and rows. */
export function productFloats(inputs: number, outputs: number): [number, number, number] {
  const [filledInputs, filledOutputs] = [Math.ceil(inputs / 4) * 4, Math.ceil(outputs / 8) * 8];
  return [filledInputs * filledOutputs, filledOutputs, ROWS_TOGETHER * filledInputs];
}

/** Floats between planes. */
const GAP = 16;

/** How Winograd's algorithm goes through a convolution, and how many floats it needs for that. */
interface WinogradPlan {
  /** Rows of tiles that are multiplied together. */
  readonly bandRows: number;
  /** Rows of tiles that are transformed together, so that their tiles come in fours. */
  readonly stripRows: number;
  /** Inputs and outputs, of channels filled up. */
  readonly inputs: number;
  readonly outputs: number;
  /** The 36 planes of a filter. */
  readonly filter: number;
  /** What the rows of a strip see, with so many channels. */
  readonly strip: (channels: number) => number;
  /** The 36 planes of a band, with so many channels and the gap after each. */
  readonly planes: (channels: number) => number;
}

/** Constants, and the vectors that the transforms of four tiles need, in floats. */
const SCRATCH = 200 * 4;

function planWinograd(
  w: number,
  channels: { readonly inputs: number; readonly outputs: number },
): WinogradPlan {
  const across = Math.ceil(w / 4);
  const stripRows = across % 4 === 0 ? 1 : across % 2 === 0 ? 2 : 4;
  const bandRows = stripRows * Math.max(1, Math.floor(TILES_TOGETHER / (stripRows * across)));
  const inputs = Math.ceil(channels.inputs / 4) * 4;
  const outputs = Math.ceil(channels.outputs / 8) * 8;
  return {
    bandRows,
    stripRows,
    inputs,
    outputs,
    filter: 36 * (inputs * outputs + GAP),
    strip: (channels) => stripRows * 6 * (4 * across + 2) * channels,
    planes: (channels) => 36 * (Math.ceil(bandRows * across / 4) * 4 * channels + GAP),
  };
}

/** Pointers to the work space of a convolution by Winograd's algorithm. */
interface WinogradSpace {
  readonly strips: number;
  readonly scratch: number;
  /** The planes of the filter, or their sums. */
  readonly filter: number;
  /** As many floats as outputs. */
  readonly bias: number;
  /** The planes of a band, of inputs and of outputs. */
  readonly inputs: number;
  readonly outputs: number;
}

/** Work space for a plan whose strips have so many channels. */
function winogradSpace(
  module: NativeModule<ConvFunctions>,
  plan: WinogradPlan,
  channels: number,
): WinogradSpace {
  const [strips, scratch, filter, bias, inputs, outputs] = module.workspace(
    plan.strip(channels),
    SCRATCH,
    plan.filter,
    plan.outputs,
    plan.planes(plan.inputs),
    plan.planes(plan.outputs),
  ) as [number, number, number, number, number, number];
  return { strips, scratch, filter, bias, inputs, outputs };
}

/** What a backward pass reads. */
type Given = Omit<Pointers, "bias" | "residual" | "out"> & { readonly dy: number };

type Inputs = Readonly<Record<"x" | "filter", tf.TensorInfo>> & {
  readonly bias?: tf.TensorInfo;
  readonly shift?: tf.TensorInfo;
};

/** What a convolution reads and writes, as pointers; 0 for what there is not. */
interface Pointers {
  readonly x: number;
  readonly filter: number;
  readonly bias: number;
  readonly shift: number;
  /** Outputs of a ReLU whose gradient x is, and what was added to them. */
  readonly gate: number;
  readonly floor: number;
  /** Added to the outputs. */
  readonly residual: number;
  readonly out: number;
}

/** A convolution of whole batches by Winograd's algorithm; `flipped`: the input gradient. */
function convolveByWinograd(
  module: NativeModule<ConvFunctions>,
  { n, h, w, ci, co }: Geometry,
  { x, filter, bias, shift, gate, floor, residual, out }: Pointers,
  { circular, relu, flipped }: Readonly<Record<"circular" | "relu" | "flipped", boolean>>,
): void {
  const [inputs, outputs] = flipped ? [co, ci] : [ci, co];
  const plan = planWinograd(w, { inputs, outputs });
  const at = winogradSpace(module, plan, plan.inputs);
  const f = module.functions;
  f.transformFilter(filter, at.filter, at.scratch, ci, co, Number(flipped));
  if (bias) module.copy(bias, at.bias, { floats: outputs, filledTo: plan.outputs });
  f.winogradConv(
    ...[x, shift, gate, floor, at.filter, bias && at.bias, residual, out],
    ...[at.strips, at.scratch, at.inputs, at.outputs],
    ...[n, h, w, inputs, outputs, plan.bandRows, plan.stripRows, Number(circular), Number(relu)],
  );
}

function forward(
  { inputs, backend, attrs }: { inputs: Inputs; backend: object; attrs: Conv2dAttributes },
): tf.TensorInfo {
  const module = convModule(backend);
  const size = geometry(inputs.x, inputs.filter);
  const { n, h, w, ci, co, k, r } = size;
  const output = module.output([n, h, w, co]);
  const at = (tensor: tf.TensorInfo | undefined) => module.pointer(tensor);
  const [x, filter, bias, shift] = [
    at(inputs.x),
    at(inputs.filter),
    at(inputs.bias),
    at(inputs.shift),
  ];
  const out = at(output);
  const [circular, relu] = [attrs.padding === "circular", attrs.relu];
  if (k === WINOGRAD_SIZE) {
    const residual = attrs.residual ? x : 0;
    const pointers = { x, filter, bias, shift, gate: 0, floor: 0, residual, out };
    convolveByWinograd(module, size, pointers, { circular, relu, flipped: false });
    return output;
  }
  const single = k === 1;
  const [matrix, row, rows] = productFloats(ci, co);
  const [padded, scratch, packed, paddedBias, packedRows] = module.workspace(
    (h + 2 * r) * (w + 2 * r) * ci,
    w * ci,
    single ? matrix : k * k * ci * co,
    row,
    rows,
  ) as [number, number, number, number, number];
  const f = module.functions;
  if (single) f.packMatrix(filter, packed, ci, co, 0);
  else f.packFilter(filter, packed, k, ci, co, 0);
  if (bias) module.copy(bias, paddedBias, { floats: co, filledTo: row });
  const added = bias && paddedBias;
  for (let i = 0; i < n; i++) {
    const [from, to] = [x + i * h * w * ci * 4, out + i * h * w * co * 4];
    const told = shift && shift + i * ci * 4;
    f.pad(from, told, padded, scratch, h, w, ci, r, Number(circular));
    if (single) f.product(padded, packed, added, to, packedRows, h * w, ci, co, Number(relu));
    else f.conv(padded, packed, added, to, h, w, ci, co, k, Number(relu));
  }
  return output;
}

type BackwardInputs = Readonly<Record<"x" | "filter" | "y" | "dy", tf.TensorInfo>> & {
  readonly shift?: tf.TensorInfo;
};

/** What a backward pass writes. */
interface Gradients {
  /** 0: not wanted. */
  readonly x: number;
  readonly filter: number;
  readonly bias: number;
}

/** Gradients of x, filter and bias by Winograd's algorithm. */
function backwardByWinograd(
  module: NativeModule<ConvFunctions>,
  size: Geometry,
  { x, shift, filter, gate, floor, dy }: Given,
  { to, circular }: { readonly to: Gradients; readonly circular: boolean },
): void {
  const { n, h, w, ci, co } = size;
  const plan = planWinograd(w, { inputs: ci, outputs: co });
  const at = winogradSpace(module, plan, Math.max(plan.inputs, plan.outputs));
  const f = module.functions;
  module.fillZero(at.filter, plan.filter);
  module.fillZero(at.bias, plan.outputs);
  f.winogradFilterGradient(
    ...[x, shift, dy, gate, floor, at.filter, at.bias],
    ...[at.strips, at.scratch, at.inputs, at.outputs],
    ...[n, h, w, ci, co, plan.bandRows, Number(circular)],
  );
  f.finishFilterGradient(at.filter, to.filter, at.scratch, ci, co);
  module.copy(at.bias, to.bias, { floats: co, filledTo: co });
  if (to.x === 0) return;
  const pointers = { x: dy, filter, bias: 0, shift: 0, gate, floor, residual: 0, out: to.x };
  convolveByWinograd(module, size, pointers, { circular, relu: false, flipped: true });
}

/** The same by the plain sum. */
function backwardPlainly(
  module: NativeModule<ConvFunctions>,
  { n, h, w, ci, co, k, r }: Geometry,
  { x, shift, filter, gate, dy }: Given,
  { to, circular }: { readonly to: Gradients; readonly circular: boolean },
): void {
  const single = k === 1;
  const [matrix, , rows] = productFloats(co, ci);
  const [xPadded, dPadded, scratch, packed, packedRows] = module.workspace(
    (h + 2 * r) * (w + 2 * r) * ci,
    (h + 2 * r) * (w + 2 * r) * co,
    w * Math.max(ci, co),
    single ? matrix : k * k * ci * co,
    rows,
  ) as [number, number, number, number, number];
  const f = module.functions;
  const wraps = Number(circular);
  module.fillZero(to.filter, k * k * ci * co);
  module.fillZero(to.bias, co);
  if (to.x && single) f.packMatrix(filter, packed, co, ci, 1);
  else if (to.x) f.packFilter(filter, packed, k, ci, co, 1);
  for (let i = 0; i < n; i++) {
    const [inOffset, outOffset] = [i * h * w * ci * 4, i * h * w * co * 4];
    const opened = gate && gate + outOffset;
    f.padGradient(dy + outOffset, opened, dPadded, scratch, to.bias, h, w, co, r, wraps);
    f.pad(x + inOffset, shift && shift + i * ci * 4, xPadded, scratch, h, w, ci, r, wraps);
    f.filterGradient(xPadded, dPadded, to.filter, h, w, ci, co, k);
    const dx = to.x + inOffset;
    if (to.x && single) f.product(dPadded, packed, 0, dx, packedRows, h * w, co, ci, 0);
    else if (to.x) f.conv(dPadded, packed, 0, dx, h, w, co, ci, k, 0);
  }
}

/** Gradients of x (one value when it is not wanted), filter, bias and shift, in this order. */
function backward(
  { inputs, backend, attrs }: { inputs: BackwardInputs; backend: object; attrs: Conv2dAttributes },
): tf.TensorInfo[] {
  const module = convModule(backend);
  const { x, filter, y, dy, shift } = inputs;
  const size = geometry(x, filter);
  const { n, h, w, ci, co, k } = size;
  const wantsInput = attrs.inputGradient || shift !== undefined;
  const dx = module.output(wantsInput ? [n, h, w, ci] : [1]);
  const filterGrad = module.output([k, k, ci, co]);
  const biasGrad = module.output([co]);
  const shiftGrad = module.output([n, ci]);
  const at = (tensor: tf.TensorInfo | undefined) => module.pointer(tensor);
  const to = { x: wantsInput ? at(dx) : 0, filter: at(filterGrad), bias: at(biasGrad) };
  const from = {
    x: at(x),
    shift: at(shift),
    filter: at(filter),
    gate: attrs.relu ? at(y) : 0,
    floor: attrs.residual ? at(x) : 0,
    dy: at(dy),
  };
  const circular = attrs.padding === "circular";
  const way = k === WINOGRAD_SIZE ? backwardByWinograd : backwardPlainly;
  way(module, size, from, { to, circular });
  if (!wantsInput) module.fillZero(at(dx), 1);
  else {
    for (let i = 0; i < n; i++) {
      const offset = i * h * w * ci * 4;
      const added = attrs.residual ? from.dy + offset : 0;
      module.functions.sumPixels(to.x + offset, added, at(shiftGrad) + i * ci * 4, h * w, ci);
    }
  }
  return [dx, filterGrad, biasGrad, shiftGrad];
}

/** The convolution of `conv2d.ts` by the SIMD kernels; the backend in use must be wasm. */
export const wasmConv2d: Conv2dImplementation = {
  addsInput: (kernelSize) => kernelSize === WINOGRAD_SIZE,
  forward({ x, filter, bias, shift }, attributes) {
    registerOnce("wasm", { [FORWARD_KERNEL]: forward, [BACKWARD_KERNEL]: backward });
    const inputs = { x, filter, ...bias && { bias }, ...shift && { shift } };
    return tf.engine().runKernel(FORWARD_KERNEL, inputs, { ...attributes }) as tf.Tensor4D;
  },
  backward({ x, filter, shift, y, dy }, attributes) {
    const inputs = { x, filter, y, dy, ...shift && { shift } };
    const gradients = tf.engine().runKernel(BACKWARD_KERNEL, inputs, { ...attributes });
    const [dx, dFilter, dBias, dShift] = gradients as tf.Tensor[];
    return { x: dx!, filter: dFilter!, bias: dBias!, shift: dShift! };
  },
};
