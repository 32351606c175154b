import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { bytesToImages } from "../../src/datasets/labeled_bytes.ts";
import { syntheticTextures } from "../../src/datasets/synthetic.ts";
import type { ImageBatch } from "../../src/core/image_batch.ts";
import type { Denoiser, Prediction } from "../../src/denoisers/denoiser.ts";
import { denoisingErrors } from "../../src/evaluation/denoising_error.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

const images = bytesToImages(syntheticTextures({ images: 10, size: 8 }));
const schedule = cosineLegacy();
const times = [0.2, 0.7, 1];

/** A denoiser that says the same of every value. */
function constant(
  prediction: Prediction,
  answer: (x: number, t: number) => number,
  seen: ImageBatch[] = [],
): Denoiser {
  return {
    name: prediction,
    prediction,
    imageShape: [8, 8, 1],
    schedule,
    predict: (x, t) => {
      seen.push(x);
      return Promise.resolve({ data: x.data.map((value) => answer(value, t)), shape: x.shape });
    },
  };
}

Deno.test("denoisingErrors: whoever says gray is wrong by the images' mean square", async () => {
  const found = await denoisingErrors(constant("x0", () => 0), images, { times, seed: 1 });
  const square = images.data.reduce((sum, value) => sum + value * value, 0) / images.data.length;
  for (const [i, { t, signal, sigma, x0, eps }] of found.entries()) {
    assertEquals([t, signal, sigma], [times[i], schedule.signal(t), schedule.sigma(t)]);
    assertAlmostEquals(x0, square, 1e-6 * square); // sums of float32 values in double precision
    assertAlmostEquals(eps, x0 * (signal / sigma) ** 2, 1e-12);
  }
});

Deno.test("denoisingErrors: the same belief has the same error in whatever units it is told", async () => {
  // xHat0 = x / 2, told as x0, eps and v.
  const [s, n] = [(t: number) => schedule.signal(t), (t: number) => schedule.sigma(t)];
  const eps = (x: number, t: number) => (x - s(t) * x / 2) / n(t);
  const told = [
    constant("x0", (x) => x / 2),
    constant("eps", eps),
    constant("v", (x, t) => s(t) * eps(x, t) - n(t) * x / 2),
  ];
  const [first, ...others] = await Promise.all(
    told.map((denoiser) => denoisingErrors(denoiser, images, { times, seed: 5 })),
  );
  for (const other of others) {
    other.forEach(({ x0 }, i) => {
      // float32 eps at t = 1 counts 80 times in x0.
      assertAlmostEquals(x0, first![i]!.x0, 1e-4 * first![i]!.x0);
    });
  }
});

Deno.test("denoisingErrors: the noise is the same however images are cut into batches", async () => {
  const [whole, cut]: ImageBatch[][] = [[], []];
  const say = (seen: ImageBatch[]) => constant("x0", () => 0.1, seen);
  const options = { times: [0.5], seed: 2, labels: Array.from({ length: 10 }, (_, i) => i) };
  const one = await denoisingErrors(say(whole!), images, options);
  const progress: number[][] = [];
  const three = await denoisingErrors(say(cut!), images, {
    ...options,
    batch: 4,
    onProgress: (done, total) => progress.push([done, total]),
  });
  assertEquals(one, three);
  assertEquals(
    whole!.flatMap(({ data }) => [...data]),
    cut!.flatMap(({ data }) => [...data]),
  );
  assertEquals(cut!.map(({ shape }) => shape[0]), [4, 4, 2]);
  assertEquals(progress, [[4, 10], [8, 10], [10, 10]]);
});

Deno.test("denoisingErrors: no image and a time without noise are refused", async () => {
  const gray = constant("x0", () => 0);
  const none = { data: new Float32Array(0), shape: [0, 8, 8, 1] as const };
  await assertRejects(
    () => denoisingErrors(gray, none, { times, seed: 1 }),
    RangeError,
    "no image",
  );
  await assertRejects(
    () => denoisingErrors(gray, images, { times: [0], seed: 1 }),
    RangeError,
    "at t = 0: signal is 1, sigma 0",
  );
});
