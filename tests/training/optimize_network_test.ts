import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { gatherImages } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { readTrainingState, writeTrainingState } from "../../src/training/checkpoint.ts";
import { updateAverage } from "../../src/training/ema.ts";
import { ExampleStream } from "../../src/training/examples.ts";
import { createGradientPool, type GradientPool } from "../../src/training/gradient_pool.ts";
import { learningRate } from "../../src/training/learning_rate.ts";
import { plainTarget, stableTarget, type Target } from "../../src/training/target.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { TrainingDivergedError, type TrainingState } from "../../src/training/optimization.ts";
import { examples, smallRecipe, smallResnet } from "./small_training.ts";
import { optimizeNetwork } from "../../src/training/optimize_network.ts";

const network = smallResnet(2);
const recipe = smallRecipe(8);
const { images, labels: classes, schedule } = examples;

async function withPool<T>(
  { shards, workers }: { shards: number; workers: number },
  use: (pool: GradientPool) => Promise<T>,
): Promise<T> {
  await startBackend("wasm");
  const pool = await createGradientPool(network, { backend: "wasm", shards, workers });
  try {
    return await use(pool);
  } finally {
    pool.dispose();
  }
}

Deno.test("optimizeNetwork: stopping at every step and resuming equals no interruption, byte for byte", async () => {
  await withPool({ shards: 1, workers: 1 }, async (pool) => {
    const whole = await optimizeNetwork(network, { examples, recipe, pool });
    let state: TrainingState | undefined;
    for (let i = 0; i < recipe.steps; i++) {
      const stop = new AbortController();
      const resume = state &&
        readTrainingState(writeTrainingState(state, "f"), { source: "memory", fingerprint: "f" });
      state = await optimizeNetwork(network, {
        examples,
        recipe,
        pool,
        abort: stop.signal,
        onStep: () => stop.abort(),
        ...resume && { resume },
      });
      assertEquals(state.step, i + 1);
    }
    assertEquals(state, whole);
  });
});

Deno.test("optimizeNetwork: the number of workers does not change a byte", async () => {
  const run = (workers: number) =>
    withPool(
      { shards: 3, workers },
      (pool) => optimizeNetwork(network, { examples, recipe, pool }),
    );
  assertEquals(await run(2), await run(1));
});

Deno.test("optimizeNetwork: the loss falls", async () => {
  const losses: number[] = [];
  const longer = { ...recipe, steps: 150 };
  await withPool({ shards: 1, workers: 1 }, (pool) =>
    optimizeNetwork(network, {
      examples,
      recipe: longer,
      pool,
      onStep: ({ loss }) => void losses.push(loss),
    }));
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const [first, last] = [mean(losses.slice(0, 10)), mean(losses.slice(-10))];
  // An untrained network misses by about the noise's own variance of 1; 150 steps halve it easily.
  assert(last < 0.5 * first, `the loss went from ${first} to ${last}`);
});

Deno.test("optimizeNetwork: a loss that is not finite stops with the step's number and keeps the state", async () => {
  await withPool({ shards: 1, workers: 1 }, async (pool) => {
    let saved: TrainingState | undefined;
    const broken: GradientPool = {
      ...pool,
      async compute(parameters, batch) {
        const result = await pool.compute(parameters, batch);
        return saved?.step === 3 ? { ...result, loss: NaN } : result;
      },
    };
    await assertRejects(
      () =>
        optimizeNetwork(network, {
          examples,
          recipe,
          pool: broken,
          checkpoints: { every: 1, save: (state) => void (saved = state) },
        }),
      TrainingDivergedError,
      "diverged at step 4",
    );
    assertEquals(saved!.step, 3);
    assert(saved!.parameters.every(Number.isFinite));
  });
});

Deno.test("optimizeNetwork: a failing worker becomes an error that says what failed", async () => {
  await withPool({ shards: 2, workers: 2 }, async (pool) => {
    const start = new Float32Array(1);
    const state = { step: 0, parameters: start, average: start, mean: start, square: start };
    await assertRejects(
      () => optimizeNetwork(network, { examples, recipe, pool, resume: state }),
      CheckpointMismatchError,
      "1 parameters",
    );
    const wrong = { ...examples, labels: classes.map((label) => label + 5) };
    await assertRejects(
      () => optimizeNetwork(network, { examples: wrong, recipe, pool }),
      Error,
      "is not one of 0 .. 1",
    );
  });
});

Deno.test("checkpoint: another configuration or a damaged file is refused", () => {
  const values = Float32Array.of(1, 2);
  const state = { step: 3, parameters: values, average: values, mean: values, square: values };
  const bytes = writeTrainingState(state, "a");
  assertEquals(readTrainingState(bytes, { source: "s", fingerprint: "a" }), state);
  assertThrows(
    () => readTrainingState(bytes, { source: "s", fingerprint: "b" }),
    CheckpointMismatchError,
    "another configuration",
  );
  assertThrows(() => readTrainingState(bytes.slice(0, -1), { source: "s", fingerprint: "a" }));
});

Deno.test("examples: a batch depends on seed and step alone, and each epoch shows each image once", async () => {
  const a = new ExampleStream(examples);
  const b = new ExampleStream(examples);
  await b.batch(7);
  assertEquals(await a.batch(3), await b.batch(3));
  const other = await new ExampleStream({ ...examples, seed: 5 }).batch(3);
  assert(other.x.some((value, i) => value !== examples.images.data[i]));

  // At t = 0 an example is its clean image: with 12 images and batches of 4, three steps show all.
  const clean = { ...schedule, signal: () => 1, sigma: () => 0 };
  const stream = new ExampleStream({ ...examples, schedule: clean, batchSize: 4 });
  const seen = new Set<string>();
  for (const step of [1, 2, 3]) {
    const { x } = await stream.batch(step);
    for (let i = 0; i < 4; i++) seen.add(x.slice(i * 64, (i + 1) * 64).join());
  }
  assertEquals(seen.size, 12);
});

Deno.test("examples: times lie in (0, 1], one in each stratum, more near 1 for a larger power", async () => {
  const many = { ...examples, batchSize: 100 };
  const even = await new ExampleStream(many).batch(1);
  const late = await new ExampleStream({
    ...many,
    noiseSampling: { kind: "uniform", power: 2 },
  }).batch(1);
  const strata = new Set(Array.from(even.times, (t) => Math.ceil(t * 100)));
  assertEquals(strata.size, 100);
  const above = (times: ArrayLike<number>) => Array.from(times).filter((t) => t > 0.75).length;
  assertEquals(above(even.times), 25);
  // P(1 - (1 - u)^2 > 3/4) = 1/2.
  assertEquals(above(late.times), 50);
});

Deno.test("stable target: one reference is noise prediction, all references are the ideal score", async () => {
  const posterior = referencePosterior();
  const random = () => new Random(1);
  const stream = new ExampleStream({ ...examples, batchSize: 3 });
  const batch = await stream.batch(1);
  const x = { data: batch.x, shape: batch.shape };
  const order = new Random(examples.seed, "order of epoch 0").permutation(12);
  const sources = [order[0]!, order[1]!, order[2]!];
  const x0 = gatherImages(images, sources).data;
  const noisy = { x, x0, eps: batch.target, times: batch.times, sources };
  const single = await stableTarget({ images, schedule, references: 1, posterior })(
    noisy,
    random(),
  );
  single.eps.forEach((value, i) => {
    // eps is recovered from float32 x, divided by sigma.
    assertAlmostEquals(value, batch.target[i]!, 2e-4);
  });
  assertEquals(single.x0, x0);

  const all = await stableTarget({ images, schedule, references: 99 })(noisy, random());
  const t = batch.times[0]!;
  const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
  const logits = Array.from({ length: 12 }, (_, n) => {
    let distance = 0;
    for (let p = 0; p < 64; p++) {
      distance += (batch.x[p]! - signal * images.data[n * 64 + p]!) ** 2;
    }
    return -distance / (2 * sigma ** 2);
  });
  const top = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - top));
  const total = weights.reduce((a, b) => a + b);
  for (let p = 0; p < 64; p++) {
    const mean = weights.reduce((sum, w, n) => sum + w * images.data[n * 64 + p]!, 0) / total;
    assertAlmostEquals(all.x0[p]!, mean, 1e-4 * sigma / signal);
    assertAlmostEquals(all.eps[p]!, (batch.x[p]! - signal * mean) / sigma, 1e-4);
  }
});

Deno.test("stable target: directly the same as by the code of the ideal-score machine", async () => {
  const posterior = referencePosterior();
  for (const [name, power] of [["ve", 1], ["cosine_legacy", 2]] as const) {
    const schedule = createSchedule(name);
    const noiseSampling = { kind: "uniform", power } as const;
    const of = (target: Target) =>
      new ExampleStream({
        ...{ images, schedule, target, noiseSampling, batchSize: 24, seed: 5, prediction: "x0" },
      }).batch(1);
    const options = { images, schedule, references: 7 };
    const [direct, machine] = [
      await of(stableTarget(options)),
      await of(stableTarget({ ...options, posterior })),
    ];
    // Both in double precision; the results are float32.
    direct.target.forEach((value, i) => assertAlmostEquals(value, machine.target[i]!, 1e-6));
    const plain = await of(plainTarget);
    assert(direct.target.some((value, i) => Math.abs(value - plain.target[i]!) > 0.1));
  }
});

Deno.test("stable target: references of a class come from that class", async () => {
  const posterior = referencePosterior();
  const labels = classes;
  const source = labels.indexOf(1);
  const eps = new Float32Array(64);
  // At t = 1 all references weigh almost the same, so the target tells their mean.
  const x = { data: eps, shape: [1, 8, 8, 1] as const };
  const objective = stableTarget({ images, labels, schedule, references: 99, posterior });
  const examples = { x, x0: eps, eps, times: [1], sources: [source] };
  const target = await objective(examples, new Random(1));
  const members = Array.from(labels.keys()).filter((i) => labels[i] === 1);
  const [signal, sigma] = [schedule.signal(1), schedule.sigma(1)];
  for (let p = 0; p < 64; p++) {
    const mean = members.reduce((sum, n) => sum + images.data[n * 64 + p]!, 0) / members.length;
    assertAlmostEquals(target.eps[p]!, -signal * mean / sigma, 0.02 * signal);
  }
});

Deno.test("learning rate: warms up to its base and decays to almost nothing", () => {
  const plan = { base: 1, warmup: 10, decay: "cosine" } as const;
  assertAlmostEquals(learningRate(plan, { step: 5, steps: 110 }), 0.5);
  assertAlmostEquals(learningRate(plan, { step: 10, steps: 110 }), 1);
  assert(learningRate(plan, { step: 110, steps: 110 }) < 1e-3);
  const factor = { base: 2, warmup: 0, decay: 0.5 };
  assertAlmostEquals(learningRate(factor, { step: 3, steps: 9 }), 0.25);
});

Deno.test("moving average: a constant is kept, early steps are forgotten quickly", () => {
  const average = Float32Array.of(0);
  updateAverage(average, Float32Array.of(1), { decay: 0.999, step: 1 });
  assertAlmostEquals(average[0]!, 9 / 11, 1e-6);
  const constant = Float32Array.of(3);
  updateAverage(constant, Float32Array.of(3), { decay: 0.999, step: 1e6 });
  assertAlmostEquals(constant[0]!, 3, 1e-6);
});
