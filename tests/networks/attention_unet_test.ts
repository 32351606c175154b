import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import {
  attentionUnet,
  type AttentionUnetArchitecture,
} from "../../src/networks/architectures/attention_unet.ts";
import { startBackend } from "../../src/networks/backend.ts";
import {
  initialParameters,
  parameterCount,
  sizeOf,
  unflatten,
} from "../../src/networks/weights/parameters.ts";
import { readWeights, writeWeights } from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { testGolden } from "./golden.ts";
import { directionalDerivatives } from "./gradient_check.ts";

const small: AttentionUnetArchitecture = {
  kind: "attention-unet",
  imageShape: [8, 8, 2],
  channels: [4, 8, 8],
  blocks: 1,
  attention: [4],
  padding: "zeros",
  classes: 3,
};

// attention_unet.py states the same network in PyTorch's layers. A group is 4 channels of 4 to 64 pixels:
// what its normalization passes back is a difference that loses a digit or two.
testGolden({ name: "attention_unet", architecture: small, gradientBound: () => 1e-4 });

/** Initial values have zeros, behind which nothing could be seen. */
function lively(architecture: AttentionUnetArchitecture): Float32Array {
  const { parameters } = attentionUnet(architecture);
  const random = new Random(5);
  return initialParameters(parameters, new Random(4)).map((value) => value + 0.1 * random.normal());
}

for (
  const variant of [
    { padding: "zeros", attention: [4], classes: 3 },
    { padding: "circular", attention: [8, 2], classes: 0 },
  ] as const
) {
  const { padding, attention, classes } = variant;
  Deno.test(`attention unet: gradients are central differences with ${padding}, attention at [${attention}]`, async () => {
    await startBackend("wasm");
    const architecture = { ...small, ...variant };
    const found = directionalDerivatives(attentionUnet(architecture), {
      parameters: lively(architecture),
      x: new Random(6).normals(2 * 128),
      times: [0.1, 0.8],
      ...classes > 0 && { labels: [2, 1] },
      step: 1e-3,
    });
    for (const { name, gradient, difference } of found) {
      // No kinks here: the error is that of float32 outputs over a step of 1e-3 and of the cubic term.
      const error = Math.abs(gradient - difference) / (Math.abs(difference) + 1);
      assert(error < 1e-2, `${name}: gradient ${gradient}, central difference ${difference}`);
    }
  });
}

Deno.test("attention unet: without attention all else is the same", async () => {
  await startBackend("wasm");
  const withIt = attentionUnet(small);
  const without = attentionUnet({ ...small, attention: [] });
  const names = withIt.parameters.map(({ name }) => name);
  assertEquals(
    without.parameters.map(({ name }) => name),
    names.filter((name) => !name.includes("attentions")),
  );
  // At 4 x 4: one block down, two up; and the middle.
  const attentions = new Set(names.map((name) => name.match(/.*attentions\.\d/)?.[0]));
  assertEquals([...attentions].filter((name) => name !== undefined), [
    "down_blocks.1.attentions.0",
    "mid_block.attentions.0",
    "up_blocks.1.attentions.0",
    "up_blocks.1.attentions.1",
  ]);
  const all = initialParameters(withIt.parameters, new Random(9, "initial parameters"));
  const rest = initialParameters(without.parameters, new Random(9, "initial parameters"));
  assertEquals(all.slice(0, rest.length), rest);

  // Away from the zero head, what is left of attention at the start is nothing.
  const head = without.parameters.findIndex(({ name }) => name === "conv_out.weight");
  const at = parameterCount(without.parameters.slice(0, head));
  const count = sizeOf(without.parameters[head]!);
  for (const values of [all, rest]) values.set(new Random(1).normals(count), at);
  const predict = (network: typeof withIt, values: Float32Array) =>
    tf.tidy(() =>
      network.forward(unflatten(network.parameters, values), {
        x: tf.tensor4d(new Random(2).normals(128), [1, 8, 8, 2]),
        times: [0.4],
        labels: [1],
      }).dataSync()
    );
  const prediction = predict(without, rest);
  assert(prediction.some((value) => Math.abs(value) > 0.1));
  assertEquals(predict(withIt, all), prediction);
});

Deno.test("attention unet: attention sees the whole image, convolutions their receptive field", async () => {
  await startBackend("wasm");
  assertEquals(attentionUnet(small).receptiveField, Infinity);
  const network = attentionUnet({
    ...small,
    imageShape: [32, 32, 2],
    channels: [4],
    attention: [],
  });
  // Blocks: one down, two in the middle, two up; two convolutions each, and one at either end.
  assertEquals(network.receptiveField, 1 + 2 * (2 + 2 * 5));
});

Deno.test("attention unet: operations of the published size", () => {
  const network = attentionUnet({
    ...small,
    imageShape: [32, 32, 3],
    channels: [128, 256, 256, 256],
    blocks: 2,
    attention: [16],
    classes: 0,
  });
  // Ho et al. give 35.7 million parameters for this network on CIFAR-10 (arXiv 2006.11239, section B).
  assertEquals(Math.round(parameterCount(network.parameters) / 1e5), 357);
  // Pruning studies count 6.1 billion multiply-adds for it, to that many digits.
  assert(Math.abs(network.flopsPerImage / 2 / 6.1e9 - 1) < 0.05, `${network.flopsPerImage}`);
});

Deno.test("attention unet: a network comes back from its file", () => {
  const network = attentionUnet(small);
  const parameters = lively(small);
  const schedule = createSchedule("cosine_legacy");
  const bytes = writeWeights({ network, parameters, schedule, training: {} });
  const found = readWeights(bytes, "memory");
  assertEquals(found.parameters, parameters);
  assertEquals(found.network.architecture, network.architecture);
});

Deno.test("attention unet: sizes that cannot be built are refused by name", () => {
  const refuses = (fields: Partial<AttentionUnetArchitecture>, message: string) =>
    assertThrows(() => attentionUnet({ ...small, ...fields }), RangeError, message);
  refuses({ channels: [] }, "multiples of 4");
  refuses({ channels: [4, 6] }, "channels 4,6");
  refuses({ blocks: 0 }, "0 blocks");
  refuses({ imageShape: [10, 8, 1] }, "10 x 8: the sizes must be multiples of 4");
  refuses({ attention: [16] }, "attention at height 16: the levels have heights 8, 4, 2");
});
