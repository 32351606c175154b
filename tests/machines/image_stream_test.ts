/** Machines whose training images are a stream predict what they predict of images that are held. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type ImageBatch, imageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { holdStream, imageStream, streamOf, streamPart } from "../../src/core/image_stream.ts";
import { Random } from "../../src/core/random.ts";
import { createMachine, type CreateMachineOptions } from "../../src/machines/create_machine.ts";
import type { PatchMachineName } from "../../src/machines/machine_table.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

const schedule = cosineLegacy();

function drawn(count: number, size = 6, channels = 1): ImageBatch {
  const values = new Random(3).normals(count * size * size * channels)
    .map((value) => Math.max(-1, Math.min(1, value / 2)));
  return imageBatch(Float32Array.from(values), [count, size, size, channels]);
}

/** Tiles of so many images of 6 x 6. */
const tilesOf = (images: number) => 4 * 36 * images;

Deno.test("image stream: machines predict the same bytes as of held images, by class and flipped", async () => {
  const images = drawn(23);
  const labels = Array.from({ length: 23 }, (_, i) => i % 3);
  const x = sliceBatch(drawn(25), 23, 25);
  const stream = streamOf(images, { labels, sha256: "drawn", tileBytes: tilesOf(5) });
  await using threads = wasmPosterior({ workers: 2 });
  for (const posterior of [threads, referencePosterior()]) {
    for (const name of ["IS", "LS", "ELS", "bbELS"] as const satisfies PatchMachineName[]) {
      const parts = { schedule, patchSize: 3, posterior };
      const held = createMachine(name, { ...parts, images, labels });
      const streamed = createMachine(name, { ...parts, images: stream });
      assertEquals(streamed.imageShape, [6, 6, 1]);
      for (const options of [{}, { labels: [2, 0] }]) {
        assertEquals(
          await streamed.predict(x, 0.4, options),
          await held.predict(x, 0.4, options),
          `${posterior.name} ${name}`,
        );
      }
    }
  }
  const flips = { schedule, patchSize: 3, posterior: threads, parameters: { flips: true } };
  assertEquals(
    await createMachine("LS", { ...flips, images: stream }).predict(x, 0.4),
    await createMachine("LS", { ...flips, images }).predict(x, 0.4),
  );
});

Deno.test("image stream: explanations name the same images, and progress ends at one", async () => {
  const images = drawn(11);
  const x = sliceBatch(drawn(12), 11, 12);
  await using posterior = wasmPosterior({ workers: 0 });
  const parts = { schedule, patchSize: 3, posterior };
  const stream = streamOf(images, { sha256: "drawn", tileBytes: tilesOf(4) });
  const told: number[] = [];
  const onProgress = (fraction: number) => void told.push(fraction);
  const streamed = await createMachine("LS", { ...parts, images: stream })
    .explain(x, 0.4, { top: 2, onProgress });
  const held = await createMachine("LS", { ...parts, images }).explain(x, 0.4, { top: 2 });
  assertEquals(streamed.image, held.image);
  assertEquals(streamed.xHat0, held.xHat0);
  assertEquals(told.at(-1), 1);
  assert(told.every((fraction, i) => i === 0 || fraction >= told[i - 1]!), told.join());
});

Deno.test("image stream: parts are read where they lie, again and again", async () => {
  const images = drawn(10);
  const asked: string[] = [];
  const stream = imageStream({
    ...{ shape: images.shape, sha256: "drawn", tileBytes: tilesOf(4) },
    read: (from, to) => {
      asked.push(`${from}-${to}`);
      return sliceBatch(images, from, to);
    },
  });
  const part = streamPart(stream, { from: 3, to: 9 });
  for (let pass = 0; pass < 2; pass++) {
    assertEquals(
      await holdStream(part),
      imageBatch(images.data.slice(3 * 36, 9 * 36), [6, 6, 6, 1]),
    );
  }
  // Tiles end at places of their own.
  assertEquals(asked, ["3-4", "4-8", "8-9", "3-4", "4-8", "8-9"]);
  const passing = imageStream({
    ...{ shape: images.shape, sha256: "drawn" },
    async *tiles() {
      yield await Promise.resolve(sliceBatch(images, 0, 7));
      yield sliceBatch(images, 7, 10);
    },
  });
  assertEquals(
    (await holdStream(streamPart(passing, { from: 5, to: 8 }))).data,
    images.data.slice(5 * 36, 8 * 36),
  );
});

Deno.test("image stream: one that ends too soon, gives too much or other images is refused", async () => {
  const images = drawn(4);
  const x = sliceBatch(images, 0, 1);
  await using posterior = wasmPosterior({ workers: 0 });
  const predict = async (stream: CreateMachineOptions["images"]) => {
    const machine = createMachine("LS", { images: stream, schedule, patchSize: 3, posterior });
    await machine.predict(x, 0.4);
  };
  const tiles = (count: number) =>
    async function* () {
      yield await Promise.resolve(sliceBatch(images, 0, count));
    };
  const of = (count: number) => ({ shape: [count, 6, 6, 1] as const, sha256: "drawn" });
  await assertRejects(
    () => predict(imageStream({ ...of(6), tiles: tiles(4) })),
    RangeError,
    "Cannot read a stream of 6 images: it ends after 4",
  );
  await assertRejects(
    () => predict(imageStream({ ...of(3), tiles: tiles(4) })),
    RangeError,
    "it gives more, 4 so far",
  );
  await assertRejects(
    () => predict(imageStream({ ...of(4), read: () => drawn(4, 5) })),
    RangeError,
    "a tile has images of 5 x 5 x 1",
  );
  await assertRejects(
    () => predict(imageStream({ ...of(9), read: () => images })),
    RangeError,
    "found 4, expected 9",
  );
  const failing = imageStream({
    ...{ ...of(8), tileBytes: tilesOf(4) },
    read: (from) => from === 0 ? images : Promise.reject(new Error("the disk is gone")),
  });
  await assertRejects(() => predict(failing), Error, "the disk is gone");
  const abort = AbortSignal.abort(new Error("stopped"));
  const machine = createMachine("LS", { images: failing, schedule, patchSize: 3, posterior });
  await assertRejects(() => machine.predict(x, 0.4, { abort }), Error, "stopped");
  assertThrows(
    () => createMachine("Wiener", { images: failing, schedule }),
    RangeError,
    "it needs all of them together",
  );
  assertThrows(() => machine.growScales(x, 0.4), RangeError, "they are a stream");
  assertThrows(() => imageStream({ ...of(0), tiles: tiles(4) }), RangeError, "positive integers");
});
