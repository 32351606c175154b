import { assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import {
  createMachine,
  explainedPatches,
  type MachineName,
  profileWidth,
  referencePosterior,
  type Window,
} from "../../src/machines.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { blobs, noisy } from "../posterior/conformance.ts";

const schedule = cosineLegacy();
const random = new Random(81);
const images = blobs(4, [8, 7, 1], random);
const x = noisy(sliceBatch(images, 0, 2), 0.4, random);
const posterior = referencePosterior();
const machineOf = (window: Parameters<typeof createMachine>[1]["window"], patchSize?: number) =>
  createMachine("bbELS", { images, schedule, posterior, window, patchSize });

Deno.test("machine windows: a width is predicted at as any scale is", async () => {
  const machine = machineOf("super", 4.3);
  const [narrow, own] = await machine.predictScales(x, 0.4, { scales: [2, 4.3] });
  assertEquals(own, await machine.predict(x, 0.4));
  assertEquals(machine.window, "super");
  // Grown by parts of the images it is the same.
  const growing = machine.growScales(x, 0.4);
  const ask = { queries: [0, 1], scales: [2, 4.3] };
  await growing.grow({ images: 2, ...ask });
  const grown = await growing.grow({ images: 4, ...ask });
  for (const [i, expected] of [narrow!, own!].entries()) {
    const away = grown[i]!.data.map((value, j) => Math.abs(value - expected.data[j]!));
    // Another order of the images, in float64.
    assertLess(Math.max(...away), 1e-6);
  }
});

Deno.test("machine windows: one by time, and one that was measured needs no scale", async () => {
  const profile = [4, 3, 1];
  const window = (t: number): Window => t < 0.5 ? { shape: "gradient", profile } : "gaussian";
  const own = profileWidth({ shape: "gradient", profile });
  const byTime = machineOf(window);
  const fixed = machineOf({ shape: "gradient", profile }, own);
  assertEquals(await byTime.predict(x, 0.4), await fixed.predict(x, 0.4));
  await assertRejects(() => byTime.predict(x, 0.6), RangeError, "it has no scale");
  const bells = machineOf("gaussian", 3.5);
  const [late] = await byTime.predictScales(x, 0.6, { scales: [3.5] });
  assertEquals(late, await bells.predict(x, 0.6));
});

Deno.test("machine windows: what was named in an explanation makes the prediction", async () => {
  const machine = machineOf("trapezoid", 3.4);
  const explanation = await machine.explain(x, 0.4, { top: 64 });
  assertEquals(explanation.patchSize, 3.4);
  const predicted = await machine.predict(x, 0.4);
  for (let pixel = 0; pixel < 56; pixel++) {
    const sum = explainedPatches(explanation, { pixel }).reduce(
      (sum, { image, row, column, weight }) =>
        sum + weight * images.data[(image * 8 + row) * 7 + column]!,
      0,
    );
    // Beside what the unnamed ones weigh, at most 2 each.
    const rest = 2 * explanation.rest[pixel]!;
    assertLess(Math.abs(sum - predicted.data[pixel]!), rest + 1e-5);
  }
});

Deno.test("machine windows: what cannot be used is refused in one line", async () => {
  const parts = { images, schedule, posterior };
  const make = (name: MachineName, window: unknown, patchSize?: number) => () =>
    createMachine(name, { ...parts, window: window as Window, patchSize });
  for (const name of ["IS", "Wiener", "PSPC_square"] as const) {
    assertThrows(make(name, "super"), RangeError, `Cannot make the machine ${name} with a window`);
  }
  assertThrows(make("LS", "round"), RangeError, 'Cannot use the window "round"');
  assertThrows(make("LS", "super", 0.5), RangeError, "window of width 0.5");
  assertThrows(make("ELS", "super", 7.5), RangeError, "from 1 to 7");
  const even = createMachine("LS", { ...parts, window: "super", patchSize: () => 0 });
  await assertRejects(() => even.predict(x, 0.4), RangeError, "expected a width of 1 or more");
  const none = createMachine("LS", { ...parts, patchSize: 5, window: () => "hat" as Window });
  await assertRejects(() => none.predict(x, 0.4), RangeError, 'Cannot use the window "hat"');
});
