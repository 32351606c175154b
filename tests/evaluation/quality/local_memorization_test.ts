import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { imageBatch } from "../../../src/core/image_batch.ts";
import { bytesToImages } from "../../../src/datasets/labeled_bytes.ts";
import { syntheticTextures } from "../../../src/datasets/synthetic.ts";
import { localMemorization } from "../../../src/evaluation/quality/local_memorization.ts";
import { createMachine } from "../../../src/machines/create_machine.ts";
import { cosineLegacy } from "../../../src/schedules/cosine_legacy.ts";

Deno.test("local memorization: shares and regions of a mosaic made by hand", () => {
  // One image of 2 x 3: the left four pixels from image 5 at no shift, the right two from image 6.
  const image = Int32Array.of(5, 5, 6, 5, 5, 6);
  const found = localMemorization({
    shape: [1, 6, 1],
    xHat0: imageBatch(new Float32Array(6), [1, 2, 3, 1]),
    pixels: [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]],
    image,
    row: Int32Array.of(0, 0, 0, 1, 1, 1),
    column: Int32Array.of(0, 1, 2, 0, 1, 2),
    weight: Float64Array.of(0.9, 0.6, 0.5, 0.4, 0.51, 1),
  });
  assertAlmostEquals(found.copied, 4 / 6, 1e-12);
  // Pixels lie in regions of 4, 4, 4, 4, 2 and 2 pixels.
  assertEquals([found.regionPixels, found.sources, found.images], [4, 2, 1]);
  assertAlmostEquals(found.largestRegion, 4 / 6, 1e-12);
});

Deno.test("local memorization: a machine that looks farther copies larger pieces", async () => {
  const images = bytesToImages(syntheticTextures({ images: 6, size: 12 }));
  const schedule = cosineLegacy();
  const query = imageBatch(
    images.data.slice(0, 144).map((value, i) => value + 0.6 * Math.sin(7 * i)),
    [1, 12, 12, 1],
  );
  const at = async (patchSize: number) => {
    await using machine = createMachine("LS", { images, schedule, patchSize });
    return localMemorization(await machine.explain(query, 0.3, { top: 1 }));
  };
  const [near, far] = [await at(1), await at(23)];
  assertLess(near.largestRegion, far.largestRegion);
  assertLess(far.sources, near.sources);
});
