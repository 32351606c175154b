import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, sliceBatch } from "../core/image_batch.ts";
import {
  type MosaicSource,
  mosaicSources,
  type SourceColors,
  sourceColors,
} from "./mosaic_colors.ts";
import { drawOpacityLegend, drawShiftLegend } from "./mosaic_legends.ts";
import { copiedImage, shiftPicture, sourcePicture } from "./mosaic_pictures.ts";
import type { MosaicStep, MosaicTrace } from "./mosaic_step.ts";
import { borderPath } from "./region_borders.ts";
import { Sheet } from "./sheet.ts";
import { ink, tones } from "./theme.ts";

/**
 * One sample of {@linkcode mosaicSvg}.
 *
 * @category Figures
 */
export interface MosaicRow {
  /** What is written beside it, such as "sample 0". */
  readonly label: string;
  /** What the network made of the same noise, `[1, H, W, C]`. */
  readonly network: ImageBatch;
  /** What the machine made of it. */
  readonly trace: MosaicTrace;
}

/**
 * Options of {@linkcode mosaicSvg}.
 *
 * @category Figures
 */
export interface MosaicOptions {
  /** The machine's training images, `[N, H, W, C]`. */
  readonly images: ImageBatch;
  /** Names of classes by label; with `labels`, training images are named by their class. */
  readonly classNames?: readonly string[] | undefined;
  /** Class of each training image. */
  readonly labels?: ArrayLike<number> | undefined;
  /** Line above the figure. */
  readonly title?: string | undefined;
  /** Small text under it. */
  readonly note?: string | undefined;
}

/**
 * How to read {@linkcode mosaicSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const mosaicExplained: string =
  "Each pixel of the machine's image is an average of pixels of training images; here it has the color of " +
  "the image that its heaviest candidate lies in, as opaque as the square root of that candidate's weight: " +
  "what is pale is a mean of many. Lines part neighbors that come from different images. Copied: each pixel " +
  "from its heaviest candidate alone. Shift: from where, as the hue of the way from the pixel to the " +
  "candidate. Right: the training images that are seen most, their part of what is seen, and outlined what " +
  "was copied from them; faint hues in the mosaic are all others. Lines and outlines leave out pixels whose " +
  "heaviest candidate has less than 5 % of the weight.";

/** Weight from which on a heaviest candidate counts as a source: what is below is a mean of many. */
const leastWeight = 0.05;

/** Training images shown beside each sample. */
const shownSources = 10;

/**
 * Draws which training images made samples: of each the network's image, the machine's, the mosaic of
 * sources, the copied pixels, the shifts, and the sources themselves.
 *
 * @example
 * ```ts
 * import { mosaicSvg } from "@els/toolkit/figures";
 * import { bytesToImages, cosineLegacy, createMachine, syntheticTextures } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("ELS", { images, schedule: cosineLegacy(), patchSize: 3 });
 * const x = { data: images.data.slice(0, 64), shape: [1, 8, 8, 1] } as const;
 * const explanation = await machine.explain(x, 0.02);
 * const trace = {
 *   machine: "ELS",
 *   steps: [{ ...explanation, x }],
 *   image: explanation.xHat0,
 *   wrap: true,
 * };
 * const svg = mosaicSvg([{ label: "sample 0", network: x, trace }], { images });
 * assertStringIncludes(svg, "sample 0");
 * ```
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no sample, or one without steps.
 * @category Figures
 */
export function mosaicSvg(rows: readonly MosaicRow[], options: MosaicOptions): string {
  const { images, title, note } = options;
  const first = rows[0];
  if (first === undefined || rows.some(({ trace }) => trace.steps.length === 0)) {
    throw new ArgumentError("Cannot draw a mosaic: there is no sample, or one without steps");
  }
  const [, height, width] = images.shape;
  const zoom = Math.max(1, Math.round(160 / Math.max(height, width)));
  const cell = { width: width * zoom, height: height * zoom };
  const [gap, rowGap, margin] = [12, 34, 10];
  const sheet = new Sheet();
  let top = margin;
  if (title !== undefined) {
    sheet.text(title, { x: margin, y: top + 14 }, { size: 14, bold: true });
    top += 28;
  }
  const machines = [...new Set(rows.map(({ trace }) => trace.machine))];
  const machine = machines.length === 1 ? first.trace.machine : "machine";
  const heads = ["network", machine, "mosaic of sources", "copied", "shift"];
  const column = (i: number) => margin + i * (cell.width + gap);
  heads.forEach((head, i) =>
    sheet.text(head, { x: column(i) + cell.width / 2, y: top + 14 }, { size: 13, anchor: "middle" })
  );
  const right = column(heads.length) + 6;
  sheet.text("training images seen most", { x: right, y: top + 14 }, { size: 13 });
  top += 24;
  rows.forEach(({ label, network, trace }) => {
    const step = trace.steps.at(-1)!;
    const sources = mosaicSources([step]);
    const colors = sourceColors(sources.map(({ image }) => image));
    const place = (i: number) => ({ left: column(i), top, zoom });
    sheet.picture(network, place(0));
    sheet.picture(trace.image, place(1));
    sheet.picture(sourcePicture(step, { colors }), place(2));
    drawBorders(sheet, step, place(2));
    sheet.picture(copiedImage(step, { images }), place(3));
    sheet.picture(shiftPicture(step, { wrap: trace.wrap }), place(4));
    drawBorders(sheet, step, place(4));
    sheet.text(label, { x: column(0), y: top + cell.height + 15 }, { size: 12, soft: true });
    drawSources(sheet, {
      ...{ step, sources, colors, options },
      ...{ left: right, top, height: cell.height },
    });
    top += cell.height + rowGap;
  });
  top -= rowGap - 14;
  sheet.text("weight of the heaviest", {
    x: column(2) + cell.width / 2,
    y: top + 12,
  }, { size: 11, anchor: "middle", soft: true });
  drawOpacityLegend(sheet, { left: column(2) + 8, top: top + 20, width: cell.width - 16 });
  const reach = Math.max(height, width) / 2;
  drawShiftLegend(sheet, { left: column(4) + cell.width / 2 - 34, top: top + 2 }, reach);
  return sheet.svg({
    description: `Mosaics of ${
      rows.map(({ label }) => label).join(", ")
    } of ${machines.join(", ")}: in the color of the training image ` +
      "that made most of it each pixel",
    note,
  });
}

/** A frame, and in it the lines between pixels of different training images. */
export function drawBorders(
  sheet: Sheet,
  step: MosaicStep,
  { left, top, zoom, lines = true }: {
    readonly left: number;
    readonly top: number;
    readonly zoom: number;
    /** Whether more is drawn than the frame. */
    readonly lines?: boolean;
  },
): void {
  const [, height, width] = step.xHat0.shape;
  const of = new Int32Array(height * width).fill(-1);
  step.pixels.forEach(([y, x], e) => {
    const at = e * step.shape[2];
    if (step.weight[at]! >= leastWeight) of[y * width + x] = step.image[at]!;
  });
  if (lines) {
    sheet.path(borderPath(of, { height, width, zoom, left, top }), {
      stroke: ink,
      width: 0.15 * zoom,
      opacity: 0.6,
    });
  }
  sheet.box({ left, top, width: width * zoom, height: height * zoom }, {
    stroke: tones.axis.light,
    width: 0.6,
  });
}

/** The sources in two rows, with outlines around what was copied. */
function drawSources(
  sheet: Sheet,
  { step, sources, colors, options, left, top, height }: {
    readonly step: MosaicStep;
    readonly sources: readonly MosaicSource[];
    readonly colors: SourceColors;
    readonly options: MosaicOptions;
    readonly left: number;
    readonly top: number;
    readonly height: number;
  },
): void {
  const { images, labels, classNames = [] } = options;
  const [, rows, columns] = images.shape;
  const perRow = shownSources / 2;
  const high = (height - 38) / 2;
  const zoom = high / Math.max(rows, columns);
  const seen = sources.reduce((sum, { visible }) => sum + visible, 0);
  sources.slice(0, shownSources).forEach((source, i) => {
    const at = {
      left: left + i % perRow * (columns * zoom + 20),
      top: top + Math.floor(i / perRow) * (rows * zoom + 38),
      zoom,
    };
    const color = colors.of(source.image);
    const copied = copiedMask(step, { image: source.image, rows, columns });
    sheet.picture(sliceBatch(images, source.image, source.image + 1), at);
    sheet.path(maskOutline(copied, { rows, columns, ...at }), {
      stroke: color,
      width: 1.6,
      fixed: true,
    });
    sheet.box(
      { left: at.left - 2, top: at.top - 2, width: columns * zoom + 4, height: rows * zoom + 4 },
      { stroke: color, width: 3, fixed: true },
    );
    const label = labels?.[source.image];
    const name = label === undefined ? undefined : classNames[label] ?? `class ${label}`;
    const text = { x: at.left + columns * zoom / 2, y: at.top + rows * zoom + 14 };
    sheet.text(`#${source.image}`, text, { size: 10, anchor: "middle" });
    sheet.text(
      [...name === undefined ? [] : [name], share(source.visible / seen)].join(", "),
      { x: text.x, y: text.y + 11 },
      { size: 9, anchor: "middle", soft: true },
    );
  });
}

const share = (part: number) => part < 0.01 ? "< 1 %" : `${Math.round(100 * part)} %`;

/** Which pixels of a training image are the source of some pixel. */
function copiedMask(
  step: MosaicStep,
  { image, rows, columns }: {
    readonly image: number;
    readonly rows: number;
    readonly columns: number;
  },
): Uint8Array {
  const mask = new Uint8Array(rows * columns);
  const [, pixels, top] = step.shape;
  for (let e = 0; e < pixels; e++) {
    const at = e * top;
    if (step.image[at] === image && step.weight[at]! >= leastWeight) {
      mask[step.row[at]! * columns + step.column[at]!] = 1;
    }
  }
  return mask;
}

/** The border of a mask, along the sides of its pixels; the image's own sides as well. */
function maskOutline(
  mask: Uint8Array,
  { rows, columns, left, top, zoom }: {
    readonly rows: number;
    readonly columns: number;
    readonly left: number;
    readonly top: number;
    readonly zoom: number;
  },
): string {
  const path = borderPath(mask, { height: rows, width: columns, zoom, left, top });
  return path.replace(/\d+\.\d{3,}/g, (number) => Number(number).toFixed(2));
}
