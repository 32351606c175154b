/** A network as a graph of ONNX in the making: values are names, operations give new ones. */
import { toHalfBits } from "../../../formats/half_precision.ts";
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "../../../formats/onnx.ts";
import type { Padding } from "../../layers/conv2d_implementation.ts";
import type { StoredArray } from "../../weights/parameters.ts";

/** What a value is known by. */
export type Value = string;

/** Images inside the network, `[B, channels, height, width]`. */
export interface Images {
  readonly value: Value;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** What a network is given in a graph. */
export interface GraphInputs {
  readonly x: Images;
  readonly times: Value;
  readonly labels: Value | undefined;
}

/** Options of {@linkcode OnnxGraph}. */
export interface OnnxGraphOptions {
  /** The network's parameters by name, in PyTorch's layout, which is that of ONNX. */
  readonly parameters: ReadonlyMap<string, StoredArray>;
  /** Store them as 16-bit floats; the graph computes with 32 bits. */
  readonly half: boolean;
  readonly padding: Padding;
}

/** A graph and its layers. */
export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  readonly #options: OnnxGraphOptions;
  readonly #known = new Map<string, Value>();

  constructor(options: OnnxGraphOptions) {
    this.#options = options;
  }

  /** Whether the network has a parameter. */
  has(name: string): boolean {
    return this.#options.parameters.has(name);
  }

  /** Shape of a parameter. */
  shapeOf(name: string): readonly number[] {
    return this.#options.parameters.get(name)!.shape;
  }

  /** An operation's output. */
  add(op: string, inputs: readonly Value[], attributes: Record<string, OnnxAttribute> = {}): Value {
    const output = `${op}_${this.nodes.length}`;
    this.nodes.push({ op, inputs, output, attributes });
    return output;
  }

  /** A constant; equal ones are stored once. */
  constant(type: "float" | "int64", values: readonly number[], dims?: number[]): Value {
    const shape = dims ?? [values.length];
    return this.#once(`${type} [${shape}] ${values}`, () => {
      const name = `constant_${this.tensors.length}`;
      const data = type === "float"
        ? Float32Array.from(values)
        : BigInt64Array.from(values, BigInt);
      this.tensors.push({ name, type, dims: shape, data });
      return name;
    });
  }

  /** A parameter, in a shape of as many values if one is given. */
  parameter(name: string, dims?: readonly number[]): Value {
    const { shape, data } = this.#options.parameters.get(name)!;
    const stored = this.#once(name, () => {
      if (!this.#options.half) {
        this.tensors.push({ name, type: "float", dims: shape, data: data as Float32Array });
        return name;
      }
      const bits = toHalfBits(data as Float32Array);
      this.tensors.push({ name, type: "float16", dims: shape, data: bits });
      return this.add("Cast", [name], { to: 1 });
    });
    return dims === undefined ? stored : this.reshape(stored, dims);
  }

  #once(key: string, make: () => Value): Value {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }

  /** 0 keeps a size, -1 is what remains. */
  reshape(value: Value, dims: readonly number[]): Value {
    return this.add("Reshape", [value, this.constant("int64", dims)]);
  }

  /** `x sigmoid(x)`. */
  silu(value: Value): Value {
    return this.add("Mul", [value, this.add("Sigmoid", [value])]);
  }

  /** A linear layer of `[B, inputs]`. */
  linear(value: Value, name: string): Value {
    const parameters = [this.parameter(`${name}.weight`), this.parameter(`${name}.bias`)];
    return this.add("Gemm", [value, ...parameters], { transB: 1 });
  }

  /** Adds a vector of each image's, `[B, channels]`, to all its pixels. */
  shifted(x: Images, vector: Value): Images {
    const dims = [0, x.channels, 1, 1];
    return { ...x, value: this.add("Add", [x.value, this.reshape(vector, dims)]) };
  }

  /** The same on two values of equal shape. */
  sum(a: Images, b: Images): Images {
    return { ...a, value: this.add("Add", [a.value, b.value]) };
  }

  /** An operation pixel by pixel. */
  map(x: Images, f: (value: Value) => Value): Images {
    return { ...x, value: f(x.value) };
  }

  /**
   * A convolution with the network's padding, by `[outputs, inputs, k, k]`.
   *
   * @param options.stride Default 1.
   * @param options.first At which pixel the first window is centered. Default 0.
   */
  conv(
    x: Images,
    name: string,
    { stride = 1, first = 0 }: { readonly stride?: number; readonly first?: number } = {},
  ): Images {
    const [channels, , k] = this.shapeOf(`${name}.weight`) as [number, number, number];
    const after = k >> 1;
    const before = after - first;
    const circular = this.#options.padding === "circular" && after > 0;
    const pads = circular ? [0, 0, 0, 0] : [before, before, after, after];
    const value = this.add("Conv", [
      circular ? this.#wrapped(x, before, after) : x.value,
      this.parameter(`${name}.weight`),
      this.parameter(`${name}.bias`),
    ], { pads, strides: [stride, stride] });
    return { value, channels, height: x.height / stride, width: x.width / stride };
  }

  /** Images with a border of so many pixels, before and after them, from the other side. */
  #wrapped({ value, height, width }: Images, before: number, after: number): Value {
    const wrap = (from: Value, axis: number, size: number) => {
      const parts = [
        ...before === 0 ? [] : [this.slice(from, axis, [size - before, size])],
        from,
        this.slice(from, axis, [0, after]),
      ];
      return this.add("Concat", parts, { axis });
    };
    return wrap(wrap(value, 2, height), 3, width);
  }

  /** Part of an axis. */
  slice(value: Value, axis: number, [start, end]: readonly [number, number]): Value {
    const [from, to, along] = [start, end, axis].map((n) => this.constant("int64", [n]));
    return this.add("Slice", [value, from!, to!, along!]);
  }

  /** Each pixel as a square of 2 x 2 equal ones. */
  doubled({ value, channels, height, width }: Images): Images {
    const apart = this.reshape(value, [0, channels, height, 1, width, 1]);
    const twice = this.add("Expand", [apart, this.constant("int64", [1, 1, 1, 2, 1, 2])]);
    const larger = this.reshape(twice, [0, channels, 2 * height, 2 * width]);
    return { value: larger, channels, height: 2 * height, width: 2 * width };
  }

  /** Group normalization. */
  groupNorm(
    x: Images,
    name: string,
    { groups, epsilon }: { readonly groups: number; readonly epsilon: number },
  ): Images {
    const { channels, height, width } = x;
    const normal = this.normalized(this.reshape(x.value, [0, groups, -1]), { groups, epsilon });
    const back = this.reshape(normal, [0, channels, height, width]);
    const of = (part: string) => this.parameter(`${name}.${part}`, [channels, 1, 1]);
    const value = this.add("Add", [this.add("Mul", [back, of("weight")]), of("bias")]);
    return { ...x, value };
  }

  /** Mean 0 and variance 1 over the last axis of `[B, groups, n]`. */
  normalized(
    value: Value,
    { groups, epsilon }: { readonly groups: number; readonly epsilon: number },
  ): Value {
    const [ones, zeros] = [1, 0].map((n) =>
      this.constant("float", Array.from({ length: groups }, () => n))
    );
    return this.add("InstanceNormalization", [value, ones!, zeros!], { epsilon });
  }

  /** Channels side by side. */
  joined(a: Images, b: Images): Images {
    const value = this.add("Concat", [a.value, b.value], { axis: 1 });
    return { ...a, value, channels: a.channels + b.channels };
  }

  /**
   * Sines and cosines of times at frequencies, `[B, 2 frequencies]`.
   *
   * @param options.cosinesFirst Default false.
   */
  waves(
    times: Value,
    frequencies: readonly number[],
    { cosinesFirst = false }: { readonly cosinesFirst?: boolean } = {},
  ): Value {
    const column = this.reshape(times, [-1, 1]);
    const row = this.constant("float", frequencies, [1, frequencies.length]);
    const angles = this.add("Mul", [column, row]);
    const [sines, cosines] = ["Sin", "Cos"].map((op) => this.add(op, [angles]));
    const order = cosinesFirst ? [cosines!, sines!] : [sines!, cosines!];
    return this.add("Concat", order, { axis: 1 });
  }

  /** The vector of each image's class, added to another; the table is `[classes, width]`. */
  addClass(vector: Value, table: string, labels: Value | undefined): Value {
    if (labels === undefined) return vector;
    return this.add("Add", [vector, this.add("Gather", [this.parameter(table), labels])]);
  }
}
