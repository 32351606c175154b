import { PosteriorKernel } from "./posterior_kernel.ts";
import type { FromWorker, ToWorker } from "./posterior_messages.ts";

/**
 * What a thread hears its work from: a worker's global scope, a message port, or `parentPort` of Node's
 * `worker_threads`.
 *
 * @category Posterior
 */
export type PosteriorPort =
  & {
    /** Answers. */
    postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  }
  & (
    | {
      /** Called with each message. */
      onmessage: ((event: MessageEvent) => void) | null;
    }
    | {
      /** Listens to messages, as ports of Node do. */
      on(event: "message", listener: (message: unknown) => void): unknown;
    }
  );

/**
 * Makes the calling thread one that computes patch posteriors for `wasmPosterior` on another thread: it
 * does what it is sent. A worker's module that is bundled with a program consists of this call.
 *
 * @example The other side of a message port, in place of a worker's module
 * ```ts
 * import { type PosteriorPort, servePosterior } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const told: unknown[] = [];
 * const port: PosteriorPort = { onmessage: null, postMessage: (message) => told.push(message) };
 * await servePosterior(port);
 * assertEquals(told, [{ kind: "ready" }]);
 * ```
 *
 * @param port Where the work comes from: by default the worker's own scope; in Node `parentPort` of
 * `node:worker_threads`.
 * @returns Once the kernel is compiled and the other side has been told.
 * @category Posterior
 */
export async function servePosterior(
  port: PosteriorPort = globalThis as unknown as PosteriorPort,
): Promise<void> {
  const kernel = await PosteriorKernel.create();
  const answer = (message: FromWorker, transfer: ArrayBuffer[] = []) =>
    port.postMessage(message, transfer);

  const work = (data: ToWorker) => {
    const beat = () => data.pulse && Atomics.add(data.pulse, 0, 1);
    beat();
    try {
      if (data.plan) kernel.configure(data.plan);
      const steps = kernel.do(data.work);
      for (;;) {
        const step = steps.next();
        beat();
        if (step.done) {
          const transfer = Object.values(step.value).flatMap((values) =>
            ArrayBuffer.isView(values) ? [values.buffer as ArrayBuffer] : []
          );
          return answer({ kind: "done", result: step.value }, transfer);
        }
        if (Atomics.load(data.stop, 0) !== 0) return answer({ kind: "done", result: null });
      }
    } catch (error) {
      answer({ kind: "failed", message: String(error) });
    }
  };
  if ("on" in port) port.on("message", (message) => work(message as ToWorker));
  else port.onmessage = ({ data }: MessageEvent<ToWorker>) => work(data);
  answer({ kind: "ready" });
}
