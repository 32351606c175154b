/** The network as a denoiser that a thread computes. */
import type { ImageBatch } from "../../core/image_batch.ts";
import type { Denoiser, PredictOptions } from "../../denoisers/denoiser.ts";
import type { PageData } from "../data/page_data.ts";
import type { FromNetwork, ToNetwork } from "./network_messages.ts";

/** What is used of a web worker. */
export interface WorkingNetwork {
  postMessage(message: ToNetwork): void;
  onmessage: ((event: MessageEvent<FromNetwork>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

/** How the thread is made. */
export interface NetworkThreadOptions {
  /** Starts a thread that does `serveNetwork`. */
  readonly createThread: () => WorkingNetwork | Promise<WorkingNetwork>;
  /** TensorFlow.js's WebAssembly. */
  readonly wasm: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** A thread that computes the page's network; it starts when it is first asked. */
export class NetworkThread {
  readonly #data: PageData;
  readonly #options: NetworkThreadOptions;
  readonly #waiting = new Map<number, {
    readonly resolve: (values: Float32Array<ArrayBuffer>) => void;
    readonly reject: (error: Error) => void;
  }>();
  #started: Promise<Denoiser> | undefined;
  #thread: WorkingNetwork | undefined;
  #id = 0;

  constructor(data: PageData, options: NetworkThreadOptions) {
    this.#data = data;
    this.#options = options;
  }

  /** The network, once its thread has started. */
  denoiser(): Promise<Denoiser> {
    const started = this.#started ??= this.#start();
    started.catch(() => this.#started = undefined);
    return started;
  }

  /** Ends the thread. */
  dispose(): void {
    this.#thread?.terminate();
    this.#fail("the page's engine has been disposed");
  }

  #fail(why: string): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new Error(`Cannot run the network: ${why}`));
    }
    this.#waiting.clear();
  }

  async #start(): Promise<Denoiser> {
    const [weights, wasm] = await Promise.all([this.#data.weights(), this.#options.wasm()]);
    const thread = this.#thread = await this.#options.createThread();
    return await new Promise((resolve, reject) => {
      const refuse = (why: string) => {
        thread.terminate();
        this.#fail(why);
        reject(new Error(`Cannot run the network: ${why}`));
      };
      thread.onerror = (event) => {
        event.preventDefault();
        refuse(event.message || "its program could not be loaded");
      };
      thread.onmessage = ({ data }) => {
        if (data.kind === "ready") {
          const { prediction, clip } = data;
          const { schedule, info: { network, imageShape } } = this.#data;
          return resolve({
            ...{ name: network.name, prediction, imageShape, schedule },
            ...clip !== null && { clip },
            predict: (x, t, options) => this.#predict(thread, x, t, options),
          });
        }
        if (data.kind === "failed" && data.id === undefined) return refuse(data.message);
        const waiting = this.#waiting.get(data.id!);
        this.#waiting.delete(data.id!);
        if (data.kind === "predicted") waiting?.resolve(data.values);
        else waiting?.reject(new Error(data.message));
      };
      thread.postMessage({ kind: "start", weights, wasm });
    });
  }

  async #predict(
    thread: WorkingNetwork,
    x: ImageBatch,
    t: number,
    { labels }: PredictOptions = {},
  ): Promise<ImageBatch> {
    const id = this.#id++;
    const values = await new Promise<Float32Array>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const label = typeof labels === "number" ? labels : labels?.[0] ?? null;
      thread.postMessage({ kind: "predict", id, x: x.data.slice(), t, label });
    });
    return { data: values, shape: x.shape };
  }
}
