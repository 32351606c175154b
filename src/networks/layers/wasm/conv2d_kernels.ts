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

/** Tiles of 2 x 2 pixels whose transforms are in the cache together. */
const TILES_TOGETHER = 32;

/**
 * Rows of tiles that Winograd's algorithm takes at a time; undefined where it cannot be used, or is no
 * faster than the plain sum: filters of another size, odd images, few channels.
 */
function bandOf(
  { h, w, k }: Pick<Geometry, "h" | "w" | "k">,
  { inputs, outputs }: { readonly inputs: number; readonly outputs: number },
): number | undefined {
  if (k !== 3 || h % 2 !== 0 || w % 2 !== 0 || inputs % 4 !== 0 || outputs % 8 !== 0) {
    return undefined;
  }
  return Math.min(h / 2, Math.max(1, Math.floor(TILES_TOGETHER / (w / 2))));
}

/** Floats of the 16 planes of a band, with the gap after each. */
function bandFloats(band: number | undefined, w: number, channels: number): number {
  return band === undefined ? 0 : 16 * (band * (w / 2) * channels + 16);
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
  const band = bandOf({ h, w, k }, { inputs: ci, outputs: co });
  const [padded, scratch, packed, transformed, products] = module.workspace(
    (h + 2 * r) * (w + 2 * r) * ci,
    w * ci,
    (band === undefined ? k * k : 16) * ci * co,
    bandFloats(band, w, ci),
    bandFloats(band, w, co),
  ) as [number, number, number, number, number];
  const f = module.functions;
  const [px, py, pb, ps] = [x, out, bias, shift].map((t) => module.pointer(t)) as [
    number,
    number,
    number,
    number,
  ];
  const relu = attrs.relu ? 1 : 0;
  if (band === undefined) f.packFilter(module.pointer(filter), packed, k, ci, co, 0);
  else f.transformFilter(module.pointer(filter), packed, ci, co, 0);
  for (let i = 0; i < n; i++) {
    const to = py + i * h * w * co * 4;
    f.pad(px + i * h * w * ci * 4, ps && ps + i * ci * 4, padded, scratch, h, w, ci, r, circular);
    if (band === undefined) f.conv(padded, packed, pb, to, h, w, ci, co, k, relu);
    else {
      f.winogradConv(padded, packed, pb, to, transformed, products, h, w, ci, co, band, relu);
    }
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
  const band = bandOf({ h, w, k }, { inputs: ci, outputs: co });
  const backBand = bandOf({ h, w, k }, { inputs: co, outputs: ci });
  const bandSize = Math.max(...[ci, co].map((c) => bandFloats(band ?? backBand, w, c)));
  const [xPadded, dPadded, scratch, packed, sums, transformed, products] = module.workspace(
    (h + 2 * r) * (w + 2 * r) * ci,
    (h + 2 * r) * (w + 2 * r) * co,
    w * Math.max(ci, co),
    (backBand === undefined ? k * k : 16) * ci * co,
    band === undefined ? 0 : 16 * ci * co,
    bandSize,
    bandSize,
  ) as [number, number, number, number, number, number, number];
  const f = module.functions;
  const at = (tensor: tf.TensorInfo | undefined) => module.pointer(tensor);
  const [px, py, pd, ps] = [at(x), at(y), at(dy), at(shift)];
  const [gx, gf, gb, gs] = [at(dx), at(filterGrad), at(biasGrad), at(shiftGrad)];
  if (band === undefined) module.fillZero(gf, k * k * ci * co);
  else module.fillZero(sums, 16 * ci * co);
  module.fillZero(gb, co);
  if (!wantsInput) module.fillZero(gx, 1);
  if (wantsInput && backBand === undefined) f.packFilter(at(filter), packed, k, ci, co, 1);
  else if (wantsInput) f.transformFilter(at(filter), packed, ci, co, 1);
  for (let i = 0; i < n; i++) {
    const [inOffset, outOffset] = [i * h * w * ci * 4, i * h * w * co * 4];
    const gate = attrs.relu ? py + outOffset : 0;
    f.padGradient(pd + outOffset, gate, dPadded, scratch, gb, h, w, co, r, circular);
    f.pad(px + inOffset, ps && ps + i * ci * 4, xPadded, scratch, h, w, ci, r, circular);
    if (band === undefined) f.filterGradient(xPadded, dPadded, gf, h, w, ci, co, k);
    else {
      const buffers = [sums, transformed, products];
      f.winogradFilterGradient(xPadded, dPadded, ...buffers, h, w, ci, co, band);
    }
    if (!wantsInput) continue;
    const to = gx + inOffset;
    if (backBand === undefined) f.conv(dPadded, packed, 0, to, h, w, co, ci, k, 0);
    else {
      const buffers = [transformed, products];
      f.winogradConv(dPadded, packed, 0, to, ...buffers, h, w, co, ci, backBand, 0);
    }
    f.sumPixels(to, gs + i * ci * 4, h * w, ci);
  }
  if (band !== undefined) f.finishFilterGradient(sums, gf, ci, co);
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
