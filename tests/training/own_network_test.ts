import { assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { bytesToImages } from "../../src/datasets/labeled_bytes.ts";
import { syntheticTextures } from "../../src/datasets/synthetic.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { uniformTimeGrid } from "../../src/samplers/time_grid.ts";
import {
  architectureDefinitions,
  foreignArchitectureDefinitions,
} from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import type { ArchitectureBase, Network } from "../../src/networks/network.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { readWeights, writeWeights } from "../../src/networks/weights/weights.ts";
import { createGradientPool } from "../../src/training/gradient_pool.ts";
import { optimizeNetwork } from "../../src/training/optimize_network.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

interface LinearArchitecture extends ArchitectureBase {
  readonly kind: "linear";
  readonly reach: number;
}

/** A network of one's own: a single linear filter, whatever the time. */
function linear(reach: number): Network<LinearArchitecture> {
  const architecture: LinearArchitecture = {
    ...{ kind: "linear", imageShape: [8, 8, 1], padding: "zeros", classes: 0 },
    reach,
  };
  const shape = [1, 1, reach, reach];
  return {
    architecture,
    parameters: [{ name: "filter", kind: "conv", shape, fanIn: reach ** 2 }],
    receptiveField: reach,
    flopsPerImage: 2 * 64 * reach ** 2,
    forward: ({ filter }, { x }) => tf.conv2d(x, filter as tf.Tensor4D, 1, "same"),
  };
}

const images = bytesToImages(syntheticTextures({ images: 40, size: 8 }));
const schedule = cosineLegacy();
const network = linear(3);
const examples = { images, schedule, batchSize: 8, seed: 1 };
const recipe = {
  ...{ steps: 60, weightDecay: 0, emaDecay: 0, clipNorm: 0 },
  learningRate: { base: 0.02, warmup: 0, decay: 1 },
};

Deno.test("own network: it is trained, its weights come back, and it samples", async () => {
  await startBackend("cpu");
  // Threads were asked for, but only this one knows the network.
  const pool = await createGradientPool(network, { backend: "cpu", shards: 2, workers: 2 });
  assertEquals(pool.workers, 1);
  const losses: number[] = [];
  const { average: parameters } = await optimizeNetwork(network, {
    ...{ examples, recipe, pool },
    onStep: ({ loss }) => void losses.push(loss),
  });
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
  // The noise itself is 1 per value; the random start is above it.
  assertLess(mean(losses.slice(-10)), 0.8 * mean(losses.slice(0, 10)));

  const bytes = writeWeights({ network, parameters, schedule, training: {} });
  const trained = readWeights(bytes, "mine.safetensors", { network });
  assertEquals([trained.network, trained.parameters], [network, parameters]);
  const denoiser = networkDenoiser(trained);
  const xT = initialNoise({ seed: 1, samples: 2, imageShape: [8, 8, 1] });
  assertEquals((await ddim(denoiser, { xT, times: uniformTimeGrid(3) })).shape, [2, 8, 8, 1]);
  denoiser.dispose();
});

Deno.test("own network: weights of another one are refused, and without it they say what to pass", async () => {
  const parameters = new Float32Array(9);
  const bytes = writeWeights({ network, parameters, schedule, training: {} });
  const known = [...architectureDefinitions, ...foreignArchitectureDefinitions];
  const kinds = known.map(({ kind }) => kind).join(", ");
  assertThrows(
    () => readWeights(bytes, "mine.safetensors", { network: linear(5) }),
    CheckpointMismatchError,
    "mine.safetensors: the network's reach is 3, that of the given network 5",
  );
  assertThrows(
    () => readWeights(bytes, "mine.safetensors"),
    CheckpointMismatchError,
    `the network is of kind "linear", this version knows ${kinds}; pass one of your own`,
  );
  await assertRejects(
    () => optimizeNetwork(network, { examples, recipe }),
    RangeError,
    "without a gradient pool",
  );
});
