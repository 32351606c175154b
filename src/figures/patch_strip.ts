import { pixelsAcross } from "../core/patch_size.ts";
import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import { evenly } from "./check_field.ts";
import { sourcePalette } from "./mosaic_colors.ts";
import type { RgbaPicture } from "./mosaic_pictures.ts";
import { timeText } from "./mosaic_steps.ts";
import type { MosaicTrace } from "./mosaic_step.ts";
import { Sheet } from "./sheet.ts";
import { tones } from "./theme.ts";

/**
 * Options of {@linkcode patchStripSvg}.
 *
 * @category Figures
 */
export interface PatchStripOptions {
  /** The machine's training images, `[N, H, W, C]`. */
  readonly images: ImageBatch;
  /** Pixels to explain, row and column. */
  readonly pixels: readonly (readonly [row: number, column: number])[];
  /** Patches shown of each; 5 when absent, never more than the steps have. */
  readonly top?: number;
  /** Line above the figure. */
  readonly title?: string | undefined;
  /** Small text under it. */
  readonly note?: string | undefined;
}

/**
 * How to read {@linkcode patchStripSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const patchStripExplained: string =
  "One pixel at a time, marked in the image at the left. Each column is a reverse step, at time t and patch " +
  "size k. Above: the window of x around the pixel, which is compared. Below: the training patches that match " +
  "best, the heaviest first, all at one scale, with bars for their weights; the pixel becomes the mean of " +
  "their centers by these weights. Others: the weight of all patches that are not shown.";

/** Steps shown at most. */
const maxSteps = 12;
/** Side of the largest window in units of the sheet. */
const largest = 54;

/**
 * Draws which training patches made some pixels, step by step: windows, patches and their weights.
 *
 * @example
 * ```ts
 * import { patchStripSvg } from "@els/toolkit/figures";
 * import { bytesToImages, cosineLegacy, createMachine, syntheticTextures } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("ELS", { images, schedule: cosineLegacy(), patchSize: 3 });
 * const x = { data: images.data.slice(0, 64), shape: [1, 8, 8, 1] } as const;
 * const steps = [{ ...await machine.explain(x, 0.02), x }];
 * const trace = { machine: "ELS", steps, image: steps[0]!.xHat0, wrap: true };
 * assertStringIncludes(patchStripSvg(trace, { images, pixels: [[3, 4]] }), "row 3, column 4");
 * ```
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no step or pixel, or a pixel was not explained.
 * @category Figures
 */
export function patchStripSvg(trace: MosaicTrace, options: PatchStripOptions): string {
  const { images, pixels, title, note } = options;
  const { machine, wrap, image, steps } = trace;
  if (steps.length === 0 || pixels.length === 0) {
    throw new ArgumentError("Cannot draw patches: there are no steps or no pixels");
  }
  const [, height, width] = images.shape;
  const shown = evenly(steps, maxSteps);
  const count = Math.min(options.top ?? 5, steps[0]!.shape[2]);
  // Whole images match for machines without a scale.
  const isWhole = steps.every(({ patchSize }) => patchSize === 1);
  const sizeOf = (patchSize: number) =>
    isWhole ? Math.max(height, width) | 1 : pixelsAcross(patchSize);
  const zoom = largest / Math.max(...steps.map(({ patchSize }) => sizeOf(patchSize)));
  const [cellWidth, gap, margin, left] = [largest + 8, 4, 10, 196];
  const sheet = new Sheet();
  let top = margin;
  if (title !== undefined) {
    sheet.text(title, { x: margin, y: top + 14 }, { size: 14, bold: true });
    top += 28;
  }
  const column = (i: number) => left + i * (cellWidth + gap);
  pixels.forEach(([row, columnOf], place) => {
    const color = sourcePalette[place % sourcePalette.length]!;
    const blockTop = top;
    shown.forEach(({ t, patchSize }, i) => {
      const x = column(i) + cellWidth / 2;
      sheet.text(`t = ${timeText(t)}`, { x, y: top + 11 }, { size: 11, anchor: "middle" });
      if (!isWhole) {
        const scale = Number.isInteger(patchSize) ? "k" : "width";
        sheet.text(`${scale} = ${patchSize}`, { x, y: top + 23 }, {
          size: 10,
          anchor: "middle",
          soft: true,
        });
      }
    });
    top += isWhole ? 18 : 30;
    drawPlace(sheet, { image, pixel: [row, columnOf], color, left: margin, top: blockTop + 12 });
    const middle = largest / 2;
    const patch = (
      picture: RgbaPicture,
      at: { x: number; y: number; size: number; frame: string },
    ) => {
      const side = at.size * zoom;
      const corner = { left: at.x - side / 2, top: at.y - side / 2 };
      sheet.picture(picture, { ...corner, zoom });
      sheet.box({ ...corner, width: side, height: side }, { stroke: at.frame, width: 1 });
    };
    const name = (text: string, y: number) =>
      sheet.text(text, { x: left - 10, y }, { size: 11, anchor: "end", soft: true });
    name("x around it", top + middle + 4);
    shown.forEach((step, i) => {
      const size = sizeOf(step.patchSize);
      patch(windowOf(step.x, { index: 0, center: [row, columnOf], size, wrap }), {
        x: column(i) + cellWidth / 2,
        y: top + middle,
        size,
        frame: color,
      });
    });
    top += largest + 8;
    for (let rank = 0; rank < count; rank++) {
      name(`${rank + 1}`, top + middle + 4);
      shown.forEach((step, i) => {
        const e = step.pixels.findIndex(([y, x]) => y === row && x === columnOf);
        if (e < 0) {
          throw new ArgumentError(
            `Cannot draw the patches of pixel (${row}, ${columnOf}): it was not explained`,
          );
        }
        const at = e * step.shape[2] + rank, index = step.image[at]!;
        if (index < 0) return;
        const size = sizeOf(step.patchSize), x = column(i) + cellWidth / 2;
        const center = [step.row[at]!, step.column[at]!] as const;
        patch(windowOf(images, { index, center, size, wrap }), {
          ...{ x, y: top + middle, size },
          frame: tones.axis.light,
        });
        drawWeight(sheet, { weight: step.weight[at]!, color, x: column(i), y: top + largest + 4 });
      });
      top += largest + 25;
    }
    name("others", top + 10);
    shown.forEach((step, i) => {
      const e = step.pixels.findIndex(([y, x]) => y === row && x === columnOf);
      let named = 0;
      for (let rank = 0; rank < count; rank++) named += step.weight[e * step.shape[2] + rank]!;
      const weight = Math.max(0, 1 - named);
      drawWeight(sheet, { weight, color: tones.axis.light, x: column(i), y: top });
    });
    top += 44;
  });
  return sheet.svg({
    description:
      `The training patches that made ${pixels.length} pixels of a sample of ${machine}, at ` +
      `${shown.length} steps, with their weights`,
    note,
  });

  /** A bar for a weight, with the number under it. */
  function drawWeight(
    sheet: Sheet,
    { weight, color, x, y }: { weight: number; color: string; x: number; y: number },
  ): void {
    const [at, wide] = [x + 4, largest];
    sheet.box({ left: at, top: y, width: wide, height: 5 }, { fill: tones.grid.light });
    const part = Math.min(1, weight) * wide;
    if (part >= 0.25) sheet.box({ left: at, top: y, width: part, height: 5 }, { fill: color });
    sheet.text(weightText(weight), { x: at + wide / 2, y: y + 15 }, {
      size: 9,
      anchor: "middle",
      soft: true,
    });
  }
}

/** The image with the pixel marked, and which it is. */
function drawPlace(
  sheet: Sheet,
  { image, pixel: [row, column], color, left, top }: {
    readonly image: ImageBatch;
    readonly pixel: readonly [row: number, column: number];
    readonly color: string;
    readonly left: number;
    readonly top: number;
  },
): void {
  const [, height, width] = image.shape;
  const zoom = Math.max(1, Math.round(96 / Math.max(height, width)));
  sheet.picture(image, { left, top, zoom });
  const at = { left: left + column * zoom, top: top + row * zoom };
  const around = (grow: number) => ({
    left: at.left - grow,
    top: at.top - grow,
    width: zoom + 2 * grow,
    height: zoom + 2 * grow,
  });
  sheet.box(around(4), { stroke: tones.paper.light, width: 4 });
  sheet.box(around(4), { stroke: color, width: 2.4 });
  sheet.text(`row ${row}, column ${column}`, { x: left, y: top + height * zoom + 16 }, {
    size: 12,
  });
}

/** A window around a pixel; outside the image it is transparent, or goes on at the other side. */
function windowOf(
  { data, shape }: ImageBatch,
  { index, center: [row, column], size, wrap }: {
    readonly index: number;
    readonly center: readonly [row: number, column: number];
    readonly size: number;
    readonly wrap: boolean;
  },
): RgbaPicture {
  const [, height, width, channels] = shape;
  const radius = (size - 1) / 2;
  const bytes = new Uint8ClampedArray(4 * size * size);
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < size; u++) {
      let [y, x] = [row + v - radius, column + u - radius];
      if (wrap) [y, x] = [(y + 2 * height) % height, (x + 2 * width) % width];
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      const from = ((index * height + y) * width + x) * channels, to = 4 * (v * size + u);
      for (let c = 0; c < 3; c++) {
        bytes[to + c] = Math.round((data[from + (channels === 3 ? c : 0)]! + 1) * 127.5);
      }
      bytes[to + 3] = 255;
    }
  }
  return { data: bytes, width: size, height: size };
}

/** A weight as a share of a hundred, however small. */
function weightText(weight: number): string {
  const percent = 100 * weight;
  if (percent >= 10) return `${Math.round(percent)} %`;
  if (percent >= 0.1) return `${percent.toFixed(1)} %`;
  return percent < 1e-4 ? "0 %" : `${Number(percent.toPrecision(1))} %`;
}
