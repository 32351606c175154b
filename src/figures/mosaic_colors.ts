/** The colors of a mosaic: bright ones for the training images that made most of it, faint ones for others. */
import type { Explanation } from "../machines/explanation.ts";

/**
 * Colors of the training images that made most of a picture, the first one's first. Any two are told apart
 * by full color vision and all kinds of color blindness (tests/figures/mosaic_colors_test.ts), and from
 * white and black.
 *
 * @category Figures
 */
export const sourcePalette: readonly string[] = [
  "#3480fc",
  "#dec500",
  "#a10054",
  "#68dcc7",
  "#fb8083",
  "#5d33bd",
  "#708500",
  "#007176",
  "#c3baff",
  "#5f4a00",
];

/** Colors of all other training images: faint hues, far from the bright ones, light and dark in turn. */
export const otherSources: readonly string[] = [
  "#c49395",
  "#eabca8",
  "#b89d78",
  "#cdca9d",
  "#92aa85",
  "#9ed0e5",
  "#74aead",
  "#e5b8d0",
  "#89a4c7",
  "#b097bc",
];

/**
 * A training image's part of a mosaic.
 *
 * @category Figures
 */
export interface MosaicSource {
  /** Training image. */
  readonly image: number;
  /** Pixels that it is the heaviest source of, each counted by the weight of its candidate. */
  readonly visible: number;
  /** Pixels that it is the heaviest source of. */
  readonly pixels: number;
}

/**
 * The training images that a mosaic shows, from what is seen most of to what is seen least of; of equal
 * ones the lower number first.
 *
 * @example
 * ```ts
 * import { mosaicSources } from "@els/toolkit/figures";
 * import { bytesToImages, cosineLegacy, createMachine, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * await using machine = createMachine("IS", { images, schedule: cosineLegacy() });
 * const [source] = mosaicSources([await machine.explain(images, 0.02)], { query: 2 });
 * assertEquals([source!.image, source!.pixels], [2, 64]);
 * ```
 *
 * @param explanations One, or those of several steps together.
 * @param options.query Which of their queries; 0 when absent.
 * @category Figures
 */
export function mosaicSources(
  explanations: readonly Pick<Explanation, "shape" | "image" | "weight">[],
  options: { readonly query?: number } = {},
): MosaicSource[] {
  const { query = 0 } = options;
  const found = new Map<number, { image: number; visible: number; pixels: number }>();
  for (const { shape: [, pixels, top], image, weight } of explanations) {
    for (let e = 0; e < pixels; e++) {
      const at = (query * pixels + e) * top, source = image[at]!;
      if (source < 0) continue;
      const known = found.get(source) ?? { image: source, visible: 0, pixels: 0 };
      known.visible += weight[at]!;
      known.pixels++;
      found.set(source, known);
    }
  }
  return [...found.values()].sort((a, b) => b.visible - a.visible || a.image - b.image);
}

/**
 * Which color each training image has.
 *
 * @category Figures
 */
export interface SourceColors {
  /** Training images with a color of their own, in the order of {@linkcode sourcePalette}. */
  readonly named: readonly number[];
  /** Color of any training image, `#rrggbb`. */
  of(image: number): string;
}

/**
 * Gives the first training images of a list a color of their own; each of the others has one of some faint
 * hues, always the same. To keep colors over steps and views, ask once and hand the answer on.
 *
 * @example
 * ```ts
 * import { sourceColors, sourcePalette } from "@els/toolkit/figures";
 * import { assertEquals } from "@std/assert";
 *
 * const colors = sourceColors([4711, 12]);
 * assertEquals([colors.of(4711), colors.of(12)], sourcePalette.slice(0, 2));
 * assertEquals(colors.of(3), colors.of(3));
 * ```
 *
 * @param images Training images, the most important first, as {@linkcode mosaicSources} lists them.
 * @category Figures
 */
export function sourceColors(images: Iterable<number>): SourceColors {
  const named = [...new Set(images)].slice(0, sourcePalette.length);
  const own = new Map(named.map((image, i) => [image, sourcePalette[i]!]));
  return { named, of: (image) => own.get(image) ?? otherColor(image) };
}

/** Neighbors get hues far apart: multiples of the golden ratio fall into all parts of the list. */
function otherColor(image: number): string {
  return otherSources[Math.floor(((image * 0.6180339887) % 1) * otherSources.length)]!;
}

/**
 * Color of a shift: its direction as hue (right orange, down green, left blue, up violet), its length as
 * strength; no shift is gray. Equal steps of hue are equal steps to the eye (OKLCH).
 *
 * @example
 * ```ts
 * import { shiftColor } from "@els/toolkit/figures";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * assertEquals(shiftColor([0, 0], { reach: 8 }), [171, 171, 171]);
 * assertNotEquals(shiftColor([0, 5], { reach: 8 }), shiftColor([5, 0], { reach: 8 }));
 * ```
 *
 * @param shift Rows and columns from a pixel to what it copies.
 * @param options.reach Length in pixels from which on colors have their full strength.
 * @returns Red, green, blue, 0 to 255.
 * @category Figures
 */
export function shiftColor(
  shift: readonly [rows: number, columns: number],
  options: { readonly reach: number },
): [red: number, green: number, blue: number] {
  const [rows, columns] = shift;
  const { reach } = options;
  const strength = Math.min(1, Math.hypot(rows, columns) / reach);
  const angle = Math.atan2(rows, columns) + shiftHue;
  // OKLab to sRGB (Ottosson 2020). At this lightness and strength all hues can be shown.
  const a = shiftChroma * Math.sqrt(strength) * Math.cos(angle);
  const b = shiftChroma * Math.sqrt(strength) * Math.sin(angle);
  const [l, m, s] = [
    shiftLightness + 0.3963377774 * a + 0.2158037573 * b,
    shiftLightness - 0.1055613458 * a - 0.0638541728 * b,
    shiftLightness - 0.0894841775 * a - 1.291485548 * b,
  ].map((root) => root ** 3) as [number, number, number];
  return [
    byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    byte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const shiftLightness = 0.74;
const shiftChroma = 0.125;
/** Hue of a shift to the right, in radians. */
const shiftHue = 55 * Math.PI / 180;

/** A linear intensity of 0 to 1 as a byte of sRGB. */
function byte(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}
