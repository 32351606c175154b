/** Registers the SIMD convolution of `conv2d.as.ts` with the wasm backend of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import { registerOnce } from "../custom_kernel.ts";
import type { Conv2dImplementation } from "../conv2d_implementation.ts";
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

type Inputs = Readonly<Record<"x" | "filter", tf.TensorInfo>> & {
  readonly bias?: tf.TensorInfo;
  readonly shift?: tf.TensorInfo;
};

interface Attributes {
  readonly padding: string;
  readonly relu: boolean;
  readonly inputGradient: boolean;
}

function forward(
  { inputs, backend, attrs }: { inputs: Inputs; backend: object; attrs: Attributes },
): tf.TensorInfo {
  const module = convModule(backend);
  const { x, filter, bias, shift } = inputs;
  const { n, h, w, ci, co, k, r } = geometry(x, filter);
  const circular = attrs.padding === "circular" ? 1 : 0;
  const out = module.output([n, h, w, co]);
  const [padded, scratch, packed] = module.workspace(
    (h + 2 * r) * (w + 2 * r) * ci,
    w * ci,
    k * k * ci * co,
  ) as [number, number, number];
  const f = module.functions;
  const [px, py, pb, ps] = [x, out, bias, shift].map((t) => module.pointer(t)) as [
    number,
    number,
    number,
    number,
  ];
  f.packFilter(module.pointer(filter), packed, k, ci, co, 0);
  for (let i = 0; i < n; i++) {
    f.pad(px + i * h * w * ci * 4, ps && ps + i * ci * 4, padded, scratch, h, w, ci, r, circular);
    f.conv(padded, packed, pb, py + i * h * w * co * 4, h, w, ci, co, k, attrs.relu ? 1 : 0);
  }
  return out;
}

type BackwardInputs = Readonly<Record<"x" | "filter" | "y" | "dy", tf.TensorInfo>> & {
  readonly shift?: tf.TensorInfo;
};

/** Gradients of x (one value when it is not wanted), filter, bias and shift, in this order. */
function backward(
  { inputs, backend, attrs }: { inputs: BackwardInputs; backend: object; attrs: Attributes },
): tf.TensorInfo[] {
  const module = convModule(backend);
  const { x, filter, y, dy, shift } = inputs;
  const { n, h, w, ci, co, k, r } = geometry(x, filter);
  const circular = attrs.padding === "circular" ? 1 : 0;
  const wantsInput = attrs.inputGradient || shift !== undefined;
  const dx = module.output(wantsInput ? [n, h, w, ci] : [1]);
  const filterGrad = module.output([k, k, ci, co]);
  const biasGrad = module.output([co]);
  const shiftGrad = module.output([n, ci]);
  const [xPadded, dPadded, scratch, packed] = module.workspace(
    (h + 2 * r) * (w + 2 * r) * ci,
    (h + 2 * r) * (w + 2 * r) * co,
    w * Math.max(ci, co),
    k * k * ci * co,
  ) as [number, number, number, number];
  const f = module.functions;
  const at = (tensor: tf.TensorInfo | undefined) => module.pointer(tensor);
  const [px, py, pd, ps] = [at(x), at(y), at(dy), at(shift)];
  const [gx, gf, gb, gs] = [at(dx), at(filterGrad), at(biasGrad), at(shiftGrad)];
  module.fillZero(gf, k * k * ci * co);
  module.fillZero(gb, co);
  if (!wantsInput) module.fillZero(gx, 1);
  if (wantsInput) f.packFilter(at(filter), packed, k, ci, co, 1);
  for (let i = 0; i < n; i++) {
    const [inOffset, outOffset] = [i * h * w * ci * 4, i * h * w * co * 4];
    const gate = attrs.relu ? py + outOffset : 0;
    f.padGradient(pd + outOffset, gate, dPadded, scratch, gb, h, w, co, r, circular);
    f.pad(px + inOffset, ps && ps + i * ci * 4, xPadded, scratch, h, w, ci, r, circular);
    f.filterGradient(xPadded, dPadded, gf, h, w, ci, co, k);
    if (!wantsInput) continue;
    f.conv(dPadded, packed, 0, gx + inOffset, h, w, co, ci, k, 0);
    f.sumPixels(gx + inOffset, gs + i * ci * 4, h * w, ci);
  }
  return [dx, filterGrad, biasGrad, shiftGrad];
}

/** The convolution of `conv2d.ts` by the SIMD kernels; the backend in use must be wasm. */
export const wasmConv2d: Conv2dImplementation = {
  forward({ x, filter, bias, shift }, { padding, relu }) {
    registerOnce("wasm", { [FORWARD_KERNEL]: forward, [BACKWARD_KERNEL]: backward });
    const inputs = { x, filter, ...bias && { bias }, ...shift && { shift } };
    return tf.engine().runKernel(FORWARD_KERNEL, inputs, { padding, relu }) as tf.Tensor4D;
  },
  backward({ x, filter, shift, y, dy }, attributes) {
    const inputs = { x, filter, y, dy, ...shift && { shift } };
    const gradients = tf.engine().runKernel(BACKWARD_KERNEL, inputs, { ...attributes });
    const [dx, dFilter, dBias, dShift] = gradients as tf.Tensor[];
    return { x: dx!, filter: dFilter!, bias: dBias!, shift: dShift! };
  },
};
