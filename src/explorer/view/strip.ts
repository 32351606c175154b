/// <reference lib="dom" />
/** The strip: of each step the heaviest patches of a pixel, one column a step. */
import { type ExplainedPatch, explainedPatches } from "../../machines/explanation.ts";
import { fontFamily, tones } from "../../figures/theme.ts";
import { at } from "./elements.ts";
import { type Frame, Memory, type Part } from "./frame.ts";
import { percent, plain } from "./numbers.ts";
import { patchPicture, type Picture } from "./pixels.ts";
import type { Store } from "./store.ts";
import { isDark } from "./theme_choice.ts";

/** Patches of each step that are shown. */
const rows = 4;
const gap = 6;
/** Room for the time above and the patch size below, and for the bar under a patch. */
const [above, below, barRoom] = [20, 20, 9];

/** Patches of the chosen pixel from noise to image. */
export class Strip implements Part {
  readonly #canvas: HTMLCanvasElement;
  readonly #here: HTMLElement;
  readonly #store: Store;
  readonly #resized: () => void;
  readonly #memory = new Memory();
  #columns = 0;
  #cell = 40;
  #pitch = 46;
  #room = 0;

  constructor(
    root: HTMLElement,
    { store, resized }: { readonly store: Store; readonly resized: () => void },
  ) {
    this.#canvas = at<HTMLCanvasElement>(root, "strip");
    this.#here = at(root, "strip-here");
    this.#store = store;
    this.#resized = resized;
    new ResizeObserver(([entry]) => {
      this.#room = entry!.contentRect.width;
      this.#resized();
    }).observe(this.#canvas.parentElement!);
    this.#canvas.addEventListener("click", ({ offsetX }) => {
      const step = Math.floor(offsetX / this.#pitch);
      if (step < this.#columns) this.#store.change({ step }, { history: "replace" });
    });
  }

  render(frame: Frame): void {
    const { machine, pixel, state, info, machineName } = frame;
    const theme = isDark() ? "dark" : "light";
    if (this.#room === 0) return;
    this.#columns = info.times.length;
    this.#pitch = Math.max(26 + gap, Math.floor(this.#room / this.#columns));
    this.#cell = Math.min(72, this.#pitch - gap);
    // The frame around the step that is shown moves by itself: the patches stay.
    this.#here.style.width = `${this.#cell + 8}px`;
    this.#here.style.transform = `translateX(${this.#left(state.step) - 4}px)`;
    if (!this.#memory.differs(machine?.steps, pixel, machineName, this.#room, theme)) return;
    const cell = this.#cell;
    const width = this.#columns * this.#pitch;
    const height = above + rows * (cell + barRoom) + below;
    const canvas = this.#canvas, unit = devicePixelRatio;
    canvas.width = Math.round(width * unit);
    canvas.height = Math.round(height * unit);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d")!;
    context.scale(unit, unit);
    context.imageSmoothingEnabled = false;
    const [soft, accent, grid] = [tones.soft[theme], tones.accent[theme], tones.grid[theme]];
    const words: string[] = [];
    for (let i = 0; i < this.#columns; i++) {
      const step = machine?.steps[i];
      const x = this.#left(i);
      context.font = `12px ${fontFamily}`;
      context.textAlign = "center";
      context.fillStyle = soft;
      context.fillText(plain(info.times[i]!), x + cell / 2, 13);
      const patches = step?.explanation && pixel !== null
        ? explainedPatches(step.explanation, { pixel }).slice(0, rows)
        : [];
      const size = step?.patchSize ?? null;
      if (size !== null) context.fillText(`k ${size}`, x + cell / 2, height - 5);
      for (let row = 0; row < rows; row++) {
        const y = above + row * (cell + barRoom);
        const patch = patches[row];
        context.fillStyle = grid;
        if (patch === undefined) context.fillRect(x, y, cell, cell);
        else {
          context.fillRect(x, y + cell + 2, cell, 4);
          this.#drawPatch(context, { frame, patch, size, x, y });
          context.fillStyle = accent;
          context.fillRect(x, y + cell + 2, cell * patch.weight, 4);
        }
      }
      const [top] = patches;
      if (top !== undefined) {
        words.push(`t ${plain(info.times[i]!)}: image ${top.image}, ${percent(top.weight)}`);
      }
    }
    canvas.setAttribute("aria-label", `Heaviest patch of each step. ${words.join("; ")}`);
  }

  /** Where a step's patches begin. */
  #left(step: number): number {
    return Math.round(step * this.#pitch + (this.#pitch - this.#cell) / 2);
  }

  #drawPatch(
    context: CanvasRenderingContext2D,
    { frame, patch, size, x, y }: {
      readonly frame: Frame;
      readonly patch: ExplainedPatch;
      readonly size: number | null;
      readonly x: number;
      readonly y: number;
    },
  ): void {
    const { data } = frame.engine.trainingImage(patch.image);
    const picture = patchPicture(data, {
      at: [patch.row, patch.column],
      query: frame.place!,
      machine: frame.machineName,
      patchSize: size,
      shape: frame.info.imageShape,
    });
    context.drawImage(canvasOf(picture), x, y, this.#cell, this.#cell);
  }
}

let shelf: HTMLCanvasElement | undefined;

/** A picture on a canvas that the next call paints over. */
function canvasOf({ width, height, data }: Picture): HTMLCanvasElement {
  shelf ??= document.createElement("canvas");
  shelf.width = width;
  shelf.height = height;
  shelf.getContext("2d")!.putImageData(new ImageData(data, width, height), 0, 0);
  return shelf;
}
