import { assertEquals } from "@std/assert";
import { prepareImages } from "../../src/posterior/training_set.ts";
import { pairImages } from "../../src/posterior/wasm/pair_images.ts";

/** An 8 x 8 image, background 0, with ones in rows [top, bottom) and columns [left, right). */
function boxed([top, bottom, left, right]: number[], channels: number): number[] {
  return Array.from({ length: 64 * channels }, (_, i) => {
    const y = Math.floor(i / channels / 8), x = Math.floor(i / channels) % 8;
    // Only the last channel differs: each has to be looked at.
    return y >= top! && y < bottom! && x >= left! && x < right! && i % channels === channels - 1
      ? 1
      : 0;
  });
}

const prepared = (data: Float32Array, channels: number) =>
  prepareImages({ data, shape: [data.length / 64 / channels, 8, 8, channels] });

for (const channels of [1, 3]) {
  const tall = [0, 8, 3, 5], wide = [3, 5, 0, 8], full = [0, 8, 0, 8];
  const images = Float32Array.from(
    [tall, wide, full, tall, wide, full, tall].flatMap((box) => boxed(box, channels)),
  );

  Deno.test(`pairImages: likes stand together when boxes differ (${channels} channels)`, () => {
    const indices = Uint32Array.from([0, 1, 2, 3, 4, 5]);
    assertEquals(
      [...pairImages(prepared(images, channels), indices)],
      [0, 3, 1, 4, 2, 5],
    );
  });

  Deno.test(`pairImages: a single one comes last when the number is odd (${channels} channels)`, () => {
    const indices = Uint32Array.from([6, 0, 3]);
    assertEquals([...pairImages(prepared(images, channels), indices)].at(-1), 3);
    const all = pairImages(prepared(images, channels), indices);
    assertEquals([...all].sort(), [0, 3, 6]);
  });
}

Deno.test("pairImages: order stays when no image has background", () => {
  const images = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i));
  const indices = Uint32Array.from([3, 1, 2]);
  assertEquals(pairImages(prepared(images, 1), indices), indices);
});
