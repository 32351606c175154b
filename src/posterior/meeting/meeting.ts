/** Shards of training images that sum the same posterior, each a part of it, and meet after each. */
import { ArgumentError, ToolkitError } from "../../core/errors.ts";
import type { MeetingRecord } from "../../core/meeting_place.ts";
import { emptyState, mergeInto } from "../merge_states.ts";
import type { PosteriorRequest, PosteriorState } from "../patch_posterior.ts";
import { askedOf, type AskedRequest, differenceOf, type Step } from "./asked_request.ts";
import type { MeetingPosteriorOptions } from "./meeting_options.ts";
import { SignsOfLife } from "./signs_of_life.ts";
import { arraysOfState, stateOfArrays } from "./state_record.ts";

/** What is there of a step when a process comes to it. */
export interface Arrival {
  readonly step: Step;
  /** The state of all images, which the shards have met for before. */
  readonly merged: PosteriorState | undefined;
  /** The state of this shard's images. */
  readonly own: PosteriorState | undefined;
  /** The state of the first of them, which an earlier process had summed. */
  readonly kept: { readonly images: number; readonly state: PosteriorState } | undefined;
}

/** Records of steps. */
const stepName = /^step-(\d{6,})-([0-9a-f]{16})\.(merged|shard|part)/;
/** All records of a meeting. */
const ours = /^(step-\d{6,}-|alive-\d{5}$|meeting$)/;
/** Longest pause between two looks, in milliseconds. */
const longestPause = 1000;

/** The side of one shard. */
export class Meeting {
  readonly #options: Pick<MeetingPosteriorOptions, "place" | "shard" | "identity"> & {
    readonly patience: number;
  };
  readonly #onWait: MeetingPosteriorOptions["onWait"];
  readonly #signs: SignsOfLife;
  #entered: Promise<void> | undefined;

  constructor(options: MeetingPosteriorOptions & { readonly patience: number }) {
    this.#options = options;
    this.#onWait = options.onWait;
    this.#signs = new SignsOfLife({
      ...options,
      write: (about) => this.#write(this.#aliveName(), { about }),
      read: (index) => options.place.read(aliveName(index)),
    });
  }

  /** Says what is known of a request: it may be one of an earlier process. */
  async arrive(request: PosteriorRequest): Promise<Arrival> {
    await (this.#entered ??= this.#enter());
    const { asked, digest } = await askedOf(request);
    const names = await this.#options.place.names();
    const steps = names.flatMap((name) => {
      const [, number, of, kind] = stepName.exec(name) ?? [];
      return kind === undefined ? [] : [{ name, number: Number(number), of, kind }];
    });
    const last = Math.max(0, ...steps.map((each) => each.kind === "merged" ? each.number : 0));
    const known = steps.find(({ of }) => of === digest)?.number;
    // Shards go in step: none begins another before all have met for the one before.
    const number = known ?? last + 1;
    const base = `step-${String(number).padStart(6, "0")}-${digest}`;
    const step: Step = { number, digest, asked, base };
    const merged = await this.#stateOf(`${base}.merged`, step);
    if (merged === undefined) await this.#signs.comeTo(step);
    // What shard 1 could not remove when it was ended.
    for (const { name, number, kind } of steps) {
      if (kind === "shard" && number <= last && this.#isFirst) {
        await this.#options.place.remove(name);
      }
    }
    const own = merged ? undefined : await this.#stateOf(this.#shardName(base), step);
    const part = merged || own ? undefined : await this.#options.place.read(this.#partName(base));
    return {
      ...{ step, merged, own },
      kept: part && {
        images: Number(part.header.about["images"]),
        state: this.#checked(part, { source: this.#partName(base), step }),
      },
    };
  }

  /** Keeps the state of the first images, for a process that goes on after this one. */
  async keep(step: Step, { images, state }: NonNullable<Arrival["kept"]>): Promise<void> {
    await this.#write(this.#partName(step.base), {
      about: { step: step.number, images },
      state,
      step,
    });
  }

  /** Gives the state of this shard, waits for the others, and returns that of all images. */
  async meet(
    { step, own }: Pick<Arrival, "step" | "own">,
    { state, abort }: {
      readonly state: PosteriorState;
      readonly abort: AbortSignal | undefined;
    },
  ): Promise<PosteriorState> {
    const { place, shard: { count } } = this.#options;
    if (own === undefined) {
      if (count > 1) {
        await this.#write(this.#shardName(step.base), {
          about: { step: step.number },
          state,
          step,
        });
      }
      await place.remove(this.#partName(step.base));
    }
    if (count === 1) return await this.#finish(step, own ?? state);
    return this.#isFirst
      ? await this.#merge(step, abort)
      : await this.#wait(step, abort, () => this.#stateOf(`${step.base}.merged`, step));
  }

  /** Shows that this shard lives while something runs. */
  async living<T>(work: () => Promise<T>): Promise<T> {
    return await this.#signs.while(work);
  }

  /** Tells others how far it is. */
  report(fraction: number): void {
    this.#signs.fraction = fraction;
  }

  /** Says that this shard needs nothing more. The last one to say so clears the place. */
  async leave(): Promise<void> {
    if (this.#entered === undefined) return;
    await this.#signs.leave();
    const { place, shard: { count } } = this.#options;
    for (let index = 1; index <= count && count > 1; index++) {
      const about = (await place.read(aliveName(index)))?.header.about;
      if (about?.["left"] !== true) return;
    }
    for (const name of await place.names()) if (ours.test(name)) await place.remove(name);
  }

  get #isFirst(): boolean {
    return this.#options.shard.index === 1;
  }

  /** Shard 1 merges, in the order of the shards: then all have the same bytes, whatever machine they are on. */
  async #merge(step: Step, abort: AbortSignal | undefined): Promise<PosteriorState> {
    const { place, shard: { count } } = this.#options;
    let sum: PosteriorState | undefined;
    let next = 1;
    const merged = await this.#wait(step, abort, async () => {
      const before = await this.#stateOf(`${step.base}.merged`, step);
      if (before !== undefined) return before;
      for (; next <= count; next++) {
        const state = await this.#stateOf(this.#shardName(step.base, next), step);
        if (state === undefined) return undefined;
        mergeInto(sum ??= emptyState(state.shape), state);
      }
      return sum;
    });
    await this.#finish(step, merged);
    for (let index = 1; index <= count; index++) {
      await place.remove(this.#shardName(step.base, index));
    }
    return merged;
  }

  async #finish(step: Step, state: PosteriorState): Promise<PosteriorState> {
    const { total } = this.#options.shard;
    await this.#write(`${step.base}.merged`, {
      about: { step: step.number, merged: true },
      ...{ state, step, from: 0, to: total },
    });
    return state;
  }

  /**
   * Looks until something is there.
   *
   * @throws ToolkitError if a shard that is missing gives no sign of life.
   * @throws ArgumentError if one asks something else at this step.
   */
  async #wait<T>(
    step: Step,
    abort: AbortSignal | undefined,
    look: () => Promise<T | undefined>,
  ): Promise<T> {
    const began = performance.now();
    let pause = 2, checked = began;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      abort?.throwIfAborted();
      if (pause > 50 && performance.now() - checked >= Math.min(longestPause, 10 * pause)) {
        checked = performance.now();
        await this.#checkOthers(step, began);
      }
      await pauseFor(pause, abort);
      pause = Math.min(longestPause, pause * 1.5);
    }
  }

  async #checkOthers(step: Step, began: number): Promise<void> {
    const { place, shard: { index, count }, patience } = this.#options;
    const there = new Set(await place.names());
    const others = Array.from({ length: count }, (_, i) => i + 1).filter((i) => i !== index);
    const lacking = others.filter((i) => !there.has(this.#shardName(step.base, i)));
    // All have given theirs: it is for shard 1 to merge them.
    const missing = lacking.length > 0 ? lacking : others.slice(0, 1);
    const waited = (performance.now() - began) / 1000;
    const signs = await this.#signs.look(missing);
    for (const { index: other, changed, about } of signs) {
      const asks = about?.["asks"] as Partial<AskedRequest> | undefined;
      if (!changed || about?.["step"] !== step.number || about["digest"] === step.digest) continue;
      // So that the other sees it, too.
      await this.#signs.beat();
      throw new ArgumentError(
        `Cannot meet in ${place.name} at step ${step.number}: shard ${other}/${count} asks something ` +
          `else: ${differenceOf(step.asked, asks ?? {})}; start all shards with the same command`,
      );
    }
    this.#onWait?.({
      step: step.number,
      seconds: waited,
      missing: signs.map(({ index, changed, about }) => ({
        index,
        fraction: changed && about?.["digest"] === step.digest ? Number(about["fraction"]) : null,
      })),
    });
    const lost = signs.filter(({ silentFor }) => Math.min(silentFor, waited) > patience);
    if (lost.length === 0) return;
    const names = lost.slice(0, 3).map((each) => `${each.index}/${count}`).join(", ");
    throw new ToolkitError(
      `Cannot go on in ${place.name} at step ${step.number}: no sign of shard ${names}${
        lost.length > 3 ? ` and ${lost.length - 3} more` : ""
      } for ${Math.round(patience)} s`,
      {
        remedy: (say) =>
          `start it with the same command, and this shard again, which goes on; or wait longer ` +
          `(${say.option("patience")})`,
      },
    );
  }

  /** Checks that the place is of this work, or makes it so. */
  async #enter(): Promise<void> {
    const { place } = this.#options;
    const known = await place.read("meeting");
    if (known === undefined) await this.#write("meeting", { about: {} });
    else this.#checkIdentity(known, "meeting");
    await this.#signs.enter();
  }

  async #stateOf(name: string, step: Step): Promise<PosteriorState | undefined> {
    const record = await this.#options.place.read(name);
    return record && this.#checked(record, { source: name, step });
  }

  /** The state of a record of this step. */
  #checked(
    record: MeetingRecord,
    { source, step }: { readonly source: string; readonly step: Step },
  ): PosteriorState {
    this.#checkIdentity(record, source);
    const { asks } = record.header.about as { readonly asks?: Partial<AskedRequest> };
    if (JSON.stringify(asks) !== JSON.stringify(step.asked)) {
      throw new ArgumentError(
        `Cannot meet in ${this.#options.place.name}: ${source} is the state of something else: ${
          differenceOf(step.asked, asks ?? {})
        }; remove it`,
      );
    }
    return stateOfArrays(record.arrays, `${this.#options.place.name}/${source}`);
  }

  #checkIdentity({ header }: MeetingRecord, source: string): void {
    const { place, identity, shard } = this.#options;
    const mine = { shards: shard.count, "training images": shard.total, ...identity };
    const theirs: Record<string, unknown> = {
      ...{ shards: header.count, "training images": header.total, ...header.identity },
    };
    const text = (value: unknown) => {
      const json = JSON.stringify(value) ?? "not given";
      return json.length > 40 ? `${json.slice(0, 36)}..` : json;
    };
    for (const [name, value] of Object.entries({ ...theirs, ...mine })) {
      const [here, there] = [mine[name as keyof typeof mine] as unknown, theirs[name]];
      if (JSON.stringify(here) === JSON.stringify(there)) continue;
      throw new ArgumentError(
        `Cannot meet in ${place.name}: ${source} is of other work: ${name} is ${
          text(there)
        } there, ${text(value === undefined ? value : here)} here; meet in another folder`,
      );
    }
  }

  async #write(
    name: string,
    { about, state, step, from, to }: {
      readonly about: Readonly<Record<string, unknown>>;
      readonly state?: PosteriorState;
      readonly step?: Step;
      readonly from?: number;
      readonly to?: number;
    },
  ): Promise<void> {
    const { place, shard, identity } = this.#options;
    await place.write(name, {
      header: {
        ...{ index: shard.index, count: shard.count, total: shard.total, identity },
        ...{ from: from ?? shard.from, to: to ?? shard.to },
        about: { ...about, ...step && { digest: step.digest, asks: step.asked } },
      },
      arrays: state === undefined ? {} : arraysOfState(state),
    });
  }

  #aliveName(): string {
    return aliveName(this.#options.shard.index);
  }

  #shardName(base: string, index = this.#options.shard.index): string {
    return `${base}.shard-${digits(index)}-of-${digits(this.#options.shard.count)}`;
  }

  #partName(base: string): string {
    return `${base}.part-${digits(this.#options.shard.index)}`;
  }
}

const digits = (index: number) => String(index).padStart(5, "0");
const aliveName = (index: number) => `alive-${digits(index)}`;

function pauseFor(ms: number, abort: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      abort?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    abort?.addEventListener("abort", end);
  });
}
