import { ArgumentError } from "../../core/errors.ts";
import { type ImageBatch, sliceBatch } from "../../core/image_batch.ts";
import { mergeStates } from "../merge_states.ts";
import type {
  AccumulateOptions,
  PatchPosterior,
  PosteriorRequest,
  PosteriorRun,
  PosteriorState,
} from "../patch_posterior.ts";
import { checkRequest } from "../request.ts";
import type { Arrival, Meeting } from "./meeting.ts";

/** What a run is part of. */
export interface MeetingRunParts {
  readonly posterior: PatchPosterior;
  readonly meeting: Meeting;
  /** Images after which what is summed is kept. */
  readonly keepEvery: number;
  /** Seconds between two writings of it at least. */
  readonly keepSeconds: number;
  /** Called with the number of this shard's images that are summed. */
  readonly onImages: ((images: number) => void) | undefined;
  /** This shard's images. */
  readonly images: number;
}

/** Sums this shard's images in sections, whose sums are kept, and meets with the others in the end. */
export class MeetingRun implements PosteriorRun {
  readonly #request: PosteriorRequest;
  readonly #parts: MeetingRunParts;
  #arrival: Promise<Arrival> | undefined;
  #section: PosteriorRun | undefined;
  /** The sum of the sections before; those of no image have none. */
  #sum: PosteriorState | undefined;
  #images = 0;
  #keptAt = performance.now();
  #abort: AbortSignal | undefined;

  constructor(request: PosteriorRequest, parts: MeetingRunParts) {
    checkRequest(request);
    this.#request = request;
    this.#parts = parts;
  }

  async begun(): Promise<number> {
    const { merged, own, kept } = await this.#arrive();
    if (merged !== undefined || own !== undefined) return Infinity;
    if (kept === undefined || this.#images > 0) return 0;
    this.#sum = kept.state;
    this.#images = kept.images;
    this.#parts.onImages?.(kept.images);
    return kept.images;
  }

  async accumulate(tile: ImageBatch, options: AccumulateOptions = {}): Promise<void> {
    const { select, abort, last = false, passing, onProgress } = options;
    if (select !== undefined && this.#request.among === undefined) {
      throw new ArgumentError(
        "Cannot meet for the sum over some of the images: the request does not say which (among)",
      );
    }
    const { merged, own } = await this.#arrive();
    if (merged !== undefined || own !== undefined) return;
    this.#abort = abort;
    const { posterior, meeting, keepEvery, images } = this.#parts;
    await meeting.living(async () => {
      const [count] = tile.shape;
      for (let at = 0; at < count;) {
        const first = this.#images;
        // Sections end at places of their own, so that bytes hang neither on tiles nor on a restart.
        const sectionEnd = first - first % keepEvery + keepEvery;
        const end = Math.min(count, at + sectionEnd - first);
        const ends = first + end - at === sectionEnd || (last && end === count);
        const from = at;
        this.#section ??= posterior.begin(this.#request);
        await this.#section.accumulate(
          at === 0 && end === count ? tile : sliceBatch(tile, at, end),
          {
            ...{ select: select && within(select, at, end), abort, last: ends, passing },
            onProgress: (done) => {
              const part = done / Math.max(1, select?.length ?? end - from);
              this.#report(first + Math.min(1, part) * (end - from), images);
              onProgress?.(from + done);
            },
          },
        );
        this.#images += end - at;
        this.#report(this.#images, images);
        at = end;
        if (ends) await this.#endSection(last && end === count);
      }
    });
  }

  async finish(): Promise<PosteriorState> {
    const arrival = await this.#arrive();
    if (arrival.merged !== undefined) return arrival.merged;
    const { meeting } = this.#parts;
    return await meeting.living(async () => {
      if (arrival.own === undefined) await this.#endSection(true);
      const state = arrival.own ?? this.#sum ??
        await this.#parts.posterior.begin(this.#request).finish();
      return await meeting.meet(arrival, { state, abort: this.#abort });
    });
  }

  #arrive(): Promise<Arrival> {
    return this.#arrival ??= this.#parts.meeting.arrive(this.#request);
  }

  /** Adds the section to the sum, and keeps it. */
  async #endSection(last: boolean): Promise<void> {
    const state = await this.#section?.finish();
    this.#section = undefined;
    if (state === undefined) return;
    this.#sum = this.#sum === undefined ? state : mergeStates(this.#sum, state);
    const { keepSeconds, meeting } = this.#parts;
    if (last || performance.now() - this.#keptAt < 1000 * keepSeconds) return;
    const { step } = await this.#arrive();
    await meeting.keep(step, { images: this.#images, state: this.#sum });
    this.#keptAt = performance.now();
  }

  #report(done: number, images: number): void {
    this.#parts.meeting.report(done / images);
    this.#parts.onImages?.(Math.floor(done));
  }
}

/** Those of some indices that lie in a range, counted from its first. */
function within(select: Uint32Array, from: number, to: number): Uint32Array {
  return select.filter((index) => index >= from && index < to).map((index) => index - from);
}
