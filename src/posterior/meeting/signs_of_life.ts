/** By what shards see that others live, on machines whose clocks may differ. */
import type { MeetingRecord } from "../../core/meeting_place.ts";
import type { Step } from "./asked_request.ts";

/** What is known of another shard. */
export interface Sign {
  readonly index: number;
  /** Whether it has given a sign since this process looked first. */
  readonly changed: boolean;
  /** Seconds since it gave the last one, as this process saw it. */
  readonly silentFor: number;
  /** What it said last. */
  readonly about: Readonly<Record<string, unknown>> | undefined;
}

/** Writes a sign now and then while there is work, and looks at those of others: whether they change. */
export class SignsOfLife {
  /** How far the work of this step is. */
  fraction = 0;
  readonly #everyMs: number;
  readonly #write: (about: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly #read: (index: number) => Promise<MeetingRecord | undefined>;
  readonly #count: number;
  readonly #process: string = crypto.randomUUID();
  readonly #seen = new Map<number, { text: string; at: number; changed: boolean }>();
  #beats = 0;
  #working = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #step: Step | undefined;
  #left = false;

  constructor({ beatSeconds = 5, shard, write, read }: {
    readonly beatSeconds?: number | undefined;
    readonly shard: { readonly count: number };
    readonly write: (about: Readonly<Record<string, unknown>>) => Promise<void>;
    readonly read: (index: number) => Promise<MeetingRecord | undefined>;
  }) {
    this.#everyMs = beatSeconds * 1000;
    this.#count = shard.count;
    this.#write = write;
    this.#read = read;
  }

  /** Looks at all others for the first time, and shows itself. */
  async enter(): Promise<void> {
    if (this.#count === 1) return;
    await this.look(Array.from({ length: this.#count }, (_, i) => i + 1));
    await this.beat();
  }

  /** Shows which step it is at. */
  async comeTo(step: Step): Promise<void> {
    this.#step = step;
    this.fraction = 0;
    if (this.#count > 1) await this.beat();
  }

  /** Shows that this shard needs nothing more. */
  async leave(): Promise<void> {
    this.#left = true;
    if (this.#count > 1) await this.beat();
  }

  /** Gives signs while something runs. */
  async while<T>(work: () => Promise<T>): Promise<T> {
    if (this.#count === 1) return await work();
    this.#working++;
    // One that could not be written is not worth ending the work for: the next is tried.
    this.#timer ??= setInterval(() => void this.beat().catch(() => {}), this.#everyMs);
    try {
      return await work();
    } finally {
      if (--this.#working === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  /** Gives a sign. */
  async beat(): Promise<void> {
    const { number: step, digest, asked: asks } = this.#step ?? {};
    await this.#write({
      ...{ process: this.#process, beat: ++this.#beats, fraction: this.fraction },
      ...this.#step && { step, digest, asks },
      left: this.#left,
    });
  }

  /** What is seen of some shards now. */
  async look(indices: readonly number[]): Promise<Sign[]> {
    const signs: Sign[] = [];
    for (const index of indices) {
      const about = (await this.#read(index))?.header.about;
      const text = JSON.stringify([about?.["process"], about?.["beat"]]);
      const now = performance.now();
      const before = this.#seen.get(index);
      if (before?.text !== text) {
        this.#seen.set(index, { text, at: now, changed: before !== undefined });
      }
      const { at, changed } = this.#seen.get(index)!;
      signs.push({ index, changed, silentFor: (now - at) / 1000, about });
    }
    return signs;
  }
}
