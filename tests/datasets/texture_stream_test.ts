import { assert, assertEquals, assertThrows } from "@std/assert";
import { holdStream, streamPart } from "../../src/core/image_stream.ts";
import { textures, textureStream } from "../../src/datasets/texture_stream.ts";

Deno.test("texture stream: an image hangs on the seed and its number alone", async () => {
  const many = textureStream({ images: 1_000_000, size: 8, channels: 3, tileBytes: 4 * 192 * 7 });
  assertEquals(many.shape, [1_000_000, 8, 8, 3]);
  const range = { from: 1000, to: 1020 };
  const some = await holdStream(streamPart(many, range));
  const few = textureStream({ images: 1020, size: 8, channels: 3 });
  assertEquals(await holdStream(streamPart(few, range)), some);
  const other = textureStream({ images: 1020, size: 8, channels: 3, seed: 1 });
  assert(
    (await holdStream(streamPart(other, range))).data.some((value, i) => value !== some.data[i]),
  );
  assertEquals(many.labels?.[999_998], 2);
  assertEquals(new Set([many, few, other].map(({ sha256 }) => sha256)).size, 3);
});

Deno.test("texture stream: images are of use, and what cannot be is refused", () => {
  const { pixels } = textures({ images: 50, size: 16 })(0, 50);
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const deviation = Math.sqrt(pixels.reduce((sum, v) => sum + (v - mean) ** 2, 0) / pixels.length);
  assert(mean > 80 && mean < 160 && deviation > 30, `mean ${mean}, deviation ${deviation}`);
  const images = Array.from({ length: 50 }, (_, i) => pixels.slice(i * 256, (i + 1) * 256).join());
  assertEquals(new Set(images).size, 50);
  assertThrows(() => textures({ images: 0, size: 8 }), RangeError, "images is 0");
  assertThrows(
    () => textureStream({ images: 4, size: 8, classes: 300 }),
    RangeError,
    "classes is 300",
  );
});
