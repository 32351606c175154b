import { assertEquals } from "@std/assert";
import { fromHalfBits, toHalfBits } from "../../src/formats/half_precision.ts";

Deno.test("half precision: all 65,536 bit patterns come back from a round trip", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const back = toHalfBits(fromHalfBits(bits));
  for (let i = 0; i < 65536; i++) {
    const isNaNPattern = (i & 0x7fff) > 0x7c00;
    // The payload and sign of a NaN carry no meaning.
    if (isNaNPattern) assertEquals(back[i]! & 0x7fff, 0x7e00);
    else assertEquals(back[i], i);
  }
});

Deno.test("half precision: a value between two neighbors goes to the nearer, a tie to the even one", () => {
  const bits = Uint16Array.from({ length: 0x7bff }, (_, i) => i);
  const low = fromHalfBits(bits);
  const high = fromHalfBits(bits.map((b) => b + 1));
  // The middle of two neighboring halves is exact in float32.
  const middle = low.map((v, i) => (v + high[i]!) / 2);
  assertEquals(toHalfBits(middle), bits.map((b) => b + (b & 1)));
  const third = low.map((v, i) => v + (high[i]! - v) * 0.375);
  assertEquals(toHalfBits(third), bits);
  assertEquals(toHalfBits(third.map((v) => -v)), bits.map((b) => b | 0x8000));
});

Deno.test("half precision: values past the largest half become infinite", () => {
  const values = Float32Array.of(65504, 65519.99, 65520, 1e30, -1e30, -Infinity);
  const expected = Uint16Array.of(0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00, 0xfc00);
  assertEquals(toHalfBits(values), expected);
});
