/** All that one picture of the page is made of, looked up once. */
import { type ExplainedPatch, explainedPatches } from "../../machines/explanation.ts";
import type { MachineName } from "../../machines/machine_table.ts";
import type { ExplorerEngine, ExplorerInfo, ExplorerState, ExplorerStep } from "../contract.ts";
import type { Followed, Follower } from "./follower.ts";
import { type MosaicScale, mosaicScale } from "./mosaic_view.ts";
import type { Place } from "./pixels.ts";
import type { Passing } from "./store.ts";

/** What all parts of the page are drawn from. */
export interface Frame {
  readonly engine: ExplorerEngine;
  readonly info: ExplorerInfo;
  readonly state: ExplorerState;
  readonly passing: Passing;
  /** The machine's reverse process: as asked for, or until a step of it is known the one before. */
  readonly machine: Followed | null;
  readonly network: Followed | null;
  /** Name of the machine that is shown. */
  readonly machineName: MachineName;
  /** Whether what is shown is of the request before. */
  readonly isStale: boolean;
  /** The step that is shown. */
  readonly now: ExplorerStep | undefined;
  readonly networkNow: ExplorerStep | undefined;
  /** Why there are no patches; null where there are. */
  readonly missing: string | null;
  /** Pixel that the panels are about: under the pointer, or pinned. */
  readonly pixel: number | null;
  /** The same as row and column. */
  readonly place: Place | null;
  /** Its patches, the heaviest first; null while they are not known. */
  readonly patches: readonly ExplainedPatch[] | null;
  /** The patch whose training image is shown. */
  readonly patch: ExplainedPatch | null;
  readonly mosaic: MosaicScale | null;
}

/** A part of the page: draws itself anew where what it shows has changed. */
export interface Part {
  render(frame: Frame): void;
}

/** Whether anything of a list is another thing than the last time. */
export class Memory {
  #last: readonly unknown[] | null = null;

  /** True if the values differ from those of the last call. */
  differs(...values: readonly unknown[]): boolean {
    const last = this.#last;
    const same = values.length === last?.length &&
      values.every((value, i) => Object.is(value, last[i]));
    this.#last = values;
    return !same;
  }

  /** Makes the next values other ones, whatever they are. */
  forget(): void {
    this.#last = null;
  }
}

/** Makes the frames of a page. */
export class Framer {
  readonly #engine: ExplorerEngine;
  readonly #follower: Follower;
  readonly #memory = new Memory();
  #mosaic: MosaicScale | null = null;

  constructor(engine: ExplorerEngine, follower: Follower) {
    this.#engine = engine;
    this.#follower = follower;
  }

  frame(state: ExplorerState, passing: Passing): Frame {
    const { info } = this.#engine;
    const machine = shown(this.#follower.machine, state.step);
    const network = shown(this.#follower.network, state.step);
    const now = machine?.steps[state.step];
    const pixel = passing.hover ?? state.pins[state.pin] ?? null;
    const width = info.imageShape[1];
    const place = pixel === null ? null : [Math.floor(pixel / width), pixel % width] as const;
    const patches = now?.explanation === undefined || pixel === null
      ? null
      : explainedPatches(now.explanation, { pixel });
    return {
      engine: this.#engine,
      info,
      state,
      passing,
      machine,
      machineName: machine?.machine ?? state.machine,
      network,
      isStale: machine !== this.#follower.machine.now,
      now,
      networkNow: network?.steps[state.step],
      missing: whyMissing(machine, now),
      pixel,
      place,
      patches,
      patch: patches?.[passing.patch] ?? patches?.[0] ?? null,
      mosaic: this.#scaleOf(machine, state),
    };
  }

  #scaleOf(machine: Followed | null, { view }: ExplorerState): MosaicScale | null {
    if (view === "image") return null;
    if (this.#memory.differs(machine?.steps)) {
      const known = (machine?.steps ?? []).flatMap((step) => step?.explanation ?? []);
      this.#mosaic = known.length === 0 ? null : mosaicScale(known);
    }
    return this.#mosaic;
  }
}

function whyMissing(machine: Followed | null, now: ExplorerStep | undefined): string | null {
  if (now?.explanation !== undefined) return null;
  if (machine?.failure) return machine.failure;
  return now !== undefined && machine?.progress === 1
    ? `${machine.machine} has no patches: it filters the noisy image.`
    : "Computing …";
}

function shown(line: Follower["machine"], step: number): Followed | null {
  return line.now?.steps[step] === undefined && line.before !== null ? line.before : line.now;
}
