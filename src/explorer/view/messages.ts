/// <reference lib="dom" />
/** What the page says besides what it shows: to screen readers, of failures, and what computes it. */
import { at, write } from "./elements.ts";
import type { Frame, Part } from "./frame.ts";
import { patchSentence } from "./patches_panel.ts";

/** Milliseconds without a change after which a screen reader is told. */
const quiet = 400;
/** Milliseconds that a notice stays. */
const stay = 8000;

/** Live region, notices, progress and foot. */
export class Messages implements Part {
  readonly #root: HTMLElement;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #notice: ReturnType<typeof setTimeout> | undefined;
  #failure: string | null = null;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /** Says something for a while. */
  notice(text: string): void {
    const box = at(this.#root, "notice");
    write(box, text);
    box.hidden = false;
    clearTimeout(this.#notice);
    this.#notice = setTimeout(() => box.hidden = true, stay);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#notice);
  }

  render(frame: Frame): void {
    const { info, engine, passing, machine, network } = frame;
    const { dataset } = info;
    const images = dataset.images.toLocaleString("en-US");
    const of = dataset.images === dataset.ofImages
      ? images
      : `${images} of the ${dataset.ofImages.toLocaleString("en-US")}`;
    write(
      at(this.#root, "about"),
      `${info.title}. Machines with ${of} training images of ${dataset.name}.`,
    );
    write(
      at(this.#root, "engine"),
      `Machines: ${engine.status.machines}. Network ${info.network.name}: ${engine.status.network}. ` +
        `Noise schedule ${info.schedule}. ELS toolkit ${info.version}.`,
    );
    write(at(this.#root, "credit"), `Data: ${dataset.credit}`);
    const failure = machine?.failure ?? network?.failure ?? null;
    if (failure !== null && failure !== this.#failure) this.notice(failure);
    this.#failure = failure;
    if (passing.hover !== null || passing.playing) return;
    const sentence = patchSentence(frame);
    const live = at(this.#root, "live");
    if (sentence === "" || sentence === live.textContent) return clearTimeout(this.#timer);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => write(live, sentence), quiet);
  }

  /** Shows how far the work is that one waits for. */
  wait(progress: number): void {
    const box = at(this.#root, "wait");
    box.hidden = progress >= 1;
    at(this.#root, "wait-bar").style.width = `${100 * progress}%`;
  }
}
