import * as tf from "@tensorflow/tfjs";
import { ArgumentError, CheckpointMismatchError } from "../../core/errors.ts";
import { oneLine } from "../../core/quoted.ts";
import type { Random } from "../../core/random.ts";

/**
 * One learnable array of a network. `shape` is that of the file and of PyTorch: convolutions
 * `[out, in, k, k]`, transposed ones `[in, out, k, k]`, linear layers `[out, in]`, vectors `[n]`. In
 * memory convolutions are `[k, k, in, out]` and linear layers `[in, out]`, as TensorFlow.js wants them,
 * and transposed convolutions with stride k `[1, 1, in, k * k * out]`: 1 x 1 convolutions.
 *
 * @category Networks
 */
export interface ParameterSpec {
  /** Name in the state dict, such as "convs.0.0.weight". */
  readonly name: string;
  /** What it is, which decides layout and initial values. */
  readonly kind: "conv" | "transposed" | "linear" | "bias" | "scale" | "offset" | "embedding";
  /** Shape in the file. */
  readonly shape: readonly number[];
  /** Number of inputs of each output: the initial range is 1 / sqrt(fanIn). */
  readonly fanIn: number;
  /** Whether the initial values are zero. */
  readonly zero?: true;
}

/**
 * Parameters as tensors by name, in the layout of TensorFlow.js.
 *
 * @internal
 * @category Networks
 */
export type Parameters = Readonly<Record<string, tf.Tensor>>;

/**
 * Parameters as one vector, in the order of the specs, each in the layout of TensorFlow.js.
 *
 * @category Networks
 */
export type FlatParameters = Float32Array;

/** The specs of a convolution with bias. */
export function convSpecs(name: string, inputs: number, outputs: number, k = 3): ParameterSpec[] {
  const fanIn = inputs * k * k;
  return [
    { name: `${name}.weight`, kind: "conv", shape: [outputs, inputs, k, k], fanIn },
    { name: `${name}.bias`, kind: "bias", shape: [outputs], fanIn },
  ];
}

/** The specs of a transposed convolution of stride k with bias. */
export function transposedSpecs(
  name: string,
  inputs: number,
  outputs: number,
  k = 2,
): ParameterSpec[] {
  // PyTorch takes the second axis of the weight for the inputs, here too.
  const fanIn = outputs * k * k;
  return [
    { name: `${name}.weight`, kind: "transposed", shape: [inputs, outputs, k, k], fanIn },
    { name: `${name}.bias`, kind: "bias", shape: [outputs], fanIn },
  ];
}

/** The specs of a linear layer with bias. */
export function linearSpecs(name: string, inputs: number, outputs: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, kind: "linear", shape: [outputs, inputs], fanIn: inputs },
    { name: `${name}.bias`, kind: "bias", shape: [outputs], fanIn: inputs },
  ];
}

/** The specs of a normalization's scale and offset. */
export function normSpecs(name: string, channels: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, kind: "scale", shape: [channels], fanIn: channels },
    { name: `${name}.bias`, kind: "offset", shape: [channels], fanIn: channels },
  ];
}

/** The same parameters, with zeros to begin with. */
export function zeroed(specs: readonly ParameterSpec[]): ParameterSpec[] {
  return specs.map((spec) => ({ ...spec, zero: true }));
}

/** Number of values of one parameter. */
export function sizeOf({ shape }: ParameterSpec): number {
  return shape.reduce((product, n) => product * n, 1);
}

/**
 * Number of values of all parameters.
 *
 * @example
 * ```ts
 * import { createNetwork, parameterCount } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * assertEquals(parameterCount(network.parameters), 913);
 * ```
 *
 * @category Networks
 */
export function parameterCount(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, spec) => sum + sizeOf(spec), 0);
}

/** Shape in memory. */
export function memoryShape({ kind, shape }: ParameterSpec): number[] {
  if (kind === "conv") return [shape[2]!, shape[3]!, shape[1]!, shape[0]!];
  if (kind === "transposed") return [1, 1, shape[0]!, shape[1]! * shape[2]! * shape[3]!];
  if (kind === "linear") return [shape[1]!, shape[0]!];
  return [...shape];
}

/**
 * Initial values as PyTorch's layers draw them: weights and biases uniform in
 * +-1 / sqrt(fan in), scales 1, offsets 0, embeddings standard normal, and zeros where a spec says so.
 *
 * @example
 * ```ts
 * import { createNetwork, initialParameters, parameterCount, Random } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const parameters = initialParameters(network.parameters, new Random(1));
 * assertEquals(parameters.length, parameterCount(network.parameters));
 * ```
 *
 * @category Networks
 */
export function initialParameters(specs: readonly ParameterSpec[], random: Random): FlatParameters {
  const out = new Float32Array(parameterCount(specs));
  let at = 0;
  for (const spec of specs) {
    const bound = 1 / Math.sqrt(spec.fanIn);
    for (const end = at + sizeOf(spec); at < end; at++) {
      if (spec.kind === "scale") out[at] = 1;
      else if (spec.kind === "offset" || spec.zero) out[at] = 0;
      else if (spec.kind === "embedding") out[at] = random.normal();
      else out[at] = (2 * random.uniform() - 1) * bound;
    }
  }
  return out;
}

/**
 * Tensors of a flat vector; the caller disposes of them (or wraps in tf.tidy).
 *
 * @example
 * ```ts
 * import {
 *   createNetwork,
 *   initialParameters,
 *   Random,
 *   startBackend,
 *   unflatten,
 * } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * await startBackend("cpu");
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const tensors = unflatten(network.parameters, initialParameters(network.parameters, new Random(1)));
 * assertEquals(tensors["up_projection.bias"]!.shape, [8]);
 * for (const tensor of Object.values(tensors)) tensor.dispose();
 * ```
 *
 * @category Networks
 */
export function unflatten(specs: readonly ParameterSpec[], flat: FlatParameters): Parameters {
  let at = 0;
  // Wasm copies into its own memory. The others keep a reference to what they are given.
  const copies = tf.getBackend() === "wasm";
  return Object.fromEntries(specs.map((spec) => {
    const part = flat.subarray(at, at += sizeOf(spec));
    const values = copies ? part : part.slice();
    return [spec.name, tf.tensor(values, memoryShape(spec) as [number])];
  }));
}

/** Moves one parameter between the layout of the file and that of memory. */
function permute(
  values: ArrayLike<number>,
  spec: ParameterSpec,
  { out, at, toMemory }: { out: Float32Array; at: number; toMemory: boolean },
): void {
  const { kind, shape } = spec;
  if (kind !== "conv" && kind !== "transposed" && kind !== "linear") {
    for (let i = 0; i < sizeOf(spec); i++) out[at + i] = values[i]!;
    return;
  }
  const [first, second] = [shape[0]!, shape[1]!];
  const taps = (shape[2] ?? 1) * (shape[3] ?? 1);
  for (let a = 0; a < first; a++) {
    for (let b = 0; b < second; b++) {
      for (let t = 0; t < taps; t++) {
        const inFile = (a * second + b) * taps + t;
        const inMemory = kind === "transposed"
          ? (a * taps + t) * second + b
          : (t * second + b) * first + a;
        if (toMemory) out[at + inMemory] = values[inFile]!;
        else out[at + inFile] = values[inMemory]!;
      }
    }
  }
}

/**
 * An array as it stands in a weights file.
 *
 * @category Networks
 */
export interface StoredArray {
  /** Shape in the file. */
  readonly shape: readonly number[];
  /** Values in row-major order. */
  readonly data: ArrayLike<number>;
}

/**
 * Reads the parameters of a network from arrays in the layout of PyTorch.
 *
 * @example
 * ```ts
 * import {
 *   createNetwork,
 *   fromStateDict,
 *   initialParameters,
 *   Random,
 *   toStateDict,
 * } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters: specs } = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const flat = initialParameters(specs, new Random(1));
 * assertEquals(fromStateDict(specs, toStateDict(specs, flat), "mine"), flat);
 * ```
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError if an array is missing, has another shape, is not finite, or
 * belongs to no parameter.
 * @category Networks
 */
export function fromStateDict(
  specs: readonly ParameterSpec[],
  arrays: ReadonlyMap<string, StoredArray>,
  source: string,
): FlatParameters {
  const known = new Set(specs.map(({ name }) => name));
  const unknown = [...arrays.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new CheckpointMismatchError(
      `${source}: the array ${oneLine(unknown, 100)} belongs to no parameter of the network`,
    );
  }
  // All of them before any memory is taken: a description can ask for more than there is.
  const found = specs.map((spec) => checkedArray(spec, arrays.get(spec.name), source));
  const out = new Float32Array(parameterCount(specs));
  let at = 0;
  for (const [i, spec] of specs.entries()) {
    const { data } = found[i]!;
    const wrong = firstNotFinite(data);
    if (wrong >= 0) {
      throw new CheckpointMismatchError(
        `${source}: ${spec.name} holds ${data[wrong]} at position ${wrong}, weights must be finite`,
      );
    }
    permute(data, spec, { out, at, toMemory: true });
    at += sizeOf(spec);
  }
  return out;
}

/** The array of a parameter, if it has its shape. */
function checkedArray(
  { name, shape }: ParameterSpec,
  array: StoredArray | undefined,
  source: string,
): StoredArray {
  if (array === undefined) {
    throw new CheckpointMismatchError(
      `${source}: the array ${name} is missing, the network needs it with shape [${shape}]`,
    );
  }
  const size = shape.reduce((product, n) => product * n, 1);
  if (array.shape.join() !== shape.join() || array.data.length !== size) {
    throw new CheckpointMismatchError(
      `${source}: ${name} has shape [${
        oneLine(array.shape.join(), 60)
      }], the network needs [${shape}]`,
    );
  }
  return array;
}

function firstNotFinite(data: ArrayLike<number>): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return i;
  return -1;
}

/**
 * The arrays of a flat vector in the layout of PyTorch, by name.
 *
 * @example
 * ```ts
 * import { createNetwork, initialParameters, Random, toStateDict } from "@els/toolkit/networks";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters: specs } = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const arrays = toStateDict(specs, initialParameters(specs, new Random(1)));
 * // PyTorch's layout: out, in, height, width.
 * assertEquals(arrays.get("up_projection.weight")!.shape, [8, 1, 3, 3]);
 * ```
 *
 * @category Networks
 */
export function toStateDict(
  specs: readonly ParameterSpec[],
  flat: FlatParameters,
): Map<string, { shape: number[]; data: Float32Array }> {
  if (flat.length !== parameterCount(specs)) {
    throw new ArgumentError(
      `${flat.length} values do not fill ${parameterCount(specs)} parameters`,
    );
  }
  const arrays = new Map<string, { shape: number[]; data: Float32Array }>();
  let at = 0;
  for (const spec of specs) {
    const data = new Float32Array(sizeOf(spec));
    permute(flat.subarray(at, at += data.length), spec, { out: data, at: 0, toMemory: false });
    arrays.set(spec.name, { shape: [...spec.shape], data });
  }
  return arrays;
}
