import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { importScales } from "../../src/calibration/import_scales.ts";
import { imageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { scheduledMachines } from "../../src/evaluation/scheduled_machines.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import type { MachineName } from "../../src/machines/machine_table.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const schedule = createSchedule("cosine_legacy");
const images = imageBatch(new Random(1).normals(5 * 64), [5, 8, 8, 1]);
const data = { images, labels: [0, 0, 1, 1, 1] };
const posterior = referencePosterior();
const scales = (machine: MachineName, list: number[]) =>
  importScales(list, {
    machine,
    imageShape: [8, 8, 1],
    padding: "zeros",
    schedule,
    provenance: { toolkit: "test", runtime: "test", seed: 0, config: {} },
  });
const schedules = [scales("bbELS", [3, 7]), scales("LS", [5, 5])];
const x = imageBatch(new Random(2).normals(64), [1, 8, 8, 1]);

Deno.test("scheduledMachines: each takes its own scales, else those of the first schedule", async () => {
  const names = ["bbELS", "LS", "ELS", "IS"] as const;
  const machines = scheduledMachines(names, { data, schedule, schedules, posterior });
  assertEquals(machines.map(({ name }) => name), [...names]);
  // At t = 1/2 the scales are 3 and 5; IS has none.
  for (const [i, patchSize] of [3, 5, 3, undefined].entries()) {
    const alone = createMachine(names[i]!, {
      ...data,
      schedule,
      posterior,
      ...patchSize !== undefined && { patchSize },
    });
    assertEquals(await machines[i]!.denoiser.predict(x, 0.5), await alone.predict(x, 0.5));
    const byClass = { labels: 1 };
    assertEquals(
      await machines[i]!.denoiser.predict(x, 0.5, byClass),
      await alone.predict(x, 0.5, byClass),
    );
  }
});

Deno.test("scheduledMachines: between the steps only a sampler that asks there gets the nearest scale", async () => {
  const one = (sampler?: "churn") =>
    scheduledMachines(["bbELS"], { data, schedule, schedules, posterior, sampler })[0]!.denoiser;
  await assertRejects(() => one().predict(x, 0.6), RangeError);
  assertEquals(
    await one("churn").predict(x, 0.6),
    await createMachine("bbELS", {
      ...data,
      schedule,
      posterior,
      patchSize: 3,
    }).predict(x, 0.6),
  );
});

Deno.test("scheduledMachines: a machine that needs scales is refused without a schedule", () => {
  const options = { data, schedule, schedules: [], posterior };
  assertEquals(scheduledMachines(["IS", "ES"], options).length, 2);
  assertThrows(
    () => scheduledMachines(["IS", "LS"], options),
    RangeError,
    "Cannot make LS: it needs scales; name a schedule with `schedules`",
  );
});
