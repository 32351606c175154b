/**
 * Training steps of a network beside PyTorch's in one run: steps/s, images/s and GFLOP/s.
 *
 * `deno task bench:train [--backend webgpu] [--architecture unet] [--widths 32,64] [--batch 16]`
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { Random } from "../src/core/random.ts";
import type { Architecture } from "../src/networks/architectures/architecture.ts";
import { createNetwork } from "../src/networks/architectures/architecture.ts";
import type { BackendInfo } from "../src/networks/backend.ts";
import { initialParameters } from "../src/networks/weights/parameters.ts";
import { createSchedule } from "../src/schedules/create_schedule.ts";
import { writeFileAtomic } from "../src/runs/atomic_write.ts";
import { deviceOptimization } from "../src/training/device_optimization.ts";
import { ExampleStream } from "../src/training/examples.ts";
import { createGradientPool } from "../src/training/gradient_pool.ts";
import { hostOptimization } from "../src/training/host_optimization.ts";
import type { Optimization } from "../src/training/optimization.ts";
import { CommandError, defineVerb, runVerb } from "../tasks/cli/command.ts";
import { textTable } from "../tasks/cli/table.ts";
import { startBackend } from "../src/networks/backend.ts";
import { type PeerOutcome, runPeer } from "./peer.ts";

const WARM = 3;
const LEARNING_RATE = 1e-4;
const recipe = { weightDecay: 1e-4, emaDecay: 0.999, clipNorm: 0 };

interface Case {
  readonly architecture: "resnet" | "unet" | "attention-unet";
  readonly width: number;
  readonly layers: number;
  readonly colors: number;
  readonly batch: number;
  readonly seconds: number;
}

/** What TensorFlow.js holds: it grows where a step forgets something. */
interface Memory {
  readonly tensors: number;
  readonly bytes: number;
  /** Buffers on the GPU. */
  readonly gpuBytes?: number;
}

function memory(): Memory {
  const { numTensors, numBytes, numBytesAllocatedInGPU } = tf.memory() as tf.MemoryInfo & {
    readonly numBytesAllocatedInGPU?: number;
  };
  return {
    tensors: numTensors,
    bytes: numBytes,
    ...numBytesAllocatedInGPU !== undefined && { gpuBytes: numBytesAllocatedInGPU },
  };
}

/** One side of the comparison. */
interface Measurement {
  readonly seconds: number;
  readonly flops: number;
  readonly steps: number;
  /** On the device: after the warm-up, and at the end. */
  readonly memory?: readonly [Memory, Memory];
}

function architectureOf({ architecture, width, layers, colors }: Case): Architecture {
  const common = { imageShape: [32, 32, colors], padding: "zeros", classes: 0 } as const;
  const channels = [width, 2 * width, 4 * width];
  switch (architecture) {
    case "resnet":
      return { kind: "resnet", width, layers, kernelSize: 3, ...common };
    case "unet":
      return { kind: "unet", channels, embedding: 4 * width, norm: "none", ...common };
    case "attention-unet":
      return { kind: "attention-unet", channels, blocks: 2, attention: [16], ...common };
  }
}

/** Seconds of a step, everything in it: examples, gradients, optimizer, moving average. */
async function measure(
  shape: Case,
  { backend, workers, minSteps, abort }: {
    readonly backend: BackendInfo;
    readonly workers: number;
    readonly minSteps: number;
    readonly abort: AbortSignal;
  },
): Promise<Measurement> {
  const network = createNetwork(architectureOf(shape));
  const { batch, colors } = shape;
  const images = {
    data: new Random(1).normals(batch * 1024 * colors),
    shape: [batch, 32, 32, colors] as const,
  };
  const schedule = createSchedule("cosine_legacy");
  const stream = new ExampleStream({ images, schedule, batchSize: batch, seed: 1 });
  const parameters = initialParameters(network.parameters, new Random(2));
  const zeros = new Float32Array(parameters.length);
  const start = { step: 0, parameters, average: parameters, mean: zeros, square: zeros };
  const pool = backend.name === "webgpu"
    ? undefined
    : await createGradientPool(network, { backend: backend.name, shards: workers, workers });
  const optimization: Optimization = pool
    ? hostOptimization(start, { recipe, pool })
    : deviceOptimization(network, start, recipe);
  try {
    let step = 0;
    let next = stream.batch(1);
    const take = async () => {
      abort.throwIfAborted();
      const batch = await next;
      const taken = optimization.step(batch, LEARNING_RATE);
      next = stream.batch(++step + 1);
      await taken;
    };
    while (step < WARM) await take();
    await optimization.flush();
    const before = memory();
    const from = performance.now();
    do await take(); while (
      performance.now() - from < shape.seconds * 1e3 || step < WARM + minSteps
    );
    await optimization.flush();
    const steps = step - WARM;
    return {
      seconds: (performance.now() - from) / 1e3 / steps,
      flops: 3 * batch * network.flopsPerImage,
      steps,
      ...!pool && { memory: [before, memory()] },
    };
  } finally {
    optimization.dispose();
    pool?.dispose();
  }
}

/** Seconds of a step of the PyTorch side. */
function peer(
  { architecture, width, layers, colors, batch, seconds }: Case,
  { script, device, threads, abort }: {
    readonly script: string;
    readonly device: string;
    readonly threads: number;
    readonly abort: AbortSignal;
  },
): Promise<PeerOutcome<{ readonly seconds: number; readonly device: string }>> {
  const options = { architecture, width, layers, colors, batch, seconds, device, threads };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return runPeer([script, ...args], { abort });
}

/** This command. */
export const verb = defineVerb({
  name: "bench:train",
  description:
    "Times training steps beside PyTorch (float32, TF32 off), where a python3 with torch " +
    "is at hand: on webgpu beside CUDA, else beside as many threads of the CPU.",
  flags: {
    backend: {
      type: "choice",
      choices: ["auto", "webgpu", "wasm", "cpu"],
      default: "auto",
      help: "Where TensorFlow.js computes",
    },
    architecture: {
      type: "choice",
      choices: ["resnet", "unet", "attention-unet"],
      default: "resnet",
      help: "Network; both UNets have three levels of 1, 2 and 4 times the width",
    },
    widths: { type: "integers", min: 8, default: [32, 48, 64], help: "Channels" },
    layers: { type: "integer", min: 1, default: 4, help: "ResNet: residual layers" },
    colors: { type: "integer", min: 1, max: 4, default: 1, help: "Channels of the images" },
    batch: { type: "integer", min: 1, default: 16, help: "Images per step" },
    seconds: { type: "number", min: 0, default: 2, help: "Time to spend on each case" },
    minSteps: { type: "integer", min: 1, default: 1, help: "Steps of each case, at least" },
    device: {
      type: "choice",
      choices: ["auto", "cuda", "cpu", "none"],
      default: "auto",
      help: "Device of the PyTorch side",
    },
    peer: {
      type: "string",
      default: "benchmarks/torch_training_peer.py",
      placeholder: "FILE",
      help: "PyTorch side",
    },
    out: { type: "string", placeholder: "FILE", help: "Also write the numbers here, as JSON" },
  },
  examples: ["bench:train --backend webgpu --widths 256 --layers 6 --batch 128"],
  result: { "device": "what it ran on", "results": "a measurement for each width" },
}, async ({ flags, abort, print }) => {
  const backend = await startBackend(flags.backend);
  const onDevice = backend.name === "webgpu";
  if (flags.device === "cuda" && !onDevice) {
    throw new CommandError("--device cuda is no peer of a CPU backend; add --backend webgpu");
  }
  const device = flags.device === "auto" && !onDevice ? "cpu" : flags.device;
  const threads = navigator.hardwareConcurrency;
  const where = backend.adapter ?? `${backend.name}, up to ${threads} threads`;
  const { architecture, layers, colors, batch, seconds } = flags;
  const results: (Measurement & {
    readonly width: number;
    readonly workers: number;
    readonly torch: { readonly seconds: number; readonly device: string } | undefined;
    readonly noTorch: string | undefined;
  })[] = [];
  const found = { device: where, architecture, layers, colors, batch, results };
  for (const width of flags.widths) {
    const shape = { architecture, width, layers, colors, batch, seconds };
    const other = device === "none" ? undefined : await peer(shape, {
      script: flags.peer,
      device,
      threads: onDevice ? 0 : threads,
      abort,
    });
    const torch = other && "found" in other ? other.found : undefined;
    const noTorch = other && "reason" in other ? other.reason : undefined;
    for (const workers of onDevice ? [1] : [...new Set([1, threads])]) {
      const { minSteps } = flags;
      const measured = await measure(shape, { backend, workers, minSteps, abort });
      results.push({ width, workers, ...measured, torch, noTorch });
      // After every case, so that one that is killed leaves what it has.
      if (flags.out) await writeFileAtomic(flags.out, JSON.stringify(found, null, 2) + "\n");
    }
  }
  const torchDevice = results.find(({ torch }) => torch)?.torch?.device;
  const noTorch = results.find(({ noTorch }) => noTorch)?.noTorch;
  print(
    `${architecture} on ${where}, batch ${batch}` +
      (torchDevice ? `; PyTorch on ${torchDevice}` : noTorch ? `; no PyTorch (${noTorch})` : ""),
  );
  print(textTable({
    header: [
      "width",
      ...onDevice ? [] : ["workers"],
      "ms/step",
      "steps/s",
      "images/s",
      "GFLOP/s",
      ...onDevice ? ["GPU MB, after warm-up and in the end"] : [],
      "PyTorch GFLOP/s",
      "ratio",
    ],
    rows: results.map(({ width, workers, seconds, flops, memory, torch }) => [
      width,
      ...onDevice ? [] : [workers],
      (seconds * 1e3).toFixed(1),
      (1 / seconds).toFixed(2),
      (batch / seconds).toFixed(0),
      (flops / seconds / 1e9).toFixed(1),
      ...memory ? [memory.map(({ gpuBytes = 0 }) => (gpuBytes / 1e6).toFixed(1)).join(", ")] : [],
      torch ? (flops / torch.seconds / 1e9).toFixed(1) : "no torch",
      torch ? (torch.seconds / seconds).toFixed(2) : "",
    ]),
  }));
  return found;
});

if (import.meta.main) await runVerb(verb);
