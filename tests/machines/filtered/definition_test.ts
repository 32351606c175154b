/** What a definition by precision, response and source may say, and what is refused. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { concatBatches, sliceBatch } from "../../../src/core/image_batch.ts";
import { Random } from "../../../src/core/random.ts";
import { createMachine } from "../../../src/machines/create_machine.ts";
import type { FilteredMachineDefinition } from "../../../src/machines/filters.ts";
import { parseMachineParameters } from "../../../src/machines/machine_parameters.ts";
import { machineDefinitions, machineNames } from "../../../src/machines/machine_table.ts";
import { referencePosterior } from "../../../src/posterior/reference/reference_posterior.ts";
import { cosineLegacy } from "../../../src/schedules/cosine_legacy.ts";
import { gaussian, noisy } from "../../posterior/conformance.ts";
import { relativeError } from "../../posterior/golden.ts";

const schedule = cosineLegacy();
const random = new Random(1, "definitions");
// Without ties, whose order is a matter of rounding.
const images = gaussian(9, [7, 6, 2], random);
const x = noisy(sliceBatch(images, 0, 2), 0.4, random);

/** The k x k windows around each pixel, as far as they lie inside: the precision of LS. */
function windows(k: number, [height, width]: readonly number[]) {
  const start = [0], bounds: number[] = [], r = (k - 1) / 2;
  for (let p = 0; p < height! * width!; p++) {
    const row = Math.floor(p / width!), column = p % width!;
    for (let v = Math.max(0, row - r); v <= Math.min(height! - 1, row + r); v++) {
      bounds.push(
        v * width! + Math.max(0, column - r),
        v * width! + Math.min(width! - 1, column + r) + 1,
      );
    }
    start.push(bounds.length / 2);
  }
  return { start: Uint32Array.from(start), bounds: Uint32Array.from(bounds) };
}

const local: FilteredMachineDefinition = {
  name: "LS by filters",
  description: "windows around each pixel",
  precision: ({ patchSize, imageShape }) => ({
    kind: "sets",
    of: "pixels",
    ...windows(patchSize, imageShape),
  }),
  response: { kind: "pixels" },
  source: "images",
  largestScale: () => 13,
};

const ideal: FilteredMachineDefinition = {
  name: "IS by filters",
  description: "whole images",
  precision: { kind: "ones" },
  response: { kind: "ones" },
  source: "images",
};

Deno.test("definitions: LS and IS as precision, response and source are LS and IS", async () => {
  const posterior = referencePosterior();
  for (const [definition, name] of [[local, "LS"], [ideal, "IS"]] as const) {
    const mine = createMachine(definition, { images, schedule });
    const other = createMachine(name, { images, schedule, posterior });
    for (const t of [0.05, 0.5, 0.95]) {
      const [a, b] = [
        await mine.predictScales(x, t, { scales: [3, 7] }),
        await other.predictScales(x, t, { scales: [3, 7] }),
      ];
      a.forEach((batch, i) => {
        // Logits are float32 up to 32 nats.
        if (relativeError(batch.data, b[i]!.data) > 1e-6) throw new Error(`${name} ${t} ${i}`);
      });
      const [one, two] = [
        await mine.explain(x, t, { top: 3, patchSize: 3 }),
        await other.explain(x, t, { top: 3, patchSize: 3 }),
      ];
      for (const key of ["image", "row", "column"] as const) {
        // Candidates of less weight are not named.
        const expected = two[key].map((value, i) => two.weight[i]! < 1e-15 ? -1 : value);
        assertEquals(one[key], expected, key);
      }
      for (const key of ["weight", "entropy", "imageEntropy", "rest"] as const) {
        one[key].forEach((value, i) => {
          if (Math.abs(value - two[key][i]!) > 1e-9) throw new Error(`${key} ${i}: ${value}`);
        });
      }
    }
  }
});

Deno.test("definitions: sets of precision as response share what they all answer", async () => {
  const shared: FilteredMachineDefinition = { ...local, name: "shared", response: "precision" };
  const machine = createMachine(shared, { images, schedule, patchSize: 13 });
  // Windows that reach across the image from every pixel: every posterior is the ideal one.
  const expected = await createMachine(ideal, { images, schedule }).predict(x, 0.3);
  const found = await machine.predict(x, 0.3);
  if (relativeError(found.data, expected.data) > 1e-7) throw new Error("not the ideal");
});

Deno.test("definitions: flips are further images, of their image's class", async () => {
  const flip = (batch: typeof images) => {
    const data = batch.data.slice();
    for (let i = 0; i < data.length; i++) {
      const c = i % 2, column = Math.floor(i / 2) % 6;
      data[i] = batch.data[i - 2 * column + 2 * (5 - column) - c + c]!;
    }
    return { data, shape: batch.shape };
  };
  const both = concatBatches([images, flip(images)]);
  const labels = Array.from({ length: 9 }, (_, i) => i % 3);
  for (const name of machineNames) {
    const options = { schedule, patchSize: 3, posterior: referencePosterior() };
    const own = name === "PSPC_flex" ? { gradientMaps: [{ t: 0.4, map: [1] }] } : {};
    const found = await createMachine(name, {
      ...options,
      images,
      labels,
      parameters: { flips: true, ...own },
    }).predict(x, 0.4, { labels: 1 });
    const expected = await createMachine(name, {
      ...options,
      images: both,
      labels: [...labels, ...labels],
      parameters: own,
    }).predict(x, 0.4, { labels: 1 });
    assertEquals(found, expected, name);
  }
});

Deno.test("definitions: what cannot be is refused in one line", async () => {
  const make = (definition: Partial<FilteredMachineDefinition>) => () =>
    createMachine({ ...ideal, ...definition }, { images, schedule }).predict(x, 0.4);
  await assertRejects(
    make({ response: { kind: "pixels" } }),
    RangeError,
    "its precision has 1 posteriors, its response 42",
  );
  await assertRejects(
    make({
      precision: { kind: "ones" },
      response: {
        kind: "sets",
        of: "pixels",
        start: Uint32Array.of(0, 1),
        bounds: Uint32Array.of(0, 5),
      },
    }),
    RangeError,
    "Cannot answer pixel 5",
  );
  const parameters = (given: object) => () =>
    createMachine("Wiener", { images, schedule, parameters: given });
  assertThrows(parameters({ tau: 1 }), RangeError, "with tau: expected flips, rank, covariance");
  assertThrows(parameters({ rank: 0.5 }), RangeError, "rank is 0.5, expected an integer from 1");
  assertThrows(parameters({ covariance: "x" }), RangeError, "expected sample or population");
  assertThrows(() => createMachine({ ...ideal, name: "Wiener" }, { images, schedule }), RangeError);
  await assertRejects(
    () => createMachine(local, { images, schedule, patchSize: () => 15 }).predict(x, 0.4),
    RangeError,
    "Cannot use scale 15: for LS by filters and images of 7 x 6 a scale is odd, from 1 to 13",
  );
  await assertRejects(
    () => createMachine("Wiener", { images, schedule }).predict(x, 0),
    RangeError,
    "sigma is 0",
  );
});

Deno.test("parseMachineParameters: reads numbers, words and truth, and says what is wrong", () => {
  assertEquals(parseMachineParameters("TAU=0.02, maskOrientation=column,flips=false"), {
    tau: 0.02,
    maskOrientation: "column",
    flips: false,
  });
  for (
    const [text, message] of [
      ["colour=3", 'the parameter "colour=3": expected NAME=VALUE with one of flips, rank'],
      ["rank", "rank=: expected an integer from 1"],
      ["rank=1.5", "rank=1.5: expected an integer from 1"],
      ["tau=2", "tau=2: expected a number from 0 to 1"],
      ["flips=yes", "flips=yes: expected true or false"],
      ["noise=old", "noise=old: expected fresh or fixed"],
      ["gradientMaps=1", 'the parameter "gradientMaps=1"'],
    ] as const
  ) assertThrows(() => parseMachineParameters(text), RangeError, message);
});

Deno.test("definitions: growing a machine of filters to all images is what it predicts", async () => {
  const machine = createMachine(local, { images, schedule });
  const growing = machine.growScales(x, 0.5);
  assertEquals(growing.images, 9);
  const all = { queries: [0, 1], scales: [3, 5] };
  const few = await growing.grow({ ...all, images: 3 });
  const found = await growing.grow({ ...all, queries: [1], images: 9 });
  const expected = await machine.predictScales(sliceBatch(x, 1, 2), 0.5, { scales: [3, 5] });
  assertEquals(found, expected);
  assertEquals(few[0]!.shape, [2, 7, 6, 2]);
  await assertRejects(() => growing.grow({ ...all, images: 10 }), RangeError, "expected 1 to 9");
});

Deno.test("definitions: rows of the table that are no patches say precision, response and source", () => {
  for (const definition of Object.values(machineDefinitions)) {
    assertEquals("rule" in definition, !("precision" in definition));
  }
});
