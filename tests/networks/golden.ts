/** Networks against golden cases of the public PyTorch code, on every backend that runs here. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { findAdapter } from "../../src/gpu/adapter.ts";
import { type FloatTensor, parseSafetensors } from "../../src/formats/safetensors.ts";
import { type Architecture, createNetwork } from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import type { Network } from "../../src/networks/network.ts";
import {
  type FlatParameters,
  fromStateDict,
  toStateDict,
  unflatten,
} from "../../src/networks/weights/parameters.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { uniformTimeGrid } from "../../src/samplers/time_grid.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { AdamW } from "../../src/training/adamw.ts";
import { deviceOptimization } from "../../src/training/device_optimization.ts";
import { lossAndGradients, type TrainingBatch } from "../../src/training/gradients.ts";

/** Planar [B, C, H, W] to interleaved [B, H, W, C]. */
export function interleave(
  values: ArrayLike<number>,
  [b, c, h, w]: readonly number[],
): Float32Array {
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

function norm(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value ** 2, 0));
}

/** Norm of the difference over the norm. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  return norm(Array.from(expected, (value, i) => found[i]! - value)) / norm(expected);
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

// tfjs's plain backend needs half a minute for each case's optimizer steps and sample.
const long = Deno.env.get("ELS_LONG_TESTS") === "1";

/** Software Vulkan counts: it is slow, but what runs is the same WGSL. */
const hasGpu = await findAdapter() !== undefined;
if (!hasGpu) console.log("skipped on webgpu: no GPU adapter, not even a software one");

/** Backends that run here. */
export const backends: readonly ("wasm" | "cpu" | "webgpu")[] = [
  "wasm",
  "cpu",
  ...hasGpu ? ["webgpu" as const] : [],
];

function checkLosses(losses: readonly number[], expected: ArrayLike<number>): void {
  assertEquals(losses.length, expected.length);
  losses.forEach((loss, i) => {
    const value = expected[i]!;
    // Ten steps of Adam divide by small gradients and amplify roundings.
    assertAlmostEquals(loss, value, 2e-4 * value, `loss ${i}`);
  });
}

/** The golden losses of AdamW, by steps that stay on the GPU. */
async function testDeviceLosses(
  { network, parameters, batch, float }: {
    readonly network: Network;
    readonly parameters: FlatParameters;
    readonly batch: TrainingBatch;
    readonly float: (key: string) => FloatTensor;
  },
): Promise<void> {
  const zeros = new Float32Array(parameters.length);
  const optimization = deviceOptimization(
    network,
    { step: 0, parameters, average: parameters, mean: zeros, square: zeros },
    { weightDecay: 1e-3, emaDecay: 0, clipNorm: 0 },
  );
  const reports = [];
  for (let step = 0; step < 10; step++) reports.push(...await optimization.step(batch, 1e-3));
  reports.push(...await optimization.flush());
  optimization.dispose();
  checkLosses(reports.map(({ loss }) => loss), float("adamw_losses").data);
}

/** What {@linkcode testGolden} compares with. */
export interface GoldenCase {
  /** Name of the file in the fixtures. */
  readonly name: string;
  readonly architecture: Architecture;
  /** Bound on the relative error of the gradient of a parameter. */
  readonly gradientBound: (parameter: string) => number;
}

/** Tests a network against its golden file, on every backend. */
export function testGolden({ name, architecture, gradientBound }: GoldenCase): void {
  for (const backend of backends) {
    Deno.test(`${architecture.kind}: ${name} equals PyTorch on ${backend}`, async () => {
      await startBackend(backend);
      const { float, image, arrays, labels } = await golden(name);
      const network = createNetwork(architecture);
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
      const whole = Math.hypot(...[...expected.values()].map(({ data }) => norm(data)));
      for (const [key, { data }] of toStateDict(network.parameters, gradients)) {
        const target = expected.get(key)!.data;
        const error = relativeError(data, target);
        // Some gradients are exactly zero (a constant shift of a channel before its own normalization)
        // and hold roundings only: those must be as small beside the whole gradient.
        const bound = Math.max(gradientBound(key), 2e-6 * whole / norm(target));
        assert(error < bound, `gradient of ${key} differs by ${error}`);
      }

      if (float("adamw_losses") === undefined) return; // the file holds no training
      // On webgpu steps stay on the device; the plain loops of the host are for the others.
      const onDevice = backend === "webgpu";
      if (onDevice) await testDeviceLosses({ network, parameters, batch, float });
      // The UNet's many small operations are slow on a software GPU; the ResNet's run there.
      const slow = backend === "cpu" || (onDevice && architecture.kind === "unet");
      if (slow && !long) {
        console.log(
          `skipped on ${backend}: ${onDevice ? "" : "optimizer steps and "}DDIM sample ` +
            "(deno task test:long runs them)",
        );
        return;
      }
      const optimizer = new AdamW(parameters, { weightDecay: 1e-3 });
      const losses: number[] = [];
      for (let step = 0; step < 10 && !onDevice; step++) {
        const { loss, gradients } = await lossAndGradients(network, optimizer.parameters, batch);
        losses.push(loss);
        optimizer.step(gradients, 1e-3);
      }
      if (!onDevice) checkLosses(losses, float("adamw_losses").data);

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
