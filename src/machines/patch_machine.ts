import { ArgumentError } from "../core/errors.ts";
import { gatherImages, type ImageBatch, type ImageShape } from "../core/image_batch.ts";
import type { GrowingDenoiser, GrowingPredictions, PredictOptions } from "../denoisers/denoiser.ts";
import { labelPerSample } from "../denoisers/labels.ts";
import { posteriorMean } from "../posterior/merge_states.ts";
import type { PatchPosterior } from "../posterior/patch_posterior.ts";
import { hasScale } from "../posterior/request.ts";
import type { NoiseSchedule } from "../schedules/noise_schedule.ts";
import { GrowingPosterior } from "./growing.ts";
import type { MachineDefinition } from "./machine_table.ts";
import { type PatchSize, patchSizeAt } from "./scheduled.ts";

/**
 * A score machine: a denoiser that is computed from training images, not trained.
 *
 * @category Machines
 */
export interface Machine extends GrowingDenoiser, AsyncDisposable {
  /** What may match. */
  readonly definition: MachineDefinition;
  /** The backend that does the work. */
  readonly posterior: PatchPosterior;
  /** Ends the workers of a backend that the machine made for itself; one passed in is left alone. */
  dispose(): Promise<void>;
}

/** Everything a machine is made of, checked. */
export interface PatchMachineParts {
  readonly definition: MachineDefinition;
  readonly images: ImageBatch;
  readonly labels: ArrayLike<number> | undefined;
  readonly schedule: NoiseSchedule;
  readonly patchSize: PatchSize | undefined;
  readonly between: "refuse" | "nearest";
  readonly posterior: PatchPosterior;
  readonly ownsPosterior: boolean;
}

/** Runs a machine's definition on a posterior backend; see `createMachine`. */
export class PatchMachine implements Machine {
  readonly name: string;
  readonly prediction = "x0";
  readonly imageShape: ImageShape;
  readonly schedule: NoiseSchedule;
  readonly definition: MachineDefinition;
  readonly posterior: PatchPosterior;
  readonly #parts: PatchMachineParts;
  readonly #imagesOfLabel = new Map<number, Uint32Array>();

  constructor(parts: PatchMachineParts) {
    this.#parts = parts;
    this.definition = parts.definition;
    this.name = parts.definition.name;
    this.schedule = parts.schedule;
    this.posterior = parts.posterior;
    const [, height, width, channels] = parts.images.shape;
    this.imageShape = [height, width, channels];
  }

  async predict(x: ImageBatch, t: number, options: PredictOptions = {}): Promise<ImageBatch> {
    const [prediction] = await this.predictScales(x, t, { ...options, scales: [this.#scaleAt(t)] });
    return prediction!;
  }

  async predictScales(
    x: ImageBatch,
    t: number,
    { scales, labels, abort, onProgress }: PredictOptions & {
      readonly scales: readonly number[];
      readonly onProgress?: (fraction: number) => void;
    },
  ): Promise<ImageBatch[]> {
    const [queries, height, width, channels] = x.shape;
    this.#checkShape(x);
    abort?.throwIfAborted();
    const { images, posterior, definition: { rule } } = this.#parts;
    const scaled = hasScale(rule);
    const groups = groupByLabel(labelPerSample(labels, queries), queries);
    const outputs = (scaled ? scales : [0]).map(() => new Float32Array(x.data.length));
    const values = height * width * channels;
    let queriesDone = 0;
    for (const [label, members] of groups) {
      const select = label === null ? undefined : this.#imagesOf(label);
      const total = select?.length ?? images.shape[0];
      const run = posterior.begin({
        query: members.length === queries ? x : gatherImages(x, members),
        rule,
        scales: scaled ? scales : [1],
        signal: this.schedule.signal(t),
        sigma: this.schedule.sigma(t),
      });
      await run.accumulate(images, {
        select,
        abort,
        last: true,
        onProgress: (imagesDone) =>
          onProgress?.((queriesDone + members.length * imagesDone / total) / queries),
      });
      const state = await run.finish();
      outputs.forEach((output, scale) => {
        const mean = posteriorMean(state, { imageShape: this.imageShape, scale });
        members.forEach((query, i) =>
          output.set(mean.data.subarray(i * values, (i + 1) * values), query * values)
        );
      });
      queriesDone += members.length;
    }
    const batches = outputs.map((data) => ({ data, shape: x.shape }));
    return scaled ? batches : scales.map(() => batches[0]!);
  }

  growScales(
    x: ImageBatch,
    t: number,
    { labels }: Pick<PredictOptions, "labels"> = {},
  ): GrowingPredictions {
    this.#checkShape(x);
    const { images, posterior, definition: { rule } } = this.#parts;
    const [count] = x.shape;
    const groups = [...groupByLabel(labelPerSample(labels, count), count)];
    return new GrowingPosterior({
      x,
      images,
      groups: groups.map(([label, queries]) => ({
        queries,
        select: label === null ? undefined : this.#imagesOf(label),
      })),
      posterior,
      level: { rule, signal: this.schedule.signal(t), sigma: this.schedule.sigma(t) },
    });
  }

  dispose(): Promise<void> {
    return this.#parts.ownsPosterior ? this.posterior.dispose() : Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #checkShape({ shape }: ImageBatch): void {
    const [found, expected] = [shape.slice(1).join(" x "), this.imageShape.join(" x ")];
    if (found === expected) return;
    throw new ArgumentError(
      `Cannot denoise images of ${found}: ${this.name} has training images of ${expected}`,
    );
  }

  #scaleAt(t: number): number {
    const { patchSize, between, definition: { rule } } = this.#parts;
    if (!hasScale(rule)) return 1;
    if (patchSize === undefined) {
      throw new ArgumentError(
        `Cannot predict with ${this.name}: it has no scale; pass patchSize, or use predictScales`,
      );
    }
    return patchSizeAt(patchSize, t, { between });
  }

  #imagesOf(label: number): Uint32Array {
    const { labels } = this.#parts;
    if (labels === undefined) {
      throw new ArgumentError(
        `Cannot predict class ${label} with ${this.name}: its training images have no labels`,
      );
    }
    let indices = this.#imagesOfLabel.get(label);
    if (indices === undefined) {
      const found: number[] = [];
      for (let i = 0; i < labels.length; i++) if (labels[i] === label) found.push(i);
      indices = Uint32Array.from(found);
      this.#imagesOfLabel.set(label, indices);
    }
    if (indices.length === 0) {
      throw new ArgumentError(
        `Cannot predict class ${label} with ${this.name}: none of its ${labels.length} training ` +
          "images is of that class",
      );
    }
    return indices;
  }
}

function groupByLabel(labels: number[] | null, queries: number): Map<number | null, number[]> {
  const groups = new Map<number | null, number[]>();
  for (let i = 0; i < queries; i++) {
    const label = labels?.[i] ?? null;
    const members = groups.get(label);
    if (members) members.push(i);
    else groups.set(label, [i]);
  }
  return groups;
}
