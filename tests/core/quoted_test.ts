import { assert, assertEquals } from "@std/assert";
import { DataFormatError, ReadLimitError, ToolkitError } from "../../src/core/errors.ts";
import { oneLine, quoted } from "../../src/core/quoted.ts";

Deno.test("quoted: whatever a file holds, on one line, without what a terminal obeys, and short", () => {
  assertEquals(quoted("a\nb\x1b[2J"), String.raw`"a\nb\u001b[2J"`);
  assertEquals(quoted("left\u202eright\u2028\x9b"), String.raw`"left\u202eright\u2028\u009b"`);
  assertEquals(quoted(3), "3");
  assertEquals(quoted(-7n), "-7");
  assertEquals(quoted(null), "null");
  assertEquals(quoted([1, "two", [3, [4]]]), '[1, "two", [3, […]]]');
  assertEquals(quoted({ a: 1 }), "{…}");
  assertEquals(quoted(new Map([[1, 2]])), "a dictionary of 1");
  const self: unknown[] = [];
  self.push(self, self);
  const deep = Array.from({ length: 100_000 }).reduce((inner) => [inner], 1 as unknown);
  for (const value of ["x".repeat(1e6), 1n << 9999n, self, deep, new Uint8Array(9), "\ud800"]) {
    const found = quoted(value);
    assert(found.length <= 60 && found.isWellFormed(), found);
  }
});

Deno.test("quoted: text on one line keeps both its ends when it is cut", () => {
  assertEquals(oneLine("one \r\n  two\tthree"), "one two\\u0009three");
  const cut = oneLine(`begin${"-".repeat(1e6)}end`, 40);
  assert(cut.startsWith("begin") && cut.endsWith("end") && cut.length <= 40, cut);
});

Deno.test("errors: a message is one line of at most 300 characters, whatever it is about", () => {
  const long = `first\n${"x".repeat(5000)}`;
  for (
    const error of [
      new ToolkitError(long, { remedy: () => long }),
      new DataFormatError(long, long, { byteOffset: 7, remedy: () => "do this" }),
      new ReadLimitError(long, long, { limit: "maxBytes", needed: 1e9, allowed: 1 }),
    ]
  ) {
    assert(error.message.length <= 300 && !error.message.includes("\n"), error.message);
  }
  const { message, needed } = new ReadLimitError("a.npy", "it needs 123,456 things", {
    limit: "maxItems",
    needed: 123_456,
    allowed: 1,
  });
  assertEquals(needed, 123_456);
  assertEquals(
    message,
    "a.npy: it needs 123,456 things; if you trust the file, raise `maxItems: 124000`",
  );
});
