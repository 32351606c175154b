import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, sliceBatch } from "../core/image_batch.ts";
import { evenly } from "./check_field.ts";
import { mosaicSources, sourceColors } from "./mosaic_colors.ts";
import { drawBorders } from "./mosaic_figure.ts";
import { drawLevelLegend, drawOpacityLegend, drawShiftLegend } from "./mosaic_legends.ts";
import {
  copiedImage,
  entropyPicture,
  type RgbaPicture,
  shiftPicture,
  sourcePicture,
  weightPicture,
} from "./mosaic_pictures.ts";
import type { MosaicStep, MosaicTrace } from "./mosaic_step.ts";
import { Sheet } from "./sheet.ts";

/**
 * Options of {@linkcode mosaicStepsSvg}.
 *
 * @category Figures
 */
export interface MosaicStepsOptions {
  /** The machine's training images, `[N, H, W, C]`. */
  readonly images: ImageBatch;
  /** What the network denoises from the same noise at each step, `[S, H, W, C]`. */
  readonly network?: ImageBatch | undefined;
  /** Line above the figure. */
  readonly title?: string | undefined;
  /** Small text under it. */
  readonly note?: string | undefined;
}

/**
 * How to read {@linkcode mosaicStepsSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const mosaicStepsExplained: string =
  "Each column is a reverse step, at time t and patch size k, from noise to image. Denoised: the clean image " +
  "that is expected from x. Mosaic, copied and shift are those of the step's heaviest candidates, in the " +
  "colors of the mosaic above. Heaviest weight: of one training patch in each pixel. Entropy: of the weights " +
  "of all patches, in nats; exp of it is the number of patches that take part.";

/** Steps shown at most. */
const maxSteps = 12;

/**
 * Draws a sample's mosaic step by step: noisy and denoised images, sources, copied pixels, shifts, and maps
 * of the heaviest weight and of the entropy.
 *
 * @example
 * ```ts
 * import { mosaicStepsSvg } from "@els/toolkit/figures";
 * import { bytesToImages, cosineLegacy, createMachine, syntheticTextures } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("ELS", { images, schedule: cosineLegacy(), patchSize: 3 });
 * const x = { data: images.data.slice(0, 64), shape: [1, 8, 8, 1] } as const;
 * const steps = [{ ...await machine.explain(x, 0.02), x }];
 * const trace = { machine: "ELS", steps, image: steps[0]!.xHat0, wrap: true };
 * assertStringIncludes(mosaicStepsSvg(trace, { images }), "k = 3");
 * ```
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no step.
 * @category Figures
 */
export function mosaicStepsSvg(trace: MosaicTrace, options: MosaicStepsOptions): string {
  const { images, network, title, note } = options;
  const { machine, wrap } = trace;
  if (trace.steps.length === 0) {
    throw new ArgumentError("Cannot draw the steps of a mosaic: there are none");
  }
  const shown = evenly(trace.steps.map((step, i) => ({ step, i })), maxSteps);
  const [, height, width] = images.shape;
  const zoom = Math.max(1, Math.round(64 / Math.max(height, width)));
  const [w, h, gap, margin, left] = [width * zoom, height * zoom, 5, 10, 104];
  const sheet = new Sheet();
  let top = margin;
  if (title !== undefined) {
    sheet.text(title, { x: margin, y: top + 14 }, { size: 14, bold: true });
    top += 26;
  }
  const column = (i: number) => left + i * (w + gap);
  shown.forEach(({ step: { t, patchSize } }, i) => {
    const x = column(i) + w / 2;
    sheet.text(`t = ${timeText(t)}`, { x, y: top + 11 }, { size: 11, anchor: "middle" });
    sheet.text(`k = ${patchSize}`, { x, y: top + 24 }, { size: 10, anchor: "middle", soft: true });
  });
  top += 32;
  // The colors of the last step's sources, so that one image has one color in all steps.
  const sources = mosaicSources([trace.steps.at(-1)!]);
  const colors = sourceColors(sources.map(({ image }) => image));
  const most = Math.max(...trace.steps.map(({ entropy }) => Math.max(...entropy)));
  const rows: {
    readonly label: string;
    readonly picture: (step: MosaicStep, i: number) => RgbaPicture | ImageBatch;
    readonly borders?: true;
  }[] = [
    { label: "noisy x_t", picture: ({ x }) => shownNoise(x) },
    ...network === undefined ? [] : [{
      label: "network",
      picture: (_: MosaicStep, i: number) => sliceBatch(network, i, i + 1),
    }],
    { label: `${machine} denoised`, picture: ({ xHat0 }) => xHat0 },
    { label: "mosaic", picture: (step) => sourcePicture(step, { colors }), borders: true },
    { label: "copied", picture: (step) => copiedImage(step, { images }) },
    { label: "shift", picture: (step) => shiftPicture(step, { wrap }), borders: true },
    { label: "heaviest weight", picture: (step) => weightPicture(step), borders: true },
    { label: "entropy", picture: (step) => entropyPicture(step, { most }), borders: true },
  ];
  for (const { label, picture, borders } of rows) {
    sheet.text(label, { x: left - 10, y: top + h / 2 + 4 }, { anchor: "end", size: 12 });
    shown.forEach(({ step, i }, at) => {
      const place = { left: column(at), top, zoom };
      sheet.picture(picture(step, i), place);
      if (borders) drawBorders(sheet, step, { ...place, lines: !/weight|entropy/.test(label) });
    });
    top += h + gap;
  }
  top += 10;
  const legend = (i: number, text: string) => {
    const at = left + i * 170;
    sheet.text(text, { x: at, y: top + 10 }, { size: 11, soft: true });
    return { left: at, top: top + 17, width: 120 };
  };
  drawOpacityLegend(sheet, legend(0, "opacity: heaviest weight"));
  drawLevelLegend(sheet, legend(1, "heaviest weight"), "100 %");
  drawLevelLegend(sheet, legend(2, "entropy (nats)"), most.toFixed(1));
  const reach = Math.max(height, width) / 2;
  sheet.text("shift", { x: left + 3 * 170, y: top + 10 }, { size: 11, soft: true });
  drawShiftLegend(sheet, { left: left + 3 * 170 + 28, top: top - 2 }, reach);
  return sheet.svg({
    description:
      `${trace.steps.length} reverse steps of ${machine}: images, mosaic, heaviest weight and ` +
      "entropy",
    note,
  });
}

/** Noisy images in the range that pictures have. */
function shownNoise({ data, shape }: ImageBatch): ImageBatch {
  let largest = 1;
  for (const value of data) largest = Math.max(largest, Math.abs(value));
  // Of noise far beyond the range, all of it is shown, smaller.
  const scale = largest > 6 ? 3 / largest : 1;
  return { data: data.map((value) => value * scale), shape };
}

/** A time with as many digits as tell it from 1. */
export function timeText(t: number): string {
  return t > 0.9 && t < 1 ? t.toFixed(3) : String(Number(t.toFixed(2)));
}
