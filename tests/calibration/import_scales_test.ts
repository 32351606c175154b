import { assertEquals, assertThrows } from "@std/assert";
import { ArgumentError } from "../../src/core/errors.ts";
import { scaleList } from "../../src/calibration/scale_list.ts";
import {
  parseScaleSchedule,
  writeScaleSchedule,
} from "../../src/calibration/scale_schedule_json.ts";
import { importScales } from "../../src/calibration/import_scales.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

// The published scales of the MNIST ResNet with zero padding (arXiv 2412.20292 v2).
const published = [3, 3, 5, 5, 5, 7, 7, 7, 9, 9, 11, 11, 11, 11, 13, 15, 15, 15, 15, 15];
const context = {
  machine: "bbELS",
  imageShape: [32, 32, 1],
  padding: "zeros",
  schedule: cosineLegacy(),
  provenance: { toolkit: "test", runtime: "test", seed: 0, config: {} },
} as const;
const schedule = importScales(published, context);

Deno.test("imported scales: index i - 1 is t = i/n, with signal and sigma beside it", () => {
  assertEquals(scaleList(schedule), published);
  const step = schedule.steps[4]!;
  assertEquals([step.step, step.t, step.patchSize], [5, 0.25, 5]);
  assertEquals(step.sigma, cosineLegacy().sigma(0.25));
  assertEquals(schedule.candidates, [3, 5, 7, 9, 11, 13, 15]);
  assertEquals(parseScaleSchedule(writeScaleSchedule(schedule)), schedule);
});

Deno.test("imported scales: as the public sampler reads them, index i is t = i/n", () => {
  const steps = importScales(published, { ...context, indexing: "sampler" }).steps;
  // t = 0.05 takes index 1, t = 0.95 index 19; its sampler has no t = 1.
  assertEquals([0, 1, 18, 19].map((i) => steps[i]!.patchSize), [3, 5, 15, 15]);
});

Deno.test("imported scales: what the machine cannot use is refused", () => {
  const refused = (scales: number[], message: string, changes = {}) =>
    assertThrows(() => importScales(scales, { ...context, ...changes }), RangeError, message);
  refused([], "the list is empty");
  refused([3, 65], "number 2 is 65, expected odd ones up to 63");
  refused([3, 33], "number 2 is 33, expected odd ones up to 31", { machine: "ELS" });
  refused([4], "number 1 is 4");
  refused([3], "that machine has no scale", { machine: "IS" });
});

Deno.test("imported scales: a list for another grid gets its times, and says which", () => {
  const times = timeGrid("cubic", { steps: 4, schedule: context.schedule });
  const cubic = importScales([3, 5, 7, 9], { ...context, grid: { name: "cubic", times } });
  assertEquals(cubic.timeGrid, "cubic");
  assertEquals(cubic.steps.map(({ t }) => t), [1 - 0.75 ** 3, 1 - 0.5 ** 3, 1 - 0.25 ** 3, 1]);
  assertEquals(parseScaleSchedule(writeScaleSchedule(cubic)), cubic);
  assertThrows(
    () => importScales([3, 5], { ...context, grid: { name: "cubic", times } }),
    RangeError,
    "the grid has 5 times, expected 3 for a list of 2",
  );
});

Deno.test("import scales: times that do not descend, and shapes that are none, are named", () => {
  for (const times of [[1, 0.5, 0.5], [1, NaN, 0], [2, 1, 0], [1, 0.5, -0.1], [0, 0.5, 1]]) {
    assertThrows(
      () => importScales([3, 5], { ...context, grid: { name: "mine", times } }),
      ArgumentError,
      "expected times that descend from 1 to 0",
    );
  }
  const imageShape = [8, NaN, 1] as const;
  assertThrows(
    () => importScales([3], { ...context, imageShape }),
    ArgumentError,
    "images of [8, NaN, 1]",
  );
});
