import { ArgumentError } from "../core/errors.ts";
import { type ImageBatch, sliceBatch } from "../core/image_batch.ts";
import { Sheet } from "./sheet.ts";
import { tones } from "./theme.ts";

/**
 * Images of one kind, one per row, with their nearest training images.
 *
 * @category Figures
 */
export interface NearestGroup {
  /** What they are, such as "network". */
  readonly label: string;
  /** `[Q, H, W, C]`; the first of them are drawn. */
  readonly images: ImageBatch;
  /** What `nearestCopies` of `@els/toolkit/quality` found for them. */
  readonly nearest: {
    readonly shape: readonly [images: number, found: number];
    readonly image: Int32Array;
    readonly distance: Float64Array;
  };
}

/**
 * Options of {@linkcode nearestSvg}.
 *
 * @category Figures
 */
export interface NearestOptions {
  /** The training images, `[N, H, W, C]`. */
  readonly images: ImageBatch;
  /** Images of each group that are drawn; those of the first group when absent. */
  readonly rows?: number;
  /** Line above the figure. */
  readonly title?: string | undefined;
  /** Small text under it. */
  readonly note?: string | undefined;
}

/**
 * How to read {@linkcode nearestSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const nearestExplained: string =
  "Beside each image the training images that are nearest to it, with their number and the Euclidean distance " +
  "(L2) over all values, which lie from -1 to 1. A copy of a training image has a distance near 0. Held out: images " +
  "that neither network nor machines have seen; what is no nearer to a training image than these are is " +
  "no memory of it.";

/**
 * Draws images beside their nearest training images, with the distances.
 *
 * @example
 * ```ts
 * import { nearestSvg } from "@els/toolkit/figures";
 * import { bytesToImages, sliceBatch, syntheticTextures } from "@els/toolkit/machines";
 * import { nearestCopies } from "@els/toolkit/quality";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 6, size: 8 }));
 * const mine = sliceBatch(images, 4, 6);
 * const group = { label: "network", images: mine, nearest: await nearestCopies(mine, images) };
 * assertStringIncludes(nearestSvg([group], { images }), "#4");
 * ```
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no group or image.
 * @category Figures
 */
export function nearestSvg(groups: readonly NearestGroup[], options: NearestOptions): string {
  const { images, title, note, rows = groups[0]?.images.shape[0] ?? 0 } = options;
  if (groups.length === 0 || !(rows > 0) || groups.some((group) => group.images.shape[0] === 0)) {
    throw new ArgumentError("Cannot draw nearest images: there is no group, or one without images");
  }
  const [, height, width] = images.shape;
  const zoom = Math.max(1, Math.round(72 / Math.max(height, width)));
  const [w, h, margin, gap, groupGap, rowGap] = [width * zoom, height * zoom, 10, 5, 26, 36];
  const sheet = new Sheet();
  let top = margin;
  if (title !== undefined) {
    sheet.text(title, { x: margin, y: top + 14 }, { size: 14, bold: true });
    top += 28;
  }
  let left = margin;
  for (const { label, images: own, nearest } of groups) {
    const [, found] = nearest.shape;
    const text = (content: string, column: number) =>
      sheet.text(content, { x: left + column * (w + gap) + w / 2, y: top + 12 }, {
        size: 13,
        anchor: "middle",
      });
    text(label, 0);
    sheet.text("nearest training images", { x: left + w + gap + 4, y: top + 12 }, {
      size: 11,
      soft: true,
    });
    for (let row = 0; row < Math.min(rows, own.shape[0]); row++) {
      const y = top + 20 + row * (h + rowGap);
      sheet.picture(sliceBatch(own, row, row + 1), { left, top: y, zoom });
      for (let i = 0; i < found; i++) {
        const at = row * found + i, x = left + (i + 1) * (w + gap) + 4;
        sheet.picture(sliceBatch(images, nearest.image[at]!, nearest.image[at]! + 1), {
          left: x,
          top: y,
          zoom,
        });
        const middle = x + w / 2;
        sheet.text(nearest.distance[at]!.toFixed(2), { x: middle, y: y + h + 13 }, {
          size: 11,
          anchor: "middle",
        });
        sheet.text(`#${nearest.image[at]}`, { x: middle, y: y + h + 25 }, {
          size: 9,
          anchor: "middle",
          soft: true,
        });
      }
      sheet.box({ left: left - 2, top: y - 2, width: w + 4, height: h + 4 }, {
        stroke: tones.accent.light,
        width: 2,
      });
    }
    left += (found + 1) * (w + gap) + groupGap;
  }
  return sheet.svg({
    description: `Images beside their nearest training images: ${
      groups.map(({ label }) => label).join(", ")
    }`,
    note,
  });
}
