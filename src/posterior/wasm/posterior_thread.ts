/** The threads that runtimes have: web workers, and those of Node. @module */
import type { FromWorker } from "./posterior_messages.ts";

/**
 * What is used of a `Worker` of Node's `worker_threads`.
 *
 * @category Posterior
 */
export interface NodeThread {
  /** Listens to messages, to errors and to the thread's end. */
  on(event: "message" | "error" | "exit", listener: (value: unknown) => void): unknown;
  /** Sends a message. */
  postMessage(message: unknown): void;
  /** Ends the thread. */
  terminate(): unknown;
}

/**
 * A thread for the patch posterior: a web worker, or a `Worker` of Node's `worker_threads`.
 *
 * @category Posterior
 */
export type PosteriorThread = Worker | NodeThread;

/** Listens to a thread of either kind. */
export function listen(
  thread: PosteriorThread,
  { onMessage, onFailure }: {
    readonly onMessage: (message: FromWorker) => void;
    readonly onFailure: (problem: string) => void;
  },
): void {
  if ("on" in thread) {
    thread.on("message", (message) => onMessage(message as FromWorker));
    thread.on("error", (error) => onFailure((error as Error).message));
    // Also when it was ended from here, which is no news then.
    thread.on("exit", (code) => onFailure(`it ended with code ${code}`));
    return;
  }
  thread.onmessage = ({ data }: MessageEvent<FromWorker>) => onMessage(data);
  thread.onerror = (event) => {
    event.preventDefault();
    onFailure(event.message || "its module could not be loaded");
  };
  thread.onmessageerror = () => onFailure("a message could not be read");
}
