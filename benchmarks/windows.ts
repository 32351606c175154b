/**
 * Windows whose pixels count more or less beside the box of the same width, in one process and thread: what a
 * soft edge costs. `deno task bench:windows`.
 *
 * Runs alternate, and what counts is the process's time on the processor, so that other work on the machine
 * disturbs both alike. Results are compared with the reference before anything is timed.
 *
 * @module
 */
import process from "node:process";
import { type ImageBatch, sliceBatch } from "../src/core/image_batch.ts";
import { quantile } from "../src/core/statistics.ts";
import { loadDataset } from "../src/datasets/registry_files.ts";
import {
  machineDefinitions,
  posteriorMean,
  referencePosterior,
  wasmPosterior,
  type Window,
  type WindowShape,
  windowShapes,
} from "../src/machines.ts";
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
const machines = ["LS", "ELS", "bbELS"] as const;

interface Job {
  readonly rule: PatchRule;
  readonly width: number;
  readonly window: Window | undefined;
  readonly t: number;
}

/** What a kernel does again and again. */
async function kernelFor(
  images: ImageBatch,
  { rule, width, window, t }: Job,
): Promise<() => void> {
  const query = noisy(sliceBatch(images, 0, 1), t);
  const noise = { signal: schedule.signal(t), sigma: schedule.sigma(t) };
  const plan = planPosterior({ query, rule, scales: [width], window, ...noise });
  const count = images.shape[0];
  const all = Uint32Array.from({ length: count }, (_, i) => i);
  const indices = rule === "same-position" ? all : pairImages(prepareImages(images), all);
  const cutoff = cutoffBits(plan, { images: count, tolerance: 1e-7 });
  const work: KernelWork = { cutoff, images: images.data, indices, thresholds: null };
  const kernel = await PosteriorKernel.create();
  kernel.configure(plan);
  return () => {
    const steps = kernel.run(work);
    while (!steps.next().done);
  };
}

/** Milliseconds that this process has had on the processor. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** Milliseconds of the box and of a window, and the median ratio of neighboring runs. */
function time(
  [box, soft]: readonly [() => void, () => void],
  rounds: number,
): { box: number; soft: number; ratio: number } {
  const warm = performance.now();
  let runs = 0;
  for (; performance.now() - warm < 300; runs++) for (const run of [box, soft]) run();
  const repeats = Math.max(1, Math.round(8 * 2 * runs / 300));
  const times: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    const taken: [number, number] = [0, 0];
    for (const i of round % 2 === 0 ? [0, 1] as const : [1, 0] as const) {
      const started = processorTime();
      for (let j = 0; j < repeats; j++) [box, soft][i]!();
      taken[i] = (processorTime() - started) / repeats;
    }
    times.push(taken);
  }
  return {
    box: quantile(times.map(([each]) => each), 0.5),
    soft: quantile(times.map(([, each]) => each), 0.5),
    ratio: quantile(times.map(([one, other]) => other / one), 0.5),
  };
}

/** Relative L2 error of the score against the reference, of one training image. */
async function scoreError(images: ImageBatch, { rule, width, window, t }: Job): Promise<number> {
  const [, height, columns, channels] = images.shape;
  const imageShape = [height, columns, channels] as const;
  const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
  const query = noisy(sliceBatch(images, 0, 1), t);
  const found: Float32Array[] = [];
  await using wasm = wasmPosterior({ workers: 0 });
  for (const backend of [wasm, referencePosterior()]) {
    const run = backend.begin({ query, rule, scales: [width], window, signal, sigma });
    await run.accumulate(sliceBatch(images, 0, 1));
    found.push(posteriorMean(await run.finish(), { imageShape }).data);
  }
  let difference = 0, norm = 0;
  found[1]!.forEach((mean, i) => {
    difference += (signal * (found[0]![i]! - mean)) ** 2;
    norm += (signal * mean - query.data[i]!) ** 2;
  });
  return Math.sqrt(difference / norm);
}

/** This command. */
export const verb = defineVerb({
  name: "bench:windows",
  description: "Times windows with weights beside the box of the same width, after checking them.",
  flags: {
    images: { type: "integer", min: 2, default: 16, help: "Training images" },
    rounds: { type: "integer", min: 5, default: 15, help: "Times that each case is timed" },
    widths: { type: "string", default: "5,9,15", help: "Widths, odd: those of boxes" },
    shapes: {
      type: "string",
      default: windowShapes.slice(1).join(","),
      help: "Shapes of windows; box: of a width between two boxes",
    },
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
  examples: ["deno task bench:windows --shapes super --widths 9"],
}, async ({ flags, progress, print }) => {
  const { t, rounds } = flags;
  const digits = (await loadDataset("mnist", { images: flags.images })).images;
  const [colorName, color] = await colorImages(flags.color, flags.images);
  const rows: (string | number)[][] = [];
  // The reference takes its time: each once.
  const checked = new Set<string>();
  for (const [name, images] of [["mnist", digits], [colorName, color]] as const) {
    for (const machine of machines) {
      const { rule } = machineDefinitions[machine];
      for (const width of flags.widths.split(",").map(Number)) {
        const box = await kernelFor(images, { rule, width, window: undefined, t });
        for (const shape of flags.shapes.split(",") as WindowShape[]) {
          progress.note(`${name} ${machine} ${shape} ${width}`);
          // A box of an odd width is the box itself.
          const job = { rule, width: width - Number(shape === "box") / 2, window: shape, t };
          if (!checked.has(`${name} ${machine} ${shape}`)) {
            checked.add(`${name} ${machine} ${shape}`);
            const error = await scoreError(images, job);
            if (!(error < 1e-5)) {
              throw new CommandError(`The kernel is wrong: ${name} ${machine} ${shape}: ${error}`);
            }
          }
          const found = time([box, await kernelFor(images, job)], rounds);
          const per = (ms: number) => (ms / flags.images).toFixed(3);
          rows.push([
            name,
            machine,
            width,
            shape,
            per(found.box),
            per(found.soft),
            found.ratio.toFixed(2),
          ]);
        }
      }
    }
  }
  print(`ms of processor time per training image, one thread, t = ${t}`);
  print(textTable({
    header: ["images", "machine", "width", "window", "box", "window's", "ratio"],
    rows,
  }));
});

if (import.meta.main) await runVerb(verb);
