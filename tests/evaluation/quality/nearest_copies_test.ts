import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { type ImageBatch, imageBatch, sliceBatch } from "../../../src/core/image_batch.ts";
import { Random } from "../../../src/core/random.ts";
import { nearestCopies } from "../../../src/evaluation/quality/nearest_copies.ts";

const random = (count: number, seed: number) =>
  imageBatch(new Random(seed).normals(count * 6 * 7 * 2), [count, 6, 7, 2]);

/** The image moved, its border filled with the nearest pixels; by its definition, pixel by pixel. */
function moved(
  image: ImageBatch,
  { rows, columns, mirrored }: { rows: number; columns: number; mirrored: number },
): number[] {
  const clamp = (value: number, most: number) => Math.min(most, Math.max(0, value));
  return Array.from({ length: 84 }, (_, i) => {
    const [y, x, k] = [Math.floor(i / 14), Math.floor(i / 2) % 7, i % 2];
    const column = clamp(x - columns, 6);
    return image.data[(clamp(y - rows, 5) * 7 + (mirrored ? 6 - column : column)) * 2 + k]!;
  });
}

const distance = (a: number[], b: ArrayLike<number>) =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));

Deno.test("nearest copies: equal to looking at every image, shift and mirror", async () => {
  const [images, set] = [random(5, 1), random(30, 2)];
  for (const [shift, mirror] of [[0, false], [1, true], [2, false]] as const) {
    const found = await nearestCopies(images, set, { count: 3, shift, mirror });
    assertEquals(found.shape, [5, 3]);
    for (let query = 0; query < 5; query++) {
      const expected = Array.from({ length: 30 }, (_, member) => {
        let best = Infinity;
        for (const mirrored of mirror ? [0, 1] : [0]) {
          for (let rows = -shift; rows <= shift; rows++) {
            for (let columns = -shift; columns <= shift; columns++) {
              const copy = moved(sliceBatch(images, query, query + 1), { rows, columns, mirrored });
              best = Math.min(best, distance(copy, sliceBatch(set, member, member + 1).data));
            }
          }
        }
        return { member, best };
      }).sort((a, b) => a.best - b.best).slice(0, 3);
      expected.forEach(({ member, best }, i) => {
        const at = query * 3 + i;
        assertEquals(found.image[at], member);
        assertAlmostEquals(found.distance[at]!, best, 1e-6); // images are float32, sums are not
        const [rows, columns, mirrored] = [
          found.rows[at]!,
          found.columns[at]!,
          found.mirrored[at]!,
        ];
        const copy = moved(sliceBatch(images, query, query + 1), { rows, columns, mirrored });
        assertAlmostEquals(distance(copy, sliceBatch(set, member, member + 1).data), best, 1e-6);
      });
    }
  }
});

Deno.test("nearest copies: a moved training image is found, and how it was moved back", async () => {
  const set = random(20, 3);
  const copy = moved(sliceBatch(set, 7, 8), { rows: 0, columns: 0, mirrored: 1 });
  const found = await nearestCopies(imageBatch(Float32Array.from(copy), [1, 6, 7, 2]), set);
  assertEquals([found.image[0], found.distance[0], found.mirrored[0]], [7, 0, 1]);
  const plain = await nearestCopies(sliceBatch(set, 7, 8), set, { count: 1 });
  assertEquals([plain.image[0], plain.rows[0], plain.columns[0], plain.mirrored[0]], [7, 0, 0, 0]);
});

Deno.test("nearest copies: of equal images the first, and what does not fit is refused", async () => {
  const one = random(1, 4);
  const twins = imageBatch(Float32Array.of(...one.data, ...one.data), [2, 6, 7, 2]);
  assertEquals([...(await nearestCopies(one, twins)).image], [0, 1]);
  assertEquals((await nearestCopies(one, one, { count: 4 })).shape, [1, 1]);
  await assertRejects(() => nearestCopies(one, random(0, 1)), RangeError, "copies of 0 images");
  await assertRejects(() => nearestCopies(one, one, { shift: 6 }), RangeError, "0 to 5 pixels");
  const abort = AbortSignal.abort();
  await assertRejects(() => nearestCopies(one, twins, { abort }), DOMException);
});
