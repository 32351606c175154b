/// <reference lib="dom" />
/** Brings the page to life: fills its skeleton, wires it, and draws what changes. */
import type { ExplorerEngine, TourStep } from "../contract.ts";
import { wireAddress } from "./address.ts";
import { Controls } from "./controls.ts";
import { Dials } from "./dials.ts";
import { at } from "./elements.ts";
import { EndsCard } from "./ends_card.ts";
import { wireExports } from "./exports.ts";
import { Follower } from "./follower.ts";
import { Formula } from "./formula.ts";
import { type Frame, Framer, type Part } from "./frame.ts";
import { Legend } from "./legend.ts";
import { Messages } from "./messages.ts";
import { PatchesPanel } from "./patches_panel.ts";
import { explorerSkeleton } from "./skeleton.ts";
import { removeChosen, Stage } from "./stage.ts";
import { openingState } from "./state.ts";
import { Store } from "./store.ts";
import { Strip } from "./strip.ts";
import { wireTheme } from "./theme_choice.ts";
import { TourCard } from "./tour_card.ts";

/** Options of {@linkcode mountExplorer}. */
export interface MountOptions {
  /** Steps of the guided tour; none when absent. */
  readonly tour?: readonly TourStep[];
}

/** A page that lives. */
export interface MountedExplorer {
  /** What is shown now. */
  frame(): Frame;
  /** Resolves when everything that was asked for is known and drawn. */
  settled(): Promise<void>;
  /** Stops its work and its clocks; the engine is left to its owner. */
  dispose(): void;
}

/**
 * Brings the page to life.
 *
 * @param root Element with the skeleton of `explorerSkeleton`; without one it gets it.
 */
export function mountExplorer(
  root: HTMLElement,
  engine: ExplorerEngine,
  options: MountOptions = {},
): MountedExplorer {
  const { tour = [] } = options;
  if (root.querySelector(".explorer") === null) root.innerHTML = explorerSkeleton();
  const page = root.querySelector<HTMLElement>(".explorer")!;
  const { info } = engine, { imageShape: shape } = info;
  const opening = openingState(info);
  const store = new Store(opening);
  const end = new AbortController();
  let waiting: number | undefined;
  const draw = () => waiting ??= requestAnimationFrame(render);
  const follower = new Follower(engine, draw);
  const framer = new Framer(engine, follower);
  const messages = new Messages(page);
  const card = new TourCard(page, { store, tour, opening, info });
  const dials = new Dials(page, { store, steps: info.times.length });
  const parts: readonly Part[] = [
    new Controls(page, { store, info }),
    new Stage(page, { store, shape, resized: draw }),
    dials,
    new Legend(page),
    new EndsCard(page, { shape, resized: draw }),
    new PatchesPanel(page, { store, shape, resized: draw }),
    new Strip(page, { store, resized: draw }),
    new Formula(page, { store }),
    messages,
    card,
  ];
  const frame = () => framer.frame(store.state, store.passing);

  function render(): void {
    waiting = undefined;
    const current = frame();
    for (const part of parts) part.render(current);
    const known = [follower.machine.now, follower.network.now];
    messages.wait(Math.min(...known.map((each) => each?.progress ?? 0)));
  }

  store.listen(({ before }) => {
    if (store.state !== before) follower.ask(store.state);
    draw();
  });
  wireAddress(store, { context: { info, opening, tour }, messages, signal: end.signal });
  wireTheme(page, { changed: draw, signal: end.signal });
  wireExports(page, { frame, messages, signal: end.signal });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = at<HTMLDetailsElement>(page, "export");
    if (menu.open) menu.open = false;
    else if (store.state.tour !== null) card.leave();
    else if (store.passing.brush !== null) store.pass({ brush: null });
    else removeChosen(store);
  }, { signal: end.signal });
  follower.ask(store.state);
  // What is there already is shown with the page's first picture.
  render();

  return {
    frame,
    async settled() {
      const isSettled = () =>
        waiting === undefined &&
        [follower.machine.now, follower.network.now].every((each) => each?.progress === 1);
      while (!isSettled()) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    dispose() {
      end.abort();
      follower.stop();
      dials.stop();
      messages.stop();
      if (waiting !== undefined) cancelAnimationFrame(waiting);
    },
  };
}

export { explorerSkeleton } from "./skeleton.ts";
export { explorerStyle } from "./style.ts";
