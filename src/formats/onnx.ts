/** ONNX models as bytes: the protocol buffers of onnx.proto3, opset 17. */
import { PbfWriter } from "pbf";

/** Versions of the file format and of the operators, as ONNX 1.12 paired them. */
const IR_VERSION = 8;
const OPSET = 17;

/** Element types, by onnx.proto3's numbers. */
const elementTypes = { float: 1, int64: 7, float16: 10 } as const;

/** Name of an element type. */
export type OnnxType = keyof typeof elementTypes;

/** A constant or a parameter of a graph. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly number[];
  /** Values in the byte order of ONNX, which is that of this machine: little-endian. */
  readonly data: Float32Array | BigInt64Array | Uint16Array;
}

/** An attribute: an integer, or several. */
export type OnnxAttribute = number | readonly number[];

/** An operation with one output. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** What goes in or comes out; a word in place of a size is any size. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly (number | string)[];
}

/** A model of one graph. */
export interface OnnxModel {
  readonly name: string;
  readonly producer: { readonly name: string; readonly version: string };
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Free words about it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Kinds of attributes, by onnx.proto3's numbers. */
const [INT, INTS, FLOAT] = [2, 7, 1] as const;

/** Attributes that are floats; all others of ours are integers. */
const floats: ReadonlySet<string> = new Set(["epsilon"]);

function writeAttribute([name, value]: readonly [string, OnnxAttribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (floats.has(name)) {
    pbf.writeFloatField(2, value as number);
    pbf.writeVarintField(20, FLOAT);
  } else if (typeof value === "number") {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, INT);
  } else {
    for (const each of value) pbf.writeVarintField(8, each);
    pbf.writeVarintField(20, INTS);
  }
}

function writeNode({ op, inputs, output, attributes }: OnnxNode, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  pbf.writeStringField(2, output);
  pbf.writeStringField(3, output);
  pbf.writeStringField(4, op);
  for (const entry of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, entry);
}

function writeTensor({ name, type, dims, data }: OnnxTensor, pbf: PbfWriter): void {
  for (const size of dims) pbf.writeVarintField(1, size);
  pbf.writeVarintField(2, elementTypes[type]);
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValue({ name, type, dims }: OnnxValue, pbf: PbfWriter): void {
  const dimension = (size: number | string, inner: PbfWriter) =>
    typeof size === "number" ? inner.writeVarintField(1, size) : inner.writeStringField(2, size);
  const shape = (_: undefined, inner: PbfWriter) => {
    for (const size of dims) inner.writeMessage(1, dimension, size);
  };
  const tensor = (_: undefined, inner: PbfWriter) => {
    inner.writeVarintField(1, elementTypes[type]);
    inner.writeMessage(2, shape, undefined);
  };
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, (_: undefined, inner) => inner.writeMessage(1, tensor, undefined), undefined);
}

function writeGraph({ name, nodes, tensors, inputs, outputs }: OnnxModel, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, name);
  for (const tensor of tensors) pbf.writeMessage(5, writeTensor, tensor);
  for (const value of inputs) pbf.writeMessage(11, writeValue, value);
  for (const value of outputs) pbf.writeMessage(12, writeValue, value);
}

/** Bytes of an ONNX model. */
export function onnxBytes(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeStringField(2, model.producer.name);
  pbf.writeStringField(3, model.producer.version);
  pbf.writeMessage(7, writeGraph, model);
  pbf.writeMessage(8, (_: undefined, inner) => inner.writeVarintField(2, OPSET), undefined);
  for (const entry of Object.entries(model.metadata)) {
    pbf.writeMessage(14, ([key, value]: [string, string], inner) => {
      inner.writeStringField(1, key);
      inner.writeStringField(2, value);
    }, entry);
  }
  return pbf.finish() as Uint8Array<ArrayBuffer>;
}
