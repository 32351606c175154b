import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ImageBatch, imageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { findAdapter } from "../../src/gpu/adapter.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { webgpuPosterior } from "../../src/posterior/webgpu/webgpu_posterior.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const schedule = createSchedule("cosine_legacy");
const random = new Random(5, "growing");
const images = imageBatch(random.normals(12 * 64), [12, 8, 8, 1]);
const labels = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
const x = imageBatch(random.normals(3 * 64), [3, 8, 8, 1]);
const posterior = wasmPosterior({ workers: 1 });
Deno.test.afterAll(() => posterior.dispose());

/** Sums in another order, rounded to float32: a few of its ulps. */
function assertNear(
  found: readonly ImageBatch[],
  expected: readonly ImageBatch[],
  tolerance = 2e-6,
): void {
  assertEquals(found.map(({ shape }) => shape), expected.map(({ shape }) => shape));
  found.forEach(({ data }, scale) =>
    data.forEach((value, i) => assert(Math.abs(value - expected[scale]!.data[i]!) <= tolerance))
  );
}

for (const name of ["bbELS", "LS", "ELS", "ELS_wrapped", "IS"] as const) {
  Deno.test(`growScales: ${name} by all images, added in three parts, predicts what it predicts at once`, async () => {
    const machine = createMachine(name, { images, schedule, posterior });
    const growing = machine.growScales(x, 0.5);
    assertEquals(growing.images, 12);
    const all = { queries: [0, 1, 2], scales: [3, 5] };
    const few = await growing.grow({ ...all, images: 3 });
    await growing.grow({ ...all, images: 7 });
    const found = await growing.grow({ ...all, images: 12 });
    const expected = await machine.predictScales(x, 0.5, { scales: [3, 5] });
    assertNear(found, expected);
    assert(few[0]!.data.some((value, i) => Math.abs(value - expected[0]!.data[i]!) > 1e-3));
  });
}

const adapter = await findAdapter();
if (adapter === undefined) console.log("skipped: growScales on webgpu: no GPU adapter");

Deno.test({
  name: "growScales: on webgpu, parts of the images add up as well",
  ignore: adapter === undefined,
  async fn() {
    await using gpu = await webgpuPosterior();
    const machine = createMachine("bbELS", { images, labels, schedule, posterior: gpu });
    const of = [0, 1, 0];
    const growing = machine.growScales(x, 0.5, { labels: of });
    await growing.grow({ images: 2, queries: [0, 1, 2], scales: [3, 5] });
    const found = await growing.grow({ images: 4, queries: [0, 1, 2], scales: [5] });
    const expected = await machine.predictScales(x, 0.5, { scales: [5], labels: of });
    // The backend's own tolerance, twice.
    assertNear(found, expected, 2e-5);
  },
});

Deno.test("growScales: queries and scales can be left out on the way, classes keep their own images", async () => {
  const machine = createMachine("bbELS", { images, labels, schedule, posterior });
  const of = [1, 0, 1];
  const growing = machine.growScales(x, 0.5, { labels: of });
  assertEquals(growing.images, 4, "those of the smaller class");
  await growing.grow({ images: 2, queries: [0, 1, 2], scales: [3, 5, 7] });
  const found = await growing.grow({ images: 4, queries: [0, 1], scales: [5] });
  const expected = await machine.predictScales(x, 0.5, { scales: [5], labels: of });
  const some = { data: expected[0]!.data.subarray(0, 2 * 64), shape: [2, 8, 8, 1] as const };
  assertNear(found, [some]);
});

Deno.test("growScales: the same number of images again is an answer without work", async () => {
  const machine = createMachine("bbELS", { images, schedule, posterior });
  const growing = machine.growScales(x, 0.5);
  const request = { images: 5, queries: [0, 1, 2], scales: [3, 5] };
  assertEquals(await growing.grow(request), await growing.grow(request));
});

Deno.test("growScales: what was left out cannot come back, nor can there be more images than there are", async () => {
  const machine = createMachine("bbELS", { images, schedule, posterior });
  const growing = machine.growScales(x, 0.5);
  await growing.grow({ images: 4, queries: [0, 1], scales: [3] });
  for (
    const [request, message] of [
      [{ images: 6, queries: [0, 1], scales: [3, 5] }, "not all of them were asked for before"],
      [{ images: 6, queries: [0, 2], scales: [3] }, "not all of them were asked for before"],
      [{ images: 2, queries: [0], scales: [3] }, "from 4 to 2"],
      [{ images: 13, queries: [0], scales: [3] }, "to 13 training images: expected 1 to 12"],
      [{ images: 0, queries: [0], scales: [3] }, "expected 1 to 12"],
    ] as const
  ) await assertRejects(() => growing.grow(request), RangeError, message);
  await assertRejects(
    () => growing.grow({ images: 5, queries: [0], scales: [3], abort: AbortSignal.abort() }),
    DOMException,
  );
});

Deno.test("growScales: images of another size are refused", async () => {
  const machine = createMachine("bbELS", { images, schedule, posterior });
  const wide = imageBatch(new Float32Array(72), [1, 8, 9, 1]);
  await assertRejects(async () => await machine.growScales(wide, 0.5), RangeError, "8 x 9 x 1");
});
