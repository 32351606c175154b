/** NumPy's `.npy`. */
import type { Random } from "../../../../src/core/random.ts";
import { parseNpy, writeNpy } from "../../../../src/formats/npy.ts";
import { join, little, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

/** Kinds by NumPy's names, with what they become and how one value is read. */
const kinds = {
  f8: ["F64", 8, (view: DataView, at: number, le: boolean) => view.getFloat64(at, le)],
  f4: ["F32", 4, (view: DataView, at: number, le: boolean) => view.getFloat32(at, le)],
  i8: ["I64", 8, (view: DataView, at: number, le: boolean) => view.getBigInt64(at, le)],
  i4: ["I32", 4, (view: DataView, at: number, le: boolean) => view.getInt32(at, le)],
  i2: ["I32", 2, (view: DataView, at: number, le: boolean) => view.getInt16(at, le)],
  i1: ["I32", 1, (view: DataView, at: number) => view.getInt8(at)],
  u4: ["I64", 4, (view: DataView, at: number, le: boolean) => BigInt(view.getUint32(at, le))],
  u2: ["I32", 2, (view: DataView, at: number, le: boolean) => view.getUint16(at, le)],
  u1: ["U8", 1, (view: DataView, at: number) => view.getUint8(at)],
  b1: ["BOOL", 1, (view: DataView, at: number) => view.getUint8(at) === 0 ? 0 : 1],
} as const;

/** A header around a body; the version tells how wide its length is. */
function file(header: string, body: Uint8Array, version = 1): Uint8Array<ArrayBuffer> {
  const width = version === 1 ? 2 : 4;
  return join("\x93NUMPY", [version, 0], little(header.length, width), header, body);
}

/** What makes a header one that must be refused. */
const faults: Readonly<Record<string, (header: string) => string>> = {
  "many sizes": (header) => header.replace(/\([^)]*\)/, `(${"1,".repeat(2000)} x)`),
  "sizes without commas": (header) => header.replace(/\([^)]*\)/, `(${"1 ".repeat(40)}`),
  "negative size": (header) => header.replace("(", "(-1, "),
  "fraction": (header) => header.replace("(", "(1.5, "),
  "size of 16 digits": (header) => header.replace("(", "(9007199254740993, "),
  "objects": (header) => header.replace(/[<>|]?(\w\d)'/, "|O'"),
  "text": (header) => header.replace(/[<>|]?(\w\d)'/, "<U8'"),
  "records": (header) => header.replace(/'[<>|]?\w\d'/, "[('a', '<f4')]"),
  "no order": (header) => header.replace(/True|False/, "None"),
  "a field twice": (header) => header.replace("}", ", 'descr': '<f4'}"),
  "another field": (header) => header.replace("}", ", 'more': True}"),
  "more after it": (header) => `${header} {}`,
  "no end": (header) => header.replace("}", ""),
  "a call": (header) => header.replace("(", "tuple("),
};

function structured(random: Random): FuzzInput {
  const kind = pick(random, Object.keys(kinds) as (keyof typeof kinds)[]);
  const [dtype, width, read] = kinds[kind];
  const isLittle = oneIn(random, 2);
  const shape = Array.from({ length: random.integer(5) }, () => random.integer(5));
  const isFortran = oneIn(random, 3);
  const count = shape.reduce((product, n) => product * n, 1);
  const body = noise(random, count * width);
  const numbers = new DataView(body.buffer);
  // Numbers, since a NaN has many forms.
  for (let i = 0; i < count && kind.startsWith("f"); i++) {
    if (width === 8) numbers.setFloat64(i * 8, random.normal(), isLittle);
    else numbers.setFloat32(i * 4, random.normal(), isLittle);
  }
  const [space, quote] = [pick(random, ["", " ", "  ", "\t"]), pick(random, ["'", '"'])];
  const order = width === 1 ? "|" : isLittle ? "<" : ">";
  const sizes = shape.map(String).join(`,${space}`) + (shape.length === 1 ? "," : "");
  const fields = [
    `'descr':${space}${quote}${order}${kind}${quote}`,
    `${quote}fortran_order${quote}${space}: ${isFortran ? "True" : "False"}`,
    `'shape'${space}:${space}(${sizes})`,
  ];
  const parts = [...random.permutation(3)].map((i) => fields[i]!);
  const header = `{${space}${parts.join(",")}${pick(random, [",", ""])} }${
    pick(random, ["\n", ""])
  }`;
  const version = 1 + random.integer(3);
  if (oneIn(random, 3)) {
    const name = pick(random, Object.keys(faults));
    const wrong = faults[name]!(header.replaceAll('"', "'"));
    return { bytes: file(wrong, body, version), note: name, expected: refused };
  }
  if (oneIn(random, 8)) {
    const other = oneIn(random, 2) ? join(body, [0]) : body.subarray(1);
    if (other.length !== body.length) {
      return { bytes: file(header, other, version), note: "another length", expected: refused };
    }
  }
  // Value by value, from the index of each along every axis.
  const values = Array.from({ length: count }, (_, i) => {
    let [rest, at, run] = [i, 0, 1];
    const index = shape.toReversed().map((n) => {
      const here = rest % n;
      rest = Math.floor(rest / n);
      return here;
    }).reverse();
    const axes = shape.map((_, axis) => axis);
    for (const axis of isFortran ? axes : axes.toReversed()) {
      at += index[axis]! * run;
      run *= shape[axis]!;
    }
    return read(numbers, at * width, isLittle);
  });
  const data = {
    F64: () => Float64Array.from(values as number[]),
    F32: () => Float32Array.from(values as number[]),
    I64: () => BigInt64Array.from(values as bigint[]),
    I32: () => Int32Array.from(values as number[]),
    U8: () => Uint8Array.from(values as number[]),
    BOOL: () => Uint8Array.from(values as number[]),
  }[dtype]();
  return {
    bytes: file(header, body, version),
    note: kind,
    expected: reads({ dtype, shape, data }),
  };
}

/** See above. */
export const target: FuzzTarget = {
  about: "arrays of NumPy",
  file: "a.npy",
  tokens: ["'descr'", "'shape': (", "True", "(1,1,1,1,1,1,", "9999999,", "'<f8'", "|O", "}"],
  seeds: () => [
    writeNpy({ dtype: "F32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }),
    writeNpy({ dtype: "I64", shape: [3], data: BigInt64Array.of(3n, 5n, 9n) }),
    file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2), }\n", new Uint8Array(8)),
  ],
  read: parseNpy,
  structured,
};
