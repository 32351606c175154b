/// <reference lib="dom" />
/** What the colors of the mosaic mean. */
import { shiftColor, type SourceColors } from "../../figures/mosaic_colors.ts";
import { at, make, paint, write } from "./elements.ts";
import { type Frame, Memory, type Part } from "./frame.ts";
import { mapRamp, mosaicSourcesOf, shiftReach, strongWeight } from "./mosaic_view.ts";
import { count, percent } from "./numbers.ts";
import { type Picture, pictureOf } from "./pixels.ts";

/** Source images that the legend shows. */
const shownSources = 8;

/** The line under the choice of views. */
export class Legend implements Part {
  readonly #element: HTMLElement;
  readonly #memory = new Memory();

  constructor(root: HTMLElement) {
    this.#element = at(root, "legend");
  }

  render(frame: Frame): void {
    const { state: { view }, mosaic, now, missing } = frame;
    if (
      !this.#memory.differs(
        view,
        mosaic,
        view === "source" || view === "shift" ? now : null,
        missing,
      )
    ) {
      return;
    }
    this.#element.hidden = view === "image";
    if (view === "image") return;
    this.#element.replaceChildren(...this.#content(frame));
  }

  #content(frame: Frame): (Node | string)[] {
    const { state: { view }, mosaic } = frame;
    if (mosaic === null) return [frame.missing ?? ""];
    switch (view) {
      case "source":
        return sources(frame);
      case "copied":
        return [
          "Each pixel as its heaviest patch has it; lines are seams between pieces copied as a whole.",
        ];
      case "shift":
        return [
          shiftWheel(),
          "Color: where the heaviest patch lies from the pixel; gray: at its own place. " +
          opacityText(frame),
        ];
      case "weight":
        return ["0 %", ramp(), `${percent(mosaic.weight)}: weight of the heaviest patch`];
      default:
        return ["1 patch", ramp(), `${count(Math.exp(mosaic!.entropy))} patches share a pixel`];
    }
  }
}

function ramp(): HTMLElement {
  const element = make("span", { class: "ramp" });
  element.style.background = `linear-gradient(to right, ${mapRamp.join(", ")})`;
  return element;
}

/** What makes a color strong. */
function opacityText({ now }: Frame): string {
  return now?.explanation === undefined
    ? ""
    : `The heavier a patch, the stronger its color, up to ${
      percent(strongWeight(now.explanation))
    } at this step.`;
}

/** The images with a color that are seen most at this step, each with its part of the picture. */
function sources(frame: Frame): (Node | string)[] {
  const { now, mosaic } = frame;
  const explanation = now?.explanation;
  if (explanation === undefined) return [frame.missing ?? ""];
  const found = mosaicSourcesOf(explanation);
  const pixels = explanation.shape[1];
  const named = found.filter(({ image }) => mosaic!.colors.named.includes(image));
  const figures = named.slice(0, shownSources).map(({ image, pixels: seen }) => {
    const figure = sourceFigures.get(mosaic!.colors)?.get(image) ?? sourceFigure(image, frame);
    write(figure.lastElementChild!, percent(seen / pixels));
    return figure;
  });
  const others = pixels - named.reduce((sum, each) => sum + each.pixels, 0);
  return [...figures, `others, in grays: ${percent(others / pixels)}. ${opacityText(frame)}`];
}

/** Figures of the legend, kept: scrubbing shows the same images again and again. */
const sourceFigures = new WeakMap<SourceColors, Map<number, HTMLElement>>();

/** A training image in a frame of its color, with room for its part. */
function sourceFigure(image: number, { mosaic, engine, info }: Frame): HTMLElement {
  const { colors } = mosaic!;
  const canvas = make("canvas", { role: "img", "aria-label": `Training image ${image}` });
  paint(canvas, pictureOf(engine.trainingImage(image).data, { shape: info.imageShape }));
  const figure = make("figure", { class: "source" }, canvas, make("span"));
  figure.style.setProperty("--of", colors.of(image));
  const figures = sourceFigures.get(colors) ?? new Map<number, HTMLElement>();
  sourceFigures.set(colors, figures.set(image, figure));
  return figure;
}

/** A disk of all shifts. */
function shiftWheel(): HTMLElement {
  const size = 33, middle = (size - 1) / 2;
  const data = new Uint8ClampedArray(4 * size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const shift = [y - middle, x - middle] as const;
      if (Math.hypot(...shift) > middle + 0.5) continue;
      const color = shiftColor(shift, { reach: shiftReach([size, size]) });
      data.set([...color, 255], 4 * (y * size + x));
    }
  }
  const canvas = make("canvas", { role: "img", "aria-label": "Colors by direction of the shift" });
  const picture: Picture = { width: size, height: size, data };
  paint(canvas, picture);
  return canvas;
}
