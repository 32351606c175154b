import { assertEquals, assertThrows } from "@std/assert";
import { textTable } from "../../../tasks/cli/table.ts";

Deno.test("table: words align left, numbers right, nulls are empty", () => {
  const text = textTable({
    header: ["machine", "r²", "interval"],
    rows: [["bbELS", "0.91", "0.88..0.93"], ["IS", "-0.05", null], ["x̂", 12, "a"]],
  });
  assertEquals(
    text,
    [
      "machine     r²  interval",
      "-------  -----  ----------",
      "bbELS     0.91  0.88..0.93",
      "IS       -0.05",
      "x̂           12  a",
    ].join("\n"),
  );
});

Deno.test("table: a row of another length is refused", () => {
  assertThrows(() => textTable({ header: ["a"], rows: [["1", "2"]] }), RangeError, "row 0");
});
