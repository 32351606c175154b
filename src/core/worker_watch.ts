/**
 * Notices that a thread is gone. One that was ended, or that ended itself, tells nobody, and whoever waits
 * for its answer waits for ever. So each counts up a number in shared memory while it works, and the number
 * is looked at: a thread that works for long is told from one that is no more.
 */

/** A thread that is watched. */
export interface WatchedThread {
  /** `pulse[0]`, in shared memory, goes up with every part of its work and every message it takes. */
  readonly pulse: Int32Array;
}

/** Options of {@linkcode WorkerWatch}. */
export interface WorkerWatchOptions<T extends WatchedThread> {
  /** Milliseconds within which a message is taken. Default 5000. */
  readonly pickUpMs?: number;
  /** Least milliseconds without a pulse that mean the end; more where longer ones were seen. Default 15,000. */
  readonly quietMs?: number;
  /** Called once for a thread that is gone. */
  readonly onLost: (thread: T, error: Error) => void;
}

interface Sign {
  /** The last pulse seen, and the milliseconds since then, as this thread lived through them. */
  pulse: number;
  quiet: number;
  /** Milliseconds that the first pulse may take; undefined once it was seen. */
  pickUpMs: number | undefined;
}

/** Milliseconds between two looks. */
const lookEveryMs = 500;

/** Silence that is no alarm, in terms of the longest that was followed by a pulse. */
const timesTheLongest = 20;

/** Watches threads while they work. */
export class WorkerWatch<T extends WatchedThread> {
  readonly #options: Required<WorkerWatchOptions<T>>;
  readonly #working = new Map<T, Sign>();
  #longest = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #looked = 0;

  /** Nothing is watched until {@linkcode WorkerWatch.begin} is called. */
  constructor(options: WorkerWatchOptions<T>) {
    this.#options = { pickUpMs: 5000, quietMs: 15_000, ...options };
  }

  /**
   * A thread is about to be sent work.
   *
   * @param pickUpMs Milliseconds within which it takes the message, where that is not as usual.
   */
  begin(thread: T, pickUpMs = this.#options.pickUpMs): void {
    this.#working.set(thread, { pulse: Atomics.load(thread.pulse, 0), quiet: 0, pickUpMs });
    if (this.#timer !== undefined) return;
    this.#looked = performance.now();
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  /** A thread has answered, or is not waited for any more. */
  end(thread: T): void {
    this.#working.delete(thread);
    if (this.#working.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const now = performance.now();
    // A machine that slept, or was too busy to look, has not seen that long a silence.
    const passed = Math.min(now - this.#looked, 2 * lookEveryMs);
    this.#looked = now;
    for (const [thread, sign] of this.#working) {
      const pulse = Atomics.load(thread.pulse, 0);
      if (pulse !== sign.pulse) {
        // How long a message waits to be taken says nothing of the work.
        if (sign.pickUpMs === undefined) this.#longest = Math.max(this.#longest, sign.quiet);
        Object.assign(sign, { pulse, quiet: 0, pickUpMs: undefined });
        continue;
      }
      sign.quiet += passed;
      const limit = sign.pickUpMs ??
        Math.max(this.#options.quietMs, timesTheLongest * this.#longest);
      if (sign.quiet <= limit) continue;
      this.end(thread);
      const seconds = Math.round(sign.quiet / 1000);
      this.#options.onLost(thread, new Error(`it gave no sign of life for ${seconds} seconds`));
    }
  }
}

/** A number in shared memory for {@linkcode WatchedThread.pulse}. */
export function newPulse(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4));
}
