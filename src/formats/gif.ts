/** Animated GIFs, which play on and on. */
// @ts-types="omggif-types"
import { GifWriter } from "omggif";
import { ArgumentError } from "../core/errors.ts";
import { changedArea, colorsOfPicture } from "./changed_area.ts";
import { AnimationClock, checkAnimationSize } from "./animation.ts";
import { colorTable } from "./color_table.ts";
import type { RgbaPixels } from "./rgba_pixels.ts";

/** Longest time that a picture of a GIF may stand: 16 bits of hundredths of a second. */
const LONGEST = 655_350;

/** A picture that waits for its length to be known. */
interface Waiting {
  readonly write: (hundredths: number) => void;
  readonly begin: number;
}

/**
 * Writes a GIF picture by picture. A picture has colors of its own, up to 256: exactly its own where it has
 * so many or fewer (of the second picture on, where the pixels that change have 255 or fewer), else those
 * that err least. Nothing is dithered. Only what changes is stored. The same pictures give the same bytes.
 *
 * @example
 * ```ts
 * import { GifEncoder } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const gif = new GifEncoder();
 * for (const shade of [0, 255]) {
 *   const data = new Uint8Array(4 * 8 * 8).fill(shade);
 *   gif.add({ width: 8, height: 8, data }, { milliseconds: 500 });
 * }
 * assertEquals(new TextDecoder().decode(gif.finish().subarray(0, 6)), "GIF89a");
 * ```
 *
 * @category Formats
 */
export class GifEncoder {
  readonly #bytes: number[] = [];
  readonly #clock = new AnimationClock("GIF", { unit: 10, longest: LONGEST });
  #writer: GifWriter | undefined;
  #before: Uint32Array | undefined;
  #size: Pick<RgbaPixels, "width" | "height"> | undefined;
  #waiting: Waiting | undefined;

  /**
   * Adds a picture that is shown for so long.
   *
   * @param options.milliseconds How long; kept in hundredths of a second, without adding up errors.
   * @throws RangeError if its size is another than the first one's, or above 65,535, or the time is none.
   */
  add(picture: RgbaPixels, options: { readonly milliseconds: number }): void {
    this.#size = checkAnimationSize("GIF", picture, this.#size);
    const begin = this.#clock.add(options.milliseconds);
    const colors = colorsOfPicture(picture);
    const { width, height } = picture;
    if (this.#before === undefined) {
      const { table, places } = indexed(colors, 256);
      this.#writer = new GifWriter(this.#bytes, width, height, { loop: 0, palette: table });
      this.#wait(begin, (delay) => {
        this.#writer!.addFrame(0, 0, width, height, places, { delay, disposal: 1 });
      });
    } else {
      const area = changedArea(this.#before, colors, width);
      // What is the same stands longer.
      if (area === undefined) return;
      const before = this.#before;
      const inside = new Uint32Array(area.width * area.height);
      for (let i = 0; i < inside.length; i++) {
        const at = (area.top + Math.floor(i / area.width)) * width + area.left + i % area.width;
        inside[i] = before[at] === colors[at] ? SAME : colors[at]!;
      }
      const { table, places, same } = indexed(inside, 255);
      this.#wait(begin, (delay) => {
        this.#writer!.addFrame(area.left, area.top, area.width, area.height, places, {
          ...{ delay, disposal: 1, palette: table, transparent: same },
        });
      });
    }
    this.#before = colors;
  }

  /**
   * Ends the GIF.
   *
   * @returns Its bytes.
   * @throws RangeError if no picture was added.
   */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#waiting === undefined) {
      throw new ArgumentError("Cannot end a GIF without pictures: add one");
    }
    this.#wait(this.#clock.now, () => {});
    this.#writer!.end();
    return Uint8Array.from(this.#bytes);
  }

  /** Writes the picture that waits, now that the next begins. */
  #wait(begin: number, write: Waiting["write"]): void {
    if (this.#waiting !== undefined) this.#waiting.write(begin - this.#waiting.begin);
    this.#waiting = { begin, write };
  }
}

/** Stands for a pixel that stays as it was; no color. */
const SAME = 0xffffffff;

/** Pixels as places in a table of colors whose length is a power of 2, as GIF has it. */
function indexed(colors: Uint32Array, most: number) {
  const counts = new Map<number, number>();
  for (const color of colors) if (color !== SAME) counts.set(color, (counts.get(color) ?? 0) + 1);
  const { colors: found, placeOf } = colorTable(counts, most);
  const same = found.length;
  const used = found.length + (most === 256 ? 0 : 1);
  const table = [...found];
  const length = Math.max(2, 2 ** Math.ceil(Math.log2(used)));
  while (table.length < length) table.push(0);
  const places = Array.from(colors, (color) => color === SAME ? same : placeOf.get(color)!);
  return { table, places, same };
}
