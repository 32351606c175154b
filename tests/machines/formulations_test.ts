/** Machines under the exploding processes, whose noise levels are outside those of VP. */
import { assert, assertAlmostEquals } from "@std/assert";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { addNoise } from "../../src/denoisers/add_noise.ts";
import { sliceBatch } from "../../src/core/image_batch.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import { patchMachineNames } from "../../src/machines/machine_table.ts";
import { samplers } from "../../src/samplers/samplers.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { karrasTimeGrid } from "../../src/samplers/time_grid.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const { images } = await loadDataset("mnist", { images: 6, size: 8 });
const fast = wasmPosterior({ workers: 1 });
Deno.test.afterAll(() => fast.dispose());

for (const scheduleName of ["ve", "edm"]) {
  Deno.test(`machines: the fast kernel equals the reference from sigmaMin to sigmaMax on ${scheduleName}`, async () => {
    const schedule = createSchedule(scheduleName);
    for (const name of patchMachineNames) {
      const parts = { images, schedule, patchSize: 5 };
      const oracle = createMachine(name, { ...parts, posterior: referencePosterior() });
      const machine = createMachine(name, { ...parts, posterior: fast });
      for (const t of [1e-9, 0.3, 0.7, 1]) {
        const x = addNoise(sliceBatch(images, 0, 1), { schedule, t, seed: 3 });
        const [a, b] = [await machine.predict(x, t), await oracle.predict(x, t)];
        // x is float32: at sigma = 100 its rounding moves distances by 1e-4 of their 1 / (2 sigma^2).
        a.data.forEach((value, i) =>
          assertAlmostEquals(value, b.data[i]!, 1e-4, `${name} at t = ${t}`)
        );
      }
    }
  });
}

Deno.test("machines: 18 Heun steps of the ideal score from EDM's noise end at training images", async () => {
  const schedule = createSchedule("edm");
  const machine = createMachine("IS", { images, schedule, posterior: fast });
  const xT = initialNoise({ seed: 1, samples: 4, imageShape: [8, 8, 1], schedule });
  const times = karrasTimeGrid(schedule, { steps: 18 });
  for (const name of ["ddim", "heun", "churn"] as const) {
    const x0 = await samplers[name].sample(machine, { xT, times, seed: 1 });
    for (let sample = 0; sample < 4; sample++) {
      const distances = Array.from({ length: 6 }, (_, n) => {
        let sum = 0;
        for (let p = 0; p < 64; p++) {
          sum += (x0.data[sample * 64 + p]! - images.data[n * 64 + p]!) ** 2;
        }
        return Math.sqrt(sum / 64);
      });
      assert(Math.min(...distances) < 1e-3, `${name}: ${Math.min(...distances)}`); // memorisation
    }
  }
});
