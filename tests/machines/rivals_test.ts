/** The machines that others proposed, beside numbers of an independent implementation in float64. */
import { assertEquals, assertLess } from "@std/assert";
import type { ImageBatch } from "../../src/core/image_batch.ts";
import { createMachine, type CreateMachineOptions } from "../../src/machines/create_machine.ts";
import type { FilteredMachineDefinition } from "../../src/machines/filters.ts";
import { machineDefinitions, type MachineName } from "../../src/machines/machine_table.ts";
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
  { name: "PCA_locality", key: "PCA_locality/row" },
  {
    name: "PCA_locality",
    key: "PCA_locality/column",
    options: { parameters: { maskOrientation: "column" } },
  },
  { name: "PSPC_square", key: "PSPC_square/k3", options: { patchSize: 3 } },
  { name: "PSPC_square", key: "PSPC_square/k7", options: { patchSize: 7 } },
  { name: "PSPC_square", key: "PSPC_square/k15", options: { patchSize: 15 } },
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

  Deno.test(`rivals: the ideal score with given noise is the smoothed golden image of ${set}`, async () => {
    const { images, batch } = await readGolden(set);
    const rivals = await readRivals(set);
    for (const time of rivals.times) {
      const { data, shape: [count, ...shape] } = rivals.batch(`t${time}/SCFDM/noise`);
      const n = data.length / count;
      assertEquals(shape, images.shape.slice(1));
      const definition: FilteredMachineDefinition = {
        ...machineDefinitions.SCFDM,
        name: "golden noise",
        perturbations: () =>
          Array.from(
            { length: count },
            (_, m) => Float64Array.from(data.subarray(m * n, (m + 1) * n), (value) => 0.5 * value),
          ),
      };
      const machine = createMachine(definition, { images, schedule });
      const found = await machine.predict(batch(`t${time}/x`), Number(time));
      const error = largestDifference(found, rivals.batch(`t${time}/SCFDM/delta0.5`));
      // The same; there the noise is float32, as here.
      assertLess(error, 1e-5, `${set} at t = ${time}: ${error}`);
    }
  });
}
