/** What the colors of a mosaic mean, as small drawings. */
import { levelColor } from "./level_color.ts";
import { shiftColor } from "./mosaic_colors.ts";
import { mosaicOpacity, type RgbaPicture } from "./mosaic_pictures.ts";
import type { Sheet } from "./sheet.ts";
import { tones } from "./theme.ts";

/** Where a legend begins. */
export interface LegendPlace {
  readonly left: number;
  readonly top: number;
}

/** A disc of the colors of shifts, with the directions that they mean; 68 wide, 56 high. */
export function drawShiftLegend(
  sheet: Sheet,
  { left, top }: LegendPlace,
  reach: number,
): void {
  const radius = 22, side = 2 * radius + 1;
  const data = new Uint8ClampedArray(4 * side * side);
  for (let y = -radius; y <= radius; y++) {
    for (let x = -radius; x <= radius; x++) {
      const distance = Math.hypot(x, y);
      if (distance > radius + 0.5) continue;
      const color = shiftColor([y / radius * reach, x / radius * reach], { reach });
      // The rim fades over a pixel.
      const opacity = Math.min(1, radius + 0.5 - distance);
      data.set([...color, 255 * opacity], 4 * ((y + radius) * side + x + radius));
    }
  }
  sheet.picture({ data, width: side, height: side }, { left: left + 12, top, zoom: 1 });
  const middle = { x: left + 12 + side / 2, y: top + side / 2 };
  sheet.text("0", { x: middle.x, y: middle.y + 3.5 }, { size: 9, anchor: "middle" });
  const label = `${Number(reach.toFixed(1))}`;
  const small = { size: 10, anchor: "middle", soft: true } as const;
  sheet.text(label, { x: middle.x + side / 2 + 9, y: middle.y + 3.5 }, small);
  sheet.text(label, { x: middle.x - side / 2 - 9, y: middle.y + 3.5 }, small);
  sheet.text(`${label} px`, { x: middle.x, y: top + side + 10 }, small);
}

/** A bar of colors with numbers under it; as wide as asked for, 26 high. */
function drawBar(
  sheet: Sheet,
  { left, top, width }: LegendPlace & { readonly width: number },
  { colorAt, ticks }: {
    readonly colorAt: (place: number) => readonly number[];
    readonly ticks: readonly (readonly [place: number, label: string])[];
  },
): void {
  const columns = Math.round(width);
  const data = new Uint8ClampedArray(4 * columns);
  for (let x = 0; x < columns; x++) {
    const [red, green, blue, opacity = 1] = colorAt(x / (columns - 1));
    data.set([red!, green!, blue!, 255 * opacity], 4 * x);
  }
  const picture: RgbaPicture = { data, width: columns, height: 1 };
  // One row of pixels, drawn high.
  const rows = new Uint8ClampedArray(10 * data.length);
  for (let y = 0; y < 10; y++) rows.set(picture.data, y * data.length);
  sheet.picture({ data: rows, width: columns, height: 10 }, { left, top, zoom: 1 });
  sheet.box({ left, top, width: columns, height: 10 }, { stroke: tones.axis.light, width: 0.5 });
  for (const [place, label] of ticks) {
    const x = left + place * columns;
    sheet.path(`M${x.toFixed(1)} ${top + 10}v3`, { stroke: tones.axis.light, width: 0.75 });
    sheet.text(label, { x, y: top + 23 }, { size: 10, anchor: "middle", soft: true });
  }
}

/** How opaque weights are, in the first color of sources. */
export function drawOpacityLegend(
  sheet: Sheet,
  place: LegendPlace & { readonly width: number },
): void {
  const rgb = [0x34, 0x80, 0xfc] as const;
  drawBar(sheet, place, {
    // Along the bar opacity grows evenly, so that small weights can be read.
    colorAt: (at) => [...rgb, mosaicOpacity(at * at)],
    ticks: [0, 0.05, 0.25, 1].map((weight) => [mosaicOpacity(weight), percent(weight)] as const),
  });
}

/** The colors of a map from 0 to a largest value. */
export function drawLevelLegend(
  sheet: Sheet,
  place: LegendPlace & { readonly width: number },
  most: string,
): void {
  drawBar(sheet, place, { colorAt: levelColor, ticks: [[0, "0"], [1, most]] });
}

const percent = (part: number) => `${Math.round(100 * part)} %`;
