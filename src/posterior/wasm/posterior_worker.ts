/// <reference lib="webworker" />
/** The thread of a posterior worker: one kernel that does what it is sent. @module */
import { PosteriorKernel } from "./posterior_kernel.ts";
import type { FromWorker, ToWorker } from "./posterior_messages.ts";

/** The worker's global scope, narrowed to what is used here. */
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
};

const kernel = await PosteriorKernel.create();

scope.onmessage = ({ data }) => {
  try {
    if (data.plan) kernel.configure(data.plan);
    const steps = kernel.run(data.work);
    for (;;) {
      const step = steps.next();
      if (step.done) {
        const { references, sums, accs } = step.value;
        return scope.postMessage(
          { kind: "done", result: step.value },
          [references.buffer, sums.buffer, accs.buffer],
        );
      }
      if (Atomics.load(data.stop, 0) !== 0) {
        return scope.postMessage({ kind: "done", result: null });
      }
    }
  } catch (error) {
    scope.postMessage({ kind: "failed", message: String(error) });
  }
};
scope.postMessage({ kind: "ready" });
