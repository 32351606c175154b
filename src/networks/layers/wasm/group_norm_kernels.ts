/** Registers the SIMD group normalization of `group_norm.as.ts` with the wasm backend of TensorFlow.js. */
import type * as tf from "@tensorflow/tfjs";
import { groupNormByKernels } from "../group_norm_by_kernels.ts";
import type { GroupNormAttributes, GroupNormImplementation } from "../group_norm_implementation.ts";
import { relaxed, simd } from "./group_norm_wasm.ts";
import { onEachBackend } from "./native_module.ts";

const activations = { none: 0, relu: 1, silu: 2 } as const;

/** Exports of `group_norm.as.ts`; all arguments are pointers or numbers. */
interface GroupNormFunctions {
  readonly forward: (...args: number[]) => void;
  readonly backward: (...args: number[]) => void;
}

const moduleOf = onEachBackend<GroupNormFunctions>({ relaxed, simd });

interface Call<Names extends string> {
  readonly inputs:
    & Readonly<Record<Names, tf.TensorInfo>>
    & { readonly shift?: tf.TensorInfo };
  readonly backend: object;
  readonly attrs: GroupNormAttributes;
}

/** The value and the statistics. */
function forward(
  { inputs, backend, attrs }: Call<"x" | "scale" | "offset">,
): tf.TensorInfo[] {
  const module = moduleOf(backend);
  const { x, scale, offset, shift } = inputs;
  const [b, h, w, c] = x.shape as [number, number, number, number];
  const [out, statistics] = [module.output(x.shape), module.output([b, 2, c])];
  const [scratch] = module.workspace(2 * c) as [number];
  const at = (tensor: tf.TensorInfo | undefined) => module.pointer(tensor);
  const [px, ps, pf, po, py, pt] = [
    at(x),
    at(shift),
    at(scale),
    at(offset),
    at(out),
    at(statistics),
  ] as [number, number, number, number, number, number];
  const { groups, epsilon, activation } = attrs;
  for (let i = 0; i < b; i++) {
    const image = i * h * w * c * 4;
    module.functions.forward(
      ...[px + image, ps && ps + i * c * 4, pf, po, py + image, pt + i * 2 * c * 4, scratch],
      ...[h * w, c, groups, epsilon, activations[activation]],
    );
  }
  return [out, statistics];
}

/** Gradients of x, scale, offset and shift. */
function backward(
  { inputs, backend, attrs }: Call<"x" | "scale" | "offset" | "statistics" | "dy">,
): tf.TensorInfo[] {
  const module = moduleOf(backend);
  const { x, scale, offset, statistics, dy } = inputs;
  const [b, h, w, c] = x.shape as [number, number, number, number];
  const gradients = [x.shape, [c], [c], [b, c]].map((shape) => module.output(shape));
  const [scratch] = module.workspace(6 * c) as [number];
  const [px, pd, pt, pf, po] = [x, dy, statistics, scale, offset].map((t) => module.pointer(t)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const [gx, gf, go, gs] = gradients.map((t) => module.pointer(t)) as [
    number,
    number,
    number,
    number,
  ];
  module.fillZero(gf, c);
  module.fillZero(go, c);
  const { groups, activation } = attrs;
  for (let i = 0; i < b; i++) {
    const image = i * h * w * c * 4;
    module.functions.backward(
      ...[px + image, pd + image, pt + i * 2 * c * 4, pf, po],
      ...[gx + image, gf, go, gs + i * c * 4, scratch],
      ...[h * w, c, groups, activations[activation]],
    );
  }
  return gradients;
}

/** The normalization of `group_norm.ts` by the SIMD kernels: wasm, channels a multiple of 4. */
export const wasmGroupNorm: GroupNormImplementation = groupNormByKernels("wasm", {
  forward,
  backward,
});
