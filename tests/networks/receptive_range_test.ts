import { assertEquals } from "@std/assert";
import { receptiveRange } from "../../src/networks/analysis/receptive_range.ts";

Deno.test("receptive range: convolutions widen it by two, pooling by its squares", () => {
  assertEquals(receptiveRange([]), 1);
  assertEquals(receptiveRange(["conv", "conv"]), 5);
  assertEquals(receptiveRange(["pool", "upsample"]), 2);
  assertEquals(receptiveRange(["stride", "upsample"]), 3);
  // From output 0 back: -1 .. 1, coarse -1 .. 0, fine -2 .. 1.
  assertEquals(receptiveRange(["pool", "upsample", "conv"]), 4);
  assertEquals(receptiveRange(["pool", "conv", "upsample"]), 6);
});
