import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import { CheckpointMismatchError, DataFormatError } from "../../src/core/errors.ts";
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import type { StoredTensor } from "../../src/formats/stored_tensor.ts";
import { writeTorchStateDict } from "../../src/formats/torch_writer.ts";
import { startBackend } from "../../src/networks/backend.ts";
import {
  inceptionFeatures,
  inceptionProbabilities,
} from "../../src/networks/inception/inception_features.ts";
import { inceptionPlan } from "../../src/networks/inception/inception_stages.ts";
import {
  type InceptionNetwork,
  readInception,
  readInceptionOf,
} from "../../src/networks/inception/inception_weights.ts";
import golden from "../fixtures/inception.json" with { type: "json" };
import { backends } from "./golden.ts";
import { hashedImages, hashedWeights } from "./inception_weights.ts";

const narrow = inceptionPlan(16);
const read = (tensors: Map<string, StoredTensor>) =>
  readInceptionOf(narrow, writeTorchStateDict(tensors), "inception.pth");

/** Largest difference, relative to the largest value. */
function apart(found: ArrayLike<number>, expected: readonly number[]): number {
  assertEquals(found.length, expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(found[i]! - value))) / scale;
}

/** What the head says before softmax, up to a constant of each row. */
function logitsOf({ head, features, classes }: InceptionNetwork, data: Float32Array): Float64Array {
  return Float64Array.from({ length: data.length / features * classes }, (_, at) => {
    const [row, k] = [Math.floor(at / classes), at % classes];
    let sum = 0;
    for (let i = 0; i < features; i++) sum += head[k * features + i]! * data[row * features + i]!;
    return sum;
  });
}

const long = Deno.env.get("ELS_LONG_TESTS") === "1";

for (const backend of backends.filter((name) => name !== "cpu")) {
  const name = `inceptionFeatures: equal PyTorch's, narrow, on ${backend}`;
  // A GPU in software takes most of a minute.
  Deno.test({ name, ignore: backend === "webgpu" && !long }, async () => {
    await startBackend(backend);
    const network = await read(hashedWeights(narrow));
    assertEquals([network.features, network.classes, network.published], [128, 63, false]);
    for (const name of ["narrow", "gray"] as const) {
      const { shape, features, logits } = golden[name];
      const images = hashedImages(shape as unknown as ImageBatch["shape"]);
      const seen: number[] = [];
      const found = await inceptionFeatures(network, images, {
        batchSize: 1,
        onBatch: (_, first) => seen.push(first),
      });
      assertEquals(found.shape, [shape[0]!, 128]);
      assertEquals(seen, Array.from({ length: shape[0]! }, (_, i) => i));
      // Float32 through 94 convolutions, in another order of sums.
      assertLess(apart(found.data, features), 2e-5, name);
      assertLess(apart(logitsOf(network, found.data), logits), 2e-5, name);
    }
  });
}

Deno.test("inceptionFeatures: nothing depends on the batches, and no tensor is left", async () => {
  const tf = await import("@tensorflow/tfjs");
  await startBackend("wasm");
  const network = await read(hashedWeights(narrow));
  const images = hashedImages([3, 8, 8, 1]);
  const before = tf.memory().numTensors;
  const one = await inceptionFeatures(network, images, { batchSize: 1 });
  assertEquals(tf.memory().numTensors, before);
  const many = await inceptionFeatures(network, sliceBatch(images, 0, 2), { batchSize: 2 });
  assertLess(apart(many.data, [...one.data.subarray(0, 256)]), 1e-6);
  const stopped = AbortSignal.abort(new Error("stop"));
  await assertRejects(() => inceptionFeatures(network, images, { abort: stopped }), Error, "stop");
  await assertRejects(
    () => inceptionFeatures(network, hashedImages([1, 8, 8, 2])),
    RangeError,
    "expected 1 or 3",
  );
});

Deno.test("inceptionProbabilities: softmax of the head without its bias", () => {
  const head = Float32Array.of(1, 0, 0, 2, 0, 0);
  const { data, shape } = inceptionProbabilities({ head, features: 2, classes: 3 }, {
    data: Float32Array.of(1, 1, 1000, 0),
    shape: [2, 2],
  });
  assertEquals(shape, [2, 3]);
  const sum = Math.E + Math.E ** 2 + 1;
  [Math.E / sum, Math.E ** 2 / sum, 1 / sum, 1, 0, 0]
    .forEach((value, i) => assertAlmostEquals(data[i]!, value, 1e-6));
});

Deno.test("readInception: other files are refused in one line that says why", async () => {
  const refused = async (says: RegExp, change: (tensors: Map<string, StoredTensor>) => void) => {
    const tensors = hashedWeights(narrow);
    change(tensors);
    const error = await assertRejects(() => read(tensors), CheckpointMismatchError);
    assert(says.test(error.message) && !error.message.includes("\n"), error.message);
  };
  await refused(/Mixed_6c\.branch7x7_2\.bn\.running_var is missing/, (tensors) => {
    tensors.delete("Mixed_6c.branch7x7_2.bn.running_var");
  });
  await refused(/fc\.weight is F32 of \[1000, 128\], expected F32 of \[63, 128\]/, (tensors) => {
    tensors.set("fc.weight", { dtype: "F32", shape: [1000, 128], data: new Float32Array(128_000) });
  });
  // That of a library has a second head.
  await refused(/it has "AuxLogits\.fc\.bias", which .* has not/, (tensors) => {
    tensors.set("AuxLogits.fc.bias", { dtype: "F32", shape: [1], data: new Float32Array(1) });
  });
  await assertRejects(
    () => readInception(new TextEncoder().encode("not weights at all"), "page.html"),
    DataFormatError,
    "page.html",
  );
  await assertRejects(
    () => readInception(writeTorchStateDict(hashedWeights(narrow)), "narrow.pth"),
    CheckpointMismatchError,
    "expected F32 of [32, 3, 3, 3]",
  );
});

Deno.test("readInception: counters of batches and safetensors are as good", async () => {
  const tensors = hashedWeights(narrow);
  const plain = await read(tensors);
  tensors.set("Mixed_7a.branch3x3_1.bn.num_batches_tracked", {
    ...{ dtype: "I64", shape: [], data: BigInt64Array.of(0n) },
  });
  const counted = await readInceptionOf(narrow, writeSafetensors(tensors), "a.safetensors");
  assertEquals(counted.convolutions, plain.convolutions);
  assertEquals(counted.head, plain.head);
});

Deno.test({
  name: "inceptionFeatures: equal PyTorch's at full width, from a file of 95 MB",
  // Half a minute: the weights are hashed, written and read.
  ignore: !long,
  async fn() {
    await startBackend("wasm");
    const plan = inceptionPlan();
    const bytes = writeTorchStateDict(hashedWeights(plan));
    const network = await readInception(bytes, "inception.pth");
    const { shape, features, logits, norm } = golden.whole;
    const images = hashedImages(shape as unknown as ImageBatch["shape"]);
    const found = await inceptionFeatures(network, images);
    assertEquals(found.shape, [1, 2048]);
    assertLess(apart(found.data.filter((_, i) => i % 32 === 0), features), 5e-5);
    assertLess(apart(logitsOf(network, found.data).filter((_, i) => i % 16 === 0), logits), 5e-5);
    const length = Math.sqrt(found.data.reduce((sum, value) => sum + value * value, 0));
    assertAlmostEquals(length / norm, 1, 1e-5);
  },
});
