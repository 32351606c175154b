import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import {
  concatBatches,
  type ImageBatch,
  imageBatch,
  sliceBatch,
} from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { predictAs } from "../../src/denoisers/convert.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import {
  candidateScales,
  createMachine,
  machineNames,
  parseMachineName,
  patchMachineNames,
  patchSizeAt,
  wasmPosterior,
} from "../../src/machines.ts";
import { machineForPadding } from "../../src/machines/machine_table.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { uniformTimeGrid } from "../../src/samplers/time_grid.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { blobs, gaussian, noisy } from "../posterior/conformance.ts";
import { readGolden, relativeError } from "../posterior/golden.ts";

const schedule = cosineLegacy();

Deno.test("machines: 20 DDIM steps of LS, ELS and bbELS end where the golden file does", async () => {
  await using posterior = wasmPosterior();
  for (const set of ["mnist", "cifar10"] as const) {
    const golden = await readGolden(set);
    const patchSize = golden.numbers("ddim/scales");
    for (const name of ["LS", "ELS", "bbELS"] as const) {
      const machine = createMachine(name, {
        images: golden.images,
        schedule,
        patchSize,
        posterior,
      });
      const sample = await ddim(machine, {
        xT: golden.batch("ddim/x_T"),
        times: uniformTimeGrid(20),
      });
      const error = relativeError(sample.data, golden.batch(`ddim/${name}`).data);
      // Twenty steps, each with the rounding of x0 to float32 divided by a small sigma at the end.
      assertLess(error, 1e-5, `${set} ${name}: ${error}`);
    }
  }
});

Deno.test("machines: a class restricts the candidates as in the golden file", async () => {
  await using posterior = wasmPosterior();
  for (const set of ["mnist", "cifar10"] as const) {
    const { images, labels, batch, metadata } = await readGolden(set);
    const label = Number(metadata["class_of_the_class_case"]);
    const machine = createMachine("bbELS", { images, labels, schedule, patchSize: 7, posterior });
    const x = batch("t0.5/x");
    const score = await predictAs(machine, "score", { x, t: 0.5, labels: label });
    // x0 is float32: 6e-8 of values up to 1, divided by sigma^2 = 0.5.
    assertLess(relativeError(score.data, batch("t0.5/bbELS/k7/class").data), 1e-5);
  }
});

Deno.test("machines: a batch of mixed classes is what each query gives alone", async () => {
  const random = new Random(1);
  const images = blobs(30, [9, 9, 1], random);
  const labels = Array.from({ length: 30 }, (_, i) => i % 3);
  await using posterior = wasmPosterior({ workers: 0 });
  const machine = createMachine("ELS", { images, labels, schedule, patchSize: 3, posterior });
  const x = noisy(sliceBatch(images, 0, 4), 0.4, random);
  const together = await machine.predict(x, 0.4, { labels: [2, 0, 2, 1] });
  for (const [i, label] of [2, 0, 2, 1].entries()) {
    const alone = await machine.predict(sliceBatch(x, i, i + 1), 0.4, { labels: label });
    // Same sums in another order of thresholds.
    assertLess(relativeError(sliceBatch(together, i, i + 1).data, alone.data), 1e-6);
  }
  await assertRejects(() => machine.predict(x, 0.4, { labels: 7 }), RangeError, "class 7");
  await assertRejects(() => machine.predict(x, 0.4, { labels: [1, 2] }), RangeError, "2 labels");
  const unlabeled = createMachine("ELS", { images, schedule, patchSize: 3, posterior });
  await assertRejects(() => unlabeled.predict(x, 0.4, { labels: 1 }), RangeError, "no labels");
});

Deno.test("machines: predictScales gives in one pass what predict gives scale by scale", async () => {
  const random = new Random(2);
  const images = blobs(12, [9, 9, 2], random);
  const x = noisy(sliceBatch(images, 0, 2), 0.3, random);
  await using posterior = wasmPosterior({ workers: 0 });
  for (const name of machineNames) {
    const scales = [3, 5, 7];
    const parameters = name === "PSPC_flex" ? { gradientMaps: [{ t: 0.3, map: [1] }] } : {};
    const machine = createMachine(name, { images, schedule, posterior, parameters });
    const fractions: number[] = [];
    const all = await machine.predictScales(x, 0.3, {
      scales,
      onProgress: (f) => fractions.push(f),
    });
    assertEquals(all.length, 3);
    assertEquals(fractions.at(-1), 1);
    for (const [i, patchSize] of scales.entries()) {
      const one = createMachine(name, { images, schedule, patchSize, posterior, parameters });
      // Row sums are made in another order when scales are alone.
      assertLess(
        relativeError((await one.predict(x, 0.3)).data, all[i]!.data),
        1e-6,
        `${name} ${patchSize}`,
      );
    }
  }
});

Deno.test("machines: exact cases", async () => {
  const random = new Random(3);
  await using posterior = wasmPosterior({ workers: 0 });
  const images = gaussian(6, [8, 8, 1], random);
  const x = gaussian(2, [8, 8, 1], random);
  const predict = (
    name: typeof machineNames[number],
    patchSize: number,
    of: ImageBatch = images,
  ) => createMachine(name, { images: of, schedule, patchSize, posterior }).predict(x, 0.6);
  const single = sliceBatch(images, 2, 3);
  for (const name of ["IS", "LS"] as const) {
    const expected = concatBatches([single, single]);
    // The mean of one value, rounded to float32.
    assertLess(relativeError((await predict(name, 3, single)).data, expected.data), 1e-6);
  }
  // k at least the image's size: only the same position is left, and every window sees the whole image.
  assertLess(
    relativeError((await predict("bbELS", 15)).data, (await predict("LS", 15)).data),
    1e-6,
  );
  // At k = 2 H - 1 LS compares whole images, as IS does.
  assertLess(relativeError((await predict("LS", 15)).data, (await predict("IS", 1)).data), 1e-6);
  for (const name of patchMachineNames) {
    const twice = await predict(name, 3, concatBatches([images, images]));
    assertLess(relativeError(twice.data, (await predict(name, 3)).data), 1e-6, name);
  }
});

Deno.test("scheduled: a scale belongs to its time, and other times are refused by name", () => {
  const list = [3, 5, 7, 9];
  assertEquals([0.25, 0.5, 0.75, 1].map((t) => patchSizeAt(list, t)), list);
  assertEquals(patchSizeAt(5, 0.123), 5);
  const error = assertThrows(() => patchSizeAt(list, 0.3), RangeError, "t = 0.3");
  assert(error.message.includes("0.25, 0.5, 0.75, 1"), error.message);
  assertThrows(() => patchSizeAt(list, 0), RangeError, "4 steps");
  const nearest = (t: number) => patchSizeAt(list, t, { between: "nearest" });
  assertEquals([0, 0.3, 0.45, 0.75, 0.99].map(nearest), [3, 3, 5, 7, 9]);
  const schedule20 = { steps: list.map((patchSize, i) => ({ t: (i + 1) / 4, patchSize })) };
  assertEquals(patchSizeAt(schedule20 as unknown as ScaleSchedule, 0.5 + 1e-9), 5);
});

Deno.test("scheduled: a schedule made for other noise levels is refused", () => {
  const images = gaussian(2, [8, 8, 1], new Random(1));
  const steps = [{
    step: 1,
    t: 1,
    signal: 0.1,
    sigma: 0.9,
    patchSize: 3,
    perSample: [],
    similarity: [],
  }];
  const patchSize = {
    steps,
    noiseSchedule: { name: "vp_linear", parameters: {} },
  } as unknown as ScaleSchedule;
  assertThrows(
    () =>
      createMachine("LS", {
        images,
        schedule,
        patchSize,
        posterior: wasmPosterior({ workers: 0 }),
      }),
    RangeError,
    "vp_linear with cosine_legacy",
  );
});

Deno.test("createMachine: what cannot work is refused when it is made", async () => {
  const images = gaussian(2, [8, 8, 1], new Random(1));
  const posterior = wasmPosterior({ workers: 0 });
  const make = (name: typeof machineNames[number], options: object) => () =>
    createMachine(name, { images, schedule, posterior, ...options });
  assertThrows(make("ELS", { patchSize: 4 }), RangeError, "scale 4");
  assertThrows(make("ELS", { patchSize: 9 }), RangeError, "from 1 to 7");
  assertThrows(make("bbELS", { patchSize: [3, 17] }), RangeError, "from 1 to 15");
  assertThrows(make("LS", { labels: [1] }), RangeError, "1 labels for 2 images");
  assertThrows(make("LS", { images: sliceBatch(images, 0, 0) }), RangeError, "no training images");
  const machine = make("LS", {})();
  await assertRejects(() => machine.predict(images, 0.5), RangeError, "patchSize");
  await assertRejects(
    () => machine.predictScales(images, 0, { scales: [3] }),
    RangeError,
    "sigma is 0",
  );
  const other = imageBatch(new Float32Array(50), [2, 5, 5, 1]);
  await assertRejects(
    () => machine.predictScales(other, 0.5, { scales: [3] }),
    RangeError,
    "5 x 5 x 1",
  );
  await posterior.dispose();
});

Deno.test("createMachine: ends the workers it made, and only those", async () => {
  const images = gaussian(3, [8, 8, 1], new Random(1));
  {
    await using own = createMachine("ELS", { images, schedule, patchSize: 3 });
    assertEquals((await own.predict(images, 0.5)).shape, [3, 8, 8, 1]);
  }
  await using posterior = wasmPosterior({ workers: 1 });
  {
    await using borrowing = createMachine("ELS", { images, schedule, patchSize: 3, posterior });
    await borrowing.predict(images, 0.5);
  }
  await createMachine("LS", { images, schedule, patchSize: 3, posterior }).predict(images, 0.5);
});

Deno.test("parseMachineName: takes any case, and lists the names otherwise", () => {
  assertEquals(["is", "BBELS", "els-Wrapped", " ELS "].map(parseMachineName), [
    "IS",
    "bbELS",
    "ELS_wrapped",
    "ELS",
  ]);
  assertThrows(() => parseMachineName("unet"), RangeError, "IS, ES, LS, ELS, ELS_wrapped, bbELS");
});

Deno.test("candidateScales: odd scales between two bounds", () => {
  const imageShape = [32, 32, 1] as const;
  assertEquals(candidateScales("bbELS", { imageShape, to: 9 }), [3, 5, 7, 9]);
  assertEquals(candidateScales("ELS", { imageShape }).at(-1), 31);
  assertEquals(candidateScales("ELS", { imageShape, from: 5, to: 5 }), [5]);
  assertEquals(candidateScales("IS", { imageShape }), [1]);
  assertThrows(() => candidateScales("ELS", { imageShape, to: 33 }), RangeError, "from 1 to 31");
  assertThrows(() => candidateScales("ELS", { imageShape, from: 4 }), RangeError, "scale 4");
  assertThrows(() => candidateScales("ELS", { imageShape, from: 9, to: 5 }), RangeError, "none");
});

Deno.test("candidateScales: they end at the first odd number from the receptive field, or at the image", () => {
  const last = (receptiveField: number, imageShape = [32, 32, 1] as const) =>
    candidateScales("ELS", { imageShape, receptiveField }).at(-1);
  assertEquals([17, 20, 40, Infinity].map((field) => last(field)), [17, 21, 31, 31]);
  assertEquals(last(9, [7, 32, 1] as unknown as readonly [32, 32, 1]), 7);
  const imageShape = [32, 32, 1] as const;
  assertEquals(candidateScales("LS", { imageShape, receptiveField: 17, to: 5 }), [3, 5]);
});

Deno.test("machineForPadding: borders are seen by zero padding only", () => {
  assertEquals([machineForPadding("zeros"), machineForPadding("circular")], ["bbELS", "ELS"]);
});
