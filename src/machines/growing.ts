/** Predictions of a machine by more and more of its training images. */
import { ArgumentError } from "../core/errors.ts";
import { gatherImages, type ImageBatch, imageShapeOf } from "../core/image_batch.ts";
import { Random } from "../core/random.ts";
import type { GrowingPredictions, GrowRequest } from "../denoisers/denoiser.ts";
import { mergeInto, posteriorMean, stateAt } from "../posterior/merge_states.ts";
import type {
  PatchPosterior,
  PosteriorRequest,
  PosteriorState,
} from "../posterior/patch_posterior.ts";
import { hasScale } from "../posterior/request.ts";

/** What a machine predicts from, and how. */
export interface GrowingParts {
  /** Noisy images `[B, H, W, C]`. */
  readonly x: ImageBatch;
  /** Training images. */
  readonly images: ImageBatch;
  /** Noisy images that are compared with the same training images; the indices of both. */
  readonly groups: readonly {
    readonly queries: readonly number[];
    readonly select: Uint32Array | undefined;
  }[];
  readonly posterior: PatchPosterior;
  readonly level: Pick<PosteriorRequest, "rule" | "window" | "signal" | "sigma">;
}

/** Some noisy images with the training images that they are compared with, in the order of adding. */
interface Group {
  readonly queries: readonly number[];
  readonly order: Uint32Array;
}

/** The sums of a noisy image at each scale, by the first so many images of its order. */
interface Sums {
  images: number;
  scales: Map<number, PosteriorState>;
}

/** Keeps the posterior's sums, to which images are added: states merge in any grouping. */
export class GrowingPosterior implements GrowingPredictions {
  readonly images: number;
  readonly #parts: GrowingParts;
  readonly #groups: readonly Group[];
  readonly #sums = new Map<number, Sums>();

  constructor(parts: GrowingParts) {
    this.#parts = parts;
    this.#groups = parts.groups.map(({ queries, select }) => ({
      queries,
      order: shuffled(select, parts.images.shape[0]),
    }));
    this.images = Math.min(...this.#groups.map(({ order }) => order.length));
  }

  async grow({ images, queries, scales, abort, onProgress }: GrowRequest): Promise<ImageBatch[]> {
    abort?.throwIfAborted();
    if (!Number.isSafeInteger(images) || images < 1 || images > this.images) {
      throw new ArgumentError(
        `Cannot grow predictions to ${images} training images: expected 1 to ${this.images}`,
      );
    }
    const { x, level: { rule } } = this.#parts;
    const imageShape = imageShapeOf(x);
    const values = imageShape.reduce((product, size) => product * size);
    // A rule without scales has one state, whatever scale it is asked for.
    const asked = hasScale(rule) ? scales : [1];
    const outputs = asked.map(() => new Float32Array(queries.length * values));
    let done = 0;
    for (const group of this.#groups) {
      const members = queries.filter((query) => group.queries.includes(query));
      if (members.length === 0) continue;
      await this.#add(group, {
        images: Math.ceil(images * group.order.length / this.images),
        queries: members,
        scales: asked,
        abort,
        onProgress: (fraction) => onProgress?.((done + members.length * fraction) / queries.length),
      });
      done += members.length;
    }
    for (const [at, query] of queries.entries()) {
      asked.forEach((scale, column) => {
        const state = this.#sums.get(query)!.scales.get(scale)!;
        outputs[column]!.set(posteriorMean(state, { imageShape }).data, at * values);
      });
    }
    const batches = outputs.map((data) => ({
      data,
      shape: [queries.length, ...imageShape] as const,
    }));
    return hasScale(rule) ? batches : scales.map(() => batches[0]!);
  }

  /** Adds the images up to a number to the sums of queries that have as many so far. */
  async #add(
    { order }: Group,
    { images, queries, scales, abort, onProgress }: GrowRequest,
  ): Promise<void> {
    const { x, posterior, level, images: training } = this.#parts;
    const from = this.#sums.get(queries[0]!)?.images ?? 0;
    const known = queries.every((query) => {
      const sums = this.#sums.get(query) ?? { images: 0, scales: null };
      return sums.images === from &&
        (sums.scales === null || scales.every((scale) => sums.scales!.has(scale)));
    });
    if (!known || images < from) {
      throw new ArgumentError(
        `Cannot grow predictions at scales ${
          scales.join(", ")
        } from ${from} to ${images} training ` +
          "images: not all of them were asked for before",
      );
    }
    if (images === from) return;
    const run = posterior.begin({ query: gatherImages(x, queries), scales, ...level });
    await run.accumulate(training, {
      select: order.slice(from, images),
      abort,
      last: true,
      onProgress: (added) => onProgress?.(added / (images - from)),
    });
    const found = await run.finish();
    queries.forEach((query, row) => {
      const before = this.#sums.get(query)?.scales;
      const sums = scales.map((scale, column) => {
        const state = stateAt(found, { query: row, scale: column });
        const sum = before?.get(scale);
        if (sum !== undefined) mergeInto(state, sum);
        return [scale, state] as const;
      });
      this.#sums.set(query, { images, scales: new Map(sums) });
    });
  }
}

/**
 * Training images in an order of their own: those of a folder often come class by class, and the first of
 * them are to stand for all.
 */
function shuffled(select: Uint32Array | undefined, count: number): Uint32Array {
  const order = new Random(0, "growing").permutation(select?.length ?? count);
  return select === undefined ? order : order.map((index) => select[index]!);
}
