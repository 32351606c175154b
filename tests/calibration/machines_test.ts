/** Every machine with a scale, posing as the network: calibration must find the scales that it used. */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { calibrate } from "../../src/calibration/calibrate.ts";
import { toScaleSchedule } from "../../src/calibration/calibration.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { agreementTable } from "../../src/evaluation/agreement_table.ts";
import { evaluateAgreement } from "../../src/evaluation/evaluate.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import type { SamplerName } from "../../src/samplers/samplers.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import { createSchedule, scheduleNames } from "../../src/schedules/create_schedule.ts";

const known = [3, 5, 5, 7]; // index 0: t = 1/4
const labels = [7, 1];
const data = await loadDataset("mnist", { images: 16, classes: [1, 7], size: 8 });

/** Every machine on every process, and one of them by every sampler. */
const cases: (readonly ["LS" | "ELS" | "ELS_wrapped" | "bbELS", string, SamplerName])[] = [
  ...(["LS", "ELS", "ELS_wrapped", "bbELS"] as const).flatMap((name) =>
    scheduleNames.map((scheduleName) => [name, scheduleName, "ddim"] as const)
  ),
  ...(["euler", "heun", "ddpm"] as const).map((sampler) => ["bbELS", "edm", sampler] as const),
];

const fast = wasmPosterior({ workers: 1 });
Deno.test.afterAll(() => fast.dispose());

for (const [name, scheduleName, sampler] of cases) {
  Deno.test(`calibrate: ${name} with known scales on ${scheduleName} by ${sampler} gives them back, and its schedule then agrees perfectly`, async () => {
    // The oracle on the first process, the kernel that users run on all others.
    const posterior = scheduleName === "cosine_legacy" ? referencePosterior() : fast;
    const schedule = createSchedule(scheduleName);
    const parts = { images: data.images, labels: data.labels, schedule, posterior };
    const network = createMachine(name, { ...parts, patchSize: known });
    const machine = createMachine(name, parts);
    const found = await calibrate(network, machine, {
      candidates: [3, 5, 7],
      sampler,
      steps: 4,
      samples: 2,
      seed: 1,
      labels,
    });
    assertEquals(found.chosen.map(({ patchSize }) => patchSize), known);

    const provenance = { toolkit: "t", runtime: "r", seed: 1, config: {} };
    const patchSize = toScaleSchedule(found, { machine: name, padding: "zeros", provenance });
    const result = await evaluateAgreement(network, [
      { name: "calibrated", denoiser: createMachine(name, { ...parts, patchSize }) },
      { name: "k = 3", denoiser: createMachine(name, { ...parts, patchSize: 3 }) },
    ], { sampler, steps: 4, samples: 2, seed: 9, labels });
    const of = (machine: string) =>
      agreementTable(result, { resamples: 10 })
        .filter((row) => row.machine === machine)
        .map(({ median }) => median!);
    // The same machine at the same scales: only the correlation's own rounding.
    assert(of("calibrated").every((median) => median > 1 - 1e-14));
    assert(of("k = 3").every((median) => median < 1 - 1e-6), "other scales make other images");
  });
}

Deno.test("calibrate: on another time grid known scales come back, with their own times, and agree there only", async () => {
  const schedule = createSchedule("cosine_legacy");
  const parts = { images: data.images, labels: data.labels, schedule, posterior: fast };
  const grid = "cubic";
  const times = timeGrid(grid, { steps: 4, schedule }).slice(0, 4).reverse();
  const provenance = { toolkit: "t", runtime: "r", seed: 1, config: {} };
  // The scales at the times of the grid: a schedule, since a list stands for uniform times.
  const steps = times.map((t, i) => ({
    step: i + 1,
    t,
    signal: schedule.signal(t),
    sigma: schedule.sigma(t),
    patchSize: known[i]!,
    perSample: [],
    similarity: [],
  }));
  const scales = {
    format: "els-scale-schedule",
    version: 1,
    imageShape: [8, 8, 1],
    machine: "bbELS",
    padding: "zeros",
    noiseSchedule: { name: schedule.name, parameters: schedule.parameters },
    metric: "cosine",
    aggregate: "median",
    candidates: [3, 5, 7],
    labels: null,
    timeGrid: grid,
    steps,
    provenance,
  } as const;
  const network = createMachine("bbELS", { ...parts, patchSize: scales });
  const found = await calibrate(network, createMachine("bbELS", parts), {
    candidates: [3, 5, 7],
    grid,
    steps: 4,
    samples: 2,
    seed: 1,
    labels,
  });
  assertEquals(
    found.chosen.map(({ t, patchSize }) => [t, patchSize]),
    times.map((t, i) => [t, known[i]]),
  );
  const exported = toScaleSchedule(found, { machine: "bbELS", padding: "zeros", provenance });
  assertEquals(exported.timeGrid, grid);

  const again = [{
    name: "again",
    denoiser: createMachine("bbELS", { ...parts, patchSize: exported }),
  }];
  const options = { steps: 4, samples: 2, seed: 9, labels };
  const result = await evaluateAgreement(network, again, { ...options, grid });
  assertEquals(result.grid, grid);
  for (const { median } of agreementTable(result, { resamples: 10 })) {
    assertAlmostEquals(median!, 1, 1e-14); // the correlation's own rounding
  }
  await assertRejects(
    () => evaluateAgreement(network, again, options),
    RangeError,
    "Cannot choose a scale at t = 0.75",
  );
});
