import { assertEquals, assertThrows } from "@std/assert";
import { scaleListGrid } from "../../src/calibration/scale_list_grid.ts";
import { DataFormatError } from "../../src/core/errors.ts";
import { timeGrid, timeGridNames } from "../../src/samplers/time_grid.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const schedule = createSchedule("cosine_legacy");
const options = { steps: 5, schedule, source: "a.csv" };
/** Times as a list has them: ascending, without 0. */
const timesOf = (name: typeof timeGridNames[number], steps = 5) =>
  timeGrid(name, { steps, schedule }).toReversed().slice(1);

Deno.test("scaleListGrid: times tell every grid, also rounded ones", () => {
  for (const name of timeGridNames) {
    if (name === "leading") continue; // these are of discrete processes
    assertEquals(scaleListGrid(timesOf(name), options), name);
    assertEquals(scaleListGrid(timesOf(name), { ...options, grid: name }), name);
    const rounded = timesOf(name).map((t) => Number(t.toFixed(7)));
    assertEquals(scaleListGrid(rounded, options), name);
  }
});

Deno.test("scaleListGrid: leading times are told on their process", () => {
  const discrete = createSchedule("ddpm_discrete");
  const times = timeGrid("leading", { steps: 5, schedule: discrete }).toReversed().slice(1);
  assertEquals(scaleListGrid(times, { ...options, schedule: discrete }), "leading");
});

Deno.test("scaleListGrid: without times it is what is asked for, or uniform", () => {
  assertEquals(scaleListGrid(undefined, options), "uniform");
  assertEquals(scaleListGrid(undefined, { ...options, grid: "cubic" }), "cubic");
});

Deno.test("scaleListGrid: a list of one is on every grid that one step has", () => {
  const one = { ...options, steps: 1 };
  assertEquals(scaleListGrid([1], one), "uniform");
  assertEquals(scaleListGrid([1], { ...one, grid: "cubic" }), "cubic");
});

Deno.test("scaleListGrid: times of another grid, or of none, are refused", () => {
  assertThrows(
    () => scaleListGrid(timesOf("cubic"), { ...options, grid: "uniform" }),
    DataFormatError,
    "are cubic, uniform ones were asked for; use `grid: cubic`",
  );
  assertThrows(
    () => scaleListGrid([0.1, 0.2, 0.3, 0.4, 1], options),
    DataFormatError,
    "a.csv: the times t = 0.1, 0.2, 0.3, 0.4, 1 beside the scales are of no grid that is known",
  );
});
