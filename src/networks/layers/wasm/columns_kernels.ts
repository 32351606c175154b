/** Joins and splits along the last axis by `columns.as.ts`, on the wasm backend of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import { registerOnce } from "../custom_kernel.ts";
import { convModule } from "./conv2d_kernels.ts";

const JOIN_KERNEL = "ElsJoinColumns";
const SPLIT_KERNEL = "ElsSplitColumns";

interface JoinCall {
  /** By number. */
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly backend: object;
  readonly attrs: { readonly sizes: readonly number[] };
}

interface SplitCall {
  readonly inputs: { readonly x: tf.TensorInfo };
  readonly backend: object;
  readonly attrs: { readonly sizes: readonly number[] };
}

function rowsOf({ shape }: tf.TensorInfo): number {
  return shape.slice(0, -1).reduce((count, size) => count * size, 1);
}

function join({ inputs, backend, attrs: { sizes } }: JoinCall): tf.TensorInfo {
  const module = convModule(backend);
  const parts = Object.values(inputs);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const [first] = parts;
  const out = module.output([...first!.shape.slice(0, -1), all]);
  let to = module.pointer(out);
  parts.forEach((part, i) => {
    const size = sizes[i]!;
    module.functions.copyColumns(module.pointer(part), to, rowsOf(part), size, size, all);
    to += size * 4;
  });
  return out;
}

function split({ inputs: { x }, backend, attrs: { sizes } }: SplitCall): tf.TensorInfo[] {
  const module = convModule(backend);
  const all = x.shape.at(-1)!;
  const parts = sizes.map((size) => module.output([...x.shape.slice(0, -1), size]));
  let from = module.pointer(x);
  parts.forEach((part, i) => {
    const size = sizes[i]!;
    module.functions.copyColumns(from, module.pointer(part), rowsOf(x), size, all, size);
    from += size * 4;
  });
  return parts;
}

let registered = false;

function register(): void {
  registerOnce("wasm", { [JOIN_KERNEL]: join, [SPLIT_KERNEL]: split });
  if (registered) return;
  registered = true;
  tf.registerGradient({
    kernelName: JOIN_KERNEL,
    gradFunc: (dy, _saved, attributes) => {
      const { sizes } = attributes as unknown as JoinCall["attrs"];
      const parts = wasmSplit(dy as tf.Tensor, sizes);
      return Object.fromEntries(parts.map((part, i) => [i, () => part]));
    },
  });
  tf.registerGradient({
    kernelName: SPLIT_KERNEL,
    gradFunc: (dys) => ({ x: () => wasmJoin(dys as tf.Tensor[]) }),
  });
}

/** Tensors beside each other along the last axis; the backend in use must be wasm. */
export function wasmJoin(parts: readonly tf.Tensor[]): tf.Tensor {
  register();
  const sizes = parts.map(({ shape }) => shape.at(-1)!);
  const inputs = Object.fromEntries(parts.entries());
  return tf.engine().runKernel(JOIN_KERNEL, inputs, { sizes }) as tf.Tensor;
}

/** Parts of a tensor along the last axis; the backend in use must be wasm. */
export function wasmSplit(x: tf.Tensor, sizes: readonly number[]): tf.Tensor[] {
  register();
  return tf.engine().runKernel(SPLIT_KERNEL, { x }, { sizes: [...sizes] }) as tf.Tensor[];
}
