/** Everything that the page shows by: the state, which the address says, and what passes. */
import type { ExplorerState } from "../contract.ts";

/** Terms of the formula that can be lit. */
export type Term = "prediction" | "weight" | "center" | "distance" | "noise" | "signal" | "sum";

/** What the address does not say. */
export interface Passing {
  /** Pixel under the pointer. */
  readonly hover: number | null;
  /** Place of the patch among those of the pixel whose training image is shown. */
  readonly patch: number;
  /** Term of the formula that is pointed at. */
  readonly term: Term | null;
  readonly playing: boolean;
  /** Value and size of the brush; null when nobody draws. */
  readonly brush: { readonly value: number; readonly size: number } | null;
}

/** How a change goes into the browser's history. */
export type HistoryMark = "push" | "replace";

/** What a listener hears of a change. */
export interface Change {
  readonly before: ExplorerState;
  readonly history: HistoryMark | "none";
}

/** The state and what passes, with those who listen. */
export class Store {
  #state: ExplorerState;
  #passing: Passing = { hover: null, patch: 0, term: null, playing: false, brush: null };
  readonly #listeners: ((change: Change) => void)[] = [];

  constructor(state: ExplorerState) {
    this.#state = state;
  }

  get state(): ExplorerState {
    return this.#state;
  }

  get passing(): Passing {
    return this.#passing;
  }

  /** Takes up a new state; by default the back button leads to the one before. */
  set(state: ExplorerState, { history = "push" }: { readonly history?: Change["history"] } = {}) {
    if (state === this.#state) return;
    const before = this.#state;
    this.#state = state;
    this.#tell({ before, history });
  }

  /** As `set`, for some of its fields. */
  change(change: Partial<ExplorerState>, options: { readonly history?: Change["history"] } = {}) {
    this.set({ ...this.#state, ...change }, options);
  }

  /** Takes up what passes. */
  pass(change: Partial<Passing>): void {
    const keys = Object.keys(change) as (keyof Passing)[];
    if (keys.every((key) => Object.is(change[key], this.#passing[key]))) return;
    this.#passing = { ...this.#passing, ...change };
    this.#tell({ before: this.#state, history: "none" });
  }

  /** Tells of every change. */
  listen(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
