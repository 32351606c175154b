/** ONNX models as bytes: the protocol buffers of onnx.proto3, opset 17. */
import { PbfReader, PbfWriter } from "pbf";
import { DataFormatError } from "../core/errors.ts";
import { oneLine } from "../core/quoted.ts";
import { checkLimit } from "./read_limits.ts";
import type { StoredTensor } from "./safetensors.ts";
import { tensorFromBytes } from "./tensor_bytes.ts";

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
  pbf.writeMessage(8, (_: undefined, inner) => inner.writeVarintField(2, OPSET), undefined);
  for (const entry of Object.entries(model.metadata)) {
    pbf.writeMessage(14, ([key, value]: [string, string], inner) => {
      inner.writeStringField(1, key);
      inner.writeStringField(2, value);
    }, entry);
  }
  // Last, since what is cut off a graph is missed, and what follows it would not be.
  pbf.writeMessage(7, writeGraph, model);
  return pbf.finish() as Uint8Array<ArrayBuffer>;
}

/** What {@linkcode parseOnnx} finds. */
export interface OnnxFile {
  /** The program that wrote it; empty where it does not say. */
  readonly producer: string;
  /** The stored tensors by name. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A field of a message: bytes, of text and messages, or a number. */
interface Field {
  readonly tag: number;
  readonly value: Uint8Array | number;
}

/** The fields of a message, one by one; what does not fit in its bytes is damage. */
function* fieldsOf(message: Uint8Array, source: string): Generator<Field> {
  const pbf = new PbfReader(message);
  const damaged = () => new DataFormatError(source, "truncated or damaged: no whole ONNX model");
  try {
    for (let tag = pbf.nextField(); tag !== 0; tag = pbf.nextField()) {
      const { type } = pbf;
      const value = type === 2
        ? pbf.readBytes()
        : type === 0
        ? pbf.readVarint()
        : type === 5
        ? pbf.readFloat()
        : pbf.readDouble();
      if (pbf.pos > message.length || ![0, 1, 2, 5].includes(type)) throw damaged();
      yield { tag, value };
    }
  } catch (error) {
    // The library's own, of numbers beyond the end.
    if (error instanceof RangeError || (error as Error).constructor === Error) throw damaged();
    throw error;
  }
  if (pbf.pos !== message.length) throw damaged();
}

const textOf = (value: Uint8Array | number | undefined) =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : "";

/** Element types of {@linkcode elementTypes} that are read, by their numbers. */
const readTypes = { 1: "F32", 7: "I64", 10: "F16" } as const;

/** A stored tensor; undefined where its values are of a type, or in a place, that is not read. */
function readTensor(
  message: Uint8Array,
  source: string,
): readonly [string, StoredTensor] | undefined {
  const shape: number[] = [];
  let [name, type] = ["", 0];
  let raw: Uint8Array | undefined;
  for (const { tag, value } of fieldsOf(message, source)) {
    if (tag === 1) shape.push(value as number);
    if (tag === 2) type = value as number;
    if (tag === 8) name = textOf(value);
    if (tag === 9 && value instanceof Uint8Array) raw = value;
  }
  const element = readTypes[type as keyof typeof readTypes];
  if (element === undefined || raw === undefined) return undefined;
  const size = { F32: 4, I64: 8, F16: 2 }[element];
  if (shape.reduce((product, n) => product * n, size) !== raw.length) {
    throw new DataFormatError(
      source,
      `${oneLine(name, 40)} has shape [${shape}] and ${raw.length} bytes of ${element}`,
    );
  }
  return [name, tensorFromBytes(raw, { type: element, shape })];
}

/** Stored tensors that a model may have. */
const MOST_TENSORS = 50_000;

/**
 * Reads what an ONNX model stores: its tensors and metadata, not its graph.
 *
 * @param source Name of the file, for messages.
 * @throws DataFormatError if it is no ONNX model, or damaged.
 */
export function parseOnnx(bytes: Uint8Array, source: string): OnnxFile {
  const metadata: Record<string, string> = {};
  const tensors = new Map<string, StoredTensor>();
  let producer = "";
  for (const { tag, value } of fieldsOf(bytes, source)) {
    if (tag === 2) producer = textOf(value);
    if (!(value instanceof Uint8Array)) continue;
    if (tag === 14) {
      const entry = new Map([...fieldsOf(value, source)].map((field) => [field.tag, field.value]));
      metadata[textOf(entry.get(1))] = textOf(entry.get(2));
    }
    if (tag !== 7) continue;
    for (const field of fieldsOf(value, source)) {
      if (field.tag !== 5 || !(field.value instanceof Uint8Array)) continue;
      const tensor = readTensor(field.value, source);
      if (tensor !== undefined) tensors.set(...tensor);
      checkLimit("maxItems", tensors.size, { source, what: "the graph", allowed: MOST_TENSORS });
    }
  }
  return { producer, tensors, metadata };
}
