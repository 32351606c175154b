/** Training steps that stay on a GPU; software Vulkan counts. */
import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { findAdapter } from "../../src/gpu/adapter.ts";
import { DeviceUnavailableError } from "../../src/core/errors.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { createGradientPool } from "../../src/training/gradient_pool.ts";
import {
  TrainingDivergedError,
  type TrainingState,
  type TrainingStep,
} from "../../src/training/optimization.ts";
import { examples, smallRecipe, smallResnet } from "./small_training.ts";
import { optimizeNetwork, type OptimizeOptions } from "../../src/training/optimize_network.ts";

const hasGpu = await findAdapter() !== undefined;
if (!hasGpu) console.log("skipped: training on webgpu: no GPU adapter, not even a software one");

const network = smallResnet(1);
const recipe = smallRecipe(6);

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `train on webgpu: ${name}`,
    ignore: !hasGpu,
    // The device's own timers and promises live as long as the process.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await startBackend("webgpu");
      await fn();
    },
  });
}

async function reportsOf(options: Partial<OptimizeOptions> = {}) {
  const reports: TrainingStep[] = [];
  const state = await optimizeNetwork(network, {
    examples,
    recipe,
    onStep: (step) => void reports.push(step),
    ...options,
  });
  return { reports, state };
}

test("losses, norms and state are those of the host's path, clipped or not", async () => {
  for (const clipNorm of [0, 1]) {
    const given = { recipe: { ...recipe, clipNorm } };
    await startBackend("webgpu");
    const found = await reportsOf(given);
    await startBackend("wasm");
    const pool = await createGradientPool(network, { backend: "wasm", shards: 1, workers: 1 });
    const expected = await reportsOf({ ...given, pool });
    pool.dispose();
    assertEquals(found.reports.map(({ step }) => step), [1, 2, 3, 4, 5, 6]);
    expected.reports.forEach(({ loss, gradientNorm, learningRate }, i) => {
      const step = found.reports[i]!;
      assertEquals(step.learningRate, learningRate);
      // Float32 on both sides, and Adam divides by small gradients: roundings grow from step to step.
      assertAlmostEquals(step.loss, loss, 1e-4 * loss);
      assertAlmostEquals(step.gradientNorm, gradientNorm, 1e-3 * gradientNorm);
    });
    assertEquals(found.state.step, 6);
    for (const part of ["parameters", "average"] as const) {
      let [difference, norm] = [0, 0];
      expected.state[part].forEach((value, i) => {
        difference += (value - found.state[part][i]!) ** 2;
        norm += value ** 2;
      });
      // A step of Adam moves a value by up to its rate whatever its gradient: where that is nothing
      // but roundings, the two paths part by a thousandth of the parameters.
      assert(difference < 1e-6 * norm, `${part} differ by ${Math.sqrt(difference / norm)}`);
    }
  }
});

test("stopping and resuming equals no interruption, byte for byte", async () => {
  const whole = await reportsOf();
  const saved: TrainingState[] = [];
  const checkpoints = { every: 2, save: (state: TrainingState) => void saved.push(state) };
  const again = await reportsOf({ checkpoints });
  assertEquals(again, whole);
  assertEquals(saved.map(({ step }) => step), [2, 4, 6]);
  assertEquals(saved[2], whole.state);
  for (const resume of saved) {
    const { state, reports } = await reportsOf({ resume });
    assertEquals(state, whole.state);
    assertEquals(reports, whole.reports.slice(resume.step));
  }
  const stop = new AbortController();
  const stopped = await reportsOf({ abort: stop.signal, onStep: () => stop.abort() });
  assert(stopped.state.step < 6);
  assertEquals((await reportsOf({ resume: stopped.state })).state, whole.state);
});

test("memory does not grow with the steps", async () => {
  const seen: string[] = [];
  const longer = { ...recipe, steps: 40 };
  const before = tf.memory().numTensors;
  await optimizeNetwork(network, {
    examples,
    recipe: longer,
    checkpoints: {
      every: 10,
      save() {
        const { numTensors, numBytes } = tf.memory();
        const gpu = tf.memory() as unknown as { readonly numBytesAllocatedInGPU: number };
        seen.push(JSON.stringify([numTensors, numBytes, gpu.numBytesAllocatedInGPU]));
      },
    },
  });
  assertEquals(seen.length, 4);
  // The buffers of the first steps are used again by all others.
  assertEquals(new Set(seen.slice(1)).size, 1, seen.join(" "));
  assertEquals(tf.memory().numTensors, before, "tensors were left behind");
});

test("numbers that are not finite stop it with the step's number", async () => {
  const saved: TrainingState[] = [];
  let drawn = 0;
  const { message } = await assertRejects(
    () =>
      reportsOf({
        examples: {
          ...examples,
          target: ({ x0, eps }) => {
            // Drawn in the order of the steps.
            if (++drawn >= 4) eps = eps.map(() => NaN);
            return Promise.resolve({ x0, eps });
          },
        },
        checkpoints: { every: 1, save: (state) => void saved.push(state) },
      }),
    TrainingDivergedError,
    "diverged at step 4",
  );
  assert(message.includes("the loss is NaN"), message);
  assertEquals(saved.map(({ step }) => step), [1, 2, 3]);
  assert(saved.every(({ parameters }) => parameters.every(Number.isFinite)));
});

// The last on webgpu: there is no device after it.
test("a lost device is an error in one line, after a checkpoint that is whole", async () => {
  const { device } = await startBackend("webgpu");
  const expected: TrainingState[] = [];
  await reportsOf({ checkpoints: { every: 2, save: (state) => void expected.push(state) } });
  const saved: TrainingState[] = [];
  const { message } = await assertRejects(
    () =>
      reportsOf({
        checkpoints: {
          every: 2,
          save(state) {
            saved.push(state);
            if (state.step === 4) device!.destroy();
          },
        },
      }),
    DeviceUnavailableError,
  );
  assert(!message.includes("\n"), message);
  assertEquals(saved, expected.slice(0, 2));
});

Deno.test("optimizeNetwork: without a gradient pool other backends refuse", async () => {
  await startBackend("wasm");
  await assertRejects(
    () => optimizeNetwork(network, { examples, recipe }),
    RangeError,
    "gradient pool",
  );
});
