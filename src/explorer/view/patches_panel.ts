/// <reference lib="dom" />
/** The patches of the chosen pixel, the heaviest first, and the training image of one of them. */
import type { ExplainedPatch } from "../../machines/explanation.ts";
import { pinNames, pinTones } from "./colors.ts";
import { at, make, paint, write } from "./elements.ts";
import { type Frame, Memory, type Part } from "./frame.ts";
import { pinShapes } from "./icons.ts";
import { count, percent, plain } from "./numbers.ts";
import { patchPicture, pictureOf, windowAt } from "./pixels.ts";
import { Screen } from "./screen.ts";
import { removePin } from "./state.ts";
import type { Store } from "./store.ts";

/** A training image in words, such as "image 123, class 7". */
export function imageName(
  index: number,
  { label, classes }: { readonly label: number | null; readonly classes: readonly string[] | null },
): string {
  const name = label === null ? undefined : classes?.[label] ?? String(label);
  return name === undefined ? `image ${index}` : `image ${index}, class ${name}`;
}

interface Row {
  readonly item: HTMLLIElement;
  readonly button: HTMLButtonElement;
  readonly canvas: HTMLCanvasElement;
  readonly weight: HTMLElement;
  readonly bar: HTMLElement;
  readonly from: HTMLElement;
}

/** Pins, patches, the rest of the weight, and the training image that a patch was cut from. */
export class PatchesPanel implements Part {
  readonly #root: HTMLElement;
  readonly #store: Store;
  readonly #list: HTMLElement;
  readonly #rows: Row[] = [];
  readonly #training: Screen;
  readonly #pinMemory = new Memory();
  readonly #memory = new Memory();
  readonly #rest: { readonly weight: HTMLElement; readonly from: HTMLElement };

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
    this.#list = at(root, "patches");
    this.#training = new Screen(root, "training", {
      shape,
      resized: () => {
        this.#memory.forget();
        resized();
      },
    });
    const [weight, from] = [make("span"), make("span", { class: "from" })];
    at(root, "rest").append(make("span", { class: "hatch" }), weight, from);
    this.#rest = { weight, from };
  }

  render(frame: Frame): void {
    this.#renderPins(frame);
    const { state, passing, now, pixel, patches, patch, machineName, info, missing } = frame;
    if (
      !this.#memory.differs(
        now,
        pixel,
        patch?.image,
        passing.patch,
        machineName,
        state.pin,
        missing,
      )
    ) {
      return;
    }
    const colored = passing.hover === null && state.pins.length > 0;
    this.#list.parentElement!.parentElement!.style.setProperty(
      "--of",
      colored ? `var(--pin-${state.pin})` : "var(--accent)",
    );
    this.#renderFacts(frame);
    (patches ?? []).forEach((each, i) => this.#renderRow(each, { ...frame, i }));
    this.#rows.forEach(({ item }, i) => item.hidden = i >= (patches?.length ?? 0));
    const rest = now?.explanation && pixel !== null ? now.explanation.rest[pixel]! : null;
    at(this.#root, "rest").hidden = rest === null;
    if (rest !== null) {
      write(this.#rest.weight, percent(rest));
      write(this.#rest.from, "all other patches together");
    }
    this.#renderMass(patches ?? []);
    this.#training.element.closest<HTMLElement>(".training")!.hidden = patch === null;
    if (patch === null) return;
    const { data, label } = frame.engine.trainingImage(patch.image);
    const name = imageName(patch.image, { label, classes: info.dataset.classes });
    const { imageShape: shape } = info;
    this.#training.paint(() => pictureOf(data, { shape }), data);
    this.#training.label(`Training ${name}, with the patch’s window`);
    const place = [patch.row, patch.column] as const;
    this.#training.mark({
      windows: [{
        rectangles: windowAt(place, { machine: machineName, patchSize: now!.patchSize, shape }),
        color: colored ? pinTones[state.pin]!.dark : "#ffffff",
      }],
      pins: [],
      chosen: null,
      hover: place,
    });
    const [down, right] = patch.shift;
    const shift = down === 0 && right === 0 ? "at the pixel’s own place" : [
      ...down === 0 ? [] : [`${Math.abs(down)} ${down > 0 ? "down" : "up"}`],
      ...right === 0 ? [] : [`${Math.abs(right)} ${right > 0 ? "right" : "left"}`],
    ].join(", ") + " of the pixel’s place";
    write(
      at(this.#root, "training-caption"),
      `Training ${name}: row ${patch.row}, column ${patch.column}, ${shift}. ` +
        `It gives the pixel ${percent(patch.weight)} of its value.`,
    );
  }

  #renderFacts({ now, pixel, place, missing }: Frame): void {
    const facts = at(this.#root, "facts");
    const explanation = now?.explanation;
    if (place === null || pixel === null) return write(facts, "No pixel is chosen.");
    if (explanation === undefined) return write(facts, missing ?? "");
    facts.replaceChildren(
      `Row ${place[0]}, column ${place[1]}: in effect `,
      make("b", {}, count(explanation.effectivePatches[pixel]!)),
      " patches of ",
      make("b", {}, count(explanation.effectiveImages[pixel]!)),
      " images",
    );
  }

  /** All weight as one bar, to scale: the patches of the list, and what is left of it for all others. */
  #renderMass(patches: readonly ExplainedPatch[]): void {
    const mass = at(this.#root, "mass");
    mass.hidden = patches.length === 0;
    let sum = 0;
    const stops = patches.map(({ weight }) => {
      const from = 100 * sum, to = 100 * (sum += weight);
      // A hair of paper between two patches, where they are wide enough.
      const hair = weight < 0.02 ? 0 : 1;
      return `var(--of, var(--accent)) ${from}% calc(${to}% - ${hair}px), var(--paper) 0 ${to}%`;
    });
    mass.style.setProperty(
      "--parts",
      `linear-gradient(to right, ${stops.join(", ")}, transparent 0)`,
    );
    const named = patches.reduce((sum, { weight }) => sum + weight, 0);
    mass.setAttribute(
      "aria-label",
      `These ${patches.length} patches hold ${percent(named)} of the weight`,
    );
  }

  #renderRow(
    patch: ExplainedPatch,
    { i, place, now, machineName, info, engine, patches, patch: shown }: Frame & {
      readonly i: number;
    },
  ): void {
    const row = this.#rows[i] ?? this.#addRow(i);
    const { data, label } = engine.trainingImage(patch.image);
    paint(
      row.canvas,
      patchPicture(data, {
        at: [patch.row, patch.column],
        query: place!,
        machine: machineName,
        patchSize: now!.patchSize,
        shape: info.imageShape,
      }),
    );
    write(row.weight, percent(patch.weight));
    // To the scale of the heaviest, so that they can be compared; the bar above is to the scale of all weight.
    row.bar.style.transform = `scaleX(${patch.weight / patches![0]!.weight})`;
    write(row.from, imageName(patch.image, { label, classes: info.dataset.classes }));
    row.button.setAttribute("aria-current", String(patch === shown));
  }

  #addRow(i: number): Row {
    const canvas = make("canvas", { "aria-hidden": "true" });
    const [weight, bar, from] = [make("span"), make("span"), make("span", { class: "from" })];
    const button = make(
      "button",
      { type: "button" },
      canvas,
      weight,
      make("span", { class: "bar" }, bar),
      from,
    );
    button.addEventListener("click", () => this.#store.pass({ patch: i }));
    const item = make("li", {}, button);
    this.#list.append(item);
    return this.#rows[i] = { item, button, canvas, weight, bar, from };
  }

  #renderPins({ state, info, passing }: Frame): void {
    if (!this.#pinMemory.differs(state.pins, state.pin, passing.hover === null)) return;
    const box = at(this.#root, "pins");
    const focused = box.contains(document.activeElement);
    const width = info.imageShape[1];
    box.replaceChildren(...state.pins.map((pixel, i) => {
      const choose = make("button", {
        type: "button",
        "aria-pressed": String(i === state.pin),
        title: `Pin ${i + 1}, ${pinNames[i]}`,
      });
      choose.innerHTML =
        `<svg viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true"><path d="${
          pinShapes[i]
        }"/></svg>`;
      choose.append(`${Math.floor(pixel / width)}, ${pixel % width}`);
      choose.addEventListener("click", () => {
        this.#store.pass({ patch: 0 });
        this.#store.change({ pin: i }, { history: "replace" });
      });
      const remove = make("button", { type: "button", "aria-label": `Remove pin ${i + 1}` }, "×");
      remove.addEventListener("click", () => this.#store.set(removePin(this.#store.state, i)));
      const chip = make(
        "span",
        { class: `pin${i === state.pin ? " chosen" : ""}` },
        choose,
        remove,
      );
      chip.style.setProperty("--of", `var(--pin-${i})`);
      return chip;
    }));
    // The buttons are new ones: the keyboard stays where it was.
    if (focused) (box.children[state.pin]?.firstElementChild as HTMLElement | null)?.focus();
    write(
      at(this.#root, "hint"),
      passing.hover !== null
        ? "Click to pin this pixel."
        : state.pins.length === 0
        ? "Point at an image to look at a pixel; click to pin it."
        : "Arrow keys move the pin, Escape removes it.",
    );
  }
}

/** What a pixel is made of, in one sentence. */
export function patchSentence({ place, patches, now, pixel, info, engine }: Frame): string {
  const top = patches?.[0];
  if (place === null || pixel === null || top === undefined || now?.explanation === undefined) {
    return "";
  }
  const { label } = engine.trainingImage(top.image);
  const name = imageName(top.image, { label, classes: info.dataset.classes });
  return `Row ${place[0]}, column ${place[1]}, t = ${plain(now.t)}: heaviest patch ${
    percent(top.weight)
  }, of ${name}; in effect ${count(now.explanation.effectivePatches[pixel]!)} patches.`;
}
