import { assertEquals, assertThrows } from "@std/assert";
import { importScales } from "../../src/calibration/import_scales.ts";
import { scalesAtLevels } from "../../src/calibration/scales_at_levels.ts";
import { createProvenance } from "../../src/runs/provenance.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { noiseLevel } from "../../src/schedules/noise_level.ts";

const schedule = createSchedule("cosine_legacy");
const scales = [3, 5, 7, 9, 11, 13];
const source = importScales(scales, {
  ...{ machine: "bbELS", imageShape: [32, 32, 3], padding: "zeros", schedule },
  provenance: createProvenance({ seed: 0, config: {} }),
});
const levels = scales.map((_, i) => noiseLevel(schedule, (i + 1) / scales.length));

Deno.test("scalesAtLevels: a level takes the scale of the nearest one, in their ratio", () => {
  assertEquals(scalesAtLevels(source, levels), scales);
  const mean = Math.sqrt(levels[2]! * levels[3]!);
  assertEquals(scalesAtLevels(source, [mean * 0.99, mean * 1.01]), [7, 9]);
});

Deno.test("scalesAtLevels: beyond the calibrated range the ends go on", () => {
  assertEquals(scalesAtLevels(source, [1e-9, 1e9]), [3, 13]);
});

Deno.test("scalesAtLevels: a level that is none is refused", () => {
  for (const level of [0, -1, NaN]) {
    assertThrows(() => scalesAtLevels(source, [level]), RangeError, `noise level ${level}`);
  }
});
