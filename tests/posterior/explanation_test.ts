import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { imageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import {
  createMachine,
  emptyExplanation,
  explainedPatches,
  logSumOf,
  mergeExplanations,
  patchMachineNames,
  referencePosterior,
  wasmPosterior,
} from "../../src/machines.ts";
import type { ExplanationState, PatchPosterior } from "../../src/machines.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { allRules, blobs, gaussian, noisy, posteriorOf } from "./conformance.ts";
import {
  assertExplainsAsReference,
  assertGoldenProvenance,
  assertSameExplanation,
} from "./explanation_cases.ts";

const schedule = cosineLegacy();
const long = Deno.env.get("ELS_LONG_TESTS") === "1";

for (const set of ["mnist", "cifar10"] as const) {
  Deno.test(`explanation: the reference names the golden candidates of ${set}`, async () => {
    // The reference takes seconds for each; all of them in the long tests.
    const times = long ? ["0.05", "0.25", "0.5", "0.75"] : ["0.25"];
    const scales = long ? [5, 9] : [9];
    await assertGoldenProvenance(referencePosterior(), { set, times, scales });
  });

  Deno.test(`explanation: wasm names the golden candidates of ${set}`, async () => {
    await using posterior = wasmPosterior();
    const times = ["0.05", "0.25", "0.5", "0.75"];
    await assertGoldenProvenance(posterior, { set, times, scales: [5, 9] });
  });
}

Deno.test("explanation: wasm explains all machines as the reference does", async () => {
  await using posterior = wasmPosterior({ workers: 2 });
  await assertExplainsAsReference(posterior);
});

Deno.test("explanation: wasm explains windows of weights as the reference does", async () => {
  await using posterior = wasmPosterior({ workers: 0 });
  const random = new Random(12);
  for (
    const [images, t] of [
      [gaussian(3, [7, 6, 3], random), 0.7],
      [blobs(4, [6, 8, 1], random), 0.1],
    ] as const
  ) {
    const x = noisy(sliceBatch(images, 0, 1), t, random);
    for (const name of ["LS", "ELS", "bbELS"] as const) {
      for (const window of ["super", "trapezoid"] as const) {
        const parts = { images, schedule, patchSize: 4.4, window };
        const of = (backend: PatchPosterior) =>
          createMachine(name, { ...parts, posterior: backend }).explain(x, t, { top: 4 });
        const what = `${name} ${window} t = ${t}`;
        const found = await of(posterior);
        assertSameExplanation(found, await of(referencePosterior()), what);
        assertEquals(found.patchSize, 4.4);
      }
    }
  }
});

Deno.test("explanation: a backend that cannot explain is explained by the reference", async () => {
  const { name, begin, dispose } = referencePosterior();
  await assertExplainsAsReference({ name, begin, dispose });
});

Deno.test("explanation: candidates sum up to the prediction when all are named", async () => {
  const random = new Random(2);
  const images = gaussian(3, [4, 4, 2], random);
  const x = noisy(sliceBatch(images, 0, 1), 0.6, random);
  for (const name of patchMachineNames) {
    await using machine = createMachine(name, { images, schedule, patchSize: 3 });
    const explanation = await machine.explain(x, 0.6, { top: 64 });
    const predicted = await machine.predict(x, 0.6);
    assertEquals(explanation.xHat0, predicted);
    for (let pixel = 0; pixel < 16; pixel++) {
      const sum = [0, 0];
      for (const { image, row, column, weight } of explainedPatches(explanation, { pixel })) {
        for (const c of [0, 1]) {
          sum[c]! += weight * images.data[((image * 4 + row) * 4 + column) * 2 + c]!;
        }
      }
      assertAlmostEquals(explanation.rest[pixel]!, 0, 1e-5, `${name} pixel ${pixel}`);
      // Weights are within 1e-5.
      for (const c of [0, 1]) assertAlmostEquals(sum[c]!, predicted.data[pixel * 2 + c]!, 1e-4);
    }
  }
});

Deno.test("explanation: parts merge in any order and grouping, on every backend", async () => {
  const random = new Random(3);
  const images = blobs(9, [8, 8, 1], random);
  const query = noisy(sliceBatch(images, 2, 4), 0.4, random);
  const level = { query, signal: schedule.signal(0.4), sigma: schedule.sigma(0.4) };
  await using wasm = wasmPosterior({ workers: 0 });
  for (const rule of allRules) {
    const scaled = rule !== "whole" && rule !== "shifts";
    const scale = scaled ? 3 : 1;
    const state = await posteriorOf(referencePosterior(), {
      images,
      query,
      rule,
      scales: [scale],
      t: 0.4,
    });
    const request = {
      ...level,
      rule,
      scale,
      logSum: logSumOf(state),
      pixels: Uint32Array.of(0, 27, 63),
      top: 6,
    };
    const of = async (backend: PatchPosterior, bounds: readonly (readonly [number, number])[]) => {
      const run = backend.explain!(request);
      for (const [from, to] of bounds) {
        await run.accumulate(sliceBatch(images, from, to), { first: from });
      }
      return await run.finish();
    };
    const whole = await of(referencePosterior(), [[0, 9]]);
    assertAlmostEquals(whole.mass[1]!, 1, 1e-9);
    for (const backend of [referencePosterior(), wasm]) {
      assertSameState(await of(backend, [[5, 9], [0, 2], [2, 5]]), whole);
      const [a, b, c] = [
        await of(backend, [[0, 3]]),
        await of(backend, [[3, 4]]),
        await of(backend, [[4, 9]]),
      ];
      assertSameState(mergeExplanations(c, mergeExplanations(b, a)), whole);
      assertSameState(mergeExplanations(mergeExplanations(a, c), b), whole);
    }
    assertEquals(mergeExplanations(whole, emptyExplanation(whole.shape)), whole);
  }
});

function assertSameState(found: ExplanationState, expected: ExplanationState): void {
  assertEquals([found.image, found.position], [expected.image, expected.position]);
  // Float32 weights, relative to a sum of float64; those of images are of three pixels together.
  assertNear(found.mass, expected.mass, 2e-5);
  assertNear(found.entropy, expected.entropy, 1e-4);
  assertNear(found.imageEntropy, expected.imageEntropy, 1e-4);
  assertNear(found.imageWeights[1]!, expected.imageWeights[1]!, 3e-5);
  assertNear(found.logWeight.map(Math.exp), expected.logWeight.map(Math.exp), 1e-9);
}

function assertNear(found: Float64Array, expected: Float64Array, bound: number): void {
  assertEquals(found.length, expected.length);
  found.forEach((value, i) => assertAlmostEquals(value, expected[i]!, bound));
}

Deno.test("explanation: equal patches come in the order of images, rows and columns", async () => {
  const images = imageBatch(new Float32Array(6 * 36).fill(-1), [6, 6, 6, 1]);
  const x = imageBatch(new Random(1).normals(36), [1, 6, 6, 1]);
  for (const posterior of [referencePosterior(), wasmPosterior({ workers: 0 })]) {
    const machine = createMachine("ELS", { images, schedule, patchSize: 3, posterior });
    const explanation = await machine.explain(x, 0.5, { pixels: [[2, 3]], top: 18 });
    assertEquals(
      explainedPatches(explanation).map(({ image, row, column }) => [image, row, column]),
      Array.from({ length: 18 }, (_, i) => [
        Math.floor(i / 16),
        1 + Math.floor(i % 16 / 4),
        1 + i % 4,
      ]),
    );
    // 6 images of 16 patches each, all alike.
    assertAlmostEquals(explanation.effectivePatches[0]!, 96, 1e-3);
    assertAlmostEquals(explanation.effectiveImages[0]!, 6, 1e-4);
    await posterior.dispose();
  }
});

Deno.test("explanation: what cannot be explained is refused in one line", async () => {
  const images = gaussian(2, [4, 4, 1], new Random(1));
  const machine = createMachine("ELS", {
    images,
    schedule,
    patchSize: 3,
    posterior: referencePosterior(),
  });
  for (
    const [options, message] of [
      [{ pixels: [[0, 4]] }, "Cannot explain pixel (0, 4)"],
      [{ top: 65 }, "Cannot keep 65 candidates"],
      [{ top: 1.5 }, "Cannot keep 1.5 candidates"],
      [{ patchSize: 4 }, "Cannot use scale 4"],
      [{ labels: 1 }, "have no labels"],
    ] as const
  ) {
    await assertRejects(() => machine.explain(images, 0.5, options), RangeError, message);
  }
  const explanation = await machine.explain(images, 0.5, { pixels: [[1, 1]] });
  assertThrows(() => explainedPatches(explanation, { pixel: 1 }), RangeError, "there are 1");
  assertThrows(() => explainedPatches(explanation, { query: 2 }), RangeError, "there are 2");
  assertThrows(
    () => mergeExplanations(emptyExplanation([1, 1, 1]), emptyExplanation([1, 2, 1])),
    RangeError,
    "Cannot merge",
  );
});

Deno.test("explanation: work stops when asked, and tells how far it is", async () => {
  const images = gaussian(40, [8, 8, 1], new Random(1));
  await using machine = createMachine("ELS", { images, schedule, patchSize: 3 });
  const x = sliceBatch(images, 0, 1);
  const fractions: number[] = [];
  await machine.explain(x, 0.5, { onProgress: (fraction) => fractions.push(fraction) });
  assertEquals(fractions.at(-1), 1);
  assertEquals(fractions, fractions.toSorted((a, b) => a - b));
  const abort = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => machine.explain(x, 0.5, { abort }), Error, "enough");
});
