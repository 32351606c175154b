/** safetensors as others write it. */
import type { Random } from "../../../../src/core/random.ts";
import { parseSafetensors, writeSafetensors } from "../../../../src/formats/safetensors.ts";
import { join, little, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

const widths = { F64: 8, F32: 4, I64: 8, I32: 4, U8: 1, BOOL: 1 } as const;
type Dtype = keyof typeof widths;

const arrays = {
  F64: (bytes: ArrayBuffer) => new Float64Array(bytes),
  F32: (bytes: ArrayBuffer) => new Float32Array(bytes),
  I64: (bytes: ArrayBuffer) => new BigInt64Array(bytes),
  I32: (bytes: ArrayBuffer) => new Int32Array(bytes),
  U8: (bytes: ArrayBuffer) => new Uint8Array(bytes),
  BOOL: (bytes: ArrayBuffer) => new Uint8Array(bytes),
};

interface Entry {
  readonly name: string;
  dtype: string;
  shape: unknown;
  data_offsets: unknown;
}

/** The header as text, names written as they come. */
const headerOf = (entries: readonly Entry[], more: readonly string[] = []) =>
  `{${
    [
      ...more,
      ...entries.map(({ name, ...entry }) => `${JSON.stringify(name)}: ${JSON.stringify(entry)}`),
    ].join(", ")
  }}`;

function file(header: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  return join(little(text.length, 8), text, data);
}

/** What must be refused, made of the entries of a good file. */
const faults: Readonly<Record<string, (entries: Entry[], data: Uint8Array) => Uint8Array>> = {
  "a name twice": (entries, data) =>
    file(headerOf(entries, [`"${entries[0]!.name}": ${JSON.stringify(entries[0])}`]), data),
  overlap: (entries, data) => {
    entries[0]!.data_offsets = [1, 1 + (entries[0]!.data_offsets as number[])[1]!];
    return file(headerOf(entries), data);
  },
  "bytes left over": (entries, data) => file(headerOf(entries), join(data, [0])),
  "cut off": (entries, data) => file(headerOf(entries), data.subarray(1)),
  "unknown kind": (entries, data) => {
    entries[0]!.dtype = "F128";
    return file(headerOf(entries), data);
  },
  "no list of sizes": (entries, data) => {
    entries[0]!.shape = { length: 3 };
    return file(headerOf(entries), data);
  },
  "negative sizes": (entries, data) => {
    entries[0]!.shape = [-1, -1];
    return file(headerOf(entries), data);
  },
  "huge sizes": (entries, data) => {
    entries[0]!.shape = [2 ** 53, 2 ** 53, 2 ** 53];
    return file(headerOf(entries), data);
  },
  "deep shape": (entries, data) =>
    file(
      headerOf(entries, [`"deep": ${"[".repeat(30_000)}${"]".repeat(30_000)}`]),
      data,
    ),
  "long name": (entries, data) => file(headerOf(entries, [`"${"n".repeat(200_000)}": 3`]), data),
  "metadata of numbers": (entries, data) =>
    file(headerOf(entries, ['"__metadata__": {"a": 1}']), data),
  "no JSON": (_, data) => file("{'a': 1}", data),
  "header longer than the file": (entries, data) => {
    const bytes = file(headerOf(entries), data);
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 62n, true);
    return bytes;
  },
};

function structured(random: Random): FuzzInput {
  const entries: Entry[] = [];
  const value: unknown[] = [];
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let i = 0, n = 1 + random.integer(4); i < n; i++) {
    const dtype = pick(random, Object.keys(widths) as Dtype[]);
    const shape = Array.from({ length: random.integer(4) }, () => 1 + random.integer(3));
    const length = shape.reduce((product, m) => product * m, 1) * widths[dtype];
    const bytes = noise(random, length);
    if (dtype === "BOOL") bytes.forEach((byte, j) => bytes[j] = byte & 1);
    const name = pick(random, ["w", "ü", "\u{1f600}", '"', "a\\b", "__proto__", ""]) + i;
    entries.push({ name, dtype, shape, data_offsets: [at, at + length] });
    value.push([name, { dtype, shape, data: arrays[dtype](bytes.slice().buffer) }]);
    parts.push(bytes);
    at += length;
  }
  const data = join(...parts);
  if (oneIn(random, 3)) {
    const note = pick(random, Object.keys(faults));
    return { bytes: new Uint8Array(faults[note]!(entries, data)), note, expected: refused };
  }
  const order = [...random.permutation(entries.length)].map((i) => entries[i]!);
  const said = oneIn(random, 2) ? { about: "\u2028 text", __proto: "x" } : undefined;
  const more = said === undefined ? [] : [`"__metadata__": ${JSON.stringify(said)}`];
  const padding = " ".repeat(random.integer(9));
  return {
    bytes: file(headerOf(order, more) + padding, data),
    note: `${entries.length} tensors`,
    expected: reads({ tensors: value, metadata: said ?? {} }),
  };
}

const small = new Map(
  [
    ["weight", { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
    ["flags", { dtype: "BOOL", shape: [3], data: Uint8Array.of(0, 1, 1) }],
  ] as const,
);

/** See above. */
export const target: FuzzTarget = {
  about: "safetensors",
  file: "a.safetensors",
  tokens: ['"dtype"', '"shape":[', '"data_offsets":[', '"__metadata__"', '"F32"', "[[[[[[", "{}"],
  seeds: () => [
    writeSafetensors(small, { metadata: { about: "a seed" } }),
    writeSafetensors(small, { checksum: true }),
    writeSafetensors(new Map()),
  ],
  read: (bytes, source) => {
    const { tensors, metadata } = parseSafetensors(bytes, source);
    return { tensors: [...tensors], metadata };
  },
  structured,
};
