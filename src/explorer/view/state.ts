/** What the reader chose, and what each of the reader's actions makes of it: plain functions of plain data. */
import type { ImageShape } from "../../core/image_batch.ts";
import type { ExplorerInfo, ExplorerState, NoiseStroke, TourStep } from "../contract.ts";

/** Most pins at a time. */
export const mostPins = 4;

/** What a page opens with: its first stored sample, some way into the reverse process, one pin. */
export function openingState(info: ExplorerInfo): ExplorerState {
  const [height, width] = info.imageShape;
  const calibrated = info.stored.find(({ patchSize }) => patchSize === null) ?? info.stored[0];
  const sample = info.samples[0];
  return {
    noise: sample === undefined ? { kind: "seed", seed: 1 } : { kind: "stored", index: 0 },
    strokes: [],
    label: info.conditional ? sample?.label ?? 0 : null,
    machine: calibrated?.machine ?? info.machines[0]!.name,
    patchSize: null,
    step: Math.floor(0.625 * info.times.length),
    pins: [Math.floor(height / 2) * width + Math.floor(width / 2)],
    pin: 0,
    view: "image",
    tour: null,
  };
}

/** What a page shows at a step of the tour, or before it. */
export function stateOfTour(
  at: number | null,
  { info, opening, tour }: {
    readonly info: ExplorerInfo;
    readonly opening: ExplorerState;
    readonly tour: readonly TourStep[];
  },
): ExplorerState {
  const step = at === null ? undefined : tour[at];
  return step === undefined
    ? { ...opening, tour: null }
    : fitState({ ...opening, ...step.state, tour: at }, { info, opening });
}

/**
 * A state with what this page does not have left out: a machine, a patch size (the nearest is taken), a step, a
 * pixel, a sample. The steps of a tour are written for more than one page.
 */
export function fitState(
  state: ExplorerState,
  { info, opening }: { readonly info: ExplorerInfo; readonly opening: ExplorerState },
): ExplorerState {
  const [height, width] = info.imageShape;
  const machine = info.machines.find(({ name }) => name === state.machine) ??
    info.machines.find(({ name }) => name === opening.machine)!;
  const asked = state.patchSize;
  const patchSize = asked === null || machine.candidates.length === 0
    ? null
    : machine.candidates.reduce((best, k) =>
      Math.abs(k - asked) < Math.abs(best - asked) ? k : best
    );
  const pins = state.pins.filter((pixel) => pixel < height * width).slice(0, mostPins);
  return {
    ...state,
    machine: machine.name,
    patchSize,
    step: Math.min(state.step, info.times.length - 1),
    pins,
    pin: Math.max(0, Math.min(state.pin, pins.length - 1)),
    noise: state.noise.kind === "stored" && state.noise.index >= info.samples.length
      ? opening.noise
      : state.noise,
    strokes: state.strokes.filter(({ pixel }) => pixel < height * width),
    label: info.conditional ? state.label : null,
  };
}

/** Pins a pixel, or chooses the pin that is there; with four pins the chosen one moves. */
export function pinPixel(state: ExplorerState, pixel: number): ExplorerState {
  const there = state.pins.indexOf(pixel);
  if (there >= 0) return { ...state, pin: there };
  if (state.pins.length < mostPins) {
    return { ...state, pins: [...state.pins, pixel], pin: state.pins.length };
  }
  return { ...state, pins: state.pins.with(state.pin, pixel) };
}

/** Moves the chosen pin, to the image's border at most; where there is none, the middle is pinned. */
export function movePin(
  state: ExplorerState,
  { rows, columns, shape }: {
    readonly rows: number;
    readonly columns: number;
    readonly shape: ImageShape;
  },
): ExplorerState {
  const [height, width] = shape;
  const from = state.pins[state.pin];
  if (from === undefined) {
    return pinPixel(state, Math.floor(height / 2) * width + Math.floor(width / 2));
  }
  const within = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
  const to = within(Math.floor(from / width) + rows, height) * width +
    within(from % width + columns, width);
  // Two pins on one pixel would be one.
  if (to === from || state.pins.includes(to)) return state;
  return { ...state, pins: state.pins.with(state.pin, to) };
}

/** Removes a pin, the chosen one by default; the one before it is chosen then. */
export function removePin(state: ExplorerState, pin = state.pin): ExplorerState {
  if (state.pins[pin] === undefined) return state;
  const pins = state.pins.toSpliced(pin, 1);
  const chosen = state.pin >= pin ? state.pin - 1 : state.pin;
  return { ...state, pins, pin: Math.max(0, Math.min(chosen, pins.length - 1)) };
}

/** Draws on the noise: the pixels get a value, whatever they had. Strokes are kept by pixel. */
export function drawOn(
  state: ExplorerState,
  { pixels, value }: { readonly pixels: readonly number[]; readonly value: number },
): ExplorerState {
  const values = new Map(state.strokes.map((stroke) => [stroke.pixel, stroke.value]));
  for (const pixel of pixels) values.set(pixel, value);
  const strokes: NoiseStroke[] = [...values].map(([pixel, value]) => ({ pixel, value }));
  return { ...state, strokes: strokes.sort((a, b) => a.pixel - b.pixel) };
}

/** Pixels under a round brush. */
export function brushed(
  pixel: number,
  { size, shape: [height, width] }: { readonly size: number; readonly shape: ImageShape },
): number[] {
  const [row, column] = [Math.floor(pixel / width), pixel % width];
  const radius = size / 2;
  const found: number[] = [];
  for (let y = Math.max(0, Math.ceil(row - radius)); y <= row + radius; y++) {
    for (let x = Math.max(0, Math.ceil(column - radius)); x <= column + radius; x++) {
      const inside = y < height && x < width;
      if (inside && Math.hypot(y - row, x - column) < radius + 0.2) found.push(y * width + x);
    }
  }
  return found;
}

/** What a machine is run with: its calibrated patch sizes where it does not know the one asked for. */
export function withMachine(
  state: ExplorerState,
  { machine, info }: { readonly machine: ExplorerState["machine"]; readonly info: ExplorerInfo },
): ExplorerState {
  const candidates = info.machines.find(({ name }) => name === machine)?.candidates ?? [];
  const known = state.patchSize !== null && candidates.includes(state.patchSize);
  return { ...state, machine, patchSize: known ? state.patchSize : null };
}

/** What a reverse process depends on, as text: equal for equal processes. */
export function machineKey(state: ExplorerState): string {
  return `${networkKey(state)} ${state.machine} ${state.patchSize}`;
}

/** As {@linkcode machineKey}, for the network. */
export function networkKey({ noise, strokes, label }: ExplorerState): string {
  const start = noise.kind === "stored" ? `s${noise.index}` : `${noise.seed}`;
  return `${start} ${label} ${strokes.map(({ pixel, value }) => `${pixel}:${value}`).join()}`;
}
