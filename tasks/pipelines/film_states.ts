/** The two reverse processes of a film, step by step, in files from which they go on. */
import type { ImageBatch } from "../../src/core/image_batch.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import { explainTrajectory } from "../../src/evaluation/explain_trajectory.ts";
import { explainedPatches } from "../../src/machines/explanation.ts";
import type { Machine } from "../../src/machines/patch_machine.ts";
import { ImageStore } from "../../src/runs/image_store.ts";
import { JsonlLog, type LogRecord } from "../../src/runs/jsonl_log.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { ddimPath } from "../../src/samplers/ddim_path.ts";
import type { NoiseSchedule } from "../../src/schedules/noise_schedule.ts";
import type { SamplerOptions, SamplerStep } from "../../src/samplers/sampler.ts";
import type { ProgressReporter } from "../cli/progress.ts";

/** Files of the states. */
export const stateFiles = {
  network: "network.safetensors",
  machine: "machine.safetensors",
  patches: "patches.jsonl",
} as const;

/** What a step is known by. */
export type KnownStep = Pick<SamplerStep, "t" | "tNext" | "x" | "xHat0" | "eps">;

/** The heaviest training patch of the film's pixel at a step. */
export interface PatchRecord {
  readonly image: number;
  readonly row: number;
  readonly column: number;
  readonly weight: number;
  readonly effectivePatches: number;
  readonly effectiveImages: number;
}

/** What both processes begin with, and what watches them. */
export interface ProcessOptions {
  /** The noise `[1, H, W, C]`. */
  readonly xT: ImageBatch;
  readonly times: readonly number[];
  /** Class of the sample. */
  readonly labels: number | undefined;
  readonly abort: AbortSignal;
  readonly progress: ProgressReporter;
  /** Free text of the files. */
  readonly metadata: Readonly<Record<string, string>>;
}

const names = ["x", "xHat0", "eps"] as const;

/** Steps as an image store keeps them, one sample for each. */
class StepStore implements Disposable {
  readonly #images: ImageStore;
  readonly #options: ProcessOptions;

  private constructor(images: ImageStore, options: ProcessOptions) {
    this.#images = images;
    this.#options = options;
  }

  static async open(run: Run, file: string, options: ProcessOptions): Promise<StepStore> {
    const { xT: { shape: [, h, w, c] }, times, metadata, progress } = options;
    const images = await ImageStore.open(run.file(file), {
      names,
      samples: times.length - 1,
      imageShape: [h, w, c],
      metadata,
      whole: run.whole,
    });
    if (images.damage !== undefined) progress.note(images.damage);
    return new StepStore(images, options);
  }

  /** How many steps are there, from the first on. */
  get done(): number {
    const done = new Set(this.#images.done);
    let steps = 0;
    while (done.has(steps)) steps++;
    return steps;
  }

  /** A step, by its place from 0 on. */
  step(i: number): KnownStep {
    const { xT: { shape }, times } = this.#options;
    const held = this.#images.read(i);
    const batch = (name: typeof names[number]): ImageBatch => ({ data: held[name]!, shape });
    const [t, tNext] = [times[i]!, times[i + 1]!];
    return { t, tNext, x: batch("x"), xHat0: batch("xHat0"), eps: batch("eps") };
  }

  /**
   * Makes the steps that are not there, after so many that are.
   *
   * @param make Samples from an image on, at the times that are left, and shows each step.
   */
  async complete(
    done: number,
    { schedule, make }: {
      readonly schedule: NoiseSchedule;
      readonly make: (
        sampling: SamplerOptions,
        keep: (step: SamplerStep) => void,
      ) => Promise<unknown>;
    },
  ): Promise<KnownStep[]> {
    const { xT, times, labels, abort } = this.#options;
    const steps = times.length - 1;
    if (done < steps) {
      const x = done === 0 ? xT : ddimPath(this.step(done - 1), { t: times[done]!, schedule });
      await make(
        { xT: x, times: times.slice(done), labels, abort },
        ({ i, x, xHat0, eps }) =>
          this.#images.write(steps - i, { x: x.data, xHat0: xHat0.data, eps: eps.data }),
      );
    }
    return Array.from({ length: steps }, (_, i) => this.step(i));
  }

  [Symbol.dispose](): void {
    this.#images[Symbol.dispose]();
  }
}

/** The network's process. */
export async function networkSteps(
  run: Run,
  network: Denoiser,
  options: ProcessOptions,
): Promise<KnownStep[]> {
  using store = await StepStore.open(run, stateFiles.network, options);
  const { done } = store;
  const total = options.times.length - 1;
  const bar = options.progress.start({ label: "network", total, done });
  const { schedule } = network;
  const steps = await store.complete(done, {
    schedule,
    make: (sampling, keep) =>
      ddim(network, {
        ...sampling,
        onStep: (step) => {
          keep(step);
          bar.update(total - step.i + 1);
        },
      }),
  });
  bar.finish();
  return steps;
}

/** The machine's process, with the heaviest patch of a pixel at each step. */
export async function machineSteps(
  run: Run,
  machine: Machine,
  { pixel, ...options }: ProcessOptions & { readonly pixel: readonly [number, number] },
): Promise<{ readonly steps: KnownStep[]; readonly patches: PatchRecord[] }> {
  using store = await StepStore.open(run, stateFiles.machine, options);
  using log = await JsonlLog.open(run.file(stateFiles.patches), { upToLine: store.done });
  if (log.damage !== undefined) options.progress.note(log.damage);
  const patches: PatchRecord[] = log.earlier.map(patchOfRecord);
  const done = patches.length;
  const total = options.times.length - 1;
  const bar = options.progress.start({ label: machine.name, total, done });
  const { schedule } = machine;
  const steps = await store.complete(done, {
    schedule,
    make: (sampling, keep) =>
      explainTrajectory(machine, {
        ...sampling,
        pixels: [pixel],
        top: 1,
        onProgress: (fraction) => bar.update(done + fraction * (total - done)),
        onStep: (step) => {
          const { effectivePatches, effectiveImages } = step.explanation;
          const [{ image, row, column, weight } = nowhere] = explainedPatches(step.explanation);
          const patch = {
            ...{ image, row, column, weight },
            effectivePatches: effectivePatches[0]!,
            effectiveImages: effectiveImages[0]!,
          };
          // First, as the images say that a step is done.
          log.append(patch);
          log.sync();
          patches.push(patch);
          keep(step);
        },
      }),
  });
  bar.finish();
  return { steps, patches };
}

const nowhere = { image: 0, row: 0, column: 0, weight: 0 };

function patchOfRecord(record: LogRecord): PatchRecord {
  const number = (field: keyof PatchRecord) => Number(record[field]);
  return {
    image: number("image"),
    row: number("row"),
    column: number("column"),
    weight: number("weight"),
    effectivePatches: number("effectivePatches"),
    effectiveImages: number("effectiveImages"),
  };
}
