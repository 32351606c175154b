/** What is said of memory before it is taken, against what is taken then. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { DeviceUnavailableError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { createNetwork } from "../../src/networks/architectures/architecture.ts";
import { networkDenoiser, predictionCost } from "../../src/networks/network_denoiser.ts";
import { onOperations, peakBytes } from "../../src/networks/tensor_memory.ts";
import { initialParameters, parameterCount } from "../../src/networks/weights/parameters.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { lossAndGradients } from "../../src/training/gradients.ts";
import { trainingMemory } from "../../src/training/training_memory.ts";

const resnet = createNetwork({
  kind: "resnet",
  ...{ imageShape: [16, 16, 1], padding: "zeros", classes: 0, width: 16, layers: 3, kernelSize: 3 },
});
const unet = createNetwork({
  kind: "unet",
  ...{ imageShape: [16, 16, 3], padding: "circular", classes: 2, channels: [8, 16], embedding: 8 },
  norm: "group",
});

for (const [name, network] of [["resnet", resnet], ["unet", unet]] as const) {
  Deno.test(`memory: one image and two tell what a batch of ${name} takes`, async () => {
    await startBackend("wasm");
    const [height, width, channels] = network.architecture.imageShape;
    const parameters = initialParameters(network.parameters, new Random(1));
    const batch = 11;
    const shape = [batch, height, width, channels] as const;
    const values = new Random(2).normals(batch * height * width * channels);
    const labels = network.architecture.classes > 0 ? new Array<number>(batch).fill(1) : undefined;

    const gradient = await trainingMemory(network);
    const taken = await peakBytes(() =>
      lossAndGradients(network, parameters, {
        ...{ x: values, target: values, shape, times: new Array<number>(batch).fill(0.3) },
        labels,
      })
    );
    // Tensors are counted to the byte; which of them are alive at the peak may change with the batch.
    const about = (estimate: number, found: number) => Math.abs(estimate / found - 1);
    assert(about(gradient.fixed + batch * gradient.perImage, taken) < 0.05, `${taken}`);

    const trained = {
      network,
      parameters,
      schedule: createSchedule("cosine_legacy"),
      training: {},
    };
    const prediction = await predictionCost(trained);
    const predicted = await peakBytes(async () => {
      const denoiser = networkDenoiser(trained);
      await denoiser.predict({ data: values, shape }, 0.3, labels ? { labels } : {});
      denoiser.dispose();
    });
    assert(about(prediction.fixed + batch * prediction.perImage, predicted) < 0.05, `${predicted}`);
    assert(gradient.perImage > prediction.perImage);
    assert(prediction.fixed >= 4 * parameterCount(network.parameters));
  });
}

Deno.test("memory: every operation beats, and none after the end", async () => {
  await startBackend("wasm");
  let beats = 0;
  const end = onOperations(() => beats++);
  tf.tidy(() => tf.add(tf.mul(tf.ones([2]), 2), tf.ones([2])));
  end();
  const counted = beats;
  assertEquals(counted, 2);
  tf.tidy(() => tf.add(tf.ones([2]), tf.ones([2])));
  assertEquals(beats, counted);
});

Deno.test("memory: where the wasm backend has none left, one line says what was asked and what there is", async () => {
  await startBackend("wasm");
  const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
  // As much as there is cannot be had.
  const error = assertThrows(() => wasm._malloc(0xfffffff0), DeviceUnavailableError);
  assertMatch(
    error.message,
    /4\.0 GiB are asked for beside \d+ MiB of tensors.*4\.0 GiB at most; /,
  );
  assert(!error.message.includes("\n") && !/Aborted|ASSERTIONS/.test(error.message));
});
