/** SIMD modules of ours that work on the memory of the wasm backend of TensorFlow.js. */
import { ArgumentError, DeviceUnavailableError } from "../../../core/errors.ts";
import { fastestBuild, type WasmBuilds } from "../../../core/wasm_builds.ts";
import type * as tf from "@tensorflow/tfjs";

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

/** Functions that a module exports; all arguments are pointers or numbers. */
export type NativeFunctions = object;

/** The module on one backend's memory, with a work space that only grows. */
export class NativeModule<F extends NativeFunctions> {
  /** What it exports. */
  readonly functions: F;
  readonly #backend: WasmBackend;
  #workspace = 0;
  #workspaceBytes = 0;

  /** Compiles the build for this engine onto a backend's memory. */
  constructor(backend: WasmBackend, builds: WasmBuilds) {
    const bytes = fastestBuild(builds);
    if (bytes === undefined) {
      throw new DeviceUnavailableError("This engine has no WebAssembly SIMD, which is needed");
    }
    const { memory } = backend.wasm.asm;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    this.functions = instance.exports as unknown as F;
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
        throw new ArgumentError(`Cannot compute: no room for ${bytes} bytes of work space`);
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

  /** Where a tensor lies; 0 for none. */
  pointer(tensor: tf.TensorInfo | undefined): number {
    return tensor === undefined ? 0 : this.#backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** A new tensor of floats, not yet filled. */
  output(shape: readonly number[]): tf.TensorInfo {
    return this.#backend.makeOutput(shape, "float32");
  }

  /** Copies floats, and fills up with zeros. */
  copy(
    from: number,
    to: number,
    { floats, filledTo }: { readonly floats: number; readonly filledTo: number },
  ): void {
    const all = new Float32Array(this.#backend.wasm.asm.memory.buffer);
    all.copyWithin(to / 4, from / 4, from / 4 + floats);
    all.fill(0, to / 4 + floats, to / 4 + filledTo);
  }

  /** Fills floats with zeros. */
  fillZero(pointer: number, floats: number): void {
    new Float32Array(this.#backend.wasm.asm.memory.buffer, pointer, floats).fill(0);
  }
}

/** A function that gives the module of each backend, compiled when it is first asked for. */
export function onEachBackend<F extends NativeFunctions>(
  builds: WasmBuilds,
): (backend: object) => NativeModule<F> {
  const modules = new WeakMap<object, NativeModule<F>>();
  return (backend) => {
    let module = modules.get(backend);
    if (module === undefined) {
      modules.set(backend, module = new NativeModule<F>(backend as WasmBackend, builds));
    }
    return module;
  };
}
