/** Pickles and the files of torch.save, built instruction by instruction. */
import type { Random } from "../../../src/core/random.ts";
import { big, join, little, noise, oneIn, type Piece } from "./bytes.ts";
import { pick } from "./mutate.ts";

/** A short text. */
export const text = (value: string): Piece => {
  const bytes = new TextEncoder().encode(value);
  return join("X", little(bytes.length, 4), bytes);
};

/** A whole number. */
export const integer = (value: number): Piece =>
  Math.abs(value) < 2 ** 31 ? join("J", little(value, 4)) : join("\x8a\x08", little(value, 8));

/** A tuple. */
export const tuple = (...items: readonly Piece[]): Piece => join("(", ...items, "t");

/** A name that is imported. */
export const global = (module: string, name: string): Piece => `c${module}\n${name}\n`;

/** What a name gives when it is called. */
export const call = (callable: Piece, ...args: readonly Piece[]): Piece =>
  join(callable, tuple(...args), "R");

/** A dictionary. */
export const dictionary = (entries: readonly (readonly [Piece, Piece])[]): Piece =>
  join("}(", ...entries.flat(), "u");

/** An object of a class with attributes. */
export const object = (type: Piece, state: Piece): Piece => join(type, ")\x81", state, "b");

/** A value as Python has it, and how it is written; each choice among the ways is made at random. */
export function randomValue(random: Random, depth = 0): { value: unknown; pickle: Piece } {
  const scalars = [
    () => ({ value: null, pickle: "N" }),
    () => ({ value: true, pickle: pick(random, ["\x88", "I01\n"]) }),
    () => ({ value: false, pickle: pick(random, ["\x89", "I00\n"]) }),
    () => {
      const value = random.integer(2 ** 31) - 2 ** 30;
      const ways = [
        integer(value),
        `I${value}\n`,
        `L${value}L\n`,
        join("\x8a\x04", little(value, 4)),
      ];
      return { value, pickle: pick(random, ways) };
    },
    () => {
      const value = random.integer(256);
      return {
        value,
        pickle: pick<Piece>(random, [join("K", [value]), join("M", little(value, 2))]),
      };
    },
    () => {
      const value = random.normal();
      const bits = new DataView(new ArrayBuffer(8));
      bits.setFloat64(0, value);
      return {
        value,
        pickle: pick<Piece>(random, [join("G", big(bits.getBigUint64(0), 8)), `F${value}\n`]),
      };
    },
    () => {
      const value = pick(random, ["", "name", "ü", "\u{1f600}", "a".repeat(300)]);
      const bytes = new TextEncoder().encode(value);
      const ways = [text(value), join("\x8d", little(bytes.length, 8), bytes)];
      if (bytes.length < 256) ways.push(join("\x8c", [bytes.length], bytes));
      if (/^\w*$/.test(value)) ways.push(`S'${value}'\n`, `V${value}\n`);
      return { value, pickle: pick(random, ways) };
    },
    () => {
      const value = noise(random, random.integer(9));
      const ways = [
        join("C", [value.length], value),
        join("B", little(value.length, 4), value),
        join("\x8e", little(value.length, 8), value),
      ];
      return { value, pickle: pick(random, ways) };
    },
  ];
  if (depth > 3 || oneIn(random, 3)) return pick(random, scalars)();
  const parts = Array.from({ length: random.integer(4) }, () => randomValue(random, depth + 1));
  const [values, pickles] = [parts.map(({ value }) => value), parts.map(({ pickle }) => pickle)];
  const keyed = parts.map(({ value, pickle }, i) => ({
    key: `k${i}`,
    value,
    pickle: join(text(`k${i}`), pickle),
  }));
  const containers = [
    () => ({ value: values, pickle: join("](", ...pickles, "e") }),
    () => ({ value: values, pickle: join("(", ...pickles, "l") }),
    () => ({ value: values, pickle: tuple(...pickles) }),
    () => ({ value: values, pickle: join("]", ...pickles.flatMap((each) => [each, "a"])) }),
    () => ({
      value: new Map(keyed.map(({ key, value }) => [key, value])),
      pickle: join("}(", ...keyed.map(({ pickle }) => pickle), "u"),
    }),
    () => ({
      value: new Map(keyed.map(({ key, value }) => [key, value])),
      pickle: join("(", ...keyed.map(({ pickle }) => pickle), "d"),
    }),
    () => ({
      value: new Map(keyed.map(({ key, value }) => [key, value])),
      pickle: join("}", ...keyed.flatMap(({ pickle }) => [pickle, "s"])),
    }),
  ];
  const made = pick(random, containers)();
  // Kept in the memo and taken from there.
  const slot = random.integer(200);
  return oneIn(random, 3)
    ? { value: made.value, pickle: join(made.pickle, "q", [slot], "0h", [slot]) }
    : made;
}

const opcodes = [
  ..."().012NIJKMLFGSTUVXBC]ldtaes}u\x85\x86\x87\x8c\x8d\x8e\x8f\x90\x91\x93\x94\x95\x96pqgrhjcioRbPQ",
  ..."\x80\x81\x82\x88\x89\x8a\x8b\x92\x97\x98",
];

const imports = [
  ["collections", "OrderedDict"],
  ["torch._utils", "_rebuild_tensor_v2"],
  ["torch._utils", "_rebuild_tensor_v3"],
  ["torch._utils", "_rebuild_parameter"],
  ["torch", "FloatStorage"],
  ["torch", "Size"],
  ["torch", "device"],
  ["torch.nn.modules.conv", "Conv2d"],
  ["models", "DDIM"],
  ["numpy.core.multiarray", "scalar"],
  ["numpy.core.multiarray", "_reconstruct"],
  ["numpy.core.numeric", "_frombuffer"],
  ["numpy", "dtype"],
  ["_codecs", "encode"],
  ["builtins", "set"],
  ["os", "system"],
  ["builtins", "eval"],
  ["__main__", "DDIM"],
] as const;

/** A program of instructions that mostly fit the stack, as nothing honest writes them. */
export function randomProgram(random: Random): Piece {
  const parts: Piece[] = [];
  for (let left = 1 + random.integer(40); left > 0; left--) {
    const { pickle } = randomValue(random, 3);
    const [module, name] = pick(random, imports);
    parts.push(
      pick<() => Piece>(random, [
        () => pickle,
        () => pickle,
        () => global(module, name),
        () => join(text(module), text(name), "\x93"),
        () =>
          pick(random, [
            "(",
            "]",
            "}",
            ")",
            "2",
            "a",
            "t",
            "l",
            "d",
            "R",
            "b",
            "\x81",
            "Q",
            "e",
            "u",
          ]),
        () => join(pick(random, opcodes), noise(random, random.integer(3))),
        () => join(pick(random, ["q", "h"]), [random.integer(4)]),
        () => join("2a", "2b".repeat(random.integer(2))),
        () => pick(random, opcodes),
      ])(),
    );
  }
  return join(...parts, ".");
}
