/**
 * The patch posterior beside PyTorch's in one run, and how its cost grows.
 *
 * `deno task bench [--what peer,growth,batching] [--images 64]`, `deno task bench --what sample,calibration`
 * for a whole sample against all of MNIST and a whole calibration.
 *
 * @module
 */
import { type ImageBatch, sliceBatch } from "../src/core/image_batch.ts";
import { quantile } from "../src/core/statistics.ts";
import { loadDataset } from "../src/datasets/registry_files.ts";
import type { PatchMachineName } from "../src/machines/machine_table.ts";
import type { PatchPosterior } from "../src/posterior/patch_posterior.ts";
import {
  createMachine,
  machineDefinitions,
  referencePosterior,
  wasmPosterior,
} from "../src/machines.ts";
import { ddim } from "../src/samplers/ddim.ts";
import { initialNoise } from "../src/samplers/initial_noise.ts";
import { uniformTimeGrid } from "../src/samplers/time_grid.ts";
import { cosineLegacy } from "../src/schedules/cosine_legacy.ts";
import { CommandError, defineVerb, runVerb } from "../tasks/cli/command.ts";
import { textTable } from "../tasks/cli/table.ts";
import { colorImages, noisy } from "./images.ts";

const schedule = cosineLegacy();
const eightScales = [3, 5, 7, 9, 11, 13, 15, 17];
/** Scales of the MNIST ResNet with zero padding (arXiv 2412.20292), index 0 = t 1/20. */
const published = [3, 3, 5, 5, 5, 7, 7, 7, 9, 9, 11, 11, 11, 11, 13, 15, 15, 15, 15, 15];

interface Timing {
  readonly backend: PatchPosterior;
  readonly images: ImageBatch;
  readonly query: ImageBatch;
  readonly machine: PatchMachineName;
  readonly scales: readonly number[];
  readonly t: number;
}

function begin({ backend, query, machine, scales, t }: Omit<Timing, "images">) {
  const { rule } = machineDefinitions[machine];
  const noise = { signal: schedule.signal(t), sigma: schedule.sigma(t) };
  return backend.begin({ query, rule, scales, ...noise });
}

/** Milliseconds per training image: the median of runs after one that warms up; 0: that one. */
async function time(timing: Timing, repeats = 3): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i <= repeats; i++) {
    const started = performance.now();
    const run = begin(timing);
    await run.accumulate(timing.images);
    await run.finish();
    if (i > 0 || repeats === 0) times.push(performance.now() - started);
  }
  return quantile(times, 0.5) / timing.images.shape[0];
}

/** Largest relative L2 error of the score against the float64 reference, over machines and scales. */
async function worstError(backend: PatchPosterior, images: ImageBatch, t: number): Promise<number> {
  let worst = 0;
  for (const machine of ["LS", "ELS", "bbELS"] as const) {
    const query = noisy(sliceBatch(images, 0, 1), t);
    const states = [];
    for (const each of [backend, referencePosterior()]) {
      const run = begin({ backend: each, query, machine, scales: [3, 9, 15], t });
      await run.accumulate(sliceBatch(images, 0, 4));
      states.push(await run.finish());
    }
    const [found, expected] = states.map(({ acc, sum, shape: [, , , c] }) =>
      acc.map((v, i) => v / sum[Math.floor(i / c)]!)
    );
    const cells = query.data.length;
    for (let s = 0; s < 3; s++) {
      let difference = 0, norm = 0;
      for (let i = s * cells; i < (s + 1) * cells; i++) {
        const signal = schedule.signal(t);
        difference += (signal * (found![i]! - expected![i]!)) ** 2;
        norm += (signal * expected![i]! - query.data[i - s * cells]!) ** 2;
      }
      worst = Math.max(worst, Math.sqrt(difference / norm));
    }
  }
  return worst;
}

/** Milliseconds per image of the PyTorch side, by scale; undefined where Python has no torch. */
async function peer(
  { script, data, machine, images, channels, t }: {
    script: string;
    data: string;
    machine: string;
    images: number;
    channels: number;
    t: number;
  },
): Promise<Map<number, number> | undefined> {
  for (const python of ["/usr/bin/python3", "python3"]) {
    const args = [script, "posterior", "--images", images, "--channels", channels, "--t", t];
    try {
      const { success, stdout } = await new Deno.Command(python, {
        args: [...args, "--machine", machine, "--data", data, "--scales", ...eightScales]
          .map(String),
        stderr: "null",
      }).output();
      const found = new TextDecoder().decode(stdout).matchAll(/k=(\d+) \S+ s {2}([\d.]+) ms/g);
      if (success) return new Map([...found].map(([, k, ms]) => [Number(k), Number(ms)]));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

/** Images as raw bytes [N, C, H, W], as the peer reads them. */
function rawBytes({ data, shape: [n, h, w, c] }: ImageBatch): Uint8Array {
  const raw = new Uint8Array(data.length);
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < h * w; p++) {
      for (let k = 0; k < c; k++) {
        const value = (data[(i * h * w + p) * c + k]! + 1) * 127.5;
        raw[(i * c + k) * h * w + p] = Math.round(value);
      }
    }
  }
  return raw;
}

/** This command. */
export const verb = defineVerb({
  name: "bench",
  description:
    "Times the patch posterior on the CPU, beside PyTorch where a python3 with torch and " +
    "the peer script are at hand. Checks results against the reference before timing.",
  flags: {
    what: {
      type: "string",
      default: "peer,growth,batching",
      help: "Parts to run: peer, growth, batching, sample, calibration",
    },
    images: { type: "integer", min: 16, default: 64, help: "Training images beside the peer" },
    calibrationSamples: {
      type: "integer",
      min: 1,
      default: 10,
      help: "Samples of the calibration",
    },
    t: {
      type: "number",
      min: 0.02,
      max: 1,
      default: 0.5,
      help: "Time, which sets the noise level",
    },
    workers: { type: "integer", min: 0, default: navigator.hardwareConcurrency, help: "Threads" },
    peer: { type: "string", default: "../shared/bench/torch_peer.py", help: "PyTorch side" },
    color: {
      type: "string",
      default: "../shared/data/cifar10/train_lossless.bin",
      help: "CIFAR-10 records",
    },
  },
  examples: ["bench", "bench --what sample,calibration"],
}, async ({ flags, progress, print }) => {
  const parts = new Set(flags.what.split(","));
  const { t, workers } = flags;
  await using backend = wasmPosterior({ workers });
  const threads = await backend.start();
  const printTable = (title: string, header: string[], rows: (string | number)[][]) =>
    print(`\n${title}\n${textTable({ header, rows })}`);

  const needed = parts.has("growth") || parts.has("sample")
    ? 60000
    : parts.has("calibration")
    ? 5000
    : flags.images;
  const mnist = (await loadDataset("mnist", { images: needed })).images;
  const digits = sliceBatch(mnist, 0, flags.images);
  const [colorName, color] = await colorImages(flags.color, flags.images);
  for (const [name, images] of [["mnist", digits], [colorName, color]] as const) {
    for (const each of [0.05, t]) {
      const error = await worstError(backend, images, each);
      print(`${name} t = ${each}: score within ${error.toExponential(1)} of the reference`);
      if (!(error < 1e-5)) throw new CommandError(`The kernel is wrong on ${name} at t = ${each}`);
    }
  }

  if (parts.has("peer")) {
    const rows: (string | number)[][] = [];
    const data = await Deno.makeTempFile();
    try {
      for (const [name, images] of [["mnist", digits], [colorName, color]] as const) {
        await Deno.writeFile(data, rawBytes(images));
        for (const machine of ["ELS", "bbELS"] as const) {
          progress.note(`${name} ${machine}`);
          const [count, , , channels] = images.shape;
          const shape = { data, machine, images: count, channels, t };
          const torch = await peer({ script: flags.peer, ...shape });
          const query = noisy(sliceBatch(images, 0, 1), t);
          for (const scales of [[3], [5], [9], [15], eightScales]) {
            const ours = await time({ backend, images, query, machine, scales, t });
            const theirs = torch && scales.reduce((sum, k) => sum + torch.get(k)!, 0);
            rows.push([
              name,
              machine,
              scales.length === 1 ? `k = ${scales[0]}` : "3..17 in one call",
              ours.toFixed(3),
              theirs === undefined ? "no torch" : theirs.toFixed(2),
              theirs === undefined ? "" : (theirs / ours).toFixed(1),
            ]);
          }
        }
      }
    } finally {
      await Deno.remove(data);
    }
    printTable(
      `ms per training image, ${threads} threads, t = ${t}, beside PyTorch with 2 threads`,
      ["images", "machine", "scales", "ours", "PyTorch", "ratio"],
      rows,
    );
  }

  const query = noisy(sliceBatch(mnist, 0, 1), t);
  const bb = { backend, query, machine: "bbELS" as const, t };
  if (parts.has("growth")) {
    const byCount: (string | number)[][] = [];
    for (const count of [1000, 5000, 20000, 60000]) {
      const ms = await time({ ...bb, images: sliceBatch(mnist, 0, count), scales: [15] }, 0);
      const memory = Deno.memoryUsage().rss / 2 ** 20;
      byCount.push([count, ms.toFixed(3), memory.toFixed(0)]);
    }
    printTable("bbELS k = 15 against N", ["images", "ms/image", "memory MiB"], byCount);
    const some = sliceBatch(mnist, 0, 256);
    const byScale: (string | number)[][] = [];
    for (const k of [3, 7, 11, 15, 19, 23, 27, 31]) {
      byScale.push([k, (await time({ ...bb, images: some, scales: [k] })).toFixed(3)]);
    }
    printTable("bbELS against k", ["k", "ms/image"], byScale);
    const byNumber: (string | number)[][] = [];
    for (const n of [1, 2, 4, 8, 13]) {
      const scales = Array.from({ length: n }, (_, i) => 3 + 2 * i);
      byNumber.push([n, (await time({ ...bb, images: some, scales })).toFixed(3)]);
    }
    printTable("bbELS against the number of scales, 3, 5, ..", ["scales", "ms/image"], byNumber);
    const byWorkers: (string | number)[][] = [];
    for (const count of [...new Set([0, 1, 2, navigator.hardwareConcurrency])]) {
      await using other = wasmPosterior({ workers: count });
      const ms = await time({ ...bb, backend: other, images: some, scales: [9] });
      byWorkers.push([count === 0 ? "calling thread" : count, ms.toFixed(3)]);
    }
    printTable("bbELS k = 9 against workers", ["workers", "ms/image"], byWorkers);
  }

  if (parts.has("batching")) {
    const ten = noisy(sliceBatch(mnist, 0, 10), t);
    const rows: (string | number)[][] = [];
    for (const [machine, scales] of [["bbELS", [9]], ["LS", [9]], ["IS", [1]]] as const) {
      const together = await time({ ...bb, machine, query: ten, images: digits, scales });
      let alone = 0;
      for (let i = 0; i < 10; i++) {
        const one = sliceBatch(ten, i, i + 1);
        alone += await time({ ...bb, machine, query: one, images: digits, scales }, 1);
      }
      rows.push([machine, together.toFixed(3), alone.toFixed(3), (alone / together).toFixed(2)]);
    }
    printTable("Ten queries, ms/image", ["machine", "one call", "ten calls", "ratio"], rows);
  }

  const minutes = (started: number) => ((performance.now() - started) / 60e3).toFixed(1);
  if (parts.has("sample")) {
    const sampler = createMachine("bbELS", {
      images: mnist,
      schedule,
      patchSize: published,
      posterior: backend,
    });
    const started = performance.now();
    const xT = initialNoise({ samples: 1, seed: 1, imageShape: [32, 32, 1] });
    await ddim(sampler, {
      xT,
      times: uniformTimeGrid(20),
      onStep: ({ t }) => progress.note(`t = ${t}: ${minutes(started)} min`),
    });
    print(`\n20-step bbELS sample, 60,000 images: ${minutes(started)} min`);
  }

  if (parts.has("calibration")) {
    const images = sliceBatch(mnist, 0, 5000);
    const machine = createMachine("bbELS", { images, schedule, posterior: backend });
    const x = sliceBatch(mnist, 100, 100 + flags.calibrationSamples);
    const scales = Array.from({ length: 13 }, (_, i) => 3 + 2 * i);
    const started = performance.now();
    for (const each of uniformTimeGrid(20).slice(0, 20)) {
      await machine.predictScales(noisy(x, each), each, { scales });
      progress.note(`t = ${each}: ${minutes(started)} min`);
    }
    print(
      `13 scales at 20 steps for ${flags.calibrationSamples} samples, 5,000 images (the machine's part of a calibration): ` +
        `${minutes(started)} min`,
    );
  }
});

if (import.meta.main) await runVerb(verb);
