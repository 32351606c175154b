/**
 * Posteriors by threads that hold a share of the training images each. They need no shared memory, so a page
 * that was opened from a disk has them, too.
 */
import { valuesPerImage } from "../../core/image_batch.ts";
import { mergeExplanations } from "../../posterior/explanation/explanation_state.ts";
import { mergeStates } from "../../posterior/merge_states.ts";
import type { ExplanationState, PosteriorState } from "../../posterior/patch_posterior.ts";
import { serveShare, type SharePort } from "./serve_share.ts";
import type {
  FromShare,
  ShareExplanation,
  ShareOfImages,
  ShareQuery,
  ToShare,
} from "./share_messages.ts";

/** What is used of a web worker. */
export interface ShareThread {
  postMessage(message: ToShare): void;
  onmessage: ((event: MessageEvent<FromShare>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

/** Options of {@linkcode PosteriorPool}. */
export interface PosteriorPoolOptions {
  /** Training images as bytes, `[N, H, W, C]`. */
  readonly bytes: Uint8Array;
  readonly shape: ShareOfImages["shape"];
  readonly labels: Int32Array | undefined;
  /** Threads; 0: the calling one. */
  readonly threads: number;
  /** Starts a thread that does `serveShare`; absent: the calling thread computes. */
  readonly createThread?: (() => ShareThread | Promise<ShareThread>) | undefined;
}

/** Milliseconds for a thread to start. */
const startMs = 20_000;

/** A share's side of this thread. */
interface Member {
  readonly send: (message: ToShare) => void;
  readonly end: () => void;
}

interface Waiting {
  readonly resolve: (state: never) => void;
  readonly reject: (error: Error) => void;
}

/** Threads with a share of the training images each, whose states are merged in their order. */
export class PosteriorPool {
  readonly #options: PosteriorPoolOptions;
  readonly #waiting = new Map<string, Waiting>();
  #members: Promise<readonly Member[]> | undefined;
  #ended = false;
  #id = 0;
  /** Threads that compute; 0: the calling thread. Undefined before it is known. */
  threads: number | undefined;

  constructor(options: PosteriorPoolOptions) {
    this.#options = options;
  }

  /** Sums over all training images, or those of a class. */
  async sum(query: ShareQuery, abort?: AbortSignal): Promise<PosteriorState> {
    const states = await this.#ask<PosteriorState>((id) => ({ kind: "sum", id, query }), abort);
    return states.reduce(mergeStates);
  }

  /** Explains some pixels by all training images, or those of a class. */
  async explain(
    query: ShareQuery,
    explanation: ShareExplanation,
    abort?: AbortSignal,
  ): Promise<ExplanationState> {
    const states = await this.#ask<ExplanationState>(
      (id) => ({ kind: "explain", id, query, explanation }),
      abort,
    );
    return states.reduce(mergeExplanations);
  }

  /** Ends the threads. */
  async dispose(): Promise<void> {
    this.#ended = true;
    for (const member of await this.#members?.catch(() => []) ?? []) member.end();
    for (const { reject } of this.#waiting.values()) reject(ended());
    this.#waiting.clear();
  }

  /** Asks all members; the answers in their order. */
  async #ask<State>(
    message: (id: number) => ToShare,
    abort: AbortSignal | undefined,
  ): Promise<State[]> {
    if (this.#ended) throw ended();
    abort?.throwIfAborted();
    const members = await (this.#members ??= this.#start());
    abort?.throwIfAborted();
    const id = this.#id++;
    const stop = () => members.forEach(({ send }) => send({ kind: "stop", id }));
    abort?.addEventListener("abort", stop, { once: true });
    try {
      const states = await Promise.all(
        members.map(({ send }, i) =>
          new Promise<State>((resolve, reject) => {
            this.#waiting.set(`${id}/${i}`, { resolve, reject });
            send(message(id));
          })
        ),
      );
      abort?.throwIfAborted();
      return states;
    } catch (error) {
      // A share that was stopped says no more than that.
      abort?.throwIfAborted();
      throw error;
    } finally {
      abort?.removeEventListener("abort", stop);
    }
  }

  async #start(): Promise<readonly Member[]> {
    const { threads, createThread } = this.#options;
    const count = Math.max(1, Math.min(threads, this.#options.shape[0]));
    if (threads > 0 && createThread !== undefined) {
      const starts = await Promise.allSettled(
        Array.from({ length: count }, (_, i) => this.#startThread(createThread, i, count)),
      );
      const members = starts.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
      if (members.length === count) {
        this.threads = count;
        return members;
      }
      members.forEach(({ end }) => end());
    }
    this.threads = 0;
    return [this.#onThisThread()];
  }

  async #startThread(
    createThread: NonNullable<PosteriorPoolOptions["createThread"]>,
    i: number,
    count: number,
  ): Promise<Member> {
    const thread = await createThread();
    return await new Promise((resolve, reject) => {
      const fail = (message: string) => {
        clearTimeout(late);
        thread.terminate();
        const error = new Error(`A thread of the machines stopped: ${message}`);
        reject(error);
        for (const [key, { reject: refuse }] of this.#waiting) {
          if (!key.endsWith(`/${i}`)) continue;
          this.#waiting.delete(key);
          refuse(error);
        }
        // The next question starts new threads.
        this.#members = undefined;
      };
      const late = setTimeout(() => fail("it did not start"), startMs);
      thread.onmessage = ({ data }) => {
        clearTimeout(late);
        if (data.kind !== "ready") return this.#hear(i, data);
        resolve({ send: (message) => thread.postMessage(message), end: () => thread.terminate() });
      };
      thread.onerror = (event) => {
        event.preventDefault();
        fail(event.message || "its program could not be loaded");
      };
      thread.postMessage(this.#share(i, count));
    });
  }

  #onThisThread(): Member {
    const port: SharePort = { onmessage: null, postMessage: (message) => this.#hear(0, message) };
    serveShare(port);
    port.onmessage!({ data: this.#share(0, 1) });
    return { send: (data) => port.onmessage!({ data }), end: () => {} };
  }

  #hear(i: number, message: FromShare): void {
    if (message.kind === "ready") return;
    const key = `${message.id}/${i}`, waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (message.kind === "stopped") waiting?.reject(new Error("stopped"));
    else if (message.kind === "failed") waiting?.reject(new Error(message.message));
    else waiting?.resolve(message.state as never);
  }

  /** Every `stride`-th image: classes that come one after the other are spread over all threads. */
  #share(first: number, stride: number): ShareOfImages {
    const { bytes, shape: [total, ...imageShape], labels } = this.#options;
    const values = valuesPerImage({ data: new Float32Array(0), shape: [total, ...imageShape] });
    const count = Math.ceil((total - first) / stride);
    const own = new Uint8Array(count * values);
    for (let i = 0; i < count; i++) {
      const from = (first + i * stride) * values;
      own.set(bytes.subarray(from, from + values), i * values);
    }
    return {
      kind: "images",
      bytes: own,
      shape: [count, ...imageShape],
      labels: labels === undefined
        ? null
        : Int32Array.from({ length: count }, (_, i) => labels[first + i * stride]!),
      ...{ first, stride, total },
    };
  }
}

const ended = () => new Error("Cannot compute: the page's engine has been disposed");
