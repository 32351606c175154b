/** A drawing of pictures, marks and text, put together piece by piece. */
import { encode } from "fast-png";
import type { ImageBatch } from "../core/image_batch.ts";
import { appendNote } from "./append_note.ts";
import { base64 } from "./base64.ts";
import { withDarkVariant } from "./dark_variant.ts";
import type { RgbaPicture } from "./mosaic_pictures.ts";
import { fontFamily, ink, tones } from "./theme.ts";
import { escapeXml, textWidth } from "./xml.ts";

/** How text is set. */
export interface SheetText {
  /** In pixels; 12 by default. */
  readonly size?: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly bold?: boolean;
  /** Of second rank. */
  readonly soft?: boolean;
}

/** Where a picture lies. */
export interface SheetPlace {
  readonly left: number;
  readonly top: number;
  /** Side of one of its pixels in units of the sheet. */
  readonly zoom: number;
}

/** How a path is drawn. */
export interface SheetStroke {
  readonly stroke?: string;
  readonly width?: number;
  readonly fill?: string;
  readonly opacity?: number;
  /** Whether its color stays on dark paper, since it is that of something in a picture. */
  readonly fixed?: boolean;
}

/** The sheet grows with what lies on it. */
export class Sheet {
  readonly #parts: string[] = [];
  #width = 0;
  #height = 0;

  /** Text with its baseline at y; one letter after an underscore is a subscript. */
  text(content: string, { x, y }: { x: number; y: number }, style: SheetText = {}): void {
    const { size = 12, anchor = "start", bold = false, soft = false } = style;
    const width = textWidth(content, size) * (bold ? 1.08 : 1);
    this.#reach(x + (anchor === "start" ? width : anchor === "middle" ? width / 2 : 0), y + 4);
    const attributes = [
      ...size === 12 ? [] : [`font-size="${size}"`],
      ...anchor === "start" ? [] : [`text-anchor="${anchor}"`],
      ...bold ? ['font-weight="bold"'] : [],
      ...soft ? [`fill="${tones.soft.light}"`] : [],
    ].map((attribute) => ` ${attribute}`).join("");
    const marked = escapeXml(content).replace(
      /_(\w)/g,
      `<tspan dy="3" font-size="${size - 3}">$1</tspan><tspan dy="-3">\u200b</tspan>`,
    );
    this.#parts.push(`<text x="${round(x)}" y="${round(y)}"${attributes}>${marked}</text>`);
  }

  /** A picture, or the first of a batch of images. */
  picture(picture: RgbaPicture | ImageBatch, { left, top, zoom }: SheetPlace): void {
    const bytes = "shape" in picture ? imageBytes(picture) : picture;
    const [width, height] = [bytes.width * zoom, bytes.height * zoom];
    this.#reach(left + width, top + height);
    // Twice the pixels shown: sharp also where a viewer smooths enlarged pictures.
    const png = base64(encodeRgba(enlarged(bytes, Math.max(1, Math.ceil(2 * zoom)))));
    this.#parts.push(
      `<image x="${round(left)}" y="${round(top)}" width="${round(width)}" height="${
        round(height)
      }" ` +
        `preserveAspectRatio="none" image-rendering="optimizeSpeed" style="image-rendering:pixelated" ` +
        `href="data:image/png;base64,${png}"/>`,
    );
  }

  /** A path; what it covers must be made known by {@linkcode Sheet.cover}, if nothing else covers it. */
  path(d: string, style: SheetStroke = {}): void {
    const { stroke, width = 1, fill = "none", opacity = 1, fixed = false } = style;
    // Dark variants turn colors that are attributes.
    const color = fixed ? `style="stroke:${stroke}"` : `stroke="${stroke}"`;
    if (d === "") return;
    this.#parts.push(
      `<path d="${d}" fill="${fill}"` +
        (stroke === undefined ? "" : ` ${color} stroke-width="${width}"`) +
        (opacity === 1 ? "" : ` stroke-opacity="${opacity}"`) + "/>",
    );
  }

  /** A rectangle. */
  box(
    { left, top, width, height }: {
      readonly left: number;
      readonly top: number;
      readonly width: number;
      readonly height: number;
    },
    style: SheetStroke,
  ): void {
    this.#reach(left + width, top + height);
    this.path(
      `M${round(left)} ${round(top)}h${round(width)}v${round(height)}h${round(-width)}z`,
      style,
    );
  }

  /** Makes the sheet reach to a point. */
  cover(x: number, y: number): void {
    this.#reach(x, y);
  }

  /** Height that is taken so far. */
  get height(): number {
    return this.#height;
  }

  /** Width that is taken so far. */
  get width(): number {
    return this.#width;
  }

  /**
   * The sheet as SVG with a dark variant.
   *
   * @param options.description What it shows, for those who cannot see it.
   */
  svg({ description, note }: { readonly description: string; readonly note?: string | undefined }) {
    const [width, height] = [Math.ceil(this.#width) + 10, Math.ceil(this.#height) + 10];
    const svg = [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(description)}">`,
      `<rect width="${width}" height="${height}" fill="${tones.paper.light}"/>`,
      `<g font-family="${fontFamily}" font-size="12" fill="${ink}">`,
      ...this.#parts,
      "</g>",
      "</svg>",
      "",
    ].join("\n");
    return withDarkVariant(note === undefined ? svg : appendNote(svg, note));
  }

  #reach(x: number, y: number): void {
    this.#width = Math.max(this.#width, x);
    this.#height = Math.max(this.#height, y);
  }
}

const round = (value: number) => Number(value.toFixed(2)) || 0;

/** The first image of a batch in bytes; gray, if it has another number of channels than three. */
export function imageBytes({ data, shape }: ImageBatch): RgbaPicture {
  const [, height, width, channels] = shape;
  const bytes = new Uint8ClampedArray(4 * height * width);
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let c = 0; c < 3; c++) {
      const value = data[pixel * channels + (channels === 3 ? c : 0)]!;
      bytes[4 * pixel + c] = Math.round((value + 1) * 127.5);
    }
    bytes[4 * pixel + 3] = 255;
  }
  return { data: bytes, width, height };
}

/** Each pixel as a square of so many. */
function enlarged({ data, width, height }: RgbaPicture, factor: number): RgbaPicture {
  const wide = width * factor;
  const from = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const to = new Uint32Array(wide * height * factor);
  for (let y = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < wide; x++) to[y * wide + x] = from[row + Math.floor(x / factor)]!;
  }
  return { data: new Uint8ClampedArray(to.buffer), width: wide, height: height * factor };
}

/** A picture as PNG: without opacity, if it has none. */
function encodeRgba({ data, width, height }: RgbaPicture): Uint8Array {
  const opaque = data.every((value, i) => i % 4 !== 3 || value === 255);
  const channels = opaque ? 3 : 4;
  const bytes = opaque ? new Uint8Array(3 * width * height) : new Uint8Array(data);
  if (opaque) {
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) bytes[3 * i + c] = data[4 * i + c]!;
    }
  }
  return encode({ width, height, channels, depth: 8, data: bytes });
}
