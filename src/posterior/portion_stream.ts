import { ArgumentError } from "../core/errors.ts";
import { concatBatches, gatherImages, type ImageBatch } from "../core/image_batch.ts";
import { prepareImages, type TrainingSet } from "./training_set.ts";

/** Training images that are summed together. */
export interface Portion {
  /** Number of the portion, and place of its first image, counted over all tiles of a run. */
  readonly index: number;
  readonly first: number;
  /** Where its images are, and which of these, in order. */
  readonly images: TrainingSet;
  readonly indices: Uint32Array;
  /** Whether they were put together for this portion, and are not needed after it. */
  readonly gathered: boolean;
}

/**
 * Cuts the images of a run into portions whose bounds hang on nothing but their place in the run: not on the
 * tiles that they come in, on how many follow, or on how many queries they are candidates of. Sums of a
 * portion, merged in the order of portions, are then the same bytes however a run is fed.
 */
export class PortionStream {
  readonly #capacityAt: (first: number) => number;
  #index = 0;
  #first = 0;
  /** Images that came and do not fill a portion; copies, since their tile may be gone. */
  #waiting: readonly ImageBatch[] = [];
  #ended = false;

  /** @param capacityAt Images of the portion that begins at a place of the run. */
  constructor(capacityAt: (first: number) => number) {
    this.#capacityAt = capacityAt;
  }

  /** A stream at the same place. */
  fork(): PortionStream {
    const fork = new PortionStream(this.#capacityAt);
    fork.#index = this.#index;
    fork.#first = this.#first;
    fork.#waiting = this.#waiting;
    fork.#ended = this.#ended;
    return fork;
  }

  /** The images that wait for more, as a portion that is not full. */
  rest(): Portion | undefined {
    return this.#waiting.length === 0 ? undefined : this.#gathered(this.#waiting);
  }

  /**
   * Takes some images of a tile, in order.
   *
   * @returns The portions that are full now; what is left waits. With `last` nothing waits: the last portion
   * has what is left.
   * @throws ArgumentError if the tile before was the last.
   */
  push(tile: TrainingSet, indices: Uint32Array, { last }: { readonly last: boolean }): Portion[] {
    if (this.#ended) {
      throw new ArgumentError(
        "Cannot add training images: the tile before was said to be the last",
      );
    }
    this.#ended = last;
    const portions: Portion[] = [];
    for (let at = 0; at < indices.length;) {
      const capacity = this.#capacityAt(this.#first);
      const wanted = capacity - countOf(this.#waiting);
      const taken = indices.slice(at, at + wanted);
      if (taken.length < wanted && !last) {
        this.#waiting = [...this.#waiting, gatherImages(tile, taken)];
        break;
      }
      portions.push(
        this.#waiting.length === 0
          ? this.#portion(tile, { indices: taken, gathered: false })
          : this.#gathered([...this.#waiting, gatherImages(tile, taken)]),
      );
      at += taken.length;
      this.#waiting = [];
      this.#index++;
      this.#first += capacity;
    }
    const rest = last ? this.rest() : undefined;
    if (rest) portions.push(rest);
    this.#waiting = last ? [] : this.#waiting;
    return portions;
  }

  #gathered(batches: readonly ImageBatch[]): Portion {
    const images = concatBatches(batches);
    const indices = Uint32Array.from({ length: images.shape[0] }, (_, i) => i);
    return this.#portion(prepareImages(images), { indices, gathered: true });
  }

  #portion(images: TrainingSet, which: Pick<Portion, "indices" | "gathered">): Portion {
    return { index: this.#index, first: this.#first, images, ...which };
  }
}

function countOf(batches: readonly ImageBatch[]): number {
  return batches.reduce((count, { shape }) => count + shape[0], 0);
}

/**
 * Tells how many images of a tile are done, whenever it is more than before, from the part of the work
 * that is: its portions may have images of the tile before, and lack some that wait.
 */
export function imagesReporter(
  images: number,
  onProgress: ((imagesDone: number) => void) | undefined,
): (fraction: number) => void {
  let reported = 0;
  return (fraction) => {
    const imagesDone = Math.floor(fraction * images);
    if (imagesDone <= reported) return;
    reported = imagesDone;
    onProgress?.(imagesDone);
  };
}
