/// <reference lib="dom" />
/** Time, patch size and view: what is turned while one looks. */
import type { MosaicView } from "../contract.ts";
import { at, write } from "./elements.ts";
import type { Frame, Part } from "./frame.ts";
import { icons } from "./icons.ts";
import { plain } from "./numbers.ts";
import type { Store } from "./store.ts";

/** Milliseconds of a step when playing. */
const pace = 550;

/** The sliders under the images. */
export class Dials implements Part {
  readonly #root: HTMLElement;
  readonly #store: Store;
  readonly #steps: number;
  readonly #time: HTMLInputElement;
  readonly #size: HTMLInputElement;
  readonly #play: HTMLButtonElement;
  readonly #views: readonly HTMLInputElement[];
  #candidates: readonly number[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    root: HTMLElement,
    { store, steps }: { readonly store: Store; readonly steps: number },
  ) {
    this.#root = root;
    this.#store = store;
    this.#steps = steps;
    this.#time = at(root, "time");
    this.#size = at(root, "size");
    this.#play = at(root, "play");
    this.#views = [...root.querySelectorAll<HTMLInputElement>('[name="view"]')];
    this.#time.max = String(steps - 1);
    this.#time.addEventListener("input", () => {
      store.pass({ playing: false, patch: 0 });
      store.change({ step: Number(this.#time.value) }, { history: "replace" });
    });
    this.#size.addEventListener("input", () => {
      store.change({ patchSize: this.#candidates[Number(this.#size.value)]! }, {
        // One turn of the slider is one step back.
        history: store.state.patchSize === null ? "push" : "replace",
      });
    });
    at(root, "calibrated").addEventListener("click", () => {
      store.change({ patchSize: null });
      this.#size.focus();
    });
    at(root, "step-back").addEventListener("click", () => this.#move(-1));
    at(root, "step-forth").addEventListener("click", () => this.#move(1));
    this.#play.addEventListener("click", () => this.#toggle());
    for (const view of this.#views) {
      view.addEventListener("change", () => store.change({ view: view.value as MosaicView }));
    }
  }

  #move(by: number): void {
    const step = Math.min(this.#steps - 1, Math.max(0, this.#store.state.step + by));
    this.#store.pass({ playing: false, patch: 0 });
    this.#store.change({ step }, { history: "replace" });
  }

  #toggle(): void {
    const store = this.#store;
    const playing = !store.passing.playing;
    if (playing && store.state.step === this.#steps - 1) {
      store.change({ step: 0 }, { history: "replace" });
    }
    store.pass({ playing, patch: 0 });
  }

  /** Starts and ends the clock of playing. */
  #tick(playing: boolean): void {
    if (playing === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = playing
      ? setInterval(() => {
        const { step } = this.#store.state;
        if (step < this.#steps - 1) this.#store.change({ step: step + 1 }, { history: "replace" });
        if (step >= this.#steps - 2) this.#store.pass({ playing: false });
      }, pace)
      : undefined;
  }

  stop(): void {
    this.#tick(false);
  }

  render(frame: Frame): void {
    const { state, passing, info } = frame;
    this.#tick(passing.playing);
    const label = passing.playing ? "Pause" : "Play";
    if (this.#play.getAttribute("aria-label") !== label) {
      this.#play.setAttribute("aria-label", label);
      this.#play.innerHTML = passing.playing ? icons.pause : icons.play;
    }
    const t = info.times[state.step]!;
    turn(this.#time, state.step, `step ${state.step + 1} of ${this.#steps}, t = ${plain(t)}`);
    write(at(this.#root, "time-text"), `t = ${plain(t)}, step ${state.step + 1} of ${this.#steps}`);
    at<HTMLButtonElement>(this.#root, "step-back").disabled = state.step === 0;
    at<HTMLButtonElement>(this.#root, "step-forth").disabled = state.step === this.#steps - 1;
    this.#renderSize(frame);
    for (const view of this.#views) {
      if (view.value === state.view && !view.checked) view.checked = true;
    }
  }

  #renderSize({ state, info }: Frame): void {
    const machine = info.machines.find(({ name }) => name === state.machine)!;
    this.#candidates = machine.candidates;
    const calibrated = machine.patchSizes?.[state.step];
    const size = state.patchSize ?? calibrated;
    const none = this.#candidates.length === 0 || size === undefined;
    this.#size.disabled = none;
    this.#size.max = String(Math.max(1, this.#candidates.length - 1));
    const [text, place] = none ? ["the whole image", 0] : [
      `${size} × ${size}, ${state.patchSize === null ? "calibrated" : "all steps"}`,
      nearest(this.#candidates, size),
    ];
    turn(this.#size, place, text);
    write(at(this.#root, "size-text"), text);
    at(this.#root, "calibrated").hidden = state.patchSize === null;
  }
}

function nearest(candidates: readonly number[], k: number): number {
  let best = 0;
  candidates.forEach((each, i) => {
    if (Math.abs(each - k) < Math.abs(candidates[best]! - k)) best = i;
  });
  return best;
}

/** Puts a slider in place and says in words where it stands. */
function turn(slider: HTMLInputElement, value: number, text: string): void {
  if (slider.value !== String(value)) slider.value = String(value);
  const filled = `${100 * value / Math.max(1, Number(slider.max))}%`;
  if (slider.style.getPropertyValue("--filled") !== filled) {
    slider.style.setProperty("--filled", filled);
  }
  if (slider.getAttribute("aria-valuetext") !== text) slider.setAttribute("aria-valuetext", text);
}
