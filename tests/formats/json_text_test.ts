import { assertEquals, assertThrows } from "@std/assert";
import { writeJsonText } from "../../src/formats/json_text.ts";

Deno.test("json text: lists of plain values take one line, everything else one per field", () => {
  const value = {
    a: [1, null, "x"],
    b: { c: [[1, 2], []], d: {} },
    e: undefined,
    f: [{ g: true }],
  };
  const expected = `{
  "a": [1, null, "x"],
  "b": {
    "c": [
      [1, 2],
      []
    ],
    "d": {}
  },
  "f": [
    {
      "g": true
    }
  ]
}
`;
  assertEquals(writeJsonText(value), expected);
  assertEquals(JSON.parse(writeJsonText(value)), JSON.parse(JSON.stringify(value)));
});

Deno.test("json text: what JSON cannot hold is refused by name", () => {
  assertThrows(
    () => writeJsonText({ a: [0, { b: NaN }] }),
    RangeError,
    "write a[1].b as JSON: it is NaN",
  );
  assertThrows(() => writeJsonText(-Infinity), RangeError, "the value as JSON: it is -Infinity");
  assertThrows(() => writeJsonText({ a: 1n }), TypeError, "a as JSON: it is a bigint");
  assertThrows(() => writeJsonText([undefined]), TypeError, "[0] as JSON");
});
