import { emptyState, mergeInto, setQueries } from "../merge_states.ts";
import type { PosteriorState } from "../patch_posterior.ts";
import type { Portion } from "../portion_stream.ts";
import {
  cutoffBits,
  type PosteriorPlan,
  stateOf,
  sumBitsOf,
  thresholdsOf,
} from "../posterior_plan.ts";
import type { TrainingSet } from "../training_set.ts";
import type { Executor } from "./posterior_executor.ts";

/** What {@linkcode sumPortions} sums, and with what. */
export interface PortionOptions {
  readonly executor: Executor;
  /** Training images `[N, H, W, C]`, in shared memory where there are threads. */
  readonly dataOf: (images: TrainingSet) => Float32Array;
  /** `stop[0]` = 1 ends the work; what has been summed by then is of no use. */
  readonly stop: Int32Array;
  /** See `WasmPosteriorOptions`. */
  readonly tolerance: number;
  /** Called with the part of the work that is done, from 0 to 1. */
  readonly onProgress: ((fraction: number) => void) | undefined;
}

/** Adds portions to the sums of all groups of queries, on all threads, with the same result for any number. */
export async function sumPortions(
  sums: readonly OrderedSum[],
  portions: readonly Portion[],
  { executor, dataOf, stop, tolerance, onProgress }: PortionOptions,
): Promise<void> {
  // Group after group: a thread then seldom changes its queries, and never waits for the end of one.
  const tasks = sums.flatMap((sum) => portions.map((portion) => ({ sum, portion })));
  const sizeOf = ({ sum, portion }: (typeof tasks)[number]) =>
    sum.plan.queries * portion.indices.length;
  const total = tasks.reduce((size, task) => size + sizeOf(task), 0);
  let next = 0, done = 0, halted = false;
  const halt = () => {
    halted = true;
    for (const sum of sums) sum.halt();
  };
  const lane = async () => {
    while (next < tasks.length && !halted) {
      const task = tasks[next++]!;
      const { sum, portion } = task;
      const { index, first, images, indices } = portion;
      const cutoff = cutoffBits(sum.plan, { images: first + indices.length, tolerance });
      const thresholds = await sum.thresholdsFor(index, cutoff);
      if (halted) return;
      const work = { cutoff, images: dataOf(images), indices, thresholds };
      const result = await executor.run({ plan: sum.plan, work, stop });
      if (result === null) return halt();
      sum.add(index, stateOf(sum.plan, result));
      done += sizeOf(task);
      onProgress?.(done / total);
    }
  };
  const lanes = Array.from({ length: Math.max(1, executor.workers) }, async () => {
    try {
      await lane();
    } catch (error) {
      Atomics.store(stop, 0, 1);
      halt();
      throw error;
    }
  });
  const failure = (await Promise.allSettled(lanes)).find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
}

/**
 * Merges states of portions in the order of the portions, whenever they come. From the third on, a portion
 * starts with thresholds from those merged before: always the first 1, 2, 4, .. so that timing has no
 * influence on the result.
 */
export class OrderedSum {
  readonly plan: PosteriorPlan;
  readonly state: PosteriorState;
  readonly #waiting = new Map<number, PosteriorState>();
  /** After 1, 2, 4, .. portions: the sums in bits. */
  readonly #sumBits = new Map<number, Float64Array>();
  readonly #hints = new Map<number, Hint>();
  #merged = 0;

  constructor(plan: PosteriorPlan) {
    this.plan = plan;
    this.state = emptyState([plan.queries, plan.scales, plan.height * plan.width, plan.channels]);
  }

  /** A sum that goes on from here; this one stays as it is. */
  fork(): OrderedSum {
    const fork = new OrderedSum(this.plan);
    setQueries(fork.state, this.state, 0);
    for (const [count, sumBits] of this.#sumBits) fork.#sumBits.set(count, sumBits);
    fork.#merged = this.#merged;
    return fork;
  }

  /** Thresholds that portion i starts with, once they are known; null for none. */
  async thresholdsFor(i: number, cutoff: number): Promise<Float32Array | null> {
    if (i < 2) return null;
    const count = 2 ** Math.floor(Math.log2(i / 2));
    const sumBits = this.#sumBits.get(count) ?? await this.#hintAfter(count).promise;
    return sumBits === null ? null : thresholdsOf(this.plan, { sumBits, cutoff });
  }

  /** Takes the state of portion i. */
  add(i: number, state: PosteriorState): void {
    this.#waiting.set(i, state);
    for (let next = this.#waiting.get(this.#merged); next !== undefined;) {
      mergeInto(this.state, next);
      this.#waiting.delete(this.#merged);
      const count = ++this.#merged;
      if ((count & (count - 1)) === 0) {
        const sumBits = sumBitsOf(this.state);
        this.#sumBits.set(count, sumBits);
        this.#hints.get(count)?.resolve(sumBits);
      }
      next = this.#waiting.get(this.#merged);
    }
  }

  /** Lets those go that wait for thresholds. */
  halt(): void {
    for (const { resolve } of this.#hints.values()) resolve(null);
  }

  /** The sums after so many portions. */
  #hintAfter(count: number): Hint {
    let hint = this.#hints.get(count);
    if (hint === undefined) this.#hints.set(count, hint = openHint());
    return hint;
  }
}

/** Sums that are to come; null where the work ends before. */
interface Hint {
  readonly promise: Promise<Float64Array | null>;
  resolve(sumBits: Float64Array | null): void;
}

function openHint(): Hint {
  let resolve!: Hint["resolve"];
  return { promise: new Promise((settle) => resolve = settle), resolve };
}
