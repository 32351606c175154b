/** Hands a machine's training images to a posterior: at once where they are held, tile by tile where not. */
import { type ImageBatch, sliceBatch } from "../core/image_batch.ts";
import { type ImageStream, isImageStream } from "../core/image_stream.ts";
import type { AccumulateOptions } from "../posterior/patch_posterior.ts";
import type { Candidates } from "./candidates.ts";

/** A posterior, or an explanation, in the making. */
interface Fed {
  begun?(): Promise<number>;
  accumulate(tile: ImageBatch, options?: AccumulateOptions): Promise<void>;
}

/** Which images are candidates, and who wants to know how far it has come. */
export interface FeedOptions {
  readonly candidates: Candidates;
  /** Class whose images are; null: all. */
  readonly label: number | null;
  readonly abort?: AbortSignal | undefined;
  /** Called with the part that is done, from 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Feeds all training images, those that another process has summed already excepted. */
export async function feedImages(
  run: Fed,
  images: ImageBatch | ImageStream,
  { candidates, label, abort, onProgress }: FeedOptions,
): Promise<void> {
  const begun = await run.begun?.() ?? 0;
  const [total] = images.shape;
  if (begun >= total) return onProgress?.(1);
  if (!isImageStream(images)) {
    const rest = begun === 0 ? images : sliceBatch(images, begun, total);
    const select = begun === 0
      ? candidates.of(label)
      : candidates.among(label, { from: begun, to: total });
    const count = select?.length ?? rest.shape[0];
    const report = (done: number) => onProgress?.((begun + (total - begun) * done / count) / total);
    return await run.accumulate(rest, { select, abort, last: true, onProgress: report });
  }
  const tiles = images.tiles({ from: begun, abort })[Symbol.asyncIterator]();
  try {
    let first = begun;
    for (let next = await tiles.next(); !next.done;) {
      const tile = next.value;
      const [count] = tile.shape;
      const from = first;
      const select = candidates.among(label, { from, to: from + count });
      const chosen = select?.length ?? count;
      const summed = run.accumulate(tile, {
        ...{ select, abort, passing: true, last: from + count === total },
        onProgress: (done) => onProgress?.((from + count * done / chosen) / total),
      });
      // Threads have their work before the next tile is read, which may take the whole of this one.
      const read = turn().then(() => tiles.next());
      // A failure of either is told once both have come to an end.
      const [sum, following] = await Promise.allSettled([summed, read]);
      if (sum.status === "rejected") throw sum.reason;
      if (following.status === "rejected") throw following.reason;
      next = following.value;
      first += count;
      onProgress?.(first / total);
    }
  } finally {
    await tiles.return?.();
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve));
