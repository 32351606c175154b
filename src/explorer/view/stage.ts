/// <reference lib="dom" />
/** The linked images of a step, where one points, pins and draws. */
import type { ExplorerState } from "../contract.ts";
import { pinTones } from "./colors.ts";
import { at, write } from "./elements.ts";
import { type Frame, Memory, type Part } from "./frame.ts";
import { mosaicPicture, seamsOf } from "./mosaic_view.ts";
import { plain } from "./numbers.ts";
import { noisyRange, pictureOf, type Place, windowAt } from "./pixels.ts";
import { type Marks, Screen } from "./screen.ts";
import { brushed, drawOn, movePin, pinPixel, removePin } from "./state.ts";
import type { Store } from "./store.ts";

/** Noisy image, machine's guess and network's guess. */
export class Stage implements Part {
  readonly #root: HTMLElement;
  readonly #store: Store;
  readonly #noisy: Screen;
  readonly #denoised: Screen;
  readonly #network: Screen;
  readonly #cursor: HTMLElement;
  readonly #seamMemory = new Memory();
  #seams = "";
  #shape: Frame["info"]["imageShape"];

  constructor(
    root: HTMLElement,
    { store, shape, resized }: {
      readonly store: Store;
      readonly shape: Frame["info"]["imageShape"];
      readonly resized: () => void;
    },
  ) {
    this.#root = root;
    this.#store = store;
    this.#shape = shape;
    const options = { shape, fill: true, resized };
    this.#noisy = new Screen(root, "noisy", options);
    this.#denoised = new Screen(root, "denoised", options);
    this.#network = new Screen(root, "network", options);
    this.#cursor = at(root, "cursor");
    for (const screen of [this.#noisy, this.#denoised, this.#network]) this.#wire(screen);
    this.#cursor.addEventListener("keydown", (event) => this.#key(event));
  }

  #wire(screen: Screen): void {
    const store = this.#store, element = screen.element;
    const draws = () => screen === this.#noisy && store.passing.brush !== null;
    let stroke = false;
    element.addEventListener("pointermove", (event) => {
      if (stroke) return this.#paintAt(screen.pixelAt(event));
      // A finger that scrolls past does not point.
      if (event.pointerType !== "touch") store.pass({ hover: screen.pixelAt(event), patch: 0 });
    });
    element.addEventListener("pointerleave", () => store.pass({ hover: null, patch: 0 }));
    element.addEventListener("pointerdown", (event) => {
      if (!draws()) return;
      event.preventDefault();
      element.setPointerCapture(event.pointerId);
      stroke = true;
      this.#paintAt(screen.pixelAt(event));
    });
    for (const end of ["pointerup", "pointercancel"]) {
      element.addEventListener(end, () => stroke = false);
    }
    element.addEventListener("click", (event) => {
      if (draws()) return;
      store.pass({ patch: 0, hover: null });
      store.set(pinPixel(store.state, screen.pixelAt(event)));
    });
  }

  #paintAt(pixel: number): void {
    const { brush } = this.#store.passing;
    if (brush === null) return;
    const pixels = brushed(pixel, { size: brush.size, shape: this.#shape });
    this.#store.set(drawOn(this.#store.state, { pixels, value: brush.value }), {
      history: "replace",
    });
  }

  #key(event: KeyboardEvent): void {
    const store = this.#store, { state } = store;
    const far = event.shiftKey ? 4 : 1;
    const move = (rows: number, columns: number): [ExplorerState, "replace"] => [
      movePin(state, { rows: rows * far, columns: columns * far, shape: this.#shape }),
      "replace",
    ];
    const paints = event.key === "Enter" && store.passing.brush !== null;
    const pin = state.pins[state.pin];
    if (paints && pin !== undefined) {
      event.preventDefault();
      return this.#paintAt(pin);
    }
    const answers: Readonly<Record<string, () => [ExplorerState, "push" | "replace"]>> = {
      ArrowUp: () => move(-1, 0),
      ArrowDown: () => move(1, 0),
      ArrowLeft: () => move(0, -1),
      ArrowRight: () => move(0, 1),
      // A pin beside the chosen one, for the arrow keys to take along.
      Enter: () => [addBeside(state, this.#shape), "push"],
    };
    const answer = answers[event.key];
    if (answer === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    store.pass({ hover: null, patch: 0 });
    const [next, history] = answer();
    store.set(next, { history });
  }

  render(frame: Frame): void {
    const { now, networkNow, info: { imageShape: shape }, state, isStale, passing } = frame;
    this.#root.classList.toggle("stale", isStale);
    this.#root.classList.toggle("drawing", passing.brush !== null);
    this.#noisy.paint(
      () => now ? pictureOf(now.x, { shape, range: noisyRange(now) }) : null,
      now?.x,
    );
    const { view } = state, { mosaic, machineName } = frame;
    const explanation = now?.explanation;
    this.#denoised.paint(
      () => {
        if (now === undefined) return null;
        if (view === "image" || explanation === undefined || mosaic === null) {
          return pictureOf(now.xHat0, { shape });
        }
        const { trainingImage } = frame.engine;
        return mosaicPicture(explanation, {
          view,
          scale: mosaic,
          machine: machineName,
          shape,
          trainingImage: trainingImage.bind(frame.engine),
        });
      },
      now?.xHat0,
      view === "image" ? null : explanation,
      view,
      mosaic,
    );
    this.#network.paint(
      () => networkNow ? pictureOf(networkNow.xHat0, { shape }) : null,
      networkNow?.xHat0,
    );
    this.#captions(frame);
    this.#marks(frame);
  }

  #captions({ now, info, machineName, engine, passing }: Frame): void {
    write(
      at(this.#root, "noisy-caption"),
      now === undefined
        ? "…"
        : passing.brush === null
        ? `x at t = ${plain(now.t)}, σ = ${plain(now.sigma)}`
        : "draw here",
    );
    const size = now?.patchSize;
    const by = size ? `${machineName}, windows of ${size} × ${size}` : machineName;
    write(at(this.#root, "machine-caption"), by);
    write(at(this.#root, "network-caption"), engine.info.network.name);
    const at_ = now === undefined ? "" : ` at t = ${plain(now.t)}`;
    this.#noisy.label(`Noisy image${at_}`);
    this.#denoised.label(`What ${by} makes of it${at_}`);
    this.#network.label(`What the network ${info.network.name} makes of its noisy image${at_}`);
  }

  #marks(frame: Frame): void {
    const { state, passing, now, info: { imageShape: shape }, machineName, place } = frame;
    const width = shape[1];
    const placeOf = (pixel: number): Place => [Math.floor(pixel / width), pixel % width];
    const pins = state.pins.map(placeOf);
    const chosen = passing.hover === null && pins.length > 0 ? state.pin : null;
    const color = chosen === null ? "#ffffff" : pinTones[chosen]!.dark;
    const rectangles = now && place
      ? windowAt(place, { machine: machineName, patchSize: now.patchSize, shape })
      : [];
    const marks: Marks = {
      windows: rectangles.length === 0 ? [] : [{ rectangles, color }],
      pins,
      chosen,
      hover: passing.hover === null ? null : placeOf(passing.hover),
    };
    this.#noisy.mark(marks);
    const explanation = now?.explanation;
    if (this.#seamMemory.differs(explanation, state.view)) {
      this.#seams = explanation === undefined
        ? ""
        : seamsOf(explanation, { view: state.view, machine: machineName, shape });
    }
    this.#denoised.mark({ ...marks, seams: this.#seams });
    this.#network.mark({ ...marks, windows: [] });
  }
}

/** Adds a pin next to the chosen one, on the first free side. */
function addBeside(
  state: ExplorerState,
  [height, width]: Frame["info"]["imageShape"],
): ExplorerState {
  const from = state.pins[state.pin];
  if (from === undefined) return movePin(state, { rows: 0, columns: 0, shape: [height, width, 1] });
  const [row, column] = [Math.floor(from / width), from % width];
  for (const [dy, dx] of [[0, 2], [2, 0], [0, -2], [-2, 0], [2, 2]] as const) {
    const [y, x] = [row + dy, column + dx];
    const pixel = y * width + x;
    if (y >= 0 && y < height && x >= 0 && x < width && !state.pins.includes(pixel)) {
      return pinPixel(state, pixel);
    }
  }
  return state;
}

/** Removes the chosen pin. */
export function removeChosen(store: Store): void {
  store.pass({ hover: null, patch: 0 });
  store.set(removePin(store.state));
}
