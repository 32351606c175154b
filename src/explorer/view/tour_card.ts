/// <reference lib="dom" />
/** The guided tour: a card that says what to look at, and marks where that is. */
import type { ExplorerInfo, ExplorerState, TourStep } from "../contract.ts";
import { at, make, write } from "./elements.ts";
import { type Frame, Memory, type Part } from "./frame.ts";
import { stateOfTour } from "./state.ts";
import type { Store } from "./store.ts";

/** Pixels between the card and the window's edge. */
const edge = 20;

/** Shows the steps of a tour. */
export class TourCard implements Part {
  readonly #page: HTMLElement;
  readonly #card: HTMLElement;
  readonly #store: Store;
  readonly #tour: readonly TourStep[];
  readonly #opening: ExplorerState;
  readonly #info: ExplorerInfo;
  readonly #memory = new Memory();
  readonly #growth = new Memory();
  /** What had the focus before the tour. */
  #from: HTMLElement | null = null;

  constructor(
    page: HTMLElement,
    { store, tour, opening, info }: {
      readonly store: Store;
      readonly tour: readonly TourStep[];
      readonly opening: ExplorerState;
      readonly info: ExplorerInfo;
    },
  ) {
    this.#page = page;
    this.#card = at(page, "tour");
    this.#store = store;
    this.#tour = tour;
    this.#opening = opening;
    this.#info = info;
    const start = at(page, "tour-start");
    start.hidden = tour.length === 0;
    start.addEventListener("click", () => {
      this.#from = start;
      this.#go(0);
    });
    at(page, "tour-leave").addEventListener("click", () => this.leave());
    at(page, "tour-back").addEventListener("click", () => this.#go(this.#at() - 1));
    at(page, "tour-next").addEventListener("click", () => {
      if (this.#at() === tour.length - 1) this.leave();
      else this.#go(this.#at() + 1);
    });
    this.#card.addEventListener("keydown", ({ key }) => {
      if (key === "ArrowRight" && this.#at() < tour.length - 1) this.#go(this.#at() + 1);
      if (key === "ArrowLeft" && this.#at() > 0) this.#go(this.#at() - 1);
    });
  }

  #at(): number {
    return this.#store.state.tour ?? 0;
  }

  #go(step: number): void {
    this.#store.pass({ playing: false, patch: 0, brush: null, hover: null });
    this.#store.set(
      stateOfTour(step, { info: this.#info, opening: this.#opening, tour: this.#tour }),
    );
  }

  /** Ends the tour; what it showed stays. */
  leave(): void {
    this.#store.change({ tour: null });
    (this.#from ?? at(this.#page, "tour-start")).focus();
  }

  render({ state, now, patches }: Frame): void {
    const isOther = this.#memory.differs(state.tour);
    // What comes in later makes parts larger: the card may have to give way.
    const grows = this.#growth.differs(now !== undefined, patches !== null);
    if (!isOther) {
      if (grows && state.tour !== null) this.#place(0);
      return;
    }
    const step = state.tour === null ? undefined : this.#tour[state.tour];
    this.#card.hidden = step === undefined;
    this.#page.classList.toggle("touring", step !== undefined);
    for (const marked of this.#page.querySelectorAll(".marked")) marked.classList.remove("marked");
    if (step === undefined) return;
    const i = state.tour!;
    write(at(this.#card, "tour-count"), `Step ${i + 1} of ${this.#tour.length}`);
    write(at(this.#card, "tour-title"), step.title);
    at(this.#card, "tour-text").replaceChildren(
      ...step.text.map((paragraph) => make("p", {}, paragraph)),
      ...step.try === undefined ? [] : [make("p", { class: "try" }, `Try it: ${step.try}`)],
    );
    at(this.#card, "tour-dots").replaceChildren(
      ...this.#tour.map((_, dot) => make("span", dot === i ? { class: "here" } : {})),
    );
    at<HTMLButtonElement>(this.#card, "tour-back").disabled = i === 0;
    write(at(this.#card, "tour-next"), i === this.#tour.length - 1 ? "Done" : "Next");
    this.#mark(step);
    this.#card.scrollTop = 0;
    at(this.#card, "tour-title").focus({ preventScroll: true });
  }

  /** Marks the parts, brings the first into view, and puts the card to the side where they are not. */
  #mark({ parts }: TourStep): void {
    const marked = parts.flatMap((part) =>
      this.#page.querySelector<HTMLElement>(`[data-part="${part}"]`) ?? []
    );
    for (const element of marked) element.classList.add("marked");
    const first = marked[0]?.getBoundingClientRect();
    if (first === undefined) return;
    const room = innerHeight - (innerWidth <= 640 ? this.#card.offsetHeight : 0);
    const isSeen = first.top >= 0 && first.bottom <= room;
    const top = isSeen
      ? scrollY
      : Math.max(0, scrollY + first.top - Math.max(12, (room - first.height) / 2));
    this.#place(top - scrollY);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!isSeen) scrollTo({ top, behavior: still ? "auto" : "smooth" });
  }

  /**
   * Puts the card into the corner where it hides least of what is marked, of the guess, and of the dials.
   *
   * @param scrolled Pixels by which the page will have been scrolled down.
   */
  #place(scrolled: number): void {
    const { offsetWidth: width, offsetHeight: height } = this.#card;
    const seen = [[".marked", 4], [".cursor", 3], [".dials", 0.5]].flatMap(([selector, matters]) =>
      Array.from(
        this.#page.querySelectorAll(String(selector)),
        (element) => ({ box: element.getBoundingClientRect(), matters: Number(matters) }),
      )
    );
    const hidden = ([right, top]: readonly [boolean, boolean]) => {
      const x = right ? innerWidth - width - edge : edge;
      const y = (top ? edge : innerHeight - height - edge) + scrolled;
      return seen.reduce((sum, { box, matters }) => {
        const wide = Math.min(box.right, x + width) - Math.max(box.left, x);
        const high = Math.min(box.bottom, y + height) - Math.max(box.top, y);
        return sum + matters * Math.max(0, wide) * Math.max(0, high);
      }, 0);
    };
    const corners: (readonly [right: boolean, top: boolean])[] = [
      [false, false],
      [true, false],
      [true, true],
      [false, true],
    ];
    const [right, top] = corners.reduce((best, corner) =>
      hidden(corner) < hidden(best) ? corner : best
    );
    this.#card.classList.toggle("right-side", right);
    this.#card.classList.toggle("top-side", top);
  }
}
