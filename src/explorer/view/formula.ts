/// <reference lib="dom" />
/** The formula of the chosen pixel with its numbers; a term that is pointed at lights what it means in the page. */
import { at, make, write } from "./elements.ts";
import { formulaValues } from "./formula_values.ts";
import { type Frame, Memory, type Part } from "./frame.ts";
import { percent, plain, scientific } from "./numbers.ts";
import type { Store, Term } from "./store.ts";

/** Terms: how they are written, and which parts of the page they light, by selectors. */
const terms: readonly {
  readonly term: Term;
  readonly sign: string;
  readonly lights: readonly string[];
}[] = [
  { term: "prediction", sign: "x̂₀(p)", lights: ['[data-at="denoised"]'] },
  { term: "weight", sign: "w₁", lights: ['[data-at="patches"]'] },
  { term: "center", sign: "y₁", lights: ['[data-at="training"]'] },
  {
    term: "distance",
    sign: "D₁",
    lights: ['[data-at="noisy"]', '[data-at="patches"] li:first-child'],
  },
  { term: "noise", sign: "2σ²", lights: ['[data-part="time"]', '[data-at="noisy"]'] },
  { term: "signal", sign: "s", lights: ['[data-part="time"]'] },
  { term: "sum", sign: "Z", lights: ['[data-at="patches"]', '[data-at="rest"]'] },
];

const term = (name: Term, mathml: string) => `<mrow data-term="${name}">${mathml}</mrow>`;
const indexed = (letter: string) => `<msub><mi>${letter}</mi><mi>i</mi></msub>`;
const prediction = term(
  "prediction",
  "<msub><mover><mi>x</mi><mo>^</mo></mover><mn>0</mn></msub><mo>(</mo><mi>p</mi><mo>)</mo>",
);

const mathml = `
<math display="block" aria-label="x hat zero at p is the sum over patches i of w i times y i">${prediction}
<mo>=</mo><munder><mo>∑</mo><mi>i</mi></munder>${term("weight", indexed("w"))}<mo>⁢</mo>${
  term("center", indexed("y"))
}</math>
<math display="block" aria-label="w i is the exponential of minus D i over two sigma squared, divided by Z">${
  term("weight", indexed("w"))
}<mo>=</mo><mfrac><mn>1</mn>${
  term("sum", "<mi>Z</mi>")
}</mfrac><mi>exp</mi><mrow><mo>(</mo><mo>−</mo><mfrac>${term("distance", indexed("D"))}${
  term("noise", "<mn>2</mn><mo>⁢</mo><msup><mi>σ</mi><mn>2</mn></msup>")
}</mfrac><mo>)</mo></mrow></math>
<math display="block" aria-label="D i is the squared norm of the noisy window around p minus s times patch i">${
  term("distance", indexed("D"))
}<mo>=</mo><msup><mrow><mo>‖</mo><mtext>window of x at p</mtext><mo>−</mo>${
  term("signal", "<mi>s</mi>")
}<mo>·</mo><msub><mtext>patch</mtext><mi>i</mi></msub><mo>‖</mo></mrow><mn>2</mn></msup></math>`;

/** The formula and its live numbers. */
export class Formula implements Part {
  readonly #root: HTMLElement;
  readonly #page: HTMLElement;
  readonly #rows = new Map<Term, { readonly value: HTMLElement; readonly what: HTMLElement }>();
  readonly #memory = new Memory();
  readonly #lit = new Memory();

  constructor(page: HTMLElement, { store }: { readonly store: Store }) {
    this.#page = page;
    this.#root = page.querySelector<HTMLElement>(".formula")!;
    at(this.#root, "formula").innerHTML = mathml;
    for (const { term, sign } of terms) {
      const [value, what] = [
        make("span", { class: "value" }),
        make("span", { class: "what" }),
      ];
      at(this.#root, "terms").append(
        make(
          "div",
          { "data-term": term },
          make("dt", {}, sign),
          make("dd", { tabindex: "0" }, value, " ", what),
        ),
      );
      this.#rows.set(term, { value, what });
    }
    const termOf = ({ target }: Event) =>
      ((target as Element).closest("[data-term]")?.getAttribute("data-term") ?? null) as
        | Term
        | null;
    for (const type of ["pointerover", "focusin", "click"]) {
      this.#root.addEventListener(type, (event) => store.pass({ term: termOf(event) }));
    }
    for (const type of ["pointerleave", "focusout"]) {
      this.#root.addEventListener(type, () => store.pass({ term: null }));
    }
  }

  render(frame: Frame): void {
    const { passing, now, place, patch, patches, machineName, info, engine } = frame;
    if (this.#lit.differs(passing.term)) this.#light(passing.term);
    if (!this.#memory.differs(now, place?.[0], place?.[1], patch?.image, passing.patch)) return;
    this.#root.hidden = now === undefined || patch === null || place === null;
    if (now === undefined || patch === null || place === null) return;
    const { imageShape: shape } = info;
    const i = patches!.indexOf(patch) + 1;
    const number = String(i).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]!);
    const values = formulaValues(now, {
      pixel: place,
      patch,
      image: engine.trainingImage(patch.image).data,
      machine: machineName,
      shape,
    });
    const list = (numbers: readonly number[]) => numbers.map(plain).join(", ");
    const size = now.patchSize === null ? "the whole image" : `${now.patchSize} × ${now.patchSize}`;
    const say: Readonly<Record<Term, readonly [value: string, what: string]>> = {
      prediction: [list(values.prediction), "the machine’s guess of this pixel"],
      weight: [percent(values.weight), `weight of patch ${i}`],
      center: [list(values.center), `what patch ${i} has at its center`],
      distance: [plain(values.distance), `squared difference, ${size}`],
      noise: [plain(values.twoSigmaSquared), "what noise explains of it"],
      signal: [plain(values.signal), "how much image is left in x"],
      sum: [scientific(values.logSum), "the same sum over all patches"],
    };
    for (const { term, sign } of terms) {
      const row = this.#rows.get(term)!;
      const [value, what] = say[term];
      write(row.value, value);
      write(row.what, what);
      write(row.value.closest("div")!.querySelector("dt")!, sign.replace("₁", number));
    }
  }

  /** Lights a term where it stands, and what it means. */
  #light(lit: Term | null): void {
    for (const element of this.#root.querySelectorAll("[data-term]")) {
      element.classList.toggle("lit", element.getAttribute("data-term") === lit);
    }
    for (const element of this.#page.querySelectorAll(".lit-part")) {
      element.classList.remove("lit-part");
    }
    const { lights = [] } = terms.find(({ term }) => term === lit) ?? {};
    for (const selector of lights) this.#page.querySelector(selector)?.classList.add("lit-part");
  }
}
