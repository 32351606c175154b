/** The side of a thread that holds a share of the training images. */
import { imageBatch } from "../../core/image_batch.ts";
import type { ExplanationState } from "../../posterior/patch_posterior.ts";
import { prepareImages, type TrainingSet } from "../../posterior/training_set.ts";
import { hasScale } from "../../posterior/request.ts";
import { wasmPosterior } from "../../posterior/wasm/wasm_posterior.ts";
import { imagesOfBytes } from "../data/image_bytes.ts";
import type { FromShare, ShareOfImages, ShareQuery, ToShare } from "./share_messages.ts";

/** Where a share hears its work from, and answers: a worker's scope, or the same thread. */
export interface SharePort {
  onmessage: ((event: { readonly data: ToShare }) => void) | null;
  postMessage(message: FromShare, transfer: ArrayBuffer[]): void;
}

/** Makes the calling thread one that computes by a share of the training images, in slices. */
export function serveShare(port: SharePort): void {
  const posterior = wasmPosterior({ workers: 0 });
  const running = new Map<number, AbortController>();
  let share: Share | undefined;
  const answer = (message: FromShare, arrays: readonly ArrayBufferView[] = []) =>
    port.postMessage(message, arrays.map(({ buffer }) => buffer as ArrayBuffer));

  const sum = async (id: number, query: ShareQuery, abort: AbortSignal) => {
    const { images, select } = share!.of(query.label);
    const { rule, scale, signal, sigma } = query;
    const run = posterior.begin({
      query: share!.queryOf(query),
      ...{ rule, scales: [hasScale(rule) ? scale : 1], signal, sigma },
    });
    await run.accumulate(images, { select, abort, last: true });
    const state = await run.finish();
    answer({ kind: "sum", id, state }, [state.logScale, state.sum, state.acc]);
  };

  const explain = async (
    { id, query, explanation }: Extract<ToShare, { kind: "explain" }>,
    abort: AbortSignal,
  ) => {
    const { images, select } = share!.of(query.label);
    const { rule, scale, signal, sigma } = query;
    const run = posterior.explain!({
      ...explanation,
      query: share!.queryOf(query),
      ...{ rule, scale, signal, sigma },
    });
    await run.accumulate(images, { select, abort });
    const state = share!.amongAll(await run.finish());
    answer({ kind: "explain", id, state });
  };

  port.onmessage = async ({ data }) => {
    if (data.kind === "images") {
      share = new Share(data);
      return answer({ kind: "ready" });
    }
    if (data.kind === "stop") return running.get(data.id)?.abort();
    const { id } = data, abort = new AbortController();
    running.set(id, abort);
    try {
      await (data.kind === "sum" ? sum(id, data.query, abort.signal) : explain(data, abort.signal));
    } catch (error) {
      answer(
        abort.signal.aborted
          ? { kind: "stopped", id }
          : { kind: "failed", id, message: (error as Error).message },
      );
    } finally {
      running.delete(id);
    }
  };
}

/** Training images of a share, and which they are among all. */
class Share {
  readonly #images: TrainingSet;
  readonly #told: ShareOfImages;

  constructor(told: ShareOfImages) {
    this.#told = told;
    this.#images = prepareImages(imagesOfBytes(told.bytes, told.shape));
  }

  /** The images, and those of a class among them. */
  of(label: number | null): { images: TrainingSet; select?: Uint32Array } {
    const { labels } = this.#told;
    if (label === null) return { images: this.#images };
    const indices = Array.from(labels ?? [], (each, i) => each === label ? i : -1);
    return { images: this.#images, select: Uint32Array.from(indices.filter((i) => i >= 0)) };
  }

  queryOf({ x }: ShareQuery) {
    const { shape: [, height, width, channels] } = this.#told;
    return imageBatch(x, [1, height, width, channels]);
  }

  /** An explanation by this share, its images counted among all. */
  amongAll(state: ExplanationState): ExplanationState {
    const { first, stride, total } = this.#told;
    const weights = state.imageWeights.map((own) => {
      const all = new Float64Array(total);
      own.forEach((weight, i) => all[first + stride * i] = weight);
      return all;
    });
    return {
      ...state,
      image: state.image.map((index) => first + stride * index),
      imageWeights: weights,
    };
  }
}
