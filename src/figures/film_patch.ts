/** What a film shows of the patch around its pixel: windows drawn into images, and patches cut out. */
import type { ImageBatch } from "../core/image_batch.ts";
import { seriesStyles, tones } from "./theme.ts";

/** Color of windows, which gray images and most photographs do not have. */
export const windowColor: string = seriesStyles[1]!.color.light;

/** Where an image is drawn, and how large. */
export interface Place {
  readonly x: number;
  readonly y: number;
  /** Side of an image pixel. */
  readonly zoom: number;
}

/** A window in an image. */
export interface PatchWindow {
  readonly row: number;
  readonly column: number;
  /** Side k of the window, odd; absent: the whole image. */
  readonly patchSize: number | undefined;
  /** Whether it goes on at the opposite border. */
  readonly wraps: boolean;
}

/** Pixels of a line's width; half of it lies on either side, so that edges fall between pixels. */
const line = 2;

/** A window as lines around its pixels, and its middle; within the image, or going on at its other side. */
export function windowSvg(
  [, height, width]: ImageBatch["shape"],
  place: Place,
  { row, column, patchSize, wraps }: PatchWindow,
): string {
  const { x, y, zoom } = place;
  const half = ((patchSize ?? 1) - 1) / 2;
  const boxes: string[] = [];
  const box = (top: number, left: number, bottom: number, right: number) => {
    boxes.push(
      `M${x + left * zoom - 1},${y + top * zoom - 1}H${x + right * zoom + 1}` +
        `V${y + bottom * zoom + 1}H${x + left * zoom - 1}Z`,
    );
  };
  if (patchSize === undefined) box(0, 0, height, width);
  else if (!wraps) {
    box(
      Math.max(0, row - half),
      Math.max(0, column - half),
      Math.min(height, row + half + 1),
      Math.min(width, column + half + 1),
    );
  } else {
    for (const down of [-height, 0, height]) {
      for (const along of [-width, 0, width]) {
        const [top, left] = [row + down - half, column + along - half];
        const visible = top < height && left < width && top + 2 * half + 1 > 0 &&
          left + 2 * half + 1 > 0;
        if (visible) box(top, left, top + 2 * half + 1, left + 2 * half + 1);
      }
    }
  }
  const d = boxes.join("");
  const id = `w${x}-${y}`;
  // Under the colored line a white one, for images of its color.
  return `<clipPath id="${id}"><rect x="${x - line}" y="${y - line}" ` +
    `width="${width * zoom + 2 * line}" height="${height * zoom + 2 * line}"/></clipPath>` +
    `<g clip-path="url(#${id})" fill="none"><path d="${d}" stroke="${tones.paper.light}" ` +
    `stroke-width="${
      2 * line
    }"/><path d="${d}" stroke="${windowColor}" stroke-width="${line}"/></g>` +
    pixelSvg(place, { row, column });
}

/** The outline of one pixel. */
export function pixelSvg(
  { x, y, zoom }: Place,
  { row, column }: Pick<PatchWindow, "row" | "column">,
): string {
  return `<rect x="${x + column * zoom - 0.5}" y="${y + row * zoom - 0.5}" width="${zoom + 1}" ` +
    `height="${zoom + 1}" fill="none" stroke="${windowColor}"/>`;
}

/** The patch in a window, `[1, k, k, C]`; outside the image zeros, as padding has them. */
export function patchOf(image: ImageBatch, window: PatchWindow): ImageBatch {
  const { row, column, patchSize, wraps } = window;
  if (patchSize === undefined) return image;
  const [, height, width, channels] = image.shape;
  const half = (patchSize - 1) / 2;
  const data = new Float32Array(patchSize * patchSize * channels);
  for (let i = 0; i < patchSize * patchSize; i++) {
    let y = row - half + Math.floor(i / patchSize);
    let x = column - half + i % patchSize;
    if (wraps) {
      y = (y % height + height) % height;
      x = (x % width + width) % width;
    }
    if (y < 0 || x < 0 || y >= height || x >= width) continue;
    const from = (y * width + x) * channels;
    data.set(image.data.subarray(from, from + channels), i * channels);
  }
  return { data, shape: [1, patchSize, patchSize, channels] };
}
