/** The ResNet against golden cases of the public PyTorch code, on every backend that runs here. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { CheckpointMismatchError } from "../../src/array/errors.ts";
import { Random } from "../../src/array/random.ts";
import { type FloatTensor, parseSafetensors } from "../../src/formats/safetensors.ts";
import { startBackend } from "../../src/networks/backend.ts";
import type { ResnetArchitecture } from "../../src/networks/network.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import {
  fromStateDict,
  initialParameters,
  toStateDict,
  unflatten,
} from "../../src/networks/parameters.ts";
import { resnet } from "../../src/networks/resnet.ts";
import { readWeights, writeWeights } from "../../src/networks/weights.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { uniformTimeGrid } from "../../src/samplers/time_grid.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { AdamW } from "../../src/training/adamw.ts";
import { lossAndGradients } from "../../src/training/gradients.ts";

/** Planar [B, C, H, W] to interleaved [B, H, W, C]. */
function interleave(values: ArrayLike<number>, [b, c, h, w]: readonly number[]): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < b!; i++) {
    for (let j = 0; j < c!; j++) {
      for (let p = 0; p < h! * w!; p++) {
        out[(i * h! * w! + p) * c! + j] = values[(i * c! + j) * h! * w! + p]!;
      }
    }
  }
  return out;
}

function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (found[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

async function golden(name: string) {
  const url = new URL(`../fixtures/${name}.safetensors`, import.meta.url);
  const { tensors } = parseSafetensors(await Deno.readFile(url), name);
  const float = (key: string) => tensors.get(key) as FloatTensor;
  const image = (key: string) => {
    const { data, shape } = float(key);
    const [b, c, h, w] = shape as [number, number, number, number];
    return {
      data: interleave(data, shape),
      shape: [b, h, w, c] as [number, number, number, number],
    };
  };
  const labels = tensors.get("label");
  const arrays = (prefix: string) =>
    new Map(
      [...tensors].filter(([key]) => key.startsWith(prefix))
        .map(([key, { shape, data }]) =>
          [key.slice(prefix.length), { shape, data: data as Float32Array }] as const
        ),
    );
  return {
    float,
    image,
    arrays,
    labels: labels && Array.from(labels.data as BigInt64Array, Number),
  };
}

const cases: Record<string, ResnetArchitecture> = {
  resnet_zeros: {
    kind: "resnet",
    imageShape: [32, 32, 1],
    width: 16,
    layers: 3,
    kernelSize: 3,
    padding: "zeros",
    classes: 0,
  },
  resnet_circular_conditional: {
    kind: "resnet",
    imageShape: [32, 32, 3],
    width: 16,
    layers: 4,
    kernelSize: 3,
    padding: "circular",
    classes: 10,
  },
};

// tfjs's plain backend needs half a minute for each case's optimiser steps and sample.
const long = Deno.env.get("ELS_LONG_TESTS") === "1";

/** Software Vulkan counts: it is slow, but what runs is the same WGSL. */
const hasGpu = await navigator.gpu?.requestAdapter().then((found) => found !== null, () => false);
if (!hasGpu) console.log("skipped on webgpu: no GPU adapter, not even a software one");

for (const backend of ["wasm", "cpu", ...hasGpu ? ["webgpu" as const] : []] as const) {
  for (const [name, architecture] of Object.entries(cases)) {
    Deno.test(`resnet: ${name} equals the public code on ${backend}`, async () => {
      await startBackend(backend);
      const { float, image, arrays, labels } = await golden(name);
      const network = resnet(architecture);
      const parameters = fromStateDict(network.parameters, arrays("weights/"), name);
      const [x, eps] = [image("x"), image("eps")];
      const batch = {
        x: x.data,
        target: eps.data,
        shape: x.shape,
        times: Array.from(float("t").data),
        ...labels && { labels },
      };

      const prediction = tf.tidy(() =>
        network.forward(unflatten(network.parameters, parameters), {
          x: tf.tensor4d(x.data, x.shape),
          times: batch.times,
          ...labels && { labels },
        })
      );
      const output = await prediction.data();
      prediction.dispose();
      // Float32 on both sides: a few roundings in sums of hundreds of products.
      const outputError = relativeError(output, image("output").data);
      assert(outputError < 2e-6, `output differs by ${outputError}`);

      const { loss, gradients } = await lossAndGradients(network, parameters, batch);
      assertAlmostEquals(loss, float("loss").data[0]!, 2e-6 * loss);
      const expected = arrays("grad/");
      for (const [key, { data }] of toStateDict(network.parameters, gradients)) {
        const error = relativeError(data, expected.get(key)!.data);
        // At 16 channels a group is 2 values, normalised to nearly +-1: what the group norm passes
        // back to its linear layer is a difference that cancels all but 1e-3 of its terms.
        const bound = /^embs\.\d+\.0/.test(key) ? 2e-3 : 2e-5;
        assert(error < bound, `gradient of ${key} differs by ${error}`);
      }

      if (backend === "cpu" && !long) {
        console.log(
          "skipped on cpu: optimiser steps and DDIM sample (deno task test:long runs them)",
        );
        return;
      }
      const optimiser = new AdamW(parameters, { weightDecay: 1e-3 });
      const losses: number[] = [];
      for (let step = 0; step < 10; step++) {
        const { loss, gradients } = await lossAndGradients(network, optimiser.parameters, batch);
        losses.push(loss);
        optimiser.step(gradients, 1e-3);
      }
      float("adamw_losses").data.forEach((value, i) => {
        // Ten steps of Adam divide by small gradients and amplify roundings.
        assertAlmostEquals(losses[i]!, value, 2e-4 * value, `loss ${i}`);
      });

      const trained = {
        network,
        parameters,
        schedule: createSchedule("cosine_legacy"),
        training: {},
      };
      const denoiser = networkDenoiser(trained);
      const x0 = image("ddim/x_0");
      const sample = await ddim(denoiser, {
        xT: image("ddim/x_T"),
        times: uniformTimeGrid(20),
        ...labels && { labels: [labels[0]!] },
      });
      denoiser.dispose();
      const sampleError = relativeError(sample.data, x0.data);
      assert(sampleError < 1e-4, `DDIM sample differs by ${sampleError}`);
      assertEquals(tf.memory().numTensors, 0, "tensors were left behind");
    });
  }
}

Deno.test("weights: a network comes back from its file with the same output", async () => {
  await startBackend("wasm");
  const network = resnet({ ...cases.resnet_circular_conditional!, width: 8, layers: 2 });
  const parameters = initialParameters(network.parameters, new Random(3));
  const schedule = createSchedule("vp_linear", { betaMax: 12 });
  const bytes = writeWeights({ network, parameters, schedule, training: { steps: 7 } });
  const found = readWeights(bytes, "memory");
  assertEquals(found.parameters, parameters);
  assertEquals(found.network.architecture, network.architecture);
  assertEquals(found.schedule.parameters, schedule.parameters);
  assertEquals(found.training, { steps: 7 });
  assertEquals(writeWeights(found), bytes);
});

Deno.test("weights: another network's file is refused by the name of the array", () => {
  const network = resnet({ ...cases.resnet_zeros!, width: 8 });
  const parameters = initialParameters(network.parameters, new Random(3));
  const arrays = toStateDict(network.parameters, parameters);
  const wider = resnet({ ...cases.resnet_zeros!, width: 16 });
  assertThrows(
    () => fromStateDict(wider.parameters, arrays, "w"),
    CheckpointMismatchError,
    "up_projection.weight has shape [8,1,3,3], the network needs [16,1,3,3]",
  );
  const shorter = resnet({ ...cases.resnet_zeros!, width: 8, layers: 2 });
  assertThrows(
    () => fromStateDict(shorter.parameters, arrays, "w"),
    CheckpointMismatchError,
    "belongs to no parameter",
  );
  arrays.delete("convs.0.0.bias");
  assertThrows(
    () => fromStateDict(network.parameters, arrays, "w"),
    CheckpointMismatchError,
    "convs.0.0.bias is missing",
  );
});
