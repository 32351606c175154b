/// <reference lib="dom" />
/** What is generated and by what: machine, noise, drawing, class. */
import type { ExplorerInfo, ExplorerState } from "../contract.ts";
import { at, make, write } from "./elements.ts";
import { type Frame, Memory, type Part } from "./frame.ts";
import { withMachine } from "./state.ts";
import type { Store } from "./store.ts";

/** Values that the brush gives, in units of the noise's standard deviation. */
const brushes = [
  { value: 2, name: "bright" },
  { value: 0, name: "gray" },
  { value: -2, name: "dark" },
] as const;

/** The row of choices above the images. */
export class Controls implements Part {
  readonly #root: HTMLElement;
  readonly #store: Store;
  readonly #info: ExplorerInfo;
  readonly #machines = new Map<string, HTMLInputElement>();
  readonly #noise: HTMLSelectElement;
  readonly #seed: HTMLInputElement;
  readonly #class: HTMLSelectElement;
  readonly #memory = new Memory();

  constructor(
    root: HTMLElement,
    { store, info }: { readonly store: Store; readonly info: ExplorerInfo },
  ) {
    this.#root = root;
    this.#store = store;
    this.#info = info;
    this.#noise = at(root, "noise-choice");
    this.#seed = at(root, "seed");
    this.#class = at(root, "class");
    this.#addMachines();
    this.#addNoise();
    this.#addBrush();
    this.#addClasses();
  }

  #addMachines(): void {
    for (const { name, description } of this.#info.machines) {
      const input = make("input", { type: "radio", name: "machine", value: name });
      input.addEventListener("change", () => {
        this.#store.pass({ patch: 0 });
        this.#store.set(withMachine(this.#store.state, { machine: name, info: this.#info }));
      });
      this.#machines.set(name, input);
      at(this.#root, "machines").append(
        make("label", { title: description }, input, make("span", {}, name)),
      );
    }
  }

  #addNoise(): void {
    const store = this.#store;
    this.#info.samples.forEach((_, i) =>
      this.#noise.append(make("option", { value: `stored ${i}` }, `Sample ${i + 1}`))
    );
    this.#noise.append(make("option", { value: "seed" }, "Seed of my own"));
    this.#noise.addEventListener("change", () => {
      const [kind, index] = this.#noise.value.split(" ");
      this.#start(
        kind === "stored" ? { kind, index: Number(index) } : { kind: "seed", seed: newSeed() },
      );
    });
    this.#seed.addEventListener("change", () => {
      const seed = Number(this.#seed.value);
      if (Number.isSafeInteger(seed) && seed >= 0) this.#start({ kind: "seed", seed });
      else this.#seed.value = seedOf(store.state);
    });
    at(this.#root, "new-noise").addEventListener(
      "click",
      () => this.#start({ kind: "seed", seed: newSeed() }),
    );
  }

  /** Other noise: what was drawn on the one before goes with it. */
  #start(noise: ExplorerState["noise"]): void {
    const store = this.#store;
    const sample = noise.kind === "stored" ? this.#info.samples[noise.index] : undefined;
    const label = this.#info.conditional && sample ? sample.label : store.state.label;
    store.pass({ patch: 0 });
    store.change({ noise, strokes: [], label });
  }

  #addBrush(): void {
    const store = this.#store;
    at(this.#root, "draw").addEventListener("click", () => {
      const draws = store.passing.brush === null;
      store.pass({ brush: draws ? { value: brushes[0].value, size: 3 } : null, playing: false });
      // The noise that one draws on is the first step's.
      if (draws) store.change({ step: 0 }, { history: "replace" });
    });
    at(this.#root, "undraw").addEventListener("click", () => {
      store.change({ strokes: [] });
      at(this.#root, "draw").focus();
    });
    for (const { value, name } of brushes) {
      const input = make("input", { type: "radio", name: "brush", value: String(value) });
      input.addEventListener("change", () => store.pass({ brush: { value, size: 3 } }));
      at(this.#root, "brush-values").append(make("label", {}, input, make("span", {}, name)));
    }
  }

  #addClasses(): void {
    const { conditional, dataset: { classes } } = this.#info;
    if (!conditional) return;
    at(this.#root, "class-choice").hidden = false;
    this.#class.append(
      make("option", { value: "any" }, "any"),
      ...(classes ?? []).map((name, i) => make("option", { value: String(i) }, name)),
    );
    this.#class.addEventListener("change", () => {
      const { value } = this.#class;
      this.#store.change({ label: value === "any" ? null : Number(value) });
    });
  }

  render({ state, passing, info }: Frame): void {
    const { machine, noise, strokes, label } = state, { brush } = passing;
    if (!this.#memory.differs(machine, noise, strokes, label, brush)) return;
    this.#machines.get(machine)!.checked = true;
    const described = info.machines.find(({ name }) => name === machine)!;
    write(at(this.#root, "about-machine"), `${machine}: ${described.description}.`);
    this.#noise.value = noise.kind === "stored" ? `stored ${noise.index}` : "seed";
    this.#seed.hidden = noise.kind !== "seed";
    this.#seed.value = seedOf(state);
    at(this.#root, "draw").setAttribute("aria-pressed", String(brush !== null));
    at(this.#root, "undraw").hidden = strokes.length === 0;
    at(this.#root, "brush").hidden = brush === null;
    for (const input of this.#root.querySelectorAll<HTMLInputElement>('[name="brush"]')) {
      input.checked = input.value === String(brush?.value);
    }
    if (info.conditional) this.#class.value = label === null ? "any" : String(label);
  }
}

const seedOf = ({ noise }: ExplorerState) => noise.kind === "seed" ? String(noise.seed) : "";

/** A short seed that one can read out. */
function newSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000;
}
