/** A thread that computes gradients of shards; see `gradient_pool.ts` for the messages. */
import { DeviceUnavailableError } from "../core/errors.ts";
import { startBackend } from "../networks/backend.ts";
import { createNetwork } from "../networks/architectures/architecture.ts";
import type { Network } from "../networks/network.ts";
import { onOperations } from "../networks/tensor_memory.ts";
import { lossAndGradients } from "./gradients.ts";
import type { WorkerAnswer, WorkerSetup, WorkerShard } from "./gradient_pool.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerSetup | WorkerShard>) => void) | null;
  postMessage(answer: WorkerAnswer): void;
}

const scope = globalThis as unknown as WorkerScope;
let network: Network;
let parameters: Float32Array;
let beat = () => {};

/** Counts up the pulse with every message and with every operation of TensorFlow.js. */
function startPulse(pulse: Int32Array): void {
  beat = () => void Atomics.add(pulse, 0, 1);
  onOperations(beat);
}

async function handle(message: WorkerSetup | WorkerShard): Promise<WorkerAnswer> {
  if (message.kind === "setup") {
    startPulse(message.pulse);
    beat();
    await startBackend(message.backend);
    network = createNetwork(message.architecture);
    parameters = new Float32Array(message.parameters);
    return { kind: "ready" };
  }
  const { loss, gradients } = await lossAndGradients(network, parameters, message.batch);
  new Float32Array(message.gradients).set(gradients);
  return { kind: "done", loss };
}

scope.onmessage = ({ data }) => {
  beat();
  handle(data).then(
    (answer) => scope.postMessage(answer),
    (error) =>
      scope.postMessage({
        kind: "failed",
        message: String(error?.message ?? error),
        unavailable: error instanceof DeviceUnavailableError,
      }),
  );
};
