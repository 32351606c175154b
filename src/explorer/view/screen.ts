/// <reference lib="dom" />
/** An image on the page: its pixels, crisp at whole multiples, and above them what marks some of them. */
import type { ImageShape } from "../../core/image_batch.ts";
import { at, paint } from "./elements.ts";
import { pinShapes } from "./icons.ts";
import { pinTones } from "./colors.ts";
import { Memory } from "./frame.ts";
import type { Picture, Place, Rectangle } from "./pixels.ts";

/** What lies above the pixels. */
export interface Marks {
  /** Windows, each the rectangles of it that lie in the image. */
  readonly windows: readonly {
    readonly rectangles: readonly Rectangle[];
    readonly color: string;
  }[];
  /** Pins by their place; chosen is drawn last and larger. */
  readonly pins: readonly Place[];
  readonly chosen: number | null;
  /** Pixel under the pointer. */
  readonly hover: Place | null;
  /** A path in units of pixels. */
  readonly seams?: string;
}

const rim = "rgb(0 0 0 / .75)";

/** One image with its marks. */
export class Screen {
  readonly element: HTMLElement;
  readonly #pixels: HTMLCanvasElement;
  readonly #marks: HTMLCanvasElement;
  readonly #shape: readonly [height: number, width: number];
  readonly #painted = new Memory();
  #drawn = "";
  #size: readonly [width: number, height: number] = [0, 0];

  /**
   * @param name Of the screen in the skeleton.
   * @param options.fill Whether it takes the room that there is, at a whole multiple of its pixels.
   * @param options.resized Called when its marks must be drawn anew.
   */
  constructor(
    root: ParentNode,
    name: string,
    { shape: [height, width], fill = false, resized }: {
      readonly shape: ImageShape;
      readonly fill?: boolean;
      readonly resized: () => void;
    },
  ) {
    this.element = at(root, name);
    this.#pixels = this.element.querySelector<HTMLCanvasElement>(".pixels")!;
    this.#marks = this.element.querySelector<HTMLCanvasElement>(".marks")!;
    this.#shape = [height, width];
    this.element.style.aspectRatio = `${width} / ${height}`;
    // Sizes are told, not asked for: asking in the midst of drawing would lay the page out anew.
    new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      this.#size = [width, height];
      resized();
    }).observe(this.element);
    if (!fill) return;
    new ResizeObserver(([entry]) => {
      const room = entry!.contentRect.width * devicePixelRatio;
      const side = Math.max(1, Math.floor(room / width)) * width / devicePixelRatio;
      this.element.style.setProperty("--side", `${side}px`);
    }).observe(this.element.parentElement!);
  }

  /** Says what is seen. */
  label(text: string): void {
    if (this.#pixels.getAttribute("aria-label") !== text) {
      this.#pixels.setAttribute("aria-label", text);
    }
  }

  /** Paints a picture, if what it is made of has changed. */
  paint(picture: () => Picture | null, ...madeOf: readonly unknown[]): void {
    if (!this.#painted.differs(...madeOf)) return;
    const found = picture();
    if (found !== null) paint(this.#pixels, found);
    else this.#pixels.getContext("2d")!.clearRect(0, 0, this.#pixels.width, this.#pixels.height);
  }

  /** Draws marks, if they or their size have changed. */
  mark(marks: Marks): void {
    const [wide, high] = this.#size;
    const text = JSON.stringify([marks, wide, high, devicePixelRatio]);
    if (text === this.#drawn || wide === 0) return;
    this.#drawn = text;
    const canvas = this.#marks;
    const width = Math.round(wide * devicePixelRatio);
    const height = Math.round(high * devicePixelRatio);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = canvas.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    drawMarks(context, { ...marks, zoom: width / this.#shape[1], unit: devicePixelRatio });
  }

  /** The pixel at a point of the window, at the image's border at most. */
  pixelAt({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }): number {
    const box = this.element.getBoundingClientRect();
    const [height, width] = this.#shape;
    const within = (part: number, size: number) =>
      Math.min(size - 1, Math.max(0, Math.floor(part * size)));
    return within((clientY - box.top) / box.height, height) * width +
      within((clientX - box.left) / box.width, width);
  }
}

function drawMarks(
  context: CanvasRenderingContext2D,
  { windows, pins, chosen, hover, seams, zoom, unit }: Marks & {
    /** Side of a pixel on the canvas. */
    readonly zoom: number;
    /** Side of a CSS pixel on the canvas. */
    readonly unit: number;
  },
): void {
  if (seams !== undefined && seams !== "") {
    context.save();
    context.scale(zoom, zoom);
    stroke(context, new Path2D(seams), { color: "rgb(255 255 255 / .85)", width: unit / zoom });
    context.restore();
  }
  for (const { rectangles, color } of windows) {
    const path = new Path2D();
    for (const { row, column, rows, columns } of rectangles) {
      // Within the image, so that no line is cut off.
      path.rect(
        column * zoom + unit,
        row * zoom + unit,
        columns * zoom - 2 * unit,
        rows * zoom - 2 * unit,
      );
    }
    stroke(context, path, { color, width: 2 * unit });
  }
  if (hover !== null) {
    const path = new Path2D();
    path.rect(hover[1] * zoom, hover[0] * zoom, zoom, zoom);
    stroke(context, path, { color: "#ffffff", width: 1.5 * unit });
  }
  const order = pins.map((_, i) => i).sort((a, b) => Number(a === chosen) - Number(b === chosen));
  for (const i of order) {
    const [row, column] = pins[i]!;
    context.save();
    context.translate((column + 0.5) * zoom, (row + 0.5) * zoom);
    context.scale(unit * (i === chosen ? 1.25 : 0.95), unit * (i === chosen ? 1.25 : 0.95));
    const path = new Path2D(pinShapes[i]!);
    context.lineWidth = 3.4;
    context.strokeStyle = rim;
    context.stroke(path);
    context.lineWidth = 1.4;
    context.strokeStyle = "#ffffff";
    context.stroke(path);
    context.fillStyle = pinTones[i]!.dark;
    context.fill(path);
    context.restore();
  }
}

/** A line that is seen on black and on white. */
function stroke(
  context: CanvasRenderingContext2D,
  path: Path2D,
  { color, width }: { readonly color: string; readonly width: number },
): void {
  context.lineWidth = 2 * width;
  context.strokeStyle = rim;
  context.stroke(path);
  context.lineWidth = width;
  context.strokeStyle = color;
  context.stroke(path);
}
