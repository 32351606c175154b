import { emptyState, mergeInto } from "../merge_states.ts";
import type { PosteriorState } from "../patch_posterior.ts";
import { cutoffBits, type PosteriorPlan, stateOf, thresholdsOf } from "../posterior_plan.ts";
import type { Executor } from "./posterior_executor.ts";

/** What {@linkcode sumPieces} sums, and with what. */
export interface PieceOptions {
  readonly executor: Executor;
  /** Training images `[N, H, W, C]`, in shared memory where there are threads. */
  readonly images: Float32Array;
  /** Which images each piece takes. */
  readonly pieces: readonly Uint32Array[];
  /** `stop[0]` = 1 ends the work; what has been summed by then is returned. */
  readonly stop: Int32Array;
  /** See `WasmPosteriorOptions`. */
  readonly tolerance: number;
  readonly onProgress: ((imagesDone: number) => void) | undefined;
}

/** Sums pieces of a tile on all threads, with the same result for any number of them. */
export async function sumPieces(
  plan: PosteriorPlan,
  { executor, images, pieces, stop, tolerance, onProgress }: PieceOptions,
): Promise<PosteriorState> {
  const total = pieces.reduce((count, piece) => count + piece.length, 0);
  const cutoff = cutoffBits(plan, { images: total, tolerance });
  const sum = new OrderedSum(plan, { pieces: pieces.length, cutoff });
  let next = 0, imagesDone = 0;
  const lane = async () => {
    while (next < pieces.length && !sum.halted) {
      const i = next++;
      const indices = pieces[i]!;
      const thresholds = await sum.thresholdsFor(i);
      if (sum.halted) return;
      const work = { cutoff, images, indices, thresholds };
      const result = await executor.run({ plan, work, stop });
      if (result === null) return sum.halt();
      sum.add(i, stateOf(plan, result));
      imagesDone += indices.length;
      onProgress?.(imagesDone);
    }
  };
  const lanes = Array.from({ length: Math.max(1, executor.workers) }, async () => {
    try {
      await lane();
    } catch (error) {
      Atomics.store(stop, 0, 1);
      sum.halt();
      throw error;
    }
  });
  const failure = (await Promise.allSettled(lanes)).find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
  return sum.state;
}

/**
 * Merges states of pieces in the order of the pieces, whenever they come. From the third on, a piece starts
 * with thresholds from those merged before: always the first 1, 2, 4, .. so that timing has no influence
 * on the result.
 */
class OrderedSum {
  readonly state: PosteriorState;
  /** Whether pieces that have not begun are no longer wanted. */
  halted = false;
  readonly #plan: PosteriorPlan;
  readonly #cutoff: number;
  readonly #waiting: (PosteriorState | undefined)[];
  readonly #hints = new Map<number, Hint>();
  #merged = 0;

  constructor(plan: PosteriorPlan, { pieces, cutoff }: { pieces: number; cutoff: number }) {
    this.#plan = plan;
    this.#cutoff = cutoff;
    this.#waiting = Array.from({ length: pieces }, () => undefined);
    this.state = emptyState([plan.queries, plan.scales, plan.height * plan.width, plan.channels]);
  }

  /** Thresholds that piece i starts with, once they are known; null for none. */
  async thresholdsFor(i: number): Promise<Float32Array | null> {
    return i < 2 ? null : await this.#hintAfter(2 ** Math.floor(Math.log2(i / 2))).promise;
  }

  /** Takes the state of piece i. */
  add(i: number, state: PosteriorState): void {
    const pieces = this.#waiting.length;
    this.#waiting[i] = state;
    for (; this.#merged < pieces && this.#waiting[this.#merged] !== undefined; this.#merged++) {
      mergeInto(this.state, this.#waiting[this.#merged]!);
      this.#waiting[this.#merged] = undefined;
      const count = this.#merged + 1;
      if ((count & this.#merged) === 0 && 2 * count < pieces) {
        this.#hintAfter(count).resolve(thresholdsOf(this.#plan, this.state, this.#cutoff));
      }
    }
  }

  /** Lets those go that wait for thresholds. */
  halt(): void {
    this.halted = true;
    for (const { resolve } of this.#hints.values()) resolve(null);
  }

  /** The thresholds after so many pieces. */
  #hintAfter(count: number): Hint {
    let hint = this.#hints.get(count);
    if (hint === undefined) this.#hints.set(count, hint = openHint());
    return hint;
  }
}

/** Thresholds that are to come; null where the work ends before. */
interface Hint {
  readonly promise: Promise<Float32Array | null>;
  resolve(thresholds: Float32Array | null): void;
}

function openHint(): Hint {
  let resolve!: Hint["resolve"];
  return { promise: new Promise((settle) => resolve = settle), resolve };
}
