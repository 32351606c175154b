import { assert, assertEquals, assertRejects } from "@std/assert";
import { imageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { prepareImages } from "../../src/posterior/training_set.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";

const data = new Random(1).normals(4 * 16);
const images = imageBatch(data, [4, 4, 4, 1]);

Deno.test("training set: what is found out of images is computed once for each function", () => {
  const set = prepareImages(images);
  const calls: number[] = [];
  const count = ({ shape }: typeof images) => calls.push(shape[0]);
  const other = ({ shape }: typeof images) => shape[0] * 10;
  assertEquals([set.once(count), set.once(count), set.once(other)], [1, 1, 40]);
  assertEquals(calls, [4]);
});

Deno.test("training set: the same array has the same set, another shape or part has its own", () => {
  const set = prepareImages(images);
  assert(prepareImages(set) === set);
  assert(prepareImages({ ...images }) === set);
  const flat = prepareImages(imageBatch(data, [1, 16, 4, 1]));
  assert(flat !== set);
  assertEquals(flat.once(({ shape }) => shape[1]), 16);
  assert(prepareImages(sliceBatch(images, 0, 4)) !== set);
});

Deno.test("training set: a backend takes it as it takes the images, and looks at their values once", async () => {
  const request = { query: images, rule: "whole", scales: [1], signal: 0.8, sigma: 0.6 } as const;
  await using fast = wasmPosterior({ workers: 0 });
  for (const posterior of [referencePosterior(), fast]) {
    const [plain, prepared] = [posterior.begin(request), posterior.begin(request)];
    await plain.accumulate(images);
    await prepared.accumulate(prepareImages(images));
    assertEquals(await prepared.finish(), await plain.finish());
  }
  const bad = imageBatch(Float32Array.of(...data.subarray(1), NaN), images.shape);
  // A set of bad images stays bad: the look at them failed, and is not taken for done.
  for (let attempt = 0; attempt < 2; attempt++) {
    await assertRejects(
      () => fast.begin(request).accumulate(prepareImages(bad)),
      RangeError,
      "value 63 of the training images is NaN",
    );
  }
});
