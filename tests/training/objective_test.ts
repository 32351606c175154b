/** What raw networks learn under every formulation, and that the denoiser around them undoes it. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { imageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { convertPrediction } from "../../src/denoisers/convert.ts";
import {
  type NetworkPrediction,
  type Preconditioning,
  preconditioningFactors,
} from "../../src/denoisers/preconditioning.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { resnet } from "../../src/networks/architectures/resnet.ts";
import { createSchedule, scheduleNames } from "../../src/schedules/create_schedule.ts";
import { noiseLevel } from "../../src/schedules/noise_level.ts";
import { ExampleStream } from "../../src/training/examples.ts";
import { lossAndGradients } from "../../src/training/gradients.ts";
import { createGradientPool } from "../../src/training/gradient_pool.ts";
import { drawTimes, type NoiseSampling } from "../../src/training/noise_sampling.ts";
import { lossWeight, lossWeightings } from "../../src/training/objective.ts";
import { stableTarget } from "../../src/training/target.ts";

const network = resnet({
  kind: "resnet",
  imageShape: [4, 4, 2],
  width: 8,
  layers: 1,
  kernelSize: 3,
  padding: "zeros",
  classes: 0,
});
const random = new Random(2, "data");
const images = imageBatch(random.normals(6 * 32).map((value) => 0.5 * value), [6, 4, 4, 2]);
const examples = { images, batchSize: 6, seed: 4 };

const objectives: readonly [NetworkPrediction, Preconditioning][] = [
  ["eps", { kind: "none" }],
  ["x0", { kind: "none" }],
  ["v", { kind: "none" }],
  ["eps", { kind: "input", sigmaData: 0.5 }],
  ["v", { kind: "input", sigmaData: 0.7 }],
  ["x0", { kind: "edm", sigmaData: 0.5 }],
];

for (const scheduleName of scheduleNames) {
  const schedule = createSchedule(scheduleName);
  for (const [prediction, preconditioning] of objectives) {
    Deno.test(`objective: a network that says its target is right as a denoiser: ${prediction}, ${preconditioning.kind}, ${scheduleName}`, async () => {
      await startBackend("cpu");
      const formulation = { schedule, prediction, preconditioning };
      const noiseSampling = { kind: "lognormal", mean: 0, deviation: 2 } as const;
      const plain = await new ExampleStream({ ...examples, schedule, noiseSampling }).batch(1);
      const raw = await new ExampleStream({ ...examples, ...formulation, noiseSampling }).batch(1);
      for (let b = 0; b < 6; b++) {
        const part = (values: Float32Array) => values.slice(b * 32, (b + 1) * 32);
        const [t, x] = [plain.times[b]!, imageBatch(part(plain.x), [1, 4, 4, 2])];
        const seen: { x: Float32Array; times: number[] }[] = [];
        const denoiser = networkDenoiser({
          network: {
            ...network,
            forward: (_, { x, times }) => {
              seen.push({ x: x.dataSync() as Float32Array, times: Array.from(times) });
              return tf.tensor4d(part(raw.target), [1, 4, 4, 2]);
            },
          },
          parameters: new Float32Array(
            network.parameters.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b), 0),
          ),
          ...formulation,
          training: {},
        });
        const level = { signal: schedule.signal(t), sigma: schedule.sigma(t) };
        const found = convertPrediction(x, await denoiser.predict(x, t), {
          from: denoiser.prediction,
          to: "x0",
          ...level,
        });
        denoiser.dispose();
        const expected = convertPrediction(x, imageBatch(part(plain.target), [1, 4, 4, 2]), {
          from: "eps",
          to: "x0",
          ...level,
        });
        // float32 rounding of x and eps, seen through sigma / signal.
        const rounding = 1e-6 * (1 + noiseLevel(schedule, t));
        found.data.forEach((value, i) => assertAlmostEquals(value, expected.data[i]!, rounding));
        // Training and sampling show the network the same.
        assertEquals(seen, [{ x: part(raw.x), times: [raw.times[b]!] }]);
      }
    });
  }
}

Deno.test("preconditioning: EDM's factors are those of the paper's table 1, on every process after division by signal", () => {
  const sigmaData = 0.6;
  for (const scheduleName of scheduleNames) {
    const schedule = createSchedule(scheduleName);
    for (const t of [0.01, 0.4, 1]) {
      const [signal, sigma] = [schedule.signal(t), noiseLevel(schedule, t)];
      const { cSkip, cOut, cIn, cNoise } = preconditioningFactors(
        { kind: "edm", sigmaData },
        { schedule, t },
      );
      // Double precision; VP's signal and sigma are cosines and sines.
      const same = (a: number, b: number) => assertAlmostEquals(a / b, 1, 1e-10);
      same(cSkip * signal, sigmaData ** 2 / (sigma ** 2 + sigmaData ** 2));
      same(cOut, sigma * sigmaData / Math.sqrt(sigma ** 2 + sigmaData ** 2));
      same(cIn * signal, 1 / Math.sqrt(sigma ** 2 + sigmaData ** 2));
      assertAlmostEquals(cNoise, Math.log(sigma) / 4, 1e-12);
    }
  }
  const schedule = createSchedule("edm");
  assertThrows(
    () => preconditioningFactors({ kind: "edm", sigmaData }, { schedule, t: 0 }),
    RangeError,
    "no noise to remove",
  );
});

Deno.test("preconditioning: inputs and EDM's targets have unit variance at every noise level", async () => {
  const schedule = createSchedule("edm");
  const many = imageBatch(random.normals(512 * 32).map((value) => 0.5 * value), [512, 4, 4, 2]);
  const variance = (values: Float32Array) =>
    values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  for (const mean of [Math.log(0.01), 0, Math.log(50)]) {
    const noiseSampling = { kind: "lognormal", mean, deviation: 0.01 } as const;
    const source = { images: many, batchSize: 512, seed: 1, schedule, noiseSampling };
    const edm = { kind: "edm", sigmaData: 0.5 } as const;
    const batch = await new ExampleStream({
      ...source,
      prediction: "x0",
      preconditioning: edm,
    }).batch(1);
    // Four standard errors of 16,384 draws: sqrt(2 / n).
    assertAlmostEquals(variance(batch.x), 1, 0.045);
    assertAlmostEquals(variance(batch.target), 1, 0.045);
    const input = { ...source, preconditioning: { ...edm, kind: "input" } as const };
    assertAlmostEquals(variance((await new ExampleStream(input).batch(1)).x), 1, 0.045);
  }
  assertThrows(
    () =>
      new ExampleStream({ ...examples, schedule, preconditioning: { kind: "edm", sigmaData: 1 } }),
    RangeError,
    "it predicts x0",
  );
  assertThrows(
    () =>
      new ExampleStream({
        ...examples,
        schedule,
        preconditioning: { kind: "input", sigmaData: 0 },
      }),
    RangeError,
    "sigmaData is 0",
  );
});

Deno.test("loss weights: an error of the raw network counts what it is in the weighting's own units", () => {
  const sigmaData = 0.5;
  for (const scheduleName of scheduleNames) {
    const schedule = createSchedule(scheduleName);
    for (const t of [0.02, 0.5, 0.9]) {
      const level = { signal: schedule.signal(t), sigma: schedule.sigma(t) };
      const snr = (level.signal / level.sigma) ** 2;
      for (const [prediction, preconditioning] of objectives) {
        // What an error of 1 of the raw network makes of x0: predictions are linear in it.
        const { cOut } = preconditioningFactors(preconditioning, { schedule, t });
        const x = imageBatch(new Float32Array(1), [1, 1, 1, 1]);
        const unit = imageBatch(Float32Array.of(1), [1, 1, 1, 1]);
        const error = cOut *
          convertPrediction(x, unit, { from: prediction, to: "x0", ...level }).data[0]!;
        const asV = convertPrediction(x, imageBatch(Float32Array.of(error), [1, 1, 1, 1]), {
          from: "x0",
          to: "v",
          ...level,
        }).data[0]!;
        const expected = {
          unit: 1,
          noise: snr * error ** 2,
          x0: error ** 2,
          v: asV ** 2,
          edm: (1 / snr + sigmaData ** 2) / (sigmaData ** 2 / snr) * error ** 2,
          truncated_snr: Math.max(snr, 1) * error ** 2,
          min_snr: Math.min(snr, 5) * error ** 2,
        };
        for (const weighting of lossWeightings) {
          const found = lossWeight(weighting, {
            t,
            schedule,
            prediction,
            preconditioning,
            sigmaData,
          });
          // float32 of the conversions
          assertAlmostEquals(found / expected[weighting], 1, 1e-6, `${weighting} ${prediction}`);
        }
      }
      const own = { kind: "edm", sigmaData: 0.7 } as const;
      const options = { t, schedule, prediction: "x0", preconditioning: own } as const;
      // EDM's lambda is made so that the raw network's errors count equally (Karras et al., section 5).
      assertAlmostEquals(lossWeight("edm", options), 1, 1e-12);
      assertAlmostEquals(lossWeight("noise", { t, schedule }), 1, 1e-12);
    }
  }
});

Deno.test("loss weights: they enter the loss and its gradient, shard by shard", async () => {
  await startBackend("wasm");
  const schedule = createSchedule("cosine_legacy");
  const parameters = new Random(3).normals(
    network.parameters.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b), 0),
  );
  const batch = await new ExampleStream({ ...examples, schedule }).batch(1);
  const weights = [0, 2, 0.5, 1, 3, 0.25];
  const whole = await lossAndGradients(network, parameters, { ...batch, weights });
  let loss = 0;
  const gradients = new Float64Array(parameters.length);
  for (const [b, weight] of weights.entries()) {
    const one = await lossAndGradients(network, parameters, {
      x: batch.x.slice(b * 32, (b + 1) * 32),
      target: batch.target.slice(b * 32, (b + 1) * 32),
      shape: [1, 4, 4, 2],
      times: [batch.times[b]!],
    });
    loss += weight * one.loss / 6;
    one.gradients.forEach((value, i) => gradients[i]! += weight * value / 6);
  }
  // float32 sums in another order
  assertAlmostEquals(whole.loss / loss, 1, 1e-5);
  const norm = Math.hypot(...gradients);
  const distance = Math.hypot(...gradients.map((value, i) => value - whole.gradients[i]!));
  assert(distance < 1e-5 * norm, `gradients differ by ${distance} of ${norm}`);
  const pool = await createGradientPool(network, { backend: "wasm", shards: 3, workers: 1 });
  const sharded = await pool.compute(parameters, { ...batch, weights });
  pool.dispose();
  assertAlmostEquals(sharded.loss / loss, 1, 1e-5);
});

Deno.test("examples: a stable target is put in terms of what the network predicts", async () => {
  const schedule = createSchedule("edm");
  const target = stableTarget({ images, schedule, posterior: referencePosterior() });
  const noiseSampling = { kind: "lognormal" } as const;
  const stream = (more: object) =>
    new ExampleStream({ ...examples, schedule, target, noiseSampling, ...more }).batch(1);
  const eps = await stream({});
  const x0 = await stream({ prediction: "x0" });
  const v = await stream({ prediction: "v" });
  for (let i = 0; i < eps.x.length; i++) {
    const t = eps.times[Math.floor(i / 32)]!;
    const sigma = schedule.sigma(t);
    // float32 rounding of x, which is about sigma, over sigma
    assertAlmostEquals(x0.target[i]! + sigma * eps.target[i]!, eps.x[i]!, 1e-6 * (1 + sigma));
    assertAlmostEquals(v.target[i]!, eps.target[i]! - sigma * x0.target[i]!, 1e-5 * (1 + sigma));
  }
});

Deno.test("noise sampling: log-normal levels have the mean and deviation asked for, on every schedule", () => {
  for (const name of scheduleNames) {
    const schedule = createSchedule(name);
    const draw = (sampling: NoiseSampling) =>
      Array.from(
        drawTimes(sampling, { schedule, count: 4000, random: new Random(1) }),
        (t) => Math.log(noiseLevel(schedule, t)),
      );
    const logs = draw({ kind: "lognormal" });
    const mean = logs.reduce((a, b) => a + b) / logs.length;
    const deviation = Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / logs.length);
    // Four standard errors of 4,000 draws; VE cuts the lowest 1.3 % off at 0.02.
    assertAlmostEquals(mean, -1.2, 0.08);
    assertAlmostEquals(deviation, 1.2, 0.06);
    // Levels beyond the schedule's end are cut to it.
    const high = draw({ kind: "lognormal", mean: 99, deviation: 1 });
    assert(high.every((level) => Math.abs(level - Math.log(noiseLevel(schedule, 1))) < 1e-9), name);
  }
  const source = { ...examples, schedule: createSchedule("edm") };
  for (
    const [noiseSampling, word] of [
      [{ kind: "uniform", power: 0 }, "power of times is 0"],
      [{ kind: "lognormal", deviation: 0 }, "deviation 0"],
      [{ kind: "lognormal", mean: NaN }, "mean NaN"],
    ] as const
  ) {
    assertThrows(() => new ExampleStream({ ...source, noiseSampling }), RangeError, word);
  }
});
