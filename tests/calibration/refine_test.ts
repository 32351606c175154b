/** Refinement by final images, against machines that pose as the network. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { calibrate } from "../../src/calibration/calibrate.ts";
import { toScaleSchedule } from "../../src/calibration/calibration.ts";
import { refineScales } from "../../src/calibration/refine.ts";
import {
  applyRefinement,
  refinementCsv,
  type RefinementState,
} from "../../src/calibration/refinement.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { evaluateAgreement } from "../../src/evaluation/evaluate.ts";
import {
  parseScaleSchedule,
  writeScaleSchedule,
} from "../../src/calibration/scale_schedule_json.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const data = await loadDataset("mnist", { images: 16, classes: [1, 7], size: 8 });
const posterior = wasmPosterior({ workers: 1 });
Deno.test.afterAll(() => posterior.dispose());

const known = [3, 5, 5, 7]; // index 0: t = 1/4
const options = { candidates: [3, 5, 7], samples: 3, seed: 1, labels: [1, 7, 7], passes: 5 };

function machines({ name = "bbELS", schedule = "cosine_legacy" }: {
  name?: "LS" | "bbELS";
  schedule?: "cosine_legacy" | "edm";
} = {}) {
  const parts = {
    images: data.images,
    labels: data.labels,
    schedule: createSchedule(schedule),
    posterior,
  };
  return {
    network: createMachine(name, { ...parts, patchSize: known }),
    machine: createMachine(name, parts),
    at: (patchSize: number[]) => createMachine(name, { ...parts, patchSize }),
  };
}

for (
  const [sampler, schedule] of [["ddim", "cosine_legacy"], ["heun", "edm"], [
    "ddpm",
    "edm",
  ]] as const
) {
  Deno.test(`refineScales: by ${sampler} every kept move is an improvement, and each sample's value is what an evaluation finds`, async () => {
    const { network, machine, at } = machines({ schedule });
    const found = await refineScales(network, machine, {
      ...options,
      start: [3, 3, 3, 3],
      sampler,
    });
    assert(found.score > found.startScore, `${found.startScore} became ${found.score}`);
    let best = found.startScore;
    for (const { score, accepted } of found.trials) {
      assertEquals(accepted, score > best);
      best = Math.max(best, score);
    }
    assertEquals(best, found.score);
    // Only the rest of a trajectory is computed anew: the whole of it must give the same.
    const whole = await evaluateAgreement(network, [
      { name: "refined", denoiser: at([...found.scales]) },
    ], { sampler, steps: 4, samples: 3, seed: 1, labels: options.labels });
    const values = whole.samples.map(({ agreement }) => agreement["refined"]!.rSquared!);
    // Float32 images by the same kernel; batches may be tiled in another order.
    values.forEach((value, i) => assert(Math.abs(value - found.perSample[i]!) < 1e-6));
  });
}

Deno.test("refineScales: from one wrong scale the known scales come back, by either measure", async () => {
  const { network, machine } = machines();
  for (const measure of ["r^2", "R^2"] as const) {
    const found = await refineScales(network, machine, {
      ...options,
      measure,
      start: [3, 5, 3, 7],
    });
    assertEquals(found.scales, known);
    // The same computation as the network's.
    assert(found.score > 1 - 1e-12, `${found.score}`);
  }
});

Deno.test("refineScales: at the best schedule nothing moves, and one sweep is enough to know", async () => {
  const { network, machine } = machines({ name: "LS" });
  const found = await refineScales(network, machine, { ...options, start: known });
  assertEquals([found.scales, found.score], [known, found.startScore]);
  assert(found.trials.every(({ pass, accepted }) => pass === 1 && !accepted));
});

Deno.test("refineScales: resumed after any trial it ends the same, without the trials that are known", async () => {
  const { network, machine } = machines();
  const start = [3, 3, 3, 3];
  const states: RefinementState[] = [];
  const whole = await refineScales(network, machine, {
    ...options,
    start,
    onState: (state) => {
      states.push(structuredClone(state));
    },
  });
  for (const at of [0, Math.floor(states.length / 2), states.length - 1]) {
    let more = 0;
    const resumed = await refineScales(network, machine, {
      ...options,
      start,
      resume: states[at]!,
      onState: () => {
        more++;
      },
    });
    assertEquals(resumed, whole);
    assertEquals(more, states.length - 1 - at);
  }
  await assertRejects(
    () => refineScales(network, machine, { ...options, seed: 2, start, resume: states[0]! }),
    Error,
    "its seed is 1, this run has 2",
  );
  const damaged = { ...states[0]!, tried: [{ scales: start, perSample: [NaN] }] };
  await assertRejects(
    () => refineScales(network, machine, { ...options, start, resume: damaged }),
    Error,
    "list of trials",
  );
});

Deno.test("applyRefinement: the exported schedule has the scales, the table and the evidence", async () => {
  const { network, machine } = machines();
  const calibration = await calibrate(network, machine, { ...options, steps: 4, samples: 3 });
  const provenance = { toolkit: "t", runtime: "r", seed: 1, config: { samples: 3 } };
  const schedule = toScaleSchedule(calibration, { machine: "bbELS", padding: "zeros", provenance });
  const refinement = await refineScales(network, machine, { ...options, start: known });
  const refined = applyRefinement(schedule, { ...refinement, scales: [5, 5, 5, 7] });
  assertEquals(refined.steps.map(({ patchSize }) => patchSize), [5, 5, 5, 7]);
  const read = parseScaleSchedule(writeScaleSchedule(refined));
  assertEquals(read, refined);
  const { start, samples, trials } = read.refinement!;
  assertEquals([start, samples, trials], [known, 3, refinement.trials]);
  assertEquals(refinementCsv(refinement).split("\n").length, refinement.trials.length + 3);
  assertThrows(
    () => applyRefinement(refined, refinement),
    RangeError,
    "the refinement began from 3,5,5,7",
  );
});

Deno.test("refineScales: what cannot be refined is refused with a reason", async () => {
  const { network, machine } = machines();
  const start = [3, 3];
  for (
    const [wrong, message] of [
      [{ start: [9] }, "each of the candidates 3, 5, 7"],
      [{ start: [] }, "expected at least one"],
      [{ sampler: "churn" }, "asks between the steps"],
      [{ sampler: "ddpm", networkSteps: 3 }, "expected as many"],
      [{ passes: 0 }, "in 0 passes"],
    ] as const
  ) {
    await assertRejects(
      () => refineScales(network, machine, { ...options, start, ...wrong }),
      RangeError,
      message,
    );
  }
});
