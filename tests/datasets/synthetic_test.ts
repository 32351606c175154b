import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { syntheticTextures } from "../../src/datasets/synthetic.ts";

Deno.test("synthetic: a seed and a stream give the same textures, others give others", () => {
  const make = (seed: number, stream = "") =>
    syntheticTextures({ images: 3, size: 8, seed, stream });
  assertEquals(make(1), make(1));
  assertNotEquals(make(1).pixels, make(2).pixels);
  assertNotEquals(make(1, "train").pixels, make(1, "test").pixels);
});

Deno.test("synthetic: a shorter set is the beginning of a longer one", () => {
  const long = syntheticTextures({ images: 9, size: 6, channels: 3, classes: 5 });
  const short = syntheticTextures({ images: 4, size: 6, channels: 3, classes: 5 });
  assertEquals(short.shape, [4, 6, 6, 3]);
  assertEquals(long.pixels.slice(0, short.pixels.length), short.pixels);
  assertEquals([...long.labels], [0, 1, 2, 3, 4, 0, 1, 2, 3]);
});

Deno.test("synthetic: textures use the range of bytes and differ between channels", () => {
  const { pixels } = syntheticTextures({ images: 20, size: 16, channels: 2 });
  assert(Math.min(...pixels) < 40 && Math.max(...pixels) > 215);
  assertNotEquals(pixels.filter((_, i) => i % 2 === 0), pixels.filter((_, i) => i % 2 === 1));
});

Deno.test("synthetic: numbers that make no set are a RangeError", () => {
  for (const bad of [{ images: 0 }, { size: 1.5 }, { channels: 0 }, { classes: 257 }]) {
    const options = { images: 1, size: 4, ...bad };
    assertThrows(() => syntheticTextures(options), RangeError, Object.keys(bad)[0]);
  }
});
