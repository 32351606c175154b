/**
 * Calls back once nothing has been at work for a while. Threads that wait for work keep a process alive in
 * Deno and Node, and memory in a browser: they are ended when they have waited, and started again when
 * there is work.
 */
export class IdleTimer {
  readonly #milliseconds: number;
  readonly #onIdle: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Does nothing until {@linkcode IdleTimer.rest} is called. */
  constructor(milliseconds: number, onIdle: () => void) {
    this.#milliseconds = milliseconds;
    this.#onIdle = onIdle;
  }

  /** Work begins, or there will never be any again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Work has ended. */
  rest(): void {
    this.stop();
    this.#timer = setTimeout(this.#onIdle, this.#milliseconds);
  }
}
