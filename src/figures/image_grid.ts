import { ArgumentError } from "../core/errors.ts";
import type { ImageBatch } from "../core/image_batch.ts";
import { encodePng } from "../formats/png.ts";
import { appendNote } from "./append_note.ts";
import { base64 } from "./base64.ts";
import { withDarkVariant } from "./dark_variant.ts";
import { tileImages, type TileOptions } from "./tile_images.ts";
import { fontFamily, ink, tones } from "./theme.ts";
import { escapeXml, textWidth } from "./xml.ts";

/**
 * Images of one kind, one per sample.
 *
 * @category Figures
 */
export interface GridRow {
  /** Text at the left, such as "network"; a subscript follows an underscore, as in "noise x_T". */
  readonly label: string;
  /** `[B, H, W, C]`, values in [-1, 1]; one image per column. */
  readonly images: ImageBatch;
}

/**
 * A line of text under the images, one entry per column.
 *
 * @category Figures
 */
export interface GridCaption {
  /** Text at the left, such as "r² bbELS". */
  readonly label: string;
  /** One text per column. */
  readonly values: readonly string[];
}

/**
 * What an image grid shows: kinds in rows, samples in columns.
 *
 * @category Figures
 */
export interface ImageGrid {
  /** From top to bottom. */
  readonly rows: readonly GridRow[];
  /** Text above each column. */
  readonly columns?: readonly string[];
  /** Lines under the columns. */
  readonly captions?: readonly GridCaption[];
  /** Whether rows may have fewer images than the first, as images broken into lines have. Default false. */
  readonly ragged?: boolean;
  /** Line above the grid. */
  readonly title?: string;
  /** Small text below everything, such as what rows mean; broken into lines. */
  readonly note?: string;
}

/**
 * Options of {@linkcode imageGridSvg}.
 *
 * @category Figures
 */
export interface ImageGridOptions {
  /** Side of an image pixel in units of the SVG, a whole number; default 2. */
  readonly zoom?: number;
  /** Space between images in units of the SVG, a whole number; default 4. */
  readonly gutter?: number;
}

/**
 * A grid of images as PNG, without text.
 *
 * @example
 * ```ts
 * import { imageGridPng } from "@els/toolkit/figures";
 * import { bytesToImages, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * const png = imageGridPng([images, images], { factor: 2 });
 * assertEquals([...png.subarray(1, 4)], [80, 78, 71]);
 * ```
 *
 * @throws RangeError as {@linkcode tileImages} does.
 * @category Figures
 */
export function imageGridPng(
  rows: readonly ImageBatch[],
  options: Partial<TileOptions> = {},
): Uint8Array {
  const { factor = 4, gutter = 4 } = options;
  return encodePng(tileImages(rows, { factor, gutter }));
}

/** How much wider than regular letters bold ones are. */
const boldness = 1.08;

/** Text with one-letter subscripts after underscores, as SVG. */
function withSubscripts(text: string): string {
  return escapeXml(text).replace(
    /_(\w)/g,
    '<tspan dy="3" font-size="9">$1</tspan><tspan dy="-3">\u200b</tspan>',
  );
}

/**
 * A grid of images with labels, as SVG with one embedded PNG.
 *
 * @returns SVG, the same bytes for the same input.
 * @throws RangeError as {@linkcode tileImages} does, or if a row, a caption or the column titles
 *   have another number of entries than the first row has images.
 *
 * @example
 * ```ts
 * import { imageGridSvg } from "@els/toolkit/figures";
 * import { imageBatch, Random } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const noise = imageBatch(new Random(0).normals(2 * 32 * 32), [2, 32, 32, 1]);
 * const svg = imageGridSvg({
 *   rows: [{ label: "noise x_T", images: noise }],
 *   captions: [{ label: "r²", values: ["0.91", "0.88"] }],
 * });
 * assertStringIncludes(svg, "0.91");
 * ```
 * @category Figures
 */
export function imageGridSvg(grid: ImageGrid, options: ImageGridOptions = {}): string {
  const { zoom = 2, gutter = 4 } = options;
  const { rows, columns, captions = [], ragged = false, title, note } = grid;
  const n = rows[0]?.images.shape[0] ?? 0;
  const counts = [
    ...rows.map(({ label, images: { shape: [count] } }) =>
      [label, ragged && count > 0 && count < n ? n : count] as const
    ),
    ...captions.map(({ label, values }) => [label, values.length] as const),
    ["the column titles", columns?.length ?? n] as const,
  ];
  for (const [label, count] of counts) {
    if (count !== n) {
      throw new ArgumentError(
        `Cannot draw the image grid: ${label} has ${count} entries, the first row ${n} images`,
      );
    }
  }
  // Twice the pixels shown: sharp also where a viewer smooths enlarged pictures.
  const png = encodePng(
    tileImages(rows.map(({ images }) => images), { factor: 2 * zoom, gutter: 2 * gutter }),
  );
  const [, h, w] = rows[0]!.images.shape;
  const [cellHeight, cellWidth] = [h * zoom + gutter, w * zoom + gutter];
  const [imageWidth, imageHeight] = [n * cellWidth - gutter, rows.length * cellHeight - gutter];
  const margin = 10;
  const lineHeight = 16;
  const labels = [...rows, ...captions].map(({ label }) => label);
  const left = margin + Math.ceil(Math.max(...labels.map((label) => textWidth(label, 13)))) + 10;
  const top = margin + (title === undefined ? 0 : 24) + (columns === undefined ? 0 : 18);
  const titleWidth = title === undefined ? 0 : Math.ceil(textWidth(title, 14) * boldness);
  const width = Math.max(left + imageWidth, margin + titleWidth) + margin;
  const height = top + imageHeight + margin +
    (captions.length === 0 ? 0 : 4 + captions.length * lineHeight);
  const center = (column: number) => left + column * cellWidth + (w * zoom) / 2;

  const parts: string[] = [];
  const text = (x: number, y: number, content: string, attributes = "") =>
    parts.push(`<text x="${x}" y="${y}"${attributes}>${content}</text>`);
  if (title !== undefined) {
    text(margin, margin + 14, escapeXml(title), ' font-size="14" font-weight="bold"');
  }
  columns?.forEach((label, i) =>
    text(center(i), top - 7, withSubscripts(label), ' text-anchor="middle"')
  );
  rows.forEach(({ label }, i) =>
    text(
      left - 10,
      top + i * cellHeight + (h * zoom) / 2 + 4,
      withSubscripts(label),
      ' text-anchor="end" font-size="13"',
    )
  );
  parts.push(
    `<image x="${left}" y="${top}" width="${imageWidth}" height="${imageHeight}" ` +
      `image-rendering="optimizeSpeed" style="image-rendering:pixelated" ` +
      `href="data:image/png;base64,${base64(png)}"/>`,
  );
  // The picture's gaps are white; drawn over, they are of the paper's color, dark on dark paper.
  const gaps = [
    ...Array.from(
      { length: n - 1 },
      (_, i) =>
        `M${left + (i + 1) * cellWidth - gutter},${top}h${gutter}v${imageHeight}h${-gutter}z`,
    ),
    ...rows.slice(1).map((_, i) =>
      `M${left},${top + (i + 1) * cellHeight - gutter}h${imageWidth}v${gutter}h${-imageWidth}z`
    ),
  ];
  // So is the place of images that a row does not have.
  const missing = rows.flatMap(({ images }, i) => {
    const { shape: [count] } = images;
    const [x, y] = [left + count * cellWidth, top + i * cellHeight];
    return count === n ? [] : [`M${x},${y}h${(n - count) * cellWidth - gutter}v${h * zoom}H${x}z`];
  });
  gaps.push(...missing);
  if (missing.length > 0 || (gaps.length > 0 && gutter > 0)) {
    parts.push(`<path d="${gaps.join("")}" fill="${tones.paper.light}"/>`);
  }
  captions.forEach(({ label, values }, line) => {
    const y = top + imageHeight + 4 + (line + 1) * lineHeight - 2;
    text(left - 10, y, withSubscripts(label), ' text-anchor="end" font-size="12"');
    values.forEach((value, i) => text(center(i), y, escapeXml(value), ' text-anchor="middle"'));
  });
  const description = `${n} samples in columns; rows: ${rows.map(({ label }) => label).join(", ")}`;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(description)}">`,
    `<rect width="${width}" height="${height}" fill="${tones.paper.light}"/>`,
    `<g font-family="${fontFamily}" font-size="12" fill="${ink}">`,
    ...parts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
  return withDarkVariant(note === undefined ? svg : appendNote(svg, note));
}
