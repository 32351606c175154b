import type { ImageBatch } from "../core/image_batch.ts";
import { encodePng } from "../formats/png.ts";
import { tileImages, type TileOptions } from "./tile_images.ts";
import { fontFamily, ink } from "./theme.ts";
import { escapeXml, textWidth } from "./xml.ts";

/** Images of one kind, one per sample. */
export interface GridRow {
  /** Text at the left, such as "network"; a subscript follows an underscore, as in "noise x_T". */
  readonly label: string;
  /** `[B, H, W, C]`, values in [-1, 1]; one image per column. */
  readonly images: ImageBatch;
}

/** A line of text under the images, one entry per column. */
export interface GridCaption {
  /** Text at the left, such as "r² bbELS". */
  readonly label: string;
  /** One text per column. */
  readonly values: readonly string[];
}

/** What an image grid shows: kinds in rows, samples in columns. */
export interface ImageGrid {
  /** From top to bottom. */
  readonly rows: readonly GridRow[];
  /** Text above each column. */
  readonly columns?: readonly string[];
  /** Lines under the columns. */
  readonly captions?: readonly GridCaption[];
  /** Line above the grid. */
  readonly title?: string;
  /** Small line below everything, such as what colors mean. */
  readonly note?: string;
}

/** Options of {@linkcode imageGridSvg}. */
export interface ImageGridOptions {
  /** Side of an image pixel in units of the SVG, a whole number; default 2. */
  readonly zoom?: number;
  /** Space between images in units of the SVG, a whole number; default 4. */
  readonly gutter?: number;
}

/**
 * A grid of images as PNG, without text.
 *
 * @throws RangeError as {@linkcode tileImages} does.
 */
export function imageGridPng(
  rows: readonly ImageBatch[],
  options: Partial<TileOptions> = {},
): Uint8Array {
  const { factor = 4, gutter = 4 } = options;
  return encodePng(tileImages(rows, { factor, gutter }));
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(binary);
}

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
 * import { imageBatch, imageGridSvg, Random } from "@els/toolkit";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const noise = imageBatch(new Random(0).normals(2 * 32 * 32), [2, 32, 32, 1]);
 * const svg = imageGridSvg({
 *   rows: [{ label: "noise x_T", images: noise }],
 *   captions: [{ label: "r²", values: ["0.91", "0.88"] }],
 * });
 * assertStringIncludes(svg, "0.91");
 * ```
 */
export function imageGridSvg(grid: ImageGrid, options: ImageGridOptions = {}): string {
  const { zoom = 2, gutter = 4 } = options;
  const { rows, columns, captions = [], title, note } = grid;
  const n = rows[0]?.images.shape[0] ?? 0;
  const counts = [
    ...rows.map(({ label, images }) => [label, images.shape[0]] as const),
    ...captions.map(({ label, values }) => [label, values.length] as const),
    ["the column titles", columns?.length ?? n] as const,
  ];
  for (const [label, count] of counts) {
    if (count !== n) {
      throw new RangeError(
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
  const noteWidth = note === undefined ? 0 : 2 * margin + Math.ceil(textWidth(note, 11));
  const width = Math.max(left + imageWidth + margin, noteWidth);
  const height = top + imageHeight + margin +
    (captions.length === 0 ? 0 : 4 + captions.length * lineHeight) +
    (note === undefined ? 0 : 22);
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
  captions.forEach(({ label, values }, line) => {
    const y = top + imageHeight + 4 + (line + 1) * lineHeight - 2;
    text(left - 10, y, withSubscripts(label), ' text-anchor="end" font-size="12"');
    values.forEach((value, i) => text(center(i), y, escapeXml(value), ' text-anchor="middle"'));
  });
  if (note !== undefined) {
    text(margin, height - margin - 2, escapeXml(note), ' font-size="11"');
  }
  const description = `${n} samples in columns; rows: ${rows.map(({ label }) => label).join(", ")}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(description)}">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<g font-family="${fontFamily}" font-size="12" fill="${ink}">`,
    ...parts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}
