import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { imageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { convertPrediction, predictAs } from "../../src/denoisers/convert.ts";
import type { Denoiser, Prediction } from "../../src/denoisers/denoiser.ts";
import { labelPerSample } from "../../src/denoisers/labels.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const random = new Random(1);
const [signal, sigma] = [0.6, 0.8];
const x0 = imageBatch(random.normals(24), [2, 3, 2, 2]);
const eps = imageBatch(random.normals(24), [2, 3, 2, 2]);
const x = imageBatch(x0.data.map((v, i) => signal * v + sigma * eps.data[i]!), [2, 3, 2, 2]);
const score = imageBatch(eps.data.map((v) => -v / sigma), [2, 3, 2, 2]);
const v = imageBatch(eps.data.map((e, i) => signal * e - sigma * x0.data[i]!), [2, 3, 2, 2]);
const kinds: Record<Prediction, typeof x> = { x0, eps, score, v };

Deno.test("convertPrediction: every kind follows from every other", () => {
  for (const from of ["x0", "eps", "score", "v"] as const) {
    for (const to of ["x0", "eps", "score", "v"] as const) {
      const converted = convertPrediction(x, kinds[from], { from, to, signal, sigma });
      assertEquals(converted.shape, x.shape);
      // float32 rounding of x, magnified by 1 / signal and 1 / sigma
      converted.data.forEach((v, i) => assertAlmostEquals(v, kinds[to].data[i]!, 2e-6));
    }
  }
});

Deno.test("convertPrediction: v and back where signal^2 + sigma^2 is not 1, and where sigma is 0", () => {
  const level = { signal: 1, sigma: 30 };
  const noisy = imageBatch(x0.data.map((a, i) => a + 30 * eps.data[i]!), [2, 3, 2, 2]);
  const asV = convertPrediction(noisy, eps, { from: "eps", to: "v", ...level });
  asV.data.forEach((value, i) =>
    // float32 rounding of x, which is about 60
    assertAlmostEquals(value, eps.data[i]! - 30 * x0.data[i]!, 2e-3)
  );
  const back = convertPrediction(noisy, asV, { from: "v", to: "x0", ...level });
  back.data.forEach((value, i) => assertAlmostEquals(value, x0.data[i]!, 1e-4)); // the same / 30
  // Without noise x is the clean image, and v says the noise.
  const clean = convertPrediction(x0, eps, { from: "v", to: "x0", signal: 1, sigma: 0 });
  assertEquals(clean.data, x0.data);
});

Deno.test("convertPrediction: shapes that differ and divisions by zero are refused", () => {
  const convert = (from: Prediction, to: Prediction, level: { signal: number; sigma: number }) =>
    convertPrediction(x, kinds[from], { from, to, ...level });
  assertThrows(() => convert("eps", "score", { signal, sigma: 0 }), RangeError, "sigma is 0");
  assertThrows(() => convert("x0", "eps", { signal, sigma: NaN }), RangeError, "sigma is NaN");
  assertThrows(() => convert("eps", "x0", { signal: 0, sigma }), RangeError, "signal is 0");
  assertThrows(() => convert("eps", "v", { signal: 0, sigma }), RangeError, "signal is 0");
  assertThrows(() => convert("x0", "v", { signal, sigma: 0 }), RangeError, "sigma is 0");
  const short = imageBatch(new Float32Array(12), [1, 3, 2, 2]);
  assertThrows(
    () => convertPrediction(x, short, { from: "eps", to: "x0", signal, sigma }),
    RangeError,
    "shape [1,3,2,2] for images of shape [2,3,2,2]",
  );
});

Deno.test("predictAs: asks the denoiser with labels and converts at its own noise level", async () => {
  const schedule = createSchedule("cosine_legacy");
  const t = 0.4;
  const denoiser: Denoiser = {
    name: "fixed",
    prediction: "eps",
    imageShape: [3, 2, 2],
    schedule,
    predict: (_, time, options) => {
      assertEquals([time, options?.labels], [t, 7]);
      return Promise.resolve(eps);
    },
  };
  const values = await predictAs(denoiser, "score", { x, t, labels: 7 });
  // float32 rounding
  values.data.forEach((v, i) => assertAlmostEquals(v, -eps.data[i]! / schedule.sigma(t), 1e-6));
});

Deno.test("labelPerSample: one for all, one each, or none", () => {
  assertEquals(labelPerSample(undefined, 3), null);
  assertEquals(labelPerSample(4, 3), [4, 4, 4]);
  assertEquals(labelPerSample(Uint8Array.of(1, 0), 2), [1, 0]);
  assertThrows(() => labelPerSample([1, 2], 3), RangeError, "3 samples with 2 labels");
  for (const bad of [-1, 0.5, NaN]) {
    assertThrows(() => labelPerSample(bad, 1), RangeError, `${bad} as a class label`);
  }
});
