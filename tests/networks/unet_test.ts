import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { parseArchitecture } from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { initialParameters, sizeOf, unflatten } from "../../src/networks/weights/parameters.ts";
import { unet, type UnetArchitecture } from "../../src/networks/architectures/unet.ts";
import { readWeights, writeWeights } from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { testGolden } from "./golden.ts";
import { goldenUnets } from "./golden_architectures.ts";

for (const [name, architecture] of Object.entries(goldenUnets)) {
  testGolden({ name, architecture, gradientBound: () => 2e-5 });
}

const small: UnetArchitecture = {
  kind: "unet",
  imageShape: [8, 8, 1],
  channels: [4, 8],
  embedding: 8,
  norm: "none",
  padding: "zeros",
  classes: 3,
};

Deno.test("unet: the receptive field is the widest range of inputs that reach one output", async () => {
  await startBackend("wasm");
  for (const [levels, size] of [[1, 16], [2, 32], [3, 64]] as const) {
    const channels = [2, 2, 2].slice(0, levels);
    const network = unet({ ...small, imageShape: [size, size, 1], channels, classes: 0 });
    // Positive weights on positive images: no ReLU is off, and on a ramp every max pool hands its
    // gradient to the same side.
    const parameters = initialParameters(network.parameters, new Random(1)).map(Math.abs);
    const ramp = Float32Array.from({ length: size * size }, (_, p) => 1 + (p % size) / size);
    let widest = 0;
    for (let place = 0; place < 2 ** (levels - 1); place++) {
      const column = size / 2 + place;
      const [first, last] = [ramp.toReversed(), ramp].map((image) => {
        const gradient = tf.tidy(() => {
          const tensors = unflatten(network.parameters, parameters);
          const output = (x: tf.Tensor) => {
            const input = { x: x as tf.Tensor4D, times: [0.5] };
            const y = network.forward(tensors, input, { inputGradient: true });
            return tf.sum(tf.slice(y, [0, size / 2, column, 0], [1, 1, 1, 1]));
          };
          const dx = tf.grad(output)(tf.tensor4d(image, [1, size, size, 1]));
          return tf.max(tf.abs(dx), [0, 1, 3]).dataSync() as Float32Array;
        });
        // Outside are roundings of Winograd's algorithm, and nothing else.
        const least = 1e-6 * Math.max(...gradient);
        const touched = [...gradient.keys()].filter((x) => gradient[x]! > least);
        return [touched[0]!, touched.at(-1)!] as const;
      }) as [readonly [number, number], readonly [number, number]];
      widest = Math.max(widest, last[1] - first[0] + 1);
    }
    assertEquals(widest, network.receptiveField, `${levels} levels`);
  }
});

Deno.test("unet: operations are counted at the size of each level", () => {
  const network = unet({ ...small, channels: [4, 8, 12], norm: "group" });
  const levels: readonly (readonly [RegExp, number])[] = [
    [/^(feature_blocks\.0|output_blocks\.1|output_conv)\b/, 64],
    [/^(feature_blocks\.1|output_blocks\.0|upsamples\.1)\b/, 16],
    [/^(bottleneck|upsamples\.0)\b/, 4],
  ];
  let expected = 0;
  for (const spec of network.parameters) {
    if (spec.kind !== "conv" && spec.kind !== "transposed") continue;
    const [, pixels] = levels.find(([pattern]) => pattern.test(spec.name))!;
    expected += 2 * pixels * sizeOf(spec);
  }
  assertEquals(network.flopsPerImage, expected);
});

Deno.test("unet: a network comes back from its file", () => {
  const network = unet({ ...small, norm: "group", padding: "circular" });
  const parameters = initialParameters(network.parameters, new Random(3));
  const schedule = createSchedule("cosine_legacy");
  const bytes = writeWeights({ network, parameters, schedule, training: {} });
  const found = readWeights(bytes, "memory");
  assertEquals(found.parameters, parameters);
  assertEquals(found.network.architecture, network.architecture);
  assertEquals(writeWeights(found), bytes);
});

Deno.test("unet: sizes that cannot be built are refused by name", () => {
  assertThrows(() => unet({ ...small, channels: [] }), RangeError, "channels");
  assertThrows(() => unet({ ...small, channels: [4, 0] }), RangeError, "positive integers");
  assertThrows(
    () => unet({ ...small, imageShape: [28, 30, 1], channels: [4, 8, 16] }),
    RangeError,
    "28 x 30: the sizes must be multiples of 4",
  );
  assertThrows(() => unet({ ...small, channels: [40, 8], norm: "group" }), RangeError, "40");
  assertThrows(() => unet({ ...small, embedding: 7 }), RangeError, "even");
});

Deno.test("architecture: a description that is wrong is refused by the name of the field", () => {
  const refuses = (fields: Record<string, unknown>, message: string) =>
    assertThrows(
      () => parseArchitecture(JSON.stringify({ ...small, ...fields }), "w"),
      CheckpointMismatchError,
      message,
    );
  assertEquals(parseArchitecture(JSON.stringify(small), "w"), small);
  refuses({ kind: "vit" }, 'w: the network is of kind "vit", this version knows resnet, unet');
  refuses(
    { channels: [4, 1.5] },
    "w: the network's channels is [4, 1.5], expected a list of integers",
  );
  refuses({ channels: undefined }, "channels is missing");
  refuses({ norm: "batch" }, 'norm is "batch", expected "none" or "group"');
  refuses({ imageShape: [8, 8] }, "expected a list of 3 integers from 1");
  refuses({ padding: "mirror" }, "padding");
  refuses({ classes: -1 }, "classes is -1");
  refuses({ imageShape: [9, 8, 1] }, "w: Cannot build a UNet of 2 levels for images of 9 x 8");
  assertThrows(() => parseArchitecture("[", "w"), CheckpointMismatchError, "not JSON");
});
