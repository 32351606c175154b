import { assertEquals, assertThrows } from "@std/assert";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { type JsonKey, parseJson } from "../../src/formats/parse_json.ts";

const source = "a.json";

Deno.test("JSON: what JSON.parse reads is read, and every name is told with its place", () => {
  const text = String.raw`{"a": [1, {"b\"\\": "c: {"}], "d" : "\\", "__proto__": {"a": null}}`;
  const keys: JsonKey[] = [];
  assertEquals(parseJson(text, { source, onKey: (key) => keys.push(key) }), JSON.parse(text));
  assertEquals(keys.map(({ name, depth }) => `${depth} ${name}`), [
    "1 a",
    '3 b"\\',
    "1 d",
    "1 __proto__",
    "2 a",
  ]);
  for (const { index, name } of keys) {
    assertEquals(text.slice(index).startsWith(JSON.stringify(name)), true);
  }
});

Deno.test("JSON: a name twice in an object is refused, however it is written", () => {
  for (const text of ['{"a": 1, "a": 2}', '[{"a": 1, "\\u0061": 2}]', '{"é": {"a": 1, "a" : 1}}']) {
    assertThrows(() => parseJson(text, { source }), DataFormatError, 'the text names "a" twice');
  }
  assertEquals(parseJson('[{"a": 1}, {"a": {"a": "a"}}]', { source }), [
    { a: 1 },
    { a: { a: "a" } },
  ]);
});

Deno.test("JSON: depth and length have limits, which the caller sets", () => {
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  assertEquals(parseJson(deep(2), { source }), [[]]);
  assertThrows(() => parseJson(deep(1_000_000), { source }), ReadLimitError, "101 levels");
  assertThrows(() => parseJson(deep(3), { source, maxDepth: 2 }), ReadLimitError, "maxDepth");
  assertThrows(() => parseJson("[ ]", { source, maxText: 2 }), ReadLimitError, "maxText");
  const { message } = assertThrows(() => parseJson('{"a": nope\n}', { source }), DataFormatError);
  assertEquals(message.split(":").slice(0, 2).join(), "a.json, the text is not JSON");
});
