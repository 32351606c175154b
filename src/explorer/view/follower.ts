/** Asks the engine for the reverse processes that a state means, keeps the latest, and stops what nobody waits for. */
import type { ExplorerEngine, ExplorerState, ExplorerStep, FollowOptions } from "../contract.ts";
import type { MachineName } from "../../machines/machine_table.ts";
import { machineKey, networkKey } from "./state.ts";

/** A reverse process as far as it is known. */
export interface Followed {
  /** What it is of; see `machineKey`. */
  readonly key: string;
  /** Null for the network. */
  readonly machine: MachineName | null;
  readonly steps: readonly (ExplorerStep | undefined)[];
  /** The final image `[H, W, C]`. */
  readonly final: Float32Array | null;
  /** Part of the work that is done, from 0 to 1; 1 when all is known. */
  readonly progress: number;
  /** What went wrong, in one line. */
  readonly failure: string | null;
}

/** Reverse processes that are kept, machine's and network's each. */
const mostKept = 24;

/** Changes that follow each other within this many milliseconds are asked for once. */
const patience = 60;

type Follow = (options: FollowOptions) => Promise<Float32Array>;

/** One reverse process after the other, of the machine or of the network. */
class Line {
  readonly #kept = new Map<string, Followed>();
  readonly #changed: () => void;
  #now: Followed | null = null;
  #before: Followed | null = null;
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What is asked for, as far as it is known. */
  get now(): Followed | null {
    return this.#now;
  }

  /** What was known before, to be shown in the meantime. */
  get before(): Followed | null {
    return this.#before;
  }

  ask(
    key: string,
    options: {
      readonly machine: MachineName | null;
      readonly count: number;
      readonly focus: number;
      readonly follow: Follow;
    },
  ): void {
    if (this.#now?.key === key) return;
    this.stop();
    if (this.#now?.steps.some((step) => step !== undefined)) this.#before = this.#now;
    const kept = this.#kept.get(key);
    const empty = {
      key,
      machine: options.machine,
      steps: new Array<ExplorerStep | undefined>(options.count).fill(undefined),
      final: null,
      progress: 0,
      failure: null,
    };
    this.#now = kept ?? empty;
    if (kept !== undefined) return;
    this.#timer = setTimeout(() => this.#start(options), this.#before === null ? 0 : patience);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }

  async #start({ focus, follow }: { focus: number; follow: Follow }): Promise<void> {
    const abort = this.#abort = new AbortController();
    const isOver = () => abort.signal.aborted;
    const update = (change: Partial<Followed>) => {
      if (isOver()) return;
      this.#now = { ...this.#now!, ...change };
      this.#changed();
    };
    try {
      const final = await follow({
        abort: abort.signal,
        focus,
        onStep: (step) => update({ steps: this.#now!.steps.with(step.i, step) }),
        onProgress: (progress) => update({ progress: Math.min(progress, 0.999) }),
      });
      update({ final, progress: 1 });
      if (!isOver()) this.#keep(this.#now!);
    } catch (error) {
      update({ failure: error instanceof Error ? error.message : String(error), progress: 1 });
    }
  }

  #keep(followed: Followed): void {
    this.#kept.set(followed.key, followed);
    if (this.#kept.size > mostKept) this.#kept.delete(this.#kept.keys().next().value!);
  }
}

/** The machine's and the network's reverse processes of a state. */
export class Follower {
  readonly #engine: ExplorerEngine;
  readonly machine: Line;
  readonly network: Line;

  /** @param changed Called whenever more is known. */
  constructor(engine: ExplorerEngine, changed: () => void) {
    this.#engine = engine;
    this.machine = new Line(changed);
    this.network = new Line(changed);
  }

  /** Asks for what a state means, unless it is known or on its way. */
  ask(state: ExplorerState): void {
    const { noise, strokes, label, machine, patchSize, step: focus } = state;
    const count = this.#engine.info.times.length;
    const start = { noise, strokes, label };
    this.machine.ask(machineKey(state), {
      machine,
      count,
      focus,
      follow: (options) => this.#engine.followMachine({ ...start, machine, patchSize }, options),
    });
    this.network.ask(networkKey(state), {
      machine: null,
      count,
      focus,
      follow: (options) => this.#engine.followNetwork(start, options),
    });
  }

  stop(): void {
    this.machine.stop();
    this.network.stop();
  }
}
