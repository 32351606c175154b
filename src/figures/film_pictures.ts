/** All pictures of a film, as pixels. */
import type { RgbaPixels } from "../formats/rgba_pixels.ts";
import { type Film, filmMoments, type FilmMomentsOptions } from "./film.ts";
import { filmFrameSvg, movingFrameParts } from "./film_frame.ts";
import type { Rasterizer } from "./rasterize.ts";

/**
 * Options of {@linkcode filmPictures}.
 *
 * @category Figures
 */
export interface FilmPicturesOptions extends FilmMomentsOptions {
  /** Draws SVG. */
  readonly rasterizer: Pick<Rasterizer, "pixels">;
  /** Pixels per unit of the layout, which is 660 wide: a whole number, so that image pixels stay squares. Default 1. */
  readonly zoom?: number | undefined;
}

/**
 * A picture of a film.
 *
 * @category Figures
 */
export interface FilmPicture {
  /** Its pixels. */
  readonly picture: RgbaPixels;
  /** How long it is shown. */
  readonly milliseconds: number;
}

/**
 * Draws a film, picture by picture, as {@linkcode filmFrameSvg} draws each moment; what stands still is drawn
 * once for each step. Together with `GifEncoder` or `ApngEncoder` of the formats it is a file.
 *
 * @example
 * ```ts
 * import { type Film, filmPictures } from "@els/toolkit/figures";
 * import { GifEncoder } from "@els/toolkit/formats";
 *
 * // The bytes of a film; `draw` is what `createRasterizer` gives.
 * function gifOf(film: Film, draw: Parameters<typeof filmPictures>[1]["rasterizer"]): Uint8Array {
 *   const gif = new GifEncoder();
 *   for (const { picture, milliseconds } of filmPictures(film, { rasterizer: draw })) {
 *     gif.add(picture, { milliseconds });
 *   }
 *   return gif.finish();
 * }
 * ```
 *
 * @throws RangeError if the film cannot be drawn.
 * @category Figures
 */
export function* filmPictures(
  film: Film,
  options: FilmPicturesOptions,
): Generator<FilmPicture, void, void> {
  const { rasterizer, zoom = 1, ...timing } = options;
  let still: RgbaPixels | undefined;
  for (const moment of filmMoments(film, timing)) {
    const { milliseconds } = moment;
    if (moment.point < 0 || still === undefined) {
      still = rasterizer.pixels(filmFrameSvg(film, moment), { zoom });
      yield { picture: still, milliseconds };
      continue;
    }
    const picture = { ...still, data: still.data.slice() };
    for (const { area, document } of movingFrameParts(film, moment)) {
      const part = rasterizer.pixels(document, { zoom });
      for (let row = 0; row < part.height; row++) {
        const to = ((area.top * zoom + row) * picture.width + area.left * zoom) * 4;
        picture.data.set(part.data.subarray(row * part.width * 4, (row + 1) * part.width * 4), to);
      }
    }
    yield { picture, milliseconds };
  }
}
