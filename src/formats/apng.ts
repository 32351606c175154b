/** Animated PNGs, which play on and on, in exact colors. */
import { ArgumentError } from "../core/errors.ts";
import { AnimationClock, checkAnimationSize } from "./animation.ts";
import { type Area, changedArea, colorsOfPicture } from "./changed_area.ts";
import { crc32 } from "./crc32.ts";
import { rgbPng } from "./png.ts";
import { readPngChunks } from "./png_chunks.ts";
import type { RgbaPixels } from "./rgba_pixels.ts";
import { joinedBytes } from "./joined_bytes.ts";

/** Longest time that a picture may stand: 16 bits of milliseconds. */
const LONGEST = 65_535;

/** A picture of the animation: where it is drawn, and its pixels as PNG packs them. */
interface Frame {
  readonly area: Area;
  readonly packed: Uint8Array;
  readonly begin: number;
}

/**
 * Writes an animated PNG (PNG specification, third edition) picture by picture, in RGB of 8 bits, without
 * loss. Only the rectangle that changes is stored. Where animations are not known, the first picture is
 * shown. The same pictures give the same bytes.
 *
 * @example
 * ```ts
 * import { ApngEncoder } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const film = new ApngEncoder();
 * for (const shade of [0, 255]) {
 *   const data = new Uint8Array(4 * 8 * 8).fill(shade);
 *   film.add({ width: 8, height: 8, data }, { milliseconds: 500 });
 * }
 * assertEquals(new TextDecoder().decode(film.finish().subarray(1, 4)), "PNG");
 * ```
 *
 * @category Formats
 */
export class ApngEncoder {
  readonly #frames: Frame[] = [];
  readonly #clock = new AnimationClock("animated PNG", { unit: 1, longest: LONGEST });
  #before: Uint32Array | undefined;
  #size: Pick<RgbaPixels, "width" | "height"> | undefined;

  /**
   * Adds a picture that is shown for so long. Its opacity counts for nothing.
   *
   * @param options.milliseconds How long, up to 65,535 with pictures that are the same.
   * @throws RangeError if its size is another than the first one's, or above 65,535, or the time is none.
   */
  add(picture: RgbaPixels, options: { readonly milliseconds: number }): void {
    this.#size = checkAnimationSize("animated PNG", picture, this.#size);
    const begin = this.#clock.add(options.milliseconds);
    const colors = colorsOfPicture(picture);
    const { width, height } = picture;
    const area = this.#before === undefined
      ? { left: 0, top: 0, width, height }
      : changedArea(this.#before, colors, width);
    // What is the same stands longer.
    if (area === undefined) return;
    this.#before = colors;
    this.#frames.push({ area, packed: packedPixels(picture, area), begin });
  }

  /**
   * Ends the film.
   *
   * @returns Its bytes.
   * @throws RangeError if no picture was added.
   */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#size === undefined) {
      throw new ArgumentError("Cannot end an animated PNG without pictures: add one");
    }
    const { width, height } = this.#size;
    const chunks = [
      chunk("IHDR", [u32(width), u32(height), Uint8Array.of(8, 2, 0, 0, 0)]),
      chunk("acTL", [u32(this.#frames.length), u32(0)]),
    ];
    let sequence = 0;
    this.#frames.forEach(({ area, packed, begin }, i) => {
      const delay = Math.min(LONGEST, (this.#frames[i + 1]?.begin ?? this.#clock.now) - begin);
      chunks.push(chunk("fcTL", [
        u32(sequence++),
        ...[area.width, area.height, area.left, area.top].map(u32),
        ...[u16(delay), u16(1000)],
        // The area is left as drawn, and drawn over what was there.
        Uint8Array.of(0, 0),
      ]));
      chunks.push(
        i === 0 ? chunk("IDAT", [packed]) : chunk("fdAT", [u32(sequence++), packed]),
      );
    });
    chunks.push(chunk("IEND", []));
    return joinedBytes([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), ...chunks]);
  }
}

/** The pixels of an area as the zlib stream of a PNG. */
function packedPixels(picture: RgbaPixels, area: Area): Uint8Array {
  const maxPixels = area.width * area.height;
  return readPngChunks(rgbPng(picture, area), { source: "PNG", maxPixels }).packed;
}

const u32 = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const u16 = (value: number) => Uint8Array.of(value >>> 8, value);

function chunk(type: string, parts: readonly Uint8Array[]): Uint8Array {
  const content = joinedBytes([new TextEncoder().encode(type), ...parts]);
  return joinedBytes([u32(content.length - 4), content, u32(crc32(content))]);
}
