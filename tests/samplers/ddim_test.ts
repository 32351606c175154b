import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { ImageBatch } from "../../src/core/image_batch.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import type { SamplerStep } from "../../src/samplers/sampler.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { uniformTimeGrid } from "../../src/samplers/time_grid.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { gaussian } from "./gaussian.ts";

const xT = initialNoise({ seed: 5, samples: 2, imageShape: [2, 2, 1] });

Deno.test("ddim: the kind of prediction changes nothing but rounding", async () => {
  const times = uniformTimeGrid(20);
  const [x0, eps, score, v] = await Promise.all(
    (["x0", "eps", "score", "v"] as const).map((kind) =>
      ddim(gaussian("cosine_legacy", kind), { xT, times })
    ),
  );
  for (let j = 0; j < xT.data.length; j++) {
    // float32 eps divided by signal(1) = 0.0125 loses two digits.
    assertAlmostEquals(eps!.data[j]!, x0!.data[j]!, 1e-5);
    assertAlmostEquals(score!.data[j]!, x0!.data[j]!, 1e-5);
    assertAlmostEquals(v!.data[j]!, x0!.data[j]!, 1e-5);
  }
});

Deno.test("ddim: the callback counts i = n..1, sees t and tNext, and is awaited", async () => {
  const seen: SamplerStep[] = [];
  let finished = 0;
  const before = xT.data.slice();
  const result = await ddim(gaussian("cosine_legacy"), {
    xT,
    times: uniformTimeGrid(4),
    onStep: async (step) => {
      assertEquals(seen.length, finished);
      seen.push(step);
      await Promise.resolve();
      finished++;
    },
  });
  assertEquals(seen.map(({ i, t, tNext }) => [i, t, tNext]), [
    [4, 1, 0.75],
    [3, 0.75, 0.5],
    [2, 0.5, 0.25],
    [1, 0.25, 0],
  ]);
  assertEquals(xT.data, before);
  assertEquals(seen[0]!.x.data, before);
  assertEquals(seen[1]!.x, seen[0]!.xNext);
  const { signal, sigma } = createSchedule("cosine_legacy");
  for (const { t, x, xHat0, eps } of seen) {
    x.data.forEach((value, j) =>
      // float32 rounding of eps and xHat0, which are of order 1
      assertAlmostEquals(signal(t) * xHat0.data[j]! + sigma(t) * eps.data[j]!, value, 1e-6)
    );
  }
  // At t = 0 there is no noise left: the result is the last expected clean image.
  assertEquals(result.data, seen[3]!.xHat0.data);
});

Deno.test("ddim: going on from an image half way gives the same end", async () => {
  const times = uniformTimeGrid(6);
  let half: ImageBatch | undefined;
  const whole = await ddim(gaussian("cosine"), {
    xT,
    times,
    onStep: ({ i, xNext }) => {
      if (i === 4) half = xNext;
    },
  });
  const rest = await ddim(gaussian("cosine"), { xT: half!, times: times.slice(3) });
  assertEquals(rest.data, whole.data);
});

Deno.test("ddim: labels and the abort signal reach the denoiser, and an abort stops it", async () => {
  const controller = new AbortController();
  const inner = gaussian("cosine_legacy");
  let calls = 0;
  const spy: Denoiser = {
    ...inner,
    predict: (x, t, options) => {
      assertEquals(options?.labels, [3, 4]);
      assertEquals(options?.abort, controller.signal);
      if (++calls === 2) controller.abort(new Error("enough"));
      return inner.predict(x, t);
    },
  };
  await assertRejects(
    () => ddim(spy, { xT, times: uniformTimeGrid(5), labels: [3, 4], abort: controller.signal }),
    Error,
    "enough",
  );
  assertEquals(calls, 2);
});

Deno.test("ddim: a prediction that is not finite names the step, the image and the denoiser", async () => {
  const inner = gaussian("cosine_legacy");
  const broken: Denoiser = {
    ...inner,
    predict: async (x, t) => {
      const values = await inner.predict(x, t);
      if (t === 0.5) values.data[5] = NaN;
      return values;
    },
  };
  await assertRejects(
    () => ddim(broken, { xT, times: uniformTimeGrid(4) }),
    Error,
    "DDIM step 2 of 4 (t = 0.5): gaussian predicts NaN in image 1",
  );
});

Deno.test("ddim: bad times and images of another size are refused", async () => {
  const run = (times: number[]) => ddim(gaussian("cosine_legacy"), { xT, times });
  await assertRejects(() => run([1]), RangeError, "at least two");
  await assertRejects(() => run([1, 0.5, 0.5]), RangeError, "strictly descending");
  await assertRejects(() => run([1, NaN]), RangeError, "times[1] is NaN");
  await assertRejects(() => run([1.5, 0]), RangeError, "times[0] is 1.5");
  const large = initialNoise({ seed: 1, samples: 1, imageShape: [3, 2, 1] });
  await assertRejects(
    () => ddim(gaussian("cosine_legacy"), { xT: large, times: [1, 0] }),
    RangeError,
    "images of 3 x 2 x 1, it takes 2 x 2 x 1",
  );
  assertThrows(() => uniformTimeGrid(0), RangeError, "0 steps");
  assertThrows(() => uniformTimeGrid(2.5), RangeError, "2.5 steps");
});

Deno.test("initialNoise: a sample does not depend on how many are asked for", () => {
  const imageShape = [4, 3, 2] as const;
  const all = initialNoise({ seed: 9, samples: 5, imageShape });
  const tail = initialNoise({ seed: 9, samples: 2, first: 3, imageShape });
  assertEquals(all.shape, [5, 4, 3, 2]);
  assertEquals(tail.data, all.data.slice(3 * 24));
  const other = initialNoise({ seed: 10, samples: 5, imageShape });
  assert(other.data.every((value, j) => value !== all.data[j]));
});

Deno.test("initialNoise: unit variance on every variance-preserving schedule", () => {
  const options = { seed: 3, samples: 40, imageShape: [16, 16, 1] } as const;
  const { data } = initialNoise(options);
  const sum = data.reduce((a, b) => a + b, 0) / data.length;
  const square = data.reduce((a, b) => a + b * b, 0) / data.length;
  // Four standard errors of 10,240 draws: 1 / sqrt(n) and sqrt(2 / n).
  assertAlmostEquals(sum, 0, 0.04);
  assertAlmostEquals(square, 1, 0.056);
  assertEquals(initialNoise({ ...options, schedule: createSchedule("vp_linear") }).data, data);
  const exploding = createSchedule("ve", { sigmaMax: 10 });
  // float32 rounding of one product
  assertAlmostEquals(
    initialNoise({ ...options, schedule: exploding }).data[7]! / data[7]!,
    10,
    1e-5,
  );
  assertThrows(() => initialNoise({ ...options, samples: 0 }), RangeError, "samples is 0");
  assertThrows(() => initialNoise({ ...options, first: -1 }), RangeError, "first is -1");
});
