import { assert, assertEquals, assertThrows } from "@std/assert";
import { imageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { tellingPixels } from "../../src/evaluation/telling_pixels.ts";

Deno.test("telling pixels: each is the best by detail times distance, as brute force finds it", () => {
  const random = new Random(8);
  const [height, width, channels] = [9, 7, 3];
  const images = imageBatch(random.normals(2 * height * width * channels), [
    2,
    height,
    width,
    channels,
  ]);
  for (const query of [0, 1]) {
    const detail = (row: number, column: number) => {
      const values: number[] = [];
      for (let y = row - 2; y <= row + 2; y++) {
        for (let x = column - 2; x <= column + 2; x++) {
          if (y < 0 || x < 0 || y >= height || x >= width) continue;
          for (let c = 0; c < channels; c++) {
            values.push(images.data[((query * height + y) * width + x) * channels + c]!);
          }
        }
      }
      const mean = values.reduce((a, b) => a + b) / values.length;
      return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    };
    const pixels = tellingPixels(images, { query, count: 6 });
    assertEquals(new Set(pixels.map(String)).size, 6);
    for (const [i, [row, column]] of pixels.entries()) {
      const worth = (y: number, x: number) =>
        (detail(y, x) + 1e-9) *
        (i === 0 ? 1 : Math.min(...pixels.slice(0, i).map(([v, u]) => Math.hypot(v - y, u - x))));
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          assert(
            worth(row, column) >= worth(y, x) * (1 - 1e-9),
            `${i}: ${row} ${column} ${y} ${x}`,
          );
        }
      }
    }
  }
});

Deno.test("telling pixels: in a flat image they are far from each other", () => {
  const flat = imageBatch(new Float32Array(64), [1, 8, 8, 1]);
  assertEquals(tellingPixels(flat, { count: 2 }), [[0, 0], [7, 7]]);
  assertEquals(tellingPixels(flat, { count: 64 }).length, 64);
  assertThrows(() => tellingPixels(flat, { count: 65 }), RangeError, "Cannot choose 65 pixels");
  assertThrows(() => tellingPixels(flat, { query: 1 }), RangeError, "there are 1");
});
