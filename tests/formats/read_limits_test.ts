import { assertEquals, assertThrows } from "@std/assert";
import { ReadLimitError } from "../../src/core/errors.ts";
import { checkLimit, LimitMeter, type ReadLimit } from "../../src/formats/read_limits.ts";

const complaint = (limit: ReadLimit, needed: number, allowed: number) =>
  assertThrows(
    () => checkLimit(limit, needed, { source: "a.pt", what: "the file", allowed }),
    ReadLimitError,
  ).message;

Deno.test("read limits: the message says what is needed, what is allowed, and what raises it", () => {
  assertEquals(
    complaint("maxBytes", 68_719_476_735, 33_554_432),
    "a.pt: the file needs 68.7 GB, more than the 33.6 MB that this reader takes; if you trust the " +
      "file, raise `maxBytes: 68800000000`",
  );
  assertEquals(
    complaint("maxItems", 100_001, 100_000),
    "a.pt: the file needs 100,001 things, more than the 100,000 that this reader takes; if you " +
      "trust the file, raise `maxItems: 101000`",
  );
  assertEquals(
    complaint("maxBytes", Infinity, 999),
    "a.pt: the file needs more than can be counted, more than the 999 bytes that this reader takes; " +
      "if you trust the file, raise `maxBytes`",
  );
  checkLimit("maxDepth", 3, { source: "a.pt", what: "the file", allowed: 3 });
});

Deno.test("read limits: what is no number is more than any limit", () => {
  assertThrows(
    () => checkLimit("maxBytes", NaN, { source: "a", what: "it", allowed: Infinity }),
    ReadLimitError,
  );
});

Deno.test("read limits: a meter adds up, and refuses what goes beyond", () => {
  const meter = new LimitMeter("maxItems", { source: "a", what: "it", allowed: 10 });
  for (let i = 0; i < 5; i++) meter.take(2);
  assertEquals(meter.left, 0);
  assertThrows(() => meter.take(1), ReadLimitError, "11 things");
});
