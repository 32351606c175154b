import { assertEquals, assertThrows } from "@std/assert";
import { checkSchedule, type CheckScheduleOptions } from "../../src/calibration/check_schedule.ts";
import { importScales } from "../../src/calibration/import_scales.ts";
import { CheckpointMismatchError, messageOf } from "../../src/core/errors.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const noise = createSchedule("cosine_legacy");
const scales = importScales([3, 5, 9], {
  machine: "bbELS",
  imageShape: [32, 32, 1],
  padding: "zeros",
  schedule: noise,
  provenance: {
    toolkit: "test",
    runtime: "test",
    seed: 0,
    network: { name: "resnet", sha256: "ab", architecture: {} },
    config: { sampler: "heun" },
  },
});
const network = {
  imageShape: [32, 32, 1],
  padding: "zeros",
  schedule: noise,
  sha256: "ab",
} as const;
const protocol = { steps: 3, grid: "uniform", sampler: "heun" } as const;

const check = (
  { schedule = scales, ...changes }: {
    schedule?: ScaleSchedule;
    network?: Partial<CheckScheduleOptions["network"]>;
    protocol?: Partial<CheckScheduleOptions["protocol"]>;
  } = {},
) =>
  checkSchedule(schedule, {
    source: "a.json",
    network: { ...network, ...changes.network },
    protocol: { ...protocol, ...changes.protocol },
  });

Deno.test("checkSchedule: one that fits gives no warning", () => {
  assertEquals(check(), []);
});

Deno.test("checkSchedule: other weights and another sampler are warned of", () => {
  assertEquals(check({ network: { sha256: "cd" }, protocol: { sampler: "ddim" } }), [
    "a.json was calibrated against other weights (resnet)",
    "a.json was calibrated with heun, not ddim",
  ]);
  assertEquals(check({ network: { sha256: undefined } }), []);
  const { network: _, ...provenance } = scales.provenance;
  assertEquals(check({ schedule: { ...scales, provenance }, network: { sha256: "cd" } }), []);
});

Deno.test("checkSchedule: another shape, padding, process, number of steps or grid is refused", () => {
  const refused = (changes: Parameters<typeof check>[0], message: string) =>
    assertThrows(() => check(changes), CheckpointMismatchError, message);
  refused({ network: { imageShape: [28, 28, 1] } }, "for images 32 x 32 x 1, the network has 28");
  refused({ network: { padding: "circular" } }, "for padding zeros, the network has circular");
  refused(
    { network: { schedule: createSchedule("ve") } },
    "for noise schedule cosine_legacy, the network has ve sigmaMax=",
  );
  refused({ protocol: { steps: 20 } }, "has 3 steps, 20 were asked for; use `steps: 3` or calib");
  refused({ protocol: { grid: "cubic" } }, "are uniform, cubic ones were asked for");
  const times = timeGrid("cubic", { steps: 3, schedule: noise });
  const cubic = importScales([3, 5, 9], {
    ...network,
    ...{ machine: "bbELS", grid: { name: "cubic", times }, provenance: scales.provenance },
  });
  refused({ schedule: cubic }, "are cubic, uniform ones were asked for");
  assertEquals(check({ schedule: cubic, protocol: { grid: "cubic" } }), []);
});

Deno.test("checkSchedule: a noise level that is not the process's at that time is damage", () => {
  const steps = scales.steps.map((step, i) => i === 1 ? { ...step, sigma: 0.5 } : step);
  const error = assertThrows(
    () => check({ schedule: { ...scales, steps } }),
    CheckpointMismatchError,
    "a.json: at step 2, t = 0.6666666666666666, signal is",
  );
  // What to do is the same in every program.
  const shown = messageOf(error, { option: () => "?", fetch: () => "?" });
  assertEquals([shown, shown.endsWith("calibrate again")], [error.message, true]);
});
