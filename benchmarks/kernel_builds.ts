/**
 * Two builds of the posterior kernel beside each other in one process and thread: a change to the kernel
 * against what it was before.
 *
 * `git show REVISION:src/posterior/wasm/posterior_wasm.ts > before.ts`, then
 * `deno task bench:kernel --before before.ts`.
 *
 * Runs alternate, and what counts is the process's time on the processor, so that other work on the machine
 * disturbs both alike. Results are compared byte for byte before anything is timed.
 *
 * @module
 */
import process from "node:process";
import { resolve, toFileUrl } from "@std/path";
import { type ImageBatch, sliceBatch } from "../src/core/image_batch.ts";
import { quantile } from "../src/core/statistics.ts";
import { loadDataset } from "../src/datasets/registry_files.ts";
import { machineDefinitions } from "../src/machines.ts";
import type { PatchRule } from "../src/posterior/patch_posterior.ts";
import { cutoffBits, planPosterior } from "../src/posterior/posterior_plan.ts";
import { prepareImages } from "../src/posterior/training_set.ts";
import { pairImages } from "../src/posterior/wasm/pair_images.ts";
import { type KernelWork, PosteriorKernel } from "../src/posterior/wasm/posterior_kernel.ts";
import { cosineLegacy } from "../src/schedules/cosine_legacy.ts";
import { CommandError, defineVerb, runVerb } from "../tasks/cli/command.ts";
import { textTable } from "../tasks/cli/table.ts";
import { colorImages, noisy } from "./images.ts";

const schedule = cosineLegacy();
const machines = ["ELS", "bbELS", "LS"] as const;
const scales = [3, 9, 15];

/** The bytes in a module that `deno task build:wasm` wrote. */
async function bytesIn(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const module = await import(toFileUrl(resolve(path)).href);
  return Uint8Array.from(atob(module.relaxed), (character) => character.charCodeAt(0));
}

/** What one kernel does again and again. */
function jobOf(
  images: ImageBatch,
  { rule, k, t }: { rule: PatchRule; k: number; t: number },
): { plan: ReturnType<typeof planPosterior>; work: KernelWork } {
  const query = noisy(sliceBatch(images, 0, 1), t);
  const noise = { signal: schedule.signal(t), sigma: schedule.sigma(t) };
  const plan = planPosterior({ query, rule, scales: [k], ...noise });
  const count = images.shape[0];
  const all = Uint32Array.from({ length: count }, (_, i) => i);
  const indices = rule === "same-position" ? all : pairImages(prepareImages(images), all);
  const cutoff = cutoffBits(plan, { images: count, tolerance: 1e-7 });
  return { plan, work: { cutoff, images: images.data, indices, thresholds: null } };
}

function runOnce(kernel: PosteriorKernel, work: KernelWork) {
  const steps = kernel.run(work);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Milliseconds that this process has had on the processor. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** Milliseconds per image of each kernel, and the median ratio of neighboring runs. */
function time(
  kernels: readonly PosteriorKernel[],
  work: KernelWork,
  rounds: number,
): { before: number; after: number; ratio: number } {
  const images = work.indices.length;
  const warm = performance.now();
  let runs = 0;
  for (; performance.now() - warm < 400; runs++) for (const each of kernels) runOnce(each, work);
  // Some 8 ms at a time.
  const repeats = Math.max(1, Math.round(8 * 2 * runs / 400));
  const times: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    const taken: [number, number] = [0, 0];
    for (const i of round % 2 === 0 ? [0, 1] as const : [1, 0] as const) {
      const started = processorTime();
      for (let j = 0; j < repeats; j++) runOnce(kernels[i]!, work);
      taken[i] = (processorTime() - started) / repeats / images;
    }
    times.push(taken);
  }
  return {
    before: quantile(times.map(([before]) => before), 0.5),
    after: quantile(times.map(([, after]) => after), 0.5),
    ratio: quantile(times.map(([before, after]) => after / before), 0.5),
  };
}

export const verb = defineVerb({
  name: "bench:kernel",
  description:
    "Times a build of the posterior kernel beside another one, in one process and thread.",
  flags: {
    before: { type: "string", default: "", help: "Module with the other build" },
    images: { type: "integer", min: 2, default: 16, help: "Training images" },
    rounds: { type: "integer", min: 5, default: 60, help: "Times that each case is timed" },
    t: {
      type: "number",
      min: 0.02,
      max: 1,
      default: 0.5,
      help: "Time, which sets the noise level",
    },
    color: {
      type: "string",
      default: "../shared/data/cifar10/train_lossless.bin",
      help: "CIFAR-10 records",
    },
  },
  examples: ["deno task bench:kernel --before ../before.ts"],
}, async ({ flags, progress, print }) => {
  if (flags.before === "") {
    throw new CommandError("Cannot compare: name the other build by --before");
  }
  const builds = [await bytesIn(flags.before), undefined];
  const digits = (await loadDataset("mnist", { images: flags.images })).images;
  const [colorName, color] = await colorImages(flags.color, flags.images);
  const rows: (string | number)[][] = [];
  for (const [name, images] of [["mnist", digits], [colorName, color]] as const) {
    for (const machine of machines) {
      for (const k of scales) {
        const { rule } = machineDefinitions[machine];
        const { plan, work } = jobOf(images, { rule, k, t: flags.t });
        const kernels = await Promise.all(builds.map((build) => PosteriorKernel.create(build)));
        for (const kernel of kernels) kernel.configure(plan);
        const [a, b] = kernels.map((kernel) => runOnce(kernel, work));
        const same = (["references", "sums", "accs"] as const).every((part) =>
          a![part].every((value, i) => Object.is(value, b![part][i]))
        );
        const { before, after, ratio } = time(kernels, work, flags.rounds);
        rows.push([
          name,
          machine,
          k,
          before.toFixed(4),
          after.toFixed(4),
          ratio.toFixed(3),
          same ? "same bytes" : "DIFFERENT",
        ]);
        progress.note(rows.at(-1)!.join(" "));
      }
    }
  }
  print(
    `ms per training image on one thread, t = ${flags.t}, medians of ${flags.rounds}\n` +
      textTable({
        header: ["images", "machine", "k", "before", "after", "ratio", "result"],
        rows,
      }),
  );
});

if (import.meta.main) await runVerb(verb);
