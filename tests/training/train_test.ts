import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { bytesToImages } from "../../src/datasets/labeled_bytes.ts";
import { syntheticTextures } from "../../src/datasets/synthetic.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { resnet } from "../../src/networks/architectures/resnet.ts";
import { readWeights, writeWeights } from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { createGradientPool } from "../../src/training/gradient_pool.ts";
import { optimizeNetwork } from "../../src/training/optimize_network.ts";
import { train, type TrainOptions } from "../../src/training/train.ts";

const data = syntheticTextures({ images: 40, size: 8 });
const images = bytesToImages(data);
const network = (classes = 0) =>
  resnet({
    ...{ kind: "resnet", imageShape: [8, 8, 1], padding: "zeros", classes },
    ...{ width: 8, layers: 1, kernelSize: 3 },
  });
const few = { images, steps: 6, backend: "cpu", workers: 1 } as const satisfies TrainOptions;

Deno.test("train: images and steps are enough, and the result samples, is written and read", async () => {
  const losses: number[] = [];
  const trained = await train(network(), {
    ...{ ...few, steps: 120, backend: "wasm" },
    onStep: ({ loss }) => void losses.push(loss),
  });
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
  assertLess(mean(losses.slice(-20)), 0.7 * mean(losses.slice(0, 20)));
  assertEquals([trained.schedule.name, trained.prediction], ["cosine_legacy", "eps"]);
  assertEquals([trained.preconditioning.kind, trained.training["steps"]], ["none", 120]);
  const read = readWeights(writeWeights(trained), "memory");
  assertEquals(read.parameters, trained.parameters);
  const [a, b] = [networkDenoiser(trained), networkDenoiser(read)];
  assertEquals(await a.predict(images, 0.5), await b.predict(images, 0.5));
  a.dispose();
  b.dispose();
});

Deno.test("train: the recipe is the one that the options name, byte for byte", async () => {
  const trained = await train(network(), few);
  const pool = await createGradientPool(network(), { backend: "cpu", shards: 2, workers: 1 });
  const { average } = await optimizeNetwork(network(), {
    pool,
    examples: {
      ...{ images, schedule: createSchedule("cosine_legacy"), batchSize: 16, seed: 1 },
      noiseSampling: { kind: "uniform", power: 2 },
    },
    recipe: {
      ...{ steps: 6, weightDecay: 0, emaDecay: 0.999, clipNorm: 1 },
      learningRate: { base: 2e-3, warmup: 1, decay: "cosine" },
    },
  });
  assertEquals(trained.parameters, average);
  const other = await train(network(), { ...few, seed: 2 });
  assert(other.parameters.some((value, i) => value !== average[i]), "a seed must matter");
});

Deno.test("train: stopped and resumed from its state it ends the same", async () => {
  const whole = await train(network(), few);
  const abort = new AbortController();
  const stopped = await train(network(), {
    ...{ ...few, abort: abort.signal },
    onStep: ({ step }) => step === 3 ? abort.abort() : undefined,
  });
  assertEquals(stopped.state.step, 3);
  const resumed = await train(network(), { ...few, resume: stopped.state });
  assertEquals([resumed.state, resumed.parameters], [whole.state, whole.parameters]);
});

Deno.test("train: the formulation follows the schedule, one's own too", async () => {
  const own = { name: "mine", parameters: {}, signal: () => 1, sigma: (t: number) => 20 * t };
  for (
    const [schedule, prediction, kind, sampling] of [
      [createSchedule("edm"), "x0", "edm", "lognormal"],
      [createSchedule("ve"), "eps", "input", "uniform"],
      [own, "eps", "input", "uniform"],
    ] as const
  ) {
    const trained = await train(network(), { ...few, steps: 1, schedule });
    const { preconditioning } = trained;
    assertEquals([trained.prediction, preconditioning.kind], [prediction, kind]);
    assertEquals((trained.training["noiseSampling"] as { kind: string }).kind, sampling);
    assert("sigmaData" in preconditioning && preconditioning.sigmaData > 0.1);
  }
});

Deno.test("train: the backend that runs is kept, a pool of one's own is used and not ended", async () => {
  await startBackend("cpu");
  const pool = await createGradientPool(network(), { backend: "cpu", shards: 2, workers: 2 });
  let computed = 0;
  const counting = {
    ...pool,
    compute: (...args: Parameters<typeof pool.compute>) => {
      computed++;
      return pool.compute(...args);
    },
  };
  const { backend, parameters } = await train(network(), { images, steps: 6, pool: counting });
  assertEquals([backend.name, computed], ["cpu", 6]);
  // The number of workers changes nothing.
  assertEquals(parameters, (await train(network(), few)).parameters);
  const batch = {
    x: images.data,
    target: images.data,
    shape: images.shape,
    times: Array(40).fill(0.5),
  };
  assert(Number.isFinite((await pool.compute(parameters, batch)).loss));
  pool.dispose();
});

Deno.test("train: what does not fit is refused in one line before anything starts", async () => {
  const small = bytesToImages(syntheticTextures({ images: 2, size: 4 }));
  const cases: [number, Partial<TrainOptions>, string][] = [
    [0, { images: small }, "images of 4 x 4 x 1: the network takes 8 x 8 x 1"],
    [0, { steps: 0 }, "steps is 0, expected a positive integer"],
    [0, { batchSize: 1.5 }, "batchSize is 1.5"],
    [0, { labels: data.labels }, "the network is not conditional"],
    [4, {}, "40 images with no labels: the network is told one of 4 classes"],
    [4, { labels: [1, 2] }, "40 images with 2 labels"],
    [0, { preconditioning: { kind: "edm", sigmaData: 0.5 } }, "it predicts x0"],
  ];
  for (const [classes, wrong, message] of cases) {
    await assertRejects(
      () => train(network(classes), { ...few, ...wrong }),
      RangeError,
      message,
    );
  }
  const bytes = { data: data.pixels, shape: data.shape } as unknown as TrainOptions["images"];
  await assertRejects(
    () => train(network(), { ...few, images: bytes }),
    TypeError,
    "bytesToImages",
  );
  assertEquals((await train(network(4), { ...few, labels: data.labels })).state.step, 6);
});
