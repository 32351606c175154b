/** The pixels of a PNG: image data unpacked to the size that its header declares, and no further. */
import { DataFormatError } from "../core/errors.ts";
import { inflateExactly } from "./inflate_exactly.ts";
import { type PngHeader, readPngChunks } from "./png_chunks.ts";

/** A PNG as 8 bits for each channel of each pixel. */
export interface PngPixels {
  /** What the file says of itself. */
  readonly header: PngHeader;
  /** Whether colors, or the palette's, are marked as transparent. */
  readonly transparency: boolean;
  /** Channels of `pixels`: those of the file, or 3 where it has a palette. */
  readonly channels: 1 | 2 | 3 | 4;
  /** `[H, W, channels]`; 16 bits keep their upper 8, fewer than 8 are spread over 0 to 255. */
  readonly pixels: Uint8Array;
}

/** Pixels that come together, every `step`th of the picture's. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly xStep: number;
  readonly yStep: number;
}

const wholePicture: readonly Pass[] = [{ x: 0, y: 0, xStep: 1, yStep: 1 }];
/** The passes of Adam7 (PNG specification, section 8.2). */
const adam7: readonly Pass[] = [
  { x: 0, y: 0, xStep: 8, yStep: 8 },
  { x: 4, y: 0, xStep: 8, yStep: 8 },
  { x: 0, y: 4, xStep: 4, yStep: 8 },
  { x: 2, y: 0, xStep: 4, yStep: 4 },
  { x: 0, y: 2, xStep: 2, yStep: 4 },
  { x: 1, y: 0, xStep: 2, yStep: 2 },
  { x: 0, y: 1, xStep: 1, yStep: 2 },
];

/**
 * Decodes a PNG of any kind.
 *
 * @param options.source Path, or a name for the bytes, for error messages.
 * @param options.maxPixels Pixels that it may have.
 * @throws DataFormatError if the file is truncated, damaged or too large.
 */
export function readPngPixels(
  bytes: Uint8Array,
  options: { readonly source: string; readonly maxPixels: number },
): PngPixels {
  const { header, palette, transparency, packed } = readPngChunks(bytes, options);
  const fail = (problem: string): never => {
    throw new DataFormatError(options.source, `not a whole PNG: ${problem}`);
  };
  const { width, height, samples, indexed } = header;
  const passes = passesOf(header);
  const size = passes.reduce((sum, { rows, rowBytes }) => sum + rows * (rowBytes + 1), 0);
  const data = unpack(packed, size);
  if (typeof data === "string") return fail(data);
  const channels = indexed ? 3 : samples;
  const pixels = new Uint8Array(width * height * channels);
  const bytesPerPixel = Math.max(1, samples * header.depth >> 3);
  let at = 0;
  for (const pass of passes) {
    let previous: Uint8Array = new Uint8Array(pass.rowBytes);
    for (let row = 0; row < pass.rows; row++) {
      const filter = data[at]!;
      const line = data.subarray(at + 1, at += 1 + pass.rowBytes);
      if (filter > 4) fail(`a row has filter ${filter}, expected 0 to 4`);
      unfilter(line, previous, { filter, bytesPerPixel });
      place(line, pixels, {
        ...{ header, palette },
        count: pass.columns,
        from: ((pass.y + row * pass.yStep) * width + pass.x) * channels,
        step: pass.xStep * channels,
      }) || fail("a pixel's color is not in its palette");
      previous = line;
    }
  }
  return { header, transparency, channels, pixels };
}

/** The passes that have pixels, with their extents. */
function passesOf({ width, height, depth, samples, interlaced }: PngHeader) {
  return (interlaced ? adam7 : wholePicture).map((pass) => {
    const columns = Math.ceil((width - pass.x) / pass.xStep);
    const rows = Math.ceil((height - pass.y) / pass.yStep);
    return { ...pass, columns, rows, rowBytes: Math.ceil(columns * samples * depth / 8) };
  }).filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** Undoes zlib; the result, or what is wrong. */
function unpack(packed: Uint8Array, size: number): Uint8Array | string {
  const [method = 0, flags = 0] = packed;
  // RFC 1950: deflate, a check of five bits, no dictionary.
  if (packed.length < 6) return "its image data is truncated";
  if ((method & 15) !== 8 || (method << 8 | flags) % 31 !== 0 || (flags & 32) !== 0) {
    return "its image data is no zlib stream";
  }
  const data = inflateExactly(packed.subarray(2, packed.length - 4), size);
  if (typeof data === "string") return data;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  return adler32(data) === view.getUint32(packed.length - 4)
    ? data
    : "the checksum of its image data is wrong";
}

/** Adler-32 (RFC 1950). */
function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  // So many sums of bytes stay below 2^31.
  for (let at = 0; at < bytes.length;) {
    for (const end = Math.min(at + 3800, bytes.length); at < end; at++) b += a += bytes[at]!;
    a %= 65521;
    b %= 65521;
  }
  return (b << 16 | a) >>> 0;
}

/** Undoes the filter of a row, in place (PNG specification, section 9). */
function unfilter(
  line: Uint8Array,
  previous: Uint8Array,
  { filter, bytesPerPixel: back }: { readonly filter: number; readonly bytesPerPixel: number },
): void {
  const { length } = line;
  if (filter === 1) {
    for (let i = back; i < length; i++) line[i] = line[i]! + line[i - back]!;
  } else if (filter === 2) {
    for (let i = 0; i < length; i++) line[i] = line[i]! + previous[i]!;
  } else if (filter === 3) {
    for (let i = 0; i < length; i++) {
      const left = i < back ? 0 : line[i - back]!;
      line[i] = line[i]! + (left + previous[i]! >> 1);
    }
  } else if (filter === 4) {
    const first = Math.min(back, length);
    for (let i = 0; i < first; i++) line[i] = line[i]! + previous[i]!;
    for (let i = first; i < length; i++) {
      const [left, above, corner] = [line[i - back]!, previous[i]!, previous[i - back]!];
      const [a, b] = [above - corner, left - corner];
      const [toLeft, toAbove, toCorner] = [Math.abs(a), Math.abs(b), Math.abs(a + b)];
      line[i] = line[i]! +
        (toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner);
    }
  }
}

/** Where the pixels of a row go. */
interface Place {
  readonly header: PngHeader;
  readonly palette: Uint8Array | undefined;
  /** Pixels in the row. */
  readonly count: number;
  /** Index of the first one's first channel. */
  readonly from: number;
  /** From a pixel to the next. */
  readonly step: number;
}

/** Puts the pixels of a row where they belong; false if one has a color that there is not. */
function place(
  line: Uint8Array,
  pixels: Uint8Array,
  { header: { depth, samples, indexed }, palette, count, from, step }: Place,
): boolean {
  if (palette === undefined && depth === 8 && step === samples) {
    pixels.set(line, from);
    return true;
  }
  const largest = 2 ** depth - 1;
  for (let p = 0; p < count; p++) {
    for (let s = 0; s < samples; s++) {
      const i = p * samples + s;
      let value: number;
      if (depth === 8) value = line[i]!;
      else if (depth === 16) value = line[2 * i]!;
      else {
        // Packed, most significant first.
        value = line[i * depth >> 3]! >> 8 - depth - (i * depth & 7) & largest;
        if (!indexed) value *= 255 / largest;
      }
      if (palette === undefined) pixels[from + p * step + s] = value;
      else {
        if (3 * value >= palette.length) return false;
        for (let c = 0; c < 3; c++) pixels[from + p * step + c] = palette[3 * value + c]!;
      }
    }
  }
  return true;
}
