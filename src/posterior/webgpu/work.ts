import type { ImageBatch } from "../../core/image_batch.ts";
import type { PatchRule } from "../patch_posterior.ts";
import type { PosteriorPlan } from "../posterior_plan.ts";
import type { GpuContext } from "../../gpu/gpu_context.ts";
import { prepareImages } from "../training_set.ts";
import type { ImageStore } from "./image_store.ts";

/** What every run of a backend shares. */
export interface GpuBackend {
  readonly gpu: GpuContext;
  readonly store: ImageStore;
  /** See `WebgpuPosteriorOptions`. */
  readonly tolerance: number;
}

/** Some training images for one request. */
export interface TileWork {
  readonly plan: PosteriorPlan;
  readonly rule: PatchRule;
  readonly scales: readonly number[];
  readonly images: ImageBatch;
  /** Which of the images, in order. */
  readonly indices: Uint32Array;
  /** Images of the run up to the last of these. */
  readonly imagesSoFar: number;
  readonly abort?: AbortSignal | undefined;
  readonly onProgress?: ((imagesDone: number) => void) | undefined;
}

/** Work that suits a device. */
export interface Workload {
  /** Workgroups that fill it. */
  readonly workgroups: number;
  /** Pairs of pixels of a dispatch, so that it stays short. */
  readonly pairsPerRound: number;
  /** Rounds of loops of a thread. */
  readonly maxIterations: number;
}

/** The workload of a device. */
export function workloadOf({ software }: GpuContext): Workload {
  // Mesa's llvmpipe ends all loops of a thread, without a word, after 65,535 rounds together.
  if (software) return { workgroups: 8, pairsPerRound: 2e7, maxIterations: 50_000 };
  // Registers leave room for some eight workgroups on each of 132 multiprocessors of a large GPU: twice
  // that many, so that the last ones do not leave most of it idle.
  return { workgroups: 2112, pairsPerRound: 4e9, maxIterations: Infinity };
}

/** The query as the shaders read it: pivot z and mirror m = 2 x / signal - z, `[B, C, P]`. */
export function queryPairs({ x, pivot }: PosteriorPlan): Float32Array<ArrayBuffer> {
  const pairs = new Float32Array(2 * x.length);
  for (let i = 0; i < x.length; i++) {
    pairs[2 * i] = pivot[i]!;
    pairs[2 * i + 1] = 2 * x[i]! - pivot[i]!;
  }
  return pairs;
}

/**
 * The query as the shaders of rules with a scale read it, each row twice: of each query x / signal by
 * channel, minus the squared distance from the pivot, and the pivot by channel,
 * `[B, 2 C + 1, H, rowLength]`. With it a squared difference relative to the pivot is
 * `(x / signal - y)^2 - |x / signal - z|^2`, summed over channels before the second term.
 */
export function queryPlanes(plan: PosteriorPlan, rowLength: number): Float32Array<ArrayBuffer> {
  const { queries, channels, height, width, x, pivot } = plan;
  const pixels = height * width;
  const planes = new Float32Array(queries * (2 * channels + 1) * height * rowLength);
  let at = 0;
  const write = (valueAt: (p: number) => number) => {
    for (let row = 0; row < pixels; row += width) {
      for (let u = 0; u < rowLength; u++) planes[at++] = valueAt(row + u % width);
    }
  };
  for (let from = 0; from < x.length; from += channels * pixels) {
    for (let c = 0; c < channels; c++) write((p) => x[from + c * pixels + p]!);
    write((p) => {
      let sum = 0;
      for (let i = from + p; i < from + channels * pixels; i += pixels) {
        sum -= (x[i]! - pivot[i]!) ** 2;
      }
      return sum;
    });
    for (let c = 0; c < channels; c++) write((p) => pivot[from + c * pixels + p]!);
  }
  return planes;
}

/** Queries in fixed point: pivot and mirror, `[B, C, P]`, each query with bits of fraction of its own. */
export function fixedQueries(
  { x, pivot, queries }: PosteriorPlan,
  fractions: readonly number[],
): Int32Array<ArrayBuffer> {
  const pairs = new Int32Array(2 * x.length);
  for (let i = 0; i < x.length; i++) {
    const one = 2 ** fractions[Math.floor(i / (x.length / queries))]!;
    pairs[2 * i] = Math.round(pivot[i]! * one);
    pairs[2 * i + 1] = Math.round((2 * x[i]! - pivot[i]!) * one);
  }
  return pairs;
}

/** Of each query: as many bits of fraction as leave 29 bits for its values and those of the images. */
export function fractionsOf({ plan: { x, pivot, queries }, images, indices }: TileWork): number[] {
  const ofImages = largestOf(images, indices), values = x.length / queries;
  return Array.from({ length: queries }, (_, b) => {
    let largest = ofImages;
    for (let i = b * values; i < (b + 1) * values; i++) {
      largest = Math.max(largest, Math.abs(pivot[i]!), Math.abs(2 * x[i]! - pivot[i]!));
    }
    return fractionFor(largest);
  });
}

/** Bits of fraction that leave 29 bits for the largest value. */
export function fractionFor(largest: number): number {
  return Math.min(40, 29 - Math.ceil(Math.log2(Math.max(largest, 2 ** -20))));
}

/** The largest magnitude of a value of some images. */
export function largestOf(images: ImageBatch, indices: Uint32Array): number {
  const largest = prepareImages(images).once(largestOfEach);
  return indices.reduce((most, index) => Math.max(most, largest[index]!), 0);
}

function largestOfEach({ data, shape }: ImageBatch): Float32Array {
  const largest = new Float32Array(shape[0]), values = data.length / shape[0];
  for (let image = 0; image < shape[0]; image++) {
    for (let i = image * values; i < (image + 1) * values; i++) {
      largest[image] = Math.max(largest[image]!, Math.abs(data[i]!));
    }
  }
  return largest;
}

/** Queries that share what a key is made of, in order. */
export function queriesBy(
  queries: Iterable<number>,
  keyOf: (query: number) => string,
): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const query of queries) {
    const key = keyOf(query), group = groups.get(key);
    if (group) group.push(query);
    else groups.set(key, [query]);
  }
  return groups;
}

/** Images of a tile by the piece that they lie in: its number, and places in it. */
export function byPiece(
  indices: Uint32Array,
  imagesPerPiece: number,
): { piece: number; places: Uint32Array<ArrayBuffer> }[] {
  const pieces = new Map<number, number[]>();
  for (const index of indices) {
    const piece = Math.floor(index / imagesPerPiece);
    const places = pieces.get(piece);
    if (places) places.push(index % imagesPerPiece);
    else pieces.set(piece, [index % imagesPerPiece]);
  }
  return [...pieces].sort(([a], [b]) => a - b)
    .map(([piece, places]) => ({ piece, places: Uint32Array.from(places) }));
}

/**
 * Lets two rounds be on their way at a time: enough to keep the device busy, few enough that an abort
 * takes effect soon. Other tasks get a turn after each.
 */
export class Pace {
  readonly #gpu: GpuContext;
  readonly #work: TileWork;
  readonly #waiting: { finished: Promise<void>; images: number }[] = [];
  #done = 0;

  constructor(gpu: GpuContext, work: TileWork) {
    this.#gpu = gpu;
    this.#work = work;
  }

  /** Call after a round of so many images was submitted; `last` waits for all of them. */
  async submitted(images: number, last: boolean): Promise<void> {
    const finished = this.#gpu.finished();
    // It may fail while another round is waited for, which then tells.
    finished.catch(() => {});
    this.#waiting.push({ finished, images });
    while (this.#waiting.length > (last ? 0 : 1)) {
      const { finished, images } = this.#waiting.shift()!;
      await finished;
      await new Promise((resolve) => setTimeout(resolve));
      this.#work.abort?.throwIfAborted();
      this.#done += images;
      if (images > 0) this.#work.onProgress?.(this.#done);
    }
  }
}
