import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { resizeImages } from "../../src/core/resize_images.ts";

const line = (values: readonly number[]) => ({
  data: Float32Array.from(values),
  shape: [1, 1, values.length, 1] as const,
});

Deno.test("resizeImages: corners aligned at the first pixel, as TensorFlow 1 did", () => {
  const { data, shape } = resizeImages(line([0, 3, 9]), { height: 1, width: 6, centers: "corner" });
  assertEquals(shape, [1, 1, 6, 1]);
  // Output i lies at i / 2; behind the last pixel it is repeated.
  assertEquals([...data], [0, 1.5, 3, 6, 9, 9]);
});

Deno.test("resizeImages: borders aligned, and colors and images kept apart", () => {
  assertEquals([...resizeImages(line([0, 4]), { height: 1, width: 4 }).data], [0, 1, 3, 4]);
  const images = {
    data: Float32Array.from({ length: 2 * 2 * 2 * 3 }, (_, i) => i % 3 + 10 * Math.floor(i / 12)),
    shape: [2, 2, 2, 3] as const,
  };
  const { data } = resizeImages(images, { height: 5, width: 3 });
  data.forEach((value, i) => {
    assertAlmostEquals(value, i % 3 + 10 * Math.floor(i / 45), 1e-6);
  });
  assertEquals(resizeImages(images, { height: 2, width: 2 }), images);
  assertThrows(() => resizeImages(images, { height: 0, width: 2 }), RangeError, "to 0 x 2");
});
