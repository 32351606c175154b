import { assertEquals, assertThrows } from "@std/assert";
import { imageBatch } from "../../../src/core/image_batch.ts";
import { patchFeatures, pixelFeatures } from "../../../src/evaluation/quality/image_features.ts";
import { rowsOf } from "./sets.ts";

/** Two images of 4 x 5 pixels and 2 channels whose values say where they are. */
const images = imageBatch(
  Float32Array.from({ length: 2 * 4 * 5 * 2 }, (_, i) => i),
  [2, 4, 5, 2],
);

Deno.test("image features: pixels are the image itself", () => {
  const { data, shape } = pixelFeatures(images);
  assertEquals([shape, data], [[2, 40], images.data]);
});

Deno.test("image features: patches are squares from inside each image in turn, all places alike", () => {
  const places = new Set<number>();
  rowsOf(patchFeatures(images, { patchSize: 3, patches: 400 })).forEach((row, i) => {
    assertEquals(row.length, 18);
    const [image, first] = [i % 2, row[0]!];
    assertEquals(Math.floor(first / 40), image);
    const corner = (first - 40 * image) / 2;
    places.add(corner);
    // Rows of 3 pixels of 2 channels, the next row 10 values on.
    assertEquals(row, [0, 1, 2].flatMap((y) => [0, 1, 2, 3, 4, 5].map((v) => first + 10 * y + v)));
  });
  assertEquals([...places].sort((a, b) => a - b), [0, 1, 2, 5, 6, 7]);
});

Deno.test("image features: seeded, and patches that do not fit refused", () => {
  assertEquals(patchFeatures(images, { patchSize: 2 }), patchFeatures(images, { patchSize: 2 }));
  assertEquals(patchFeatures(images, { patchSize: 2 }).shape, [16, 8]);
  assertThrows(
    () => patchFeatures(images, { patchSize: 5 }),
    RangeError,
    "5 x 5 from images of 4 x 5",
  );
  assertThrows(() => patchFeatures(images, { patchSize: 2, patches: 0 }), RangeError, "0 patches");
});
