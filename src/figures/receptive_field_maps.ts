import { type ImageBatch, imageBatch } from "../core/image_batch.ts";
import {
  effectiveField,
  type FieldAtTime,
  fieldShares,
  type ReceptiveField,
} from "../networks/analysis/field_profile.ts";
import { checkField, evenly } from "./check_field.ts";
import { imageGridSvg } from "./image_grid.ts";
import { levelColor } from "./level_color.ts";

/** Maps shown side by side, at most. */
const maxMaps = 10;
/** Decades below its largest value that a map's colors tell apart. */
const decades = 4;

function colored({ map }: FieldAtTime, side: number): ImageBatch {
  const largest = Math.max(...map);
  const data = new Float32Array(3 * side * side);
  map.forEach((value, i) => {
    const level = value > 0 ? 1 + Math.log10(value / largest) / decades : 0;
    levelColor(level).forEach((c, j) => data[3 * i + j] = c / 127.5 - 1);
  });
  return imageBatch(data, [1, side, side, 3]);
}

const percent = (share: number) => `${Math.round(100 * share)} %`;

/**
 * How to read {@linkcode receptiveFieldMapsSvg}, in words for under the figure.
 *
 * @category Figures
 */
export const receptiveFieldMapsExplained: string =
  "Each map is the mean absolute derivative of an output pixel, which lies in its middle, by the noisy " +
  "pixels around it. Black: a map's largest value; white: below " +
  `1/${
    (10 ** decades).toLocaleString("en")
  } of it; logarithmic. Numbers: the width k of the square ` +
  "around the middle that holds this share of the sum.";

/**
 * Draws the maps of a receptive field side by side, from low to high noise. Colors are logarithmic
 * over four decades below each map's own largest value; white is less, or zero.
 *
 * @example
 * ```ts
 * import { receptiveFieldMapsSvg } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const times = [{ t: 0.5, sigma: 1, map: [0, 1, 0, 1, 4, 1, 0, 1, 0] }];
 * const field = { of: "x0", computed: 3, radius: 1, gradients: 8, times } as const;
 * assertStringIncludes(receptiveFieldMapsSvg(field), "<svg");
 * ```
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError if there is no map, or one has a wrong size or values.
 * @category Figures
 */
export function receptiveFieldMapsSvg(
  field: ReceptiveField,
  options: { readonly title?: string; readonly note?: string } = {},
): string {
  const { title, note } = options;
  checkField(field);
  const { of, radius } = field;
  const side = 2 * radius + 1;
  const shown = evenly(field.times, maxMaps);
  const images = shown.map((each) => colored(each, side).data);
  const data = new Float32Array(images.length * images[0]!.length);
  images.forEach((image, i) => data.set(image, i * image.length));
  return imageGridSvg({
    ...title !== undefined && shown.length >= 4 && { title },
    columns: shown.map(({ t }) => `t = ${Number(t.toFixed(3))}`),
    rows: [{
      label: `|d ${of} / d x|`,
      images: imageBatch(data, [shown.length, side, side, 3]),
    }],
    captions: fieldShares.map((share) => ({
      label: `k of ${percent(share)}`,
      values: shown.map((each) => `${effectiveField(each, { radius, share }) ?? "–"}`),
    })),
    note: note ??
      `Black: a map's largest value; white: below 1/${
        (10 ** decades).toLocaleString("en")
      } of it; logarithmic.`,
  }, { zoom: Math.max(2, Math.round(84 / side)), gutter: 6 });
}
