/** Metrics, samplers and time grids of one's own in calibration, refinement and evaluation. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { calibrate } from "../../src/calibration/calibrate.ts";
import { toScaleSchedule } from "../../src/calibration/calibration.ts";
import { refineScales } from "../../src/calibration/refine.ts";
import { compareVectors, similarityNames } from "../../src/calibration/similarity.ts";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { imageBatch } from "../../src/core/image_batch.ts";
import type { Metric } from "../../src/core/metric.ts";
import { Random } from "../../src/core/random.ts";
import { convertPrediction } from "../../src/denoisers/convert.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import { agreementNames } from "../../src/evaluation/agreement.ts";
import { agreementTable, agreementText } from "../../src/evaluation/agreement_table.ts";
import { evaluateAgreement } from "../../src/evaluation/evaluate.ts";
import { heun } from "../../src/samplers/heun.ts";
import { runSampler, weightedSum } from "../../src/samplers/sampler.ts";
import type { SamplerDefinition } from "../../src/samplers/samplers.ts";
import { type TimeGrid, timeGrid } from "../../src/samplers/time_grid.ts";
import { plainLocalMachine } from "./plain_local_machine.ts";

const images = imageBatch(new Random(5).normals(6 * 64), [6, 8, 8, 1]);
const machine = plainLocalMachine(images, { labels: [0, 0, 0, 0, 0, 0] });
const { schedule, imageShape } = machine;

/** The machine at scale 5, as a network that predicts eps. */
const network: Denoiser = {
  name: "posing",
  prediction: "eps",
  imageShape,
  schedule,
  async predict(x, t) {
    const [xHat0] = await machine.predictScales(x, t, { scales: [5] });
    const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
    return convertPrediction(x, xHat0!, { from: "x0", to: "eps", signal, sigma });
  },
};

/** Largest difference of a value, lower is better. */
const worst: Metric = {
  name: "worst",
  better: "lower",
  of: (a, b) => Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!))),
};
/** DDIM again, written with `runSampler`. */
const mine: SamplerDefinition = {
  name: "mine",
  sample: (denoiser, options) =>
    runSampler(denoiser, async ({ x, t, tNext, predict }) => {
      const { xHat0, eps } = await predict(x, t);
      return weightedSum([schedule.signal(tNext), xHat0], [schedule.sigma(tNext), eps]);
    }, { ...options, name: "mine" }),
};
const squares: TimeGrid = { name: "squares", at: (u) => 1 - (1 - u) ** 2 };
const protocol = { steps: 3, samples: 2, seed: 4 };
const candidates = [3, 5, 7];

Deno.test("calibrate: by a metric, sampler and grid of one's own it finds the known scales, and says so", async () => {
  const found = await calibrate(network, machine, {
    ...{ ...protocol, candidates, metric: worst, sampler: mine, grid: squares },
  });
  assertEquals(found.chosen.map(({ patchSize }) => patchSize), [5, 5, 5]);
  assertEquals([found.metric, found.sampler, found.grid], ["worst", "mine", "squares"]);
  assertEquals(Object.keys(found.tables), [...similarityNames, "worst"]);
  const schedule = toScaleSchedule(found, {
    machine: machine.name,
    padding: "zeros",
    provenance: { toolkit: "t", runtime: "r", seed: 4, config: {} },
  });
  assertEquals([schedule.metric, schedule.timeGrid], ["worst", "squares"]);
  // The same numbers as under the names of this package, where the parts are the same.
  const named = await calibrate(network, machine, { ...protocol, candidates, grid: "quadratic" });
  assertEquals(named.tables.l2, found.tables.l2);
});

Deno.test("calibrate: a state without a metric of one's own is not resumed by it, one with it is", async () => {
  const { metric: _, ...state } = await calibrate(network, machine, { ...protocol, candidates });
  const again = { ...protocol, candidates, metric: worst };
  await assertRejects(
    () => calibrate(network, machine, { ...again, resume: state }),
    CheckpointMismatchError,
    'its table is "without worst", this run has "similarities by worst"',
  );
  const whole = await calibrate(network, machine, again);
  assertEquals(await calibrate(network, machine, { ...again, resume: whole }), whole);
});

Deno.test("refineScales: by a measure of one's own where lower is better every kept move lowers it", async () => {
  const found = await refineScales(network, machine, {
    ...{ ...protocol, start: [3, 7, 7], candidates, measure: worst, sampler: mine },
  });
  assert(found.score < found.startScore);
  for (const { accepted, score } of found.trials) assert(!accepted || score < found.startScore);
  assertEquals([found.measure, found.sampler], ["worst", "mine"]);
});

Deno.test("refineScales: a sampler of one's own that asks at both ends of a step gets what Heun gets", async () => {
  const options = { ...protocol, start: [3, 7, 7], candidates };
  const twin: SamplerDefinition = { name: "twin", sample: heun };
  const [a, b] = [
    await refineScales(network, machine, { ...options, sampler: "heun" }),
    await refineScales(network, machine, { ...options, sampler: twin }),
  ];
  assertEquals({ ...b, sampler: "heun" }, a);
});

Deno.test("evaluateAgreement: measures of one's own stand beside r, r^2 and R^2, in tables too", async () => {
  const result = await evaluateAgreement(
    network,
    [{ name: "same", denoiser: network }],
    { ...protocol, sampler: mine, grid: squares, measures: [worst] },
  );
  const { rSquared, worst: largest } = result.samples[0]!.agreement["same"]!;
  assertEquals([rSquared, largest], [1, 0]);
  assertEquals([result.sampler, result.grid], ["mine", "squares"]);
  const rows = agreementTable(result, { resamples: 10 });
  assertEquals(rows.map(({ measure }) => measure), [...agreementNames, "worst"]);
  const text = agreementText(rows, { network: "posing" });
  assert(/^machine .*R\^2 .* worst$/m.test(text), text);
  assert(text.includes("R^2 = 1 - SSres / SStot"));
});

Deno.test("metrics of one's own: a taken name and a value that is not finite are refused", () => {
  const broken = { ...worst, of: () => NaN };
  assertThrows(
    () => compareVectors([1], [2], { metrics: [broken] }),
    RangeError,
    "Cannot compare by worst: it gave NaN, expected a finite number, or null",
  );
});

Deno.test("calibrate: names that there are not, and names that are taken, are refused in one line", async () => {
  const options = { ...protocol, candidates };
  const cases = [
    [{ metric: "cos" as "cosine" }, 'similarity metric "cos": expected one of cosine, l2, mse'],
    [{ metric: { ...worst, name: "l2" } }, 'of your own named "l2": the name is taken'],
    [{ sampler: "dim" as "ddim" }, 'sampler "dim": expected one of ddim, euler, heun, ddpm, churn'],
    [{ grid: "even" as "cubic" }, 'time grid "even": expected one of uniform, quadratic'],
  ] as const;
  for (const [wrong, message] of cases) {
    await assertRejects(
      () => calibrate(network, machine, { ...options, ...wrong }),
      RangeError,
      message,
    );
  }
});

Deno.test("timeGrid: a grid of one's own must have n + 1 times from 1 to 0", () => {
  const bad: [TimeGrid, string][] = [
    [{ name: "half", at: (u) => u / 2 }, "the time grid half: for 2 steps it has 3 times from 0.5"],
    [{ name: "flat", at: () => 1 }, "expected strictly descending times"],
    [{ name: "short", times: () => [1, 0] }, "it has 2 times from 1 to 0, expected 3 from 1 to 0"],
  ];
  for (const [grid, message] of bad) {
    assertThrows(() => timeGrid(grid, { steps: 2, schedule }), RangeError, message);
  }
});

Deno.test("runSampler: a step that predicts nothing, or gives no images, is refused by name", async () => {
  const xT = imageBatch(new Float32Array(64), [1, 8, 8, 1]);
  const options = { name: "mine", xT, times: [1, 0] };
  await assertRejects(
    () => runSampler(network, ({ x }) => Promise.resolve(x), options),
    Error,
    "Cannot sample by mine: step 1 of 1 ended without a prediction; its rule must call predict",
  );
  await assertRejects(
    () => runSampler(network, () => Promise.resolve([1] as never), options),
    TypeError,
    "Cannot use the images that mine gives: found values in nothing",
  );
});
