/** Results as notebooks show them: what Jupyter's kernels ask an object for, made of plain data. */
import { ArgumentError } from "../core/errors.ts";
import { checkImages, type ImageBatch, sliceBatch } from "../core/image_batch.ts";
import { base64 } from "./base64.ts";
import { displayedTable, type TableCell } from "./display_table.ts";
import { imageGridPng } from "./image_grid.ts";

/**
 * The method that Deno's notebook kernel asks a cell's last value for.
 *
 * @category Figures
 */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display");

/**
 * One result in several forms, by media type; a notebook shows the richest that it can. Pictures are
 * base64, all others text.
 *
 * @category Figures
 */
export type MediaBundle = Readonly<Record<string, string>>;

/**
 * What a notebook shows, as the last value of a cell or through `Deno.jupyter.display`.
 *
 * @category Figures
 */
export interface RichDisplay {
  /** The forms that there are; among them always `text/plain`. */
  readonly media: MediaBundle;
  /** The same, as the kernel asks for it. */
  readonly [jupyterDisplay]: () => MediaBundle;
}

/** An object that is shown as these forms. */
function richDisplay(media: MediaBundle): RichDisplay {
  return { media, [jupyterDisplay]: () => media };
}

/**
 * Options of {@linkcode displayImages}.
 *
 * @category Figures
 */
export interface DisplayImagesOptions {
  /** Images in a row; at most 10 by default. */
  readonly columns?: number | undefined;
  /** Side of an image pixel on the screen, a whole number; by default so that images are about 96 wide. */
  readonly zoom?: number | undefined;
  /** Space between images on the screen, a whole number; default 4. */
  readonly gutter?: number | undefined;
}

/**
 * Images in a notebook, in rows, each pixel enlarged to a square.
 *
 * @example
 * ```ts
 * import { displayImages } from "@els/toolkit/figures";
 * import { bytesToImages, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 12, size: 8 }));
 * // As the last value of a cell it is a picture.
 * const shown = displayImages(images, { columns: 6 });
 * assertEquals(shown.media["text/plain"], "12 images of 8 x 8 x 1");
 * ```
 *
 * @param batch `[B, H, W, C]`, values from -1 (black) to 1 (white); C is 1 or 3.
 * @throws RangeError if there are no images, a value is not a number, or an option is out of range.
 * @category Figures
 */
export function displayImages(
  batch: ImageBatch,
  options: DisplayImagesOptions = {},
): RichDisplay {
  checkImages(batch);
  const [count, height, width, channels] = batch.shape;
  const { columns = Math.min(10, Math.max(1, count)), gutter = 4 } = options;
  const { zoom = Math.max(1, Math.round(96 / Math.max(1, width))) } = options;
  if (!Number.isInteger(columns) || columns < 1) {
    throw new ArgumentError(
      `Cannot display images in ${columns} columns: expected a whole number from 1`,
    );
  }
  const rows = Array.from(
    { length: Math.ceil(count / columns) },
    (_, row) => sliceBatch(batch, row * columns, Math.min(count, (row + 1) * columns)),
  );
  return richDisplay({
    "image/png": base64(imageGridPng(rows, { factor: zoom, gutter })),
    "text/plain": `${count} image${count === 1 ? "" : "s"} of ${height} x ${width} x ${channels}`,
  });
}

/**
 * A figure in a notebook.
 *
 * @example
 * ```ts
 * import { displaySvg, lossCurveSvg } from "@els/toolkit/figures";
 * import { assertEquals } from "@std/assert";
 *
 * const curve = { label: "resnet", step: [1, 2, 3], loss: [0.9, 0.4, 0.3] };
 * const svg = await lossCurveSvg([curve], { title: "Training" });
 * assertEquals(displaySvg(svg).media["image/svg+xml"], svg);
 * ```
 *
 * @param svg One `<svg>`, as the functions of this entry point return it.
 * @throws RangeError if it is none.
 * @category Figures
 */
export function displaySvg(svg: string): RichDisplay {
  const tag = /<svg[^>]*>/.exec(svg)?.[0];
  if (tag === undefined) {
    throw new ArgumentError(
      `Cannot display a figure: found ${JSON.stringify(svg.slice(0, 20))}, expected an <svg>`,
    );
  }
  const label = /aria-label="([^"]*)"/.exec(tag)?.[1];
  return richDisplay({
    "image/svg+xml": svg,
    "text/plain": label === undefined
      ? "figure"
      : label.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
        .replaceAll("&amp;", "&"),
  });
}

/**
 * Options of {@linkcode displayTable}.
 *
 * @category Figures
 */
export interface DisplayTableOptions<Row> {
  /** Fields to show, in this order; by default all of the first row. */
  readonly columns?: readonly (keyof Row & string)[] | undefined;
  /** Digits after the point of numbers that are not whole; default 3. */
  readonly digits?: number | undefined;
}

/**
 * A table in a notebook, such as what `agreementTable` returns: a line for each row, a column for each field.
 *
 * @example
 * ```ts
 * import { displayTable } from "@els/toolkit/figures";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const rows = [{ machine: "bbELS", median: 0.97421 }, { machine: "IS", median: 0.61 }];
 * const { media } = displayTable(rows);
 * assertStringIncludes(media["text/html"]!, "<td>bbELS</td>");
 * assertStringIncludes(media["text/plain"]!, "0.974");
 * ```
 *
 * @param rows Objects with the same fields; null and undefined leave a cell empty.
 * @throws RangeError if there are no rows, or a column is a field of none.
 * @category Figures
 */
export function displayTable<Row extends { readonly [Field in keyof Row]: TableCell }>(
  rows: readonly Row[],
  options: DisplayTableOptions<Row> = {},
): RichDisplay {
  return richDisplay(displayedTable(rows, options));
}

/** Films by their first bytes. */
const filmKinds = [
  { media: "image/gif", name: "GIF", begins: [0x47, 0x49, 0x46, 0x38] },
  { media: "image/png", name: "animated PNG", begins: [0x89, 0x50, 0x4e, 0x47] },
  { media: "video/webm", name: "WebM", begins: [0x1a, 0x45, 0xdf, 0xa3] },
] as const;

/**
 * A film in a notebook: a GIF, an animated PNG, or a WebM, which plays on and on.
 *
 * @example
 * ```ts
 * import { displayFilm } from "@els/toolkit/figures";
 * import { assertEquals } from "@std/assert";
 *
 * const gif = new TextEncoder().encode("GIF89a..");
 * assertEquals(Object.keys(displayFilm(gif).media), ["image/gif", "text/plain"]);
 * ```
 *
 * @throws RangeError if the bytes are none of these.
 * @category Figures
 */
export function displayFilm(bytes: Uint8Array): RichDisplay {
  const kind = filmKinds.find(({ begins }) => begins.every((byte, i) => bytes[i] === byte));
  if (kind === undefined) {
    throw new ArgumentError(
      `Cannot display a film: found ${bytes.length} bytes of another kind, expected a GIF, an ` +
        "animated PNG or a WebM",
    );
  }
  const { media, name } = kind;
  const data = base64(bytes);
  const text = `${name}, ${Math.ceil(bytes.length / 1000)} kB`;
  return richDisplay(
    media === "video/webm"
      ? {
        "text/html": `<video src="data:${media};base64,${data}" autoplay loop muted controls>` +
          `${text}</video>`,
        "text/plain": text,
      }
      : { [media]: data, "text/plain": text },
  );
}
