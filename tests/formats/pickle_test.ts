import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { unpickle } from "../../src/formats/pickle.ts";
import { PickledObject } from "../../src/formats/pickled_object.ts";
import { bytesOf } from "./bytes.ts";

const nothing = () => undefined;
const read = (text: string) => unpickle(bytesOf(text), { find: nothing }).value;

Deno.test("pickle: plain values of every protocol", () => {
  const cases: [string, unknown][] = [
    ["N.", null],
    ["I01\n.", true],
    ["\x80\x02\x89.", false],
    ["I-12\n.", -12],
    ["L1208925819614629174706176L\n.", 2n ** 80n],
    ["K\xff.", 255],
    ["M\x01\x02.", 513],
    ["J\xfe\xff\xff\xff.", -2],
    ["\x8a\x01\x80.", -128],
    ["\x8a\x00.", 0],
    ["\x8b\x02\x00\x00\x00\x00\x01.", 256],
    ["F0.25\n.", 0.25],
    ["Finf\n.", Infinity],
    ["G\x3f\xf8\0\0\0\0\0\0.", 1.5],
    ["S'abc'\n.", "abc"],
    ["S'a\\n\\x41\\101\\\\'\n.", "a\nAA\\"],
    ["U\x02\xff\x00.", "\xff\x00"],
    ["V\\U0001f600\xe9\n.", "\u{1f600}\xe9"],
    ["X\x02\0\0\0\xc3\xbc.", "ü"],
    ["\x8c\x01a.", "a"],
    ["V\\u00fc\n.", "ü"],
    ["C\x02ab.", bytesOf("ab")],
    ["(K\x01K\x02l.", [1, 2]],
    ["](K\x01K\x02e.", [1, 2]],
    ["]K\x01a.", [1]],
    ["K\x01K\x02\x86.", [1, 2]],
    [").", []],
    ["(K\x01K\x02t.", [1, 2]],
    ["}K\x01K\x02s.", new Map([[1, 2]])],
    ["(K\x01K\x02d.", new Map([[1, 2]])],
    ["\x8f(K\x01\x90.", new Set([1])],
    ["(K\x01\x91.", new Set([1])],
    ["K\x0520.", 5],
    ["K\x05(K\x011.", 5],
    ["]p7\n0g7\n.", []],
    ["\x80\x04\x95\x03\0\0\0\0\0\0\0]\x94.", []],
  ];
  for (const [text, expected] of cases) assertEquals(read(text), expected, JSON.stringify(text));
});

Deno.test("pickle: what is recalled is the same object", () => {
  const [a, b] = read("](]q\x00h\x00e.") as unknown[];
  assert(a === b);
});

Deno.test("pickle: a class becomes an inert record of its name, arguments and state", () => {
  const { value, end } = unpickle(bytesOf("cm\nC\n(K\x01t\x81}K\x02K\x03sb.rest"), {
    find: (module, name) => ({ name: `${module}.${name}` }),
  });
  assertInstanceOf(value, PickledObject);
  assertEquals([value.type.name, value.args, value.state], ["m.C", [1], new Map([[2, 3]])]);
  assertEquals(end, 18);
});

Deno.test("pickle: every way to import is refused by the name of what it wants", () => {
  for (
    const text of [
      "cos\nsystem\n(S'true'\ntR.",
      "\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
      "(S'true'\nios\nsystem\n.",
      "(cos\nsystem\nS'true'\no.",
      "cos\nsystem\n)\x81.",
    ]
  ) {
    const { message } = assertThrows(() => read(text), DataFormatError);
    assert(message.includes('"os.system"') && !message.includes("\n"), message);
  }
});

Deno.test("pickle: what is damaged, foreign or endless is refused in one line with its place", () => {
  const cases: [string, string][] = [
    ["", "cut off (at byte 0)"],
    ["K", "cut off (at byte 0)"],
    ["K\x01", "cut off (at byte 2)"],
    ["X\xff\xff\xff\xffab.", "cut off (at byte 0)"],
    ["\x8e\xff\xff\xff\xff\xff\xff\xff\xffab.", "cut off (at byte 0)"],
    ["I12", "cut off (at byte 0)"],
    [".", "more or less than one value (at byte 0)"],
    ["K\x01K\x02.", "more or less than one value (at byte 4)"],
    ["(K\x01.", "more or less than one value"],
    ["0.", "stack is empty (at byte 0)"],
    ["K\x01\x86.", "stack is too short (at byte 2)"],
    ["t.", "a mark is missing"],
    ["h\x05.", "recalls 5"],
    ["K\x01K\x02a.", "no list"],
    ["K\x01K\x02K\x03s.", "no dictionary"],
    ["}(K\x01u.", "no dictionary"],
    ["K\x01(K\x02\x90.", "no set"],
    ["\x80\x06.", "protocol 6"],
    ["\xfe.", "0xfe is no instruction"],
    ["\x82\x01.", "0x82 is no instruction"],
    ["K\x01)R.", "cannot be called"],
    ["](R.", "stack is too short"],
    ["K\x01}b.", "sets the state"],
    ["K\x01Q.", "kept elsewhere"],
    ["I12x\n.", "no number"],
    [`I${"9".repeat(100)}\n.`, "no number"],
    ["\x8b\xff\xff\xff\xff.", "longer than this reader takes"],
    ["Fabc\n.", "no number"],
    ["S'ab\\q'\n.", "no text"],
    ["K\x01K\x02\x93.", "no text"],
  ];
  for (const [text, expected] of cases) {
    const { message } = assertThrows(() => read(text), DataFormatError);
    assert(message.includes(expected), `${JSON.stringify(text)}: ${message}`);
    assert(!message.includes("\n"), message);
  }
});

Deno.test("pickle: what it makes is counted, lists and dictionaries more than numbers", () => {
  const numbers = (count: number) => `](${"K\x01".repeat(count)}e.`;
  const options = { find: nothing, maxItems: 100 };
  assertEquals((unpickle(bytesOf(numbers(60)), options).value as unknown[]).length, 60);
  for (const text of [numbers(100), `${"]".repeat(7)}.`, `${"N0".repeat(60)}N.`, "(".repeat(7)]) {
    assertThrows(() => unpickle(bytesOf(text), options), ReadLimitError, "raise `maxItems");
  }
});

Deno.test("pickle: numbers are read as Python writes them, and not otherwise", () => {
  for (const [text, value] of [["1", 1], ["-2.5", -2.5], ["1e-05", 1e-5], ["1.", 1]] as const) {
    assertEquals(read(`F${text}\n.`), value);
  }
  assertEquals([read("Finf\n."), read("F-inf\n."), read("Fnan\n.")], [Infinity, -Infinity, NaN]);
  for (const text of ["F0x10\n.", "F \n.", "F1e\n.", "I 1\n.", "I1_000\n.", "Np-1\n.", "Npx\n."]) {
    assertThrows(() => read(text), DataFormatError, "that this reader takes");
  }
});
