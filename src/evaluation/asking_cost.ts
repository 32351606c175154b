import type { Denoiser } from "../denoisers/denoiser.ts";

/**
 * What asking a denoiser took.
 *
 * @category Evaluation
 */
export interface AskingCost {
  /** Noisy images that it was asked about. */
  readonly queries: number;
  /** Seconds by the clock that was given. */
  readonly seconds: number;
  /** The first call among them, in which a machine prepares itself. */
  readonly first: { readonly queries: number; readonly seconds: number };
}

/** Takes the time of what a denoiser is asked. */
export class CostMeter {
  readonly denoiser: Denoiser;
  #queries = 0;
  #seconds = 0;
  #first: AskingCost["first"] | undefined;

  /** @param clock Seconds since any moment. */
  constructor(asked: Denoiser, clock: () => number) {
    const { name, prediction, imageShape, schedule, clip } = asked;
    this.denoiser = {
      ...{ name, prediction, imageShape, schedule, clip },
      predict: async (x, t, options) => {
        const begun = clock();
        const found = await asked.predict(x, t, options);
        const call = { queries: x.shape[0], seconds: clock() - begun };
        this.#first ??= call;
        this.#queries += call.queries;
        this.#seconds += call.seconds;
        return found;
      },
    };
  }

  /** What it took so far. */
  get cost(): AskingCost {
    return {
      queries: this.#queries,
      seconds: this.#seconds,
      first: this.#first ?? { queries: 0, seconds: 0 },
    };
  }
}

/**
 * What a query costs once a machine has prepared itself, and what preparing took: the first call beyond what its
 * queries cost later. Where there was no later call, all of it counts as queries.
 *
 * @example
 * ```ts
 * import { costPerQuery } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const first = { queries: 10, seconds: 6 };
 * assertEquals(costPerQuery({ queries: 30, seconds: 8, first }), { seconds: 0.1, setup: 5 });
 * ```
 *
 * @returns Seconds of a query, and of the preparation; null if nothing was asked.
 * @category Evaluation
 */
export function costPerQuery(
  cost: AskingCost,
): { readonly seconds: number; readonly setup: number } | null {
  const { queries, seconds, first } = cost;
  if (queries === 0) return null;
  const later = queries - first.queries;
  if (later <= 0) return { seconds: seconds / queries, setup: 0 };
  const each = (seconds - first.seconds) / later;
  return { seconds: each, setup: Math.max(0, first.seconds - each * first.queries) };
}
