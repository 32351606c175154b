/** What an animation has to draw anew from one picture to the next. */
import type { RgbaPixels } from "./rgba_pixels.ts";

/** A rectangle of pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The pixels of a picture as one number each. Opacity counts for nothing: animations are drawn on paper. */
export function colorsOfPicture({ data, width, height }: RgbaPixels): Uint32Array {
  const colors = new Uint32Array(width * height);
  for (let i = 0; i < colors.length; i++) {
    colors[i] = data[4 * i]! << 16 | data[4 * i + 1]! << 8 | data[4 * i + 2]!;
  }
  return colors;
}

/** The smallest rectangle that holds all pixels that differ; undefined where none does. */
export function changedArea(
  before: Uint32Array,
  after: Uint32Array,
  width: number,
): Area | undefined {
  let [left, right, top, bottom] = [width, -1, -1, -1];
  for (let i = 0; i < after.length; i++) {
    if (after[i] === before[i]) continue;
    const row = Math.floor(i / width), column = i - row * width;
    if (top < 0) top = row;
    bottom = row;
    if (column < left) left = column;
    if (column > right) right = column;
  }
  if (top < 0) return undefined;
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}
