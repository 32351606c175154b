/** Keeps the states of work that goes on in small steps, without a wait for the disk at each of them. */
import { writeKept } from "./kept_file.ts";

/** Time between two writings at least, in milliseconds: a killed process loses no more of its work. */
const INTERVAL = 500;

/**
 * Writes states into a kept file, but not more often than twice a second: of those that come faster, the
 * newest is written when its time has come, or by {@linkcode StateKeeper.flush}.
 */
export class StateKeeper {
  readonly #path: string;
  #waiting: (() => Uint8Array | string) | undefined;
  #writtenAt = -Infinity;

  /** A keeper for the file of a path. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Takes a state, which is not changed any more; its bytes are asked for when they are written. */
  async keep(bytes: () => Uint8Array | string): Promise<void> {
    this.#waiting = bytes;
    if (performance.now() - this.#writtenAt >= INTERVAL) await this.flush();
  }

  /** Writes the newest state, unless it is written: to be called whatever ends the work. */
  async flush(): Promise<void> {
    const bytes = this.#waiting;
    if (bytes === undefined) return;
    this.#waiting = undefined;
    await writeKept(this.#path, bytes());
    this.#writtenAt = performance.now();
  }
}
