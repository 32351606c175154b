/**
 * The patch posterior on a GPU: pairs per second, the share of the chip's float32 rate, and PyTorch
 * doing the same in the same run, where that is installed.
 *
 * `deno task bench:webgpu [--scales 3,9,15,27] [--images 4096] [--out FILE]`, `--what rates,sample` for
 * whole samples too. Runs on any adapter, software ones included; results are checked first.
 *
 * @module
 */
import { type ImageBatch, imageShapeOf, sliceBatch } from "../src/core/image_batch.ts";
import { quantile } from "../src/core/statistics.ts";
import { bytesToImages } from "../src/datasets/labeled_bytes.ts";
import { loadDataset } from "../src/datasets/registry_files.ts";
import { syntheticTextures } from "../src/datasets/synthetic.ts";
import type { PatchMachineName } from "../src/machines/machine_table.ts";
import type { PatchPosterior } from "../src/posterior/patch_posterior.ts";
import { openGpu } from "../src/gpu/gpu_context.ts";
import { marchOperations } from "../src/posterior/webgpu/march_wgsl.ts";
import { pairsOf, segmentsOf } from "../src/posterior/webgpu/segments.ts";
import {
  createMachine,
  machineDefinitions,
  posteriorMean,
  referencePosterior,
  webgpuPosterior,
} from "../src/machines.ts";
import { writeFileAtomic } from "../src/runs/atomic_write.ts";
import { ddim } from "../src/samplers/ddim.ts";
import { initialNoise } from "../src/samplers/initial_noise.ts";
import { uniformTimeGrid } from "../src/samplers/time_grid.ts";
import { cosineLegacy } from "../src/schedules/cosine_legacy.ts";
import { startBackend } from "../src/networks/backend.ts";
import { CommandError, defineVerb, runVerb } from "../tasks/cli/command.ts";
import { textTable } from "../tasks/cli/table.ts";
import { noisy } from "./images.ts";
import { runPeer } from "./peer.ts";

const schedule = cosineLegacy();
const machines = ["ELS", "bbELS"] as const;
/** Scales of the MNIST ResNet with zero padding (arXiv 2412.20292), index 0 = t 1/20. */
const published = [3, 3, 5, 5, 5, 7, 7, 7, 9, 9, 11, 11, 11, 11, 13, 15, 15, 15, 15, 15];

/** One measurement. */
interface Case {
  readonly machine: typeof machines[number];
  readonly k: number;
  readonly channels: number;
  readonly images: number;
}

async function xHat0(
  backend: PatchPosterior,
  images: ImageBatch,
  { machine, k, query, t }: { machine: PatchMachineName; k: number; query: ImageBatch; t: number },
): Promise<ImageBatch> {
  const { rule } = machineDefinitions[machine];
  const noise = { signal: schedule.signal(t), sigma: schedule.sigma(t) };
  const run = backend.begin({ query, rule, scales: [k], ...noise });
  await run.accumulate(images);
  return posteriorMean(await run.finish(), { imageShape: imageShapeOf(query) });
}

/** Relative L2 error of the score against the float64 reference, on a few images. */
async function errorOf(
  backend: PatchPosterior,
  images: ImageBatch,
  { machine, k, t }: { machine: PatchMachineName; k: number; t: number },
): Promise<number> {
  const few = sliceBatch(images, 0, 2), query = noisy(sliceBatch(images, 0, 1), t);
  const [found, expected] = [
    await xHat0(backend, few, { machine, k, query, t }),
    await xHat0(referencePosterior(), few, { machine, k, query, t }),
  ];
  let difference = 0, norm = 0;
  const signal = schedule.signal(t);
  expected.data.forEach((value, i) => {
    difference += (signal * (found.data[i]! - value)) ** 2;
    norm += (signal * value - query.data[i]!) ** 2;
  });
  return Math.sqrt(difference / norm);
}

/** Pairs (p, q) of a query and an image. */
function pairsPerImage(machine: PatchMachineName, k: number): number {
  const shape = { height: 32, width: 32, k };
  return segmentsOf(machineDefinitions[machine].rule, shape)
    .reduce((sum, segment) => sum + pairsOf(segment, shape), 0);
}

/** Floating-point operations per pair: those of distances, some 8 to compare and weigh, and the means. */
function operationsPerPair(machine: PatchMachineName, k: number, channels: number): number {
  const shape = { height: 32, width: 32, k, channels };
  const [segment] = segmentsOf(machineDefinitions[machine].rule, shape);
  const options = { ...shape, segment: segment!, exact: false, workgroupMemory: 0 };
  return marchOperations(options) / pairsPerImage(machine, k) + 8 + 3 * channels;
}

/** Float32 operations per second in a chain of multiply-adds, the largest of a few runs. */
async function float32Rate(): Promise<{ rate: number; adapter: string; software: boolean }> {
  const gpu = await openGpu();
  const { device, adapter, software } = gpu;
  const lines = Array.from({ length: 32 }, () => "a = fma(a, m, n); b = fma(b, m, n);").join("\n");
  const loops = 256, threads = 256, groups = software ? 64 : 16384;
  const module = device.createShaderModule({
    code: `
@group(0) @binding(0) var<storage, read_write> out: array<vec4<f32>>;
@compute @workgroup_size(${threads}) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  var a = vec4<f32>(f32(id.x)); var b = a + 1.0;
  let m = vec4<f32>(0.999 + f32(id.x & 1u) * 1e-4); let n = m * 1e-3;
  for (var i = 0; i < ${loops}; i++) { ${lines} }
  out[id.x & 1023u] = a + b;
}`,
  });
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module, entryPoint: "main" },
  });
  const buffer = device.createBuffer({ size: 16384, usage: GPUBufferUsage.STORAGE });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer } }],
  });
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(groups);
    pass.end();
    const started = performance.now();
    device.queue.submit([encoder.finish()]);
    await gpu.finished();
    if (i > 0) best = Math.min(best, performance.now() - started);
  }
  buffer.destroy();
  gpu.dispose();
  return { rate: groups * threads * loops * 64 * 8 / (best / 1e3), adapter, software };
}

/** What the PyTorch side prints. */
interface PeerReport {
  readonly device: string;
  readonly torch: string;
  readonly results: readonly (Case & { readonly pairs_per_s: number })[];
}

/** Images of a class from CIFAR-10 records (label, then three planes of 32 x 32). */
async function cifarClass(path: string, label: number): Promise<ImageBatch | undefined> {
  const bytes = await Deno.readFile(path).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const images: number[] = [];
  for (let at = 0; at < bytes.length; at += 3073) if (bytes[at] === label) images.push(at + 1);
  const data = new Float32Array(images.length * 3072);
  images.forEach((at, n) => {
    for (let i = 0; i < 3072; i++) {
      data[n * 3072 + (i % 1024) * 3 + Math.floor(i / 1024)] = bytes[at + i]! / 127.5 - 1;
    }
  });
  return { data, shape: [images.length, 32, 32, 3] };
}

/** This command. */
export const verb = defineVerb({
  name: "bench:webgpu",
  description: "Times the patch posterior on a GPU (any WebGPU adapter), beside PyTorch where a " +
    "python3 with torch is at hand. Checks results against the reference before timing.",
  flags: {
    what: { type: "string", default: "rates", help: "Parts to run: rates, sample" },
    scales: { type: "integers", min: 1, default: [3, 9, 15, 27], help: "Patch sizes" },
    channels: { type: "integers", min: 1, default: [1, 3], help: "Channels of the images" },
    images: { type: "integer", min: 2, help: "Training images; default: 4096, 8 in software" },
    t: { type: "number", min: 0.02, max: 1, default: 0.5, help: "Time: the noise level" },
    repeats: { type: "integer", min: 1, default: 5, help: "Runs, of which the median counts" },
    peer: {
      type: "string",
      default: new URL("torch_cuda_peer.py", import.meta.url).pathname,
      placeholder: "FILE",
      help: "PyTorch side",
    },
    peerDevice: { type: "string", default: "auto", help: "PyTorch device: auto, cuda, cpu, none" },
    color: {
      type: "string",
      default: "../shared/data/cifar10/train_lossless.bin",
      placeholder: "FILE",
      help: "CIFAR-10 records for the sample",
    },
    out: { type: "string", placeholder: "FILE", help: "Also write the numbers here, as JSON" },
  },
  examples: [
    "bench:webgpu",
    "bench:webgpu --what rates,sample --out gpu.json",
  ],
  result: {
    "adapter": "what it ran on",
    "rates": "a measurement for each machine, scale and number of channels",
    "samples": "seconds of whole samples",
  },
}, async ({ flags, progress, abort, print }) => {
  const parts = new Set(flags.what.split(","));
  const { t } = flags;
  await startBackend("cpu"); // a folder for Vulkan where there is none
  const chip = await float32Rate();
  await using backend = webgpuPosterior();
  await backend.start();
  const count = flags.images ?? (chip.software ? 8 : 4096);
  print(
    `${chip.adapter}: ${(chip.rate / 1e12).toPrecision(3)} T float32 operations/s in multiply-adds`,
  );
  const out: Record<string, unknown> = { adapter: chip.adapter, float32PerSecond: chip.rate, t };
  // After every case, so that one that is killed leaves what it has.
  const save = async () => {
    if (flags.out) await writeFileAtomic(flags.out, JSON.stringify(out, null, 2) + "\n");
  };

  if (parts.has("rates")) {
    const cases: Case[] = machines.flatMap((machine) =>
      flags.channels.flatMap((channels) =>
        flags.scales.map((k) => ({ machine, k, channels, images: count }))
      )
    );
    progress.note("PyTorch");
    const theirs = flags.peerDevice === "none"
      ? { reason: "not asked for" }
      : await runPeer<PeerReport>([
        ...[flags.peer, "--device", flags.peerDevice, "--t", String(t)],
        ...cases.map(({ machine, k, channels, images }) =>
          [machine, k, channels, images].join(":")
        ),
      ], { abort });
    const peerRates = new Map<string, number>();
    if ("found" in theirs) {
      const { device, torch, results } = theirs.found;
      for (const { machine, k, channels, pairs_per_s } of results) {
        peerRates.set([machine, k, channels].join(), pairs_per_s);
      }
      out.peer = { device, torch };
    } else {
      out.peer = theirs;
      print(`no PyTorch: ${theirs.reason}`);
    }
    const rows: (string | number)[][] = [], results: Record<string, unknown>[] = [];
    out.rates = results;
    for (const channels of flags.channels) {
      const images = bytesToImages(
        syntheticTextures({ images: count, channels, size: 32, seed: 1 }),
      );
      const query = noisy(sliceBatch(images, 0, 1), t);
      for (const machine of machines) {
        for (const k of flags.scales) {
          abort.throwIfAborted();
          progress.note(`${machine} k = ${k}, ${channels} channels`);
          const error = await errorOf(backend, images, { machine, k, t });
          if (!(error < 1e-5)) {
            throw new CommandError(`The kernel is wrong for ${machine} k = ${k}: ${error}`);
          }
          const seconds: number[] = [];
          for (let i = 0; i <= flags.repeats; i++) {
            const started = performance.now();
            await xHat0(backend, images, { machine, k, query, t });
            // The first run sends the images and compiles.
            if (i > 0) seconds.push((performance.now() - started) / 1e3);
          }
          const median = quantile(seconds, 0.5);
          const rate = pairsPerImage(machine, k) * count / median;
          const share = rate * operationsPerPair(machine, k, channels) / chip.rate;
          const other = peerRates.get([machine, k, channels].join());
          results.push({
            machine,
            k,
            channels,
            images: count,
            seconds: median,
            pairsPerSecond: rate,
            shareOfFloat32Rate: share,
            scoreError: error,
            ...other !== undefined && { peerPairsPerSecond: other },
          });
          rows.push([
            machine,
            channels,
            k,
            (1e3 * median / count).toPrecision(3),
            rate.toExponential(2),
            `${(100 * share).toFixed(1)}%`,
            other === undefined ? "no torch" : other.toExponential(2),
            other === undefined ? "" : (rate / other).toFixed(1),
          ]);
          await save();
        }
      }
    }
    const header = ["machine", "C", "k", "ms/image", "pairs/s", "of float32", "PyTorch", "ratio"];
    print(`\nOne query, ${count} images of 32 x 32, t = ${t}, scores checked to 1e-5`);
    print(textTable({ header, rows }));
  }

  if (parts.has("sample")) {
    const rows: (string | number)[][] = [];
    const samples: Record<string, string | number>[] = [];
    out.samples = samples;
    const digits = (await loadDataset("mnist", {})).images;
    const color = await cifarClass(flags.color, 0);
    for (const [name, images] of [["mnist", digits], ["cifar10 class 0", color]] as const) {
      if (images === undefined) continue;
      const some = flags.images ? sliceBatch(images, 0, flags.images) : images;
      const machine = createMachine("bbELS", {
        images: some,
        schedule,
        patchSize: published,
        posterior: backend,
      });
      const sample = () =>
        ddim(machine, {
          xT: initialNoise({ samples: 1, seed: 1, imageShape: imageShapeOf(some) }),
          times: uniformTimeGrid(20),
          abort,
          onStep: ({ t }) => progress.note(`${name} t = ${t}`),
        });
      const times: number[] = [];
      for (let i = 0; i < 2; i++) {
        const started = performance.now();
        await sample();
        times.push((performance.now() - started) / 1e3);
      }
      rows.push([name, some.shape[0], ...times.map((time) => time.toFixed(2))]);
      samples.push({ images: name, number: some.shape[0], first: times[0]!, again: times[1]! });
      await save();
    }
    const header = ["images", "number", "first s", "again s"];
    print("\nA 20-step bbELS sample; the first sends the images and compiles");
    print(textTable({ header, rows }));
  }
  return out;
});

if (import.meta.main) await runVerb(verb);
