/** Registers the SIMD convolution of `conv2d.as.ts` with the wasm backend of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import type { Conv2dImplementation } from "../conv2d_implementation.ts";
import { plain, relaxed } from "./conv2d_wasm.ts";

const FORWARD_KERNEL = "ElsConv2D";
const BACKWARD_KERNEL = "ElsConv2DBackward";

/** The parts of tfjs's wasm backend that a kernel of ours needs. */
interface WasmBackend {
  readonly wasm: {
    readonly asm: { readonly memory: WebAssembly.Memory };
    _malloc(bytes: number): number;
    _free(pointer: number): void;
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: string): tf.TensorInfo;
}

/** Exports of `conv2d.as.ts`; all arguments are pointers or integers. */
interface Functions {
  readonly pad: (...args: number[]) => void;
  readonly padGradient: (...args: number[]) => void;
  readonly sumPixels: (...args: number[]) => void;
  readonly packFilter: (...args: number[]) => void;
  readonly conv: (...args: number[]) => void;
  readonly filterGradient: (...args: number[]) => void;
}

/** The module on one backend's memory, with a work space that only grows. */
class ConvModule {
  readonly functions: Functions;
  readonly #backend: WasmBackend;
  #workspace = 0;
  #workspaceBytes = 0;

  constructor(backend: WasmBackend) {
    const bytes = [relaxed, plain].map((code) =>
      Uint8Array.from(atob(code), (c) => c.charCodeAt(0))
    )
      .find((candidate) => WebAssembly.validate(candidate));
    if (bytes === undefined) {
      throw new Error("This engine has no WebAssembly SIMD, which is needed");
    }
    const { memory } = backend.wasm.asm;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    this.functions = instance.exports as unknown as Functions;
    this.#backend = backend;
  }

  /** Pointers to consecutive pieces of work space, in floats each. */
  workspace(...floats: number[]): number[] {
    const bytes = floats.reduce((sum, n) => sum + ((n + 3) & ~3) * 4, 0);
    if (bytes > this.#workspaceBytes) {
      const { wasm } = this.#backend;
      if (this.#workspace) wasm._free(this.#workspace);
      this.#workspace = wasm._malloc(bytes);
      if (this.#workspace === 0) {
        this.#workspaceBytes = 0;
        throw new RangeError(`Cannot convolve: no room for ${bytes} bytes of work space`);
      }
      this.#workspaceBytes = bytes;
    }
    let at = this.#workspace;
    return floats.map((n) => {
      const pointer = at;
      at += ((n + 3) & ~3) * 4;
      return pointer;
    });
  }

  pointer(tensor: tf.TensorInfo | undefined): number {
    return tensor === undefined ? 0 : this.#backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  output(shape: readonly number[]): tf.TensorInfo {
    return this.#backend.makeOutput(shape, "float32");
  }

  fillZero(pointer: number, floats: number): void {
    new Float32Array(this.#backend.wasm.asm.memory.buffer, pointer, floats).fill(0);
  }
}

const modules = new WeakMap<object, ConvModule>();

function moduleOf(backend: object): ConvModule {
  let module = modules.get(backend);
  if (module === undefined) modules.set(backend, module = new ConvModule(backend as WasmBackend));
  return module;
}

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
  const module = moduleOf(backend);
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
  const module = moduleOf(backend);
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

/** Registers the kernels; calling it again does nothing. */
function register(): void {
  if (tf.getKernel(FORWARD_KERNEL, "wasm")) return;
  for (const [kernelName, kernelFunc] of [[FORWARD_KERNEL, forward], [BACKWARD_KERNEL, backward]]) {
    tf.registerKernel({
      kernelName: kernelName as string,
      backendName: "wasm",
      kernelFunc: kernelFunc as unknown as tf.KernelFunc,
    });
  }
}

/** The convolution of `conv2d.ts` by the SIMD kernels; the backend in use must be wasm. */
export const wasmConv2d: Conv2dImplementation = {
  forward({ x, filter, bias, shift }, { padding, relu }) {
    register();
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
