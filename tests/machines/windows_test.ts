import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { candidateWidths, windowOf } from "../../src/machines/windows.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { importScales } from "../../src/calibration/import_scales.ts";
import { createProvenance } from "../../src/runs/provenance.ts";

const imageShape = [8, 6, 1] as const;

Deno.test("candidateWidths: an octave has eight, the largest is the bound itself", () => {
  const widths = candidateWidths({ imageShape: [32, 32, 1], from: 4, to: 16 });
  assertEquals([widths.length, widths.at(-1), widths[8], widths[0]], [17, 16, 8, 4]);
  assert(widths.every((width, i) => i === 0 || width > widths[i - 1]!));
});

Deno.test("candidateWidths: they end at the receptive field, and at the smaller side of the images", () => {
  const last = (receptiveField: number) => candidateWidths({ imageShape, receptiveField }).at(-1);
  assertEquals([5, 17, Infinity].map(last), [5, 6, 6]);
  assertThrows(
    () => candidateWidths({ imageShape, from: 0.5 }),
    RangeError,
    "Cannot list widths from 0.5 to 6",
  );
});

const schedule = importScales([3.2, 5], {
  ...{ machine: "bbELS", window: "super", imageShape, padding: "zeros" },
  schedule: cosineLegacy(),
  provenance: createProvenance({ seed: 0, config: {} }),
});

Deno.test("windowOf: a shape by its name, a profile by the nearest step, none for the box", () => {
  assertEquals(windowOf(schedule), "super");
  const steps = schedule.steps.map((step, i) => ({ ...step, profile: [1, 0.5 + i / 4] }));
  const measured: ScaleSchedule = { ...schedule, window: "gradient", steps };
  const at = windowOf(measured);
  assert(typeof at === "function");
  assertEquals([0.5, 0.6, 1].map((t) => at(t)), [
    { shape: "gradient", profile: [1, 0.5] },
    { shape: "gradient", profile: [1, 0.5] },
    { shape: "gradient", profile: [1, 0.75] },
  ]);
  const { window: _, ...box } = schedule;
  assertEquals(windowOf({ ...box, version: 1 }), undefined);
});

Deno.test("importScales: widths need a window, and widths below 1 none can have", () => {
  const imported = (scales: number[], window?: "gaussian") => () =>
    importScales(scales, {
      ...{ machine: "bbELS", window, imageShape, padding: "zeros" as const },
      schedule: cosineLegacy(),
      provenance: createProvenance({ seed: 0, config: {} }),
    });
  assertEquals(imported([2.5, 4], "gaussian")().version, 2);
  assertThrows(imported([2.5, 4]), RangeError, "number 1 is 2.5, expected odd ones up to");
  assertThrows(imported([0.5], "gaussian"), RangeError, "0.5, expected widths from 1 up to");
});
