import { assert, assertLess, assertThrows } from "@std/assert";
import { sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { boxSumsPosterior } from "../../src/posterior/box_sums/box_sums_posterior.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { blobs, gaussian, noisy, posteriorOf, worstError } from "./conformance.ts";

const schedule = cosineLegacy();
const noiseAt = (t: number) => ({ signal: schedule.signal(t), sigma: schedule.sigma(t) });

Deno.test("boxSumsPosterior: agrees with the reference on odd shapes, channels and noise levels", async () => {
  const random = new Random(3);
  // Sides that blocks of k rows fill, and that they do not; k as large as the image.
  const cases = [{ shape: [9, 7, 1], sizes: [1, 3, 7] }, {
    shape: [6, 8, 3],
    sizes: [3, 5],
  }] as const;
  for (const { shape, sizes } of cases) {
    for (const patchSize of sizes) {
      for (const t of [0.02, 0.3, 1]) {
        const images = blobs(4, shape, random);
        const query = noisy(sliceBatch(images, 1, 2), t, random);
        const each = { images, query, rule: "interior", scales: [patchSize], t } as const;
        const expected = await posteriorOf(referencePosterior(), each);
        const found = boxSumsPosterior(query, images, { patchSize, ...noiseAt(t), tolerance: 0 });
        // Both in float64, sums in another order: at t = 0.02 logits are some 1e4, so their rounding 1e-12.
        assertLess(worstError(found, expected, each), 1e-10, `${shape} k = ${patchSize} t = ${t}`);
      }
    }
  }
});

Deno.test("boxSumsPosterior: what is left out is something, and less than the tolerance of each sum", () => {
  const random = new Random(4);
  const images = gaussian(12, [8, 8, 1], random);
  const query = noisy(sliceBatch(images, 0, 1), 0.3, random);
  for (const tolerance of [1e-3, 1e-7]) {
    const options = { patchSize: 3, ...noiseAt(0.3) };
    const all = boxSumsPosterior(query, images, { ...options, tolerance: 0 });
    const some = boxSumsPosterior(query, images, { ...options, tolerance });
    const missing = Array.from(all.sum, (sum, p) => 1 - some.sum[p]! / sum);
    assert(missing.some((part) => part > 0), "nothing was left out");
    // The largest candidate is never left out, so both sums are relative to the same.
    assertLess(Math.max(...missing), tolerance);
  }
});

Deno.test("boxSumsPosterior: bad arguments are refused by name", () => {
  const images = gaussian(2, [5, 5, 1], new Random(5));
  const query = sliceBatch(images, 0, 1);
  const options = { patchSize: 3, signal: 1, sigma: 1 };
  assertThrows(
    () => boxSumsPosterior(query, images, { ...options, patchSize: 4 }),
    RangeError,
    "4",
  );
  assertThrows(
    () => boxSumsPosterior(images, images, options),
    RangeError,
    "Cannot take 2 queries",
  );
  const wide = gaussian(2, [5, 6, 1], new Random(6));
  assertThrows(() => boxSumsPosterior(query, wide, options), RangeError, "5 x 6");
});
