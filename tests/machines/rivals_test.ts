/** The machines that others proposed, beside numbers of an independent implementation in float64. */
import { assertLess } from "@std/assert";
import type { ImageBatch } from "../../src/core/image_batch.ts";
import { createMachine, type CreateMachineOptions } from "../../src/machines/create_machine.ts";
import type { MachineName } from "../../src/machines/machine_table.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { readGolden, readRivals } from "../posterior/golden.ts";

const schedule = cosineLegacy();

/** Largest difference of two batches. */
function largestDifference(a: ImageBatch, b: ImageBatch): number {
  if (a.data.length !== b.data.length) return Infinity;
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
}

interface Case {
  readonly name: MachineName;
  /** In the golden file; the machine's own name when absent. */
  readonly key?: string;
  readonly options?: Partial<CreateMachineOptions>;
}

const cases: readonly Case[] = [
  { name: "Wiener" },
  { name: "Wiener_stationary" },
];

for (const set of ["mnist", "cifar10"] as const) {
  Deno.test(`rivals: all machines are within 1e-5 of the golden images of ${set}`, async () => {
    const { images, batch } = await readGolden(set);
    const rivals = await readRivals(set);
    for (const { name, key = name, options } of cases) {
      await using machine = createMachine(name, { images, schedule, ...options });
      for (const time of rivals.times) {
        const found = await machine.predict(batch(`t${time}/x`), Number(time));
        const error = largestDifference(found, rivals.batch(`t${time}/${key}`));
        // The golden images are float32, whose rounding is 6e-8; all arithmetic is float64.
        assertLess(error, 1e-5, `${set} ${key} at t = ${time}: ${error}`);
      }
    }
  });
}
