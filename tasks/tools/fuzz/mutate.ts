/** Changes of bytes that know nothing of any format. */
import type { Random } from "../../../src/core/random.ts";

/** One of a list. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.integer(list.length)]!;
}

/** Sizes that readers stumble over. */
const sizes = [
  0n,
  1n,
  2n,
  7n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x10000n,
  0x7fffffffn,
  0x80000000n,
  0xfffffffen,
  0xffffffffn,
  0x100000000n,
  0x1fffffffffffffn,
  0x7fffffffffffffffn,
  0xffffffffffffffffn,
];

const words = ["9", "99999999999", "-1", "1e999", "NaN", "null", '"', "[", "{", "(", "\0", "\n"];

interface Context {
  readonly random: Random;
  /** Other files of the format. */
  readonly others: readonly Uint8Array[];
  /** Pieces of text of the format. */
  readonly tokens: readonly string[];
}

type Mutation = (bytes: Uint8Array, context: Context) => Uint8Array;

const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

/** A place and a length; most are short. */
function span(bytes: Uint8Array, random: Random): [from: number, to: number] {
  const from = random.integer(bytes.length + 1);
  const most = Math.min(bytes.length - from, random.integer(4) === 0 ? bytes.length : 16);
  return [from, from + random.integer(most + 1)];
}

const noise = (random: Random, length: number) =>
  Uint8Array.from({ length }, () => random.integer(256));

const mutations: Readonly<Record<string, Mutation>> = {
  bit: (bytes, { random }) => {
    if (bytes.length > 0) bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
    return bytes;
  },
  byte: (bytes, { random }) => {
    if (bytes.length > 0) bytes[random.integer(bytes.length)] = random.integer(256);
    return bytes;
  },
  size: (bytes, { random }) => {
    const width = pick(random, [1, 2, 4, 8]);
    if (bytes.length < width) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const at = random.integer(bytes.length - width + 1);
    const [value, little] = [pick(random, sizes), random.integer(2) === 0];
    if (width === 1) view.setUint8(at, Number(value & 0xffn));
    else if (width === 2) view.setUint16(at, Number(value & 0xffffn), little);
    else if (width === 4) view.setUint32(at, Number(value & 0xffffffffn), little);
    else view.setBigUint64(at, value, little);
    return bytes;
  },
  cut: (bytes, { random }) => bytes.slice(0, random.integer(bytes.length + 1)),
  "zero tail": (bytes, { random }) => bytes.fill(0, random.integer(bytes.length + 1)),
  remove: (bytes, { random }) => {
    const [from, to] = span(bytes, random);
    return joined(bytes.subarray(0, from), bytes.subarray(to));
  },
  repeat: (bytes, { random }) => {
    const [from, to] = span(bytes, random);
    const times = random.integer(8) === 0 ? random.integer(200) : 1;
    const copies = Array.from({ length: times }, () => bytes.subarray(from, to));
    return joined(bytes.subarray(0, to), ...copies, bytes.subarray(to)).slice(0, 1 << 20);
  },
  insert: (bytes, { random }) => {
    const at = random.integer(bytes.length + 1);
    return joined(bytes.subarray(0, at), noise(random, random.integer(9)), bytes.subarray(at));
  },
  append: (bytes, { random }) => joined(bytes, noise(random, random.integer(40))),
  splice: (bytes, { random, others }) => {
    const other = pick(random, others);
    const [from, to] = span(other, random);
    const at = random.integer(bytes.length + 1);
    const over = random.integer(2) * (to - from);
    return joined(bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(at + over));
  },
  swap: (bytes, { random }) => {
    const [from, to] = span(bytes, random);
    const at = random.integer(bytes.length - (to - from) + 1);
    bytes.copyWithin(at, from, to);
    return bytes;
  },
  word: (bytes, { random, tokens }) => {
    const text = new TextEncoder().encode(pick(random, [...tokens, ...words]));
    const at = random.integer(bytes.length + 1);
    const over = random.integer(2) * text.length;
    return joined(bytes.subarray(0, at), text, bytes.subarray(at + over));
  },
};

const names = Object.keys(mutations);

/** Changes bytes one to four times; the note says how. */
export function mutate(
  bytes: Uint8Array,
  context: Context,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly note: string } {
  const { random } = context;
  const done: string[] = [];
  let out = bytes.slice();
  for (let left = 1 + random.integer(4); left > 0; left--) {
    const name = pick(random, names);
    done.push(name);
    out = new Uint8Array(mutations[name]!(out, context));
  }
  return { bytes: out, note: done.join(", ") };
}
