/** The side of the thread that computes the network. */
import { imageBatch } from "../../core/image_batch.ts";
import { startEmbeddedBackend } from "../../networks/embedded_backend.ts";
import { type NetworkDenoiser, networkDenoiser } from "../../networks/network_denoiser.ts";
import { readWeights } from "../../networks/weights/weights.ts";
import type { FromNetwork, ToNetwork } from "./network_messages.ts";

/** Where it hears its work from, and answers. */
export interface NetworkPort {
  onmessage: ((event: { readonly data: ToNetwork }) => void) | null;
  postMessage(message: FromNetwork): void;
}

/** Makes the calling thread one that computes a network, on TensorFlow.js's wasm backend. */
export function serveNetwork(port: NetworkPort): void {
  let denoiser: NetworkDenoiser | undefined;
  // One after the other: TensorFlow.js does one thing at a time.
  let last: Promise<void> = Promise.resolve();
  const start = async ({ weights, wasm }: Extract<ToNetwork, { kind: "start" }>) => {
    await startEmbeddedBackend(wasm);
    denoiser = networkDenoiser(readWeights(weights, "the page's network"));
    const { prediction, clip = null } = denoiser;
    port.postMessage({ kind: "ready", prediction, clip });
  };
  const predict = async ({ id, x, t, label }: Extract<ToNetwork, { kind: "predict" }>) => {
    const { data } = await denoiser!.predict(
      imageBatch(x, [1, ...denoiser!.imageShape]),
      t,
      label === null ? {} : { labels: label },
    );
    port.postMessage({ kind: "predicted", id, values: data as Float32Array<ArrayBuffer> });
  };
  port.onmessage = ({ data }) => {
    last = last.then(() => data.kind === "start" ? start(data) : predict(data)).catch((error) =>
      port.postMessage({
        kind: "failed",
        ...data.kind === "predict" && { id: data.id },
        message: (error as Error).message,
      })
    );
  };
}
