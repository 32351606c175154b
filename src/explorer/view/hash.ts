/** What the reader chose as the hash of an address, and back; a hash may say anything. */
import { quoted } from "../../core/quoted.ts";
import type {
  ExplorerInfo,
  ExplorerState,
  MosaicView,
  NoiseStroke,
  TourStep,
} from "../contract.ts";
import { fitState, mostPins, stateOfTour } from "./state.ts";

/** How the denoised image can be shown. */
export const mosaicViews: readonly MosaicView[] = [
  "image",
  "source",
  "copied",
  "shift",
  "weight",
  "entropy",
];

/** What a hash is read against. */
export interface HashContext {
  readonly info: ExplorerInfo;
  /** What the page opens with: what a hash does not say. */
  readonly opening: ExplorerState;
  /** Steps of the tour, each with a state of its own. */
  readonly tour: readonly TourStep[];
}

/** A state as a hash, without `#`; empty for the one that the page opens with. */
export function stateToHash(state: ExplorerState, context: HashContext): string {
  const { info: { imageShape: [, width] } } = context;
  const base = textsOf(stateOfTour(state.tour, context), width);
  const texts = textsOf(state, width);
  return [
    ...state.tour === null ? [] : [`tour=${state.tour + 1}`],
    ...Object.entries(texts)
      .filter(([key, text]) => text !== base[key as keyof typeof base])
      .map(([key, text]) => `${key}=${text}`),
  ].join("&");
}

function textsOf(state: ExplorerState, width: number) {
  const { noise, label, machine, patchSize, step, pins, pin, view, strokes } = state;
  return {
    noise: noise.kind === "stored" ? `sample-${noise.index + 1}` : `seed-${noise.seed}`,
    draw: strokesText(strokes),
    class: label === null ? "any" : `${label}`,
    machine,
    k: patchSize === null ? "calibrated" : `${patchSize}`,
    step: `${step + 1}`,
    pins: pins.map((pixel) => `${Math.floor(pixel / width)}-${pixel % width}`).join(",") || "none",
    pin: `${pin + 1}`,
    view,
  };
}

/** Runs of pixels by value: `2:10-14,20;-2:33`. */
function strokesText(strokes: readonly NoiseStroke[]): string {
  const byValue = Map.groupBy(strokes, ({ value }) => value);
  return [...byValue].map(([value, members]) => {
    const runs: [first: number, last: number][] = [];
    for (const { pixel } of members) {
      const run = runs.at(-1);
      if (run !== undefined && run[1] === pixel - 1) run[1] = pixel;
      else runs.push([pixel, pixel]);
    }
    return `${value}:${runs.map(([a, b]) => a === b ? a : `${a}-${b}`).join()}`;
  }).join(";") || "none";
}

/** A state that was read from a hash. */
export interface ReadHash {
  readonly state: ExplorerState;
  /** What was not understood, as it stands there, quoted and cut. */
  readonly ignored: readonly string[];
}

/** Longest hash that is looked at. */
const longest = 20_000;

/**
 * Reads a hash. What it does not say is as the page opens; what cannot be used is left out and named.
 *
 * @param hash With or without `#`.
 */
export function hashToState(hash: string, context: HashContext): ReadHash {
  const text = hash.replace(/^#/, "");
  if (text.length > longest) return { state: context.opening, ignored: [quoted(text)] };
  const ignored: string[] = [];
  const parts = text.split("&").filter((part) => part !== "");
  const entries = parts.map((part) => {
    const [key = "", ...value] = part.split("=");
    return { part, key, value: decoded(value.join("=")) };
  });
  // The tour's step first: the others are laid over what it shows.
  entries.sort((a, b) => Number(b.key === "tour") - Number(a.key === "tour"));
  // Which pins there are before which of them is chosen, which machine before its patch size.
  entries.sort((a, b) => Number(isLate(a.key)) - Number(isLate(b.key)));
  let state = context.opening;
  for (const { part, key, value } of entries) {
    const read = Object.hasOwn(readers, key) ? readers[key as keyof typeof readers] : undefined;
    const change = read?.(value, { ...context, state });
    if (change === undefined) ignored.push(quoted(part));
    else state = { ...state, ...change };
  }
  return { state: fitState(state, context), ignored };
}

const isLate = (key: string) => key === "pin" || key === "k";

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

type Reader = (
  text: string,
  context: HashContext & { readonly state: ExplorerState },
) => Partial<ExplorerState> | undefined;

/** A whole number from `from` to `to`, written without frills. */
function whole(text: string, { from = 0, to }: { readonly from?: number; readonly to: number }) {
  if (!/^(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return value >= from && value <= to ? value : undefined;
}

const readers = {
  tour: (text, context) => {
    const at = whole(text, { from: 1, to: context.tour.length });
    return at === undefined ? undefined : stateOfTour(at - 1, context);
  },
  noise: (text, { info }) => {
    const [kind, number = ""] = text.split("-", 2);
    if (kind === "seed") {
      const seed = whole(number, { to: Number.MAX_SAFE_INTEGER });
      return seed === undefined ? undefined : { noise: { kind, seed } };
    }
    const index = kind === "sample"
      ? whole(number, { from: 1, to: info.samples.length })
      : undefined;
    return index === undefined ? undefined : { noise: { kind: "stored", index: index - 1 } };
  },
  draw: (text, { info: { imageShape: [height, width] } }) => {
    if (text === "none") return { strokes: [] };
    const strokes = new Map<number, number>();
    for (const part of text.split(";")) {
      const found = /^(-?\d(?:\.\d)?):(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/.exec(part);
      if (found === null) return undefined;
      for (const run of found[2]!.split(",")) {
        const [first, last = first] = run.split("-").map(Number);
        if (last! >= height * width || first! > last!) return undefined;
        for (let pixel = first!; pixel <= last!; pixel++) strokes.set(pixel, Number(found[1]));
      }
    }
    return {
      strokes: [...strokes].map(([pixel, value]) => ({ pixel, value }))
        .sort((a, b) => a.pixel - b.pixel),
    };
  },
  class: (text, { info: { conditional, dataset: { classes } } }) => {
    if (text === "any") return { label: null };
    const label = conditional ? whole(text, { to: (classes?.length ?? 0) - 1 }) : undefined;
    return label === undefined ? undefined : { label };
  },
  machine: (text, { info }) => {
    const machine = info.machines.find(({ name }) => name === text);
    return machine === undefined ? undefined : { machine: machine.name };
  },
  k: (text, { info, state }) => {
    if (text === "calibrated") return { patchSize: null };
    const { candidates } = info.machines.find(({ name }) => name === state.machine)!;
    const patchSize = whole(text, { to: Infinity });
    return patchSize !== undefined && candidates.includes(patchSize) ? { patchSize } : undefined;
  },
  step: (text, { info }) => {
    const step = whole(text, { from: 1, to: info.times.length });
    return step === undefined ? undefined : { step: step - 1 };
  },
  pins: (text, { info: { imageShape: [height, width] } }) => {
    if (text === "none") return { pins: [], pin: 0 };
    const pins = text.split(",").map((pin) => {
      const [row, column, more] = pin.split("-");
      const y = whole(row ?? "", { to: height - 1 }), x = whole(column ?? "", { to: width - 1 });
      return y === undefined || x === undefined || more !== undefined ? -1 : y * width + x;
    });
    const usable = pins.length <= mostPins && !pins.includes(-1) &&
      new Set(pins).size === pins.length;
    return usable ? { pins } : undefined;
  },
  pin: (text, { state }) => {
    const pin = whole(text, { from: 1, to: Math.max(1, state.pins.length) });
    return pin === undefined ? undefined : { pin: pin - 1 };
  },
  view: (text) => {
    const view = mosaicViews.find((each) => each === text);
    return view === undefined ? undefined : { view };
  },
} as const satisfies Record<string, Reader>;
