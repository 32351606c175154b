/** The chunks of a PNG: checked in structure and size before anything is unpacked. */
import { DataFormatError } from "../core/errors.ts";
import { crc32 } from "./crc32.ts";
import { checkPixels } from "./pixel_limit.ts";
import { joinedBytes } from "./joined_bytes.ts";

/** What a PNG's header says. */
export interface PngHeader {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Bits of a sample: 1, 2, 4, 8 or 16. */
  readonly depth: 1 | 2 | 4 | 8 | 16;
  /** Samples of a pixel in the file: 1 gray or index, 2 with alpha, 3 color, 4 with alpha. */
  readonly samples: 1 | 2 | 3 | 4;
  /** Whether samples are numbers of colors in the palette. */
  readonly indexed: boolean;
  /** Whether the rows come in the seven passes of Adam7. */
  readonly interlaced: boolean;
}

/** What is needed of a PNG; everything else has been passed over. */
export interface PngParts {
  /** Its header. */
  readonly header: PngHeader;
  /** Red, green and blue of each color; absent unless samples are indices. */
  readonly palette: Uint8Array | undefined;
  /** Whether colors are marked as transparent. */
  readonly transparency: boolean;
  /** All image data, a zlib stream. */
  readonly packed: Uint8Array;
}

/** Samples of a pixel, and the depths that are allowed, by color type (PNG specification, table 11.1). */
const colorTypes: Readonly<Record<number, { samples: 1 | 2 | 3 | 4; depths: readonly number[] }>> =
  {
    0: { samples: 1, depths: [1, 2, 4, 8, 16] },
    2: { samples: 3, depths: [8, 16] },
    3: { samples: 1, depths: [1, 2, 4, 8] },
    4: { samples: 2, depths: [8, 16] },
    6: { samples: 4, depths: [8, 16] },
  };

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Walks the chunks of a PNG and keeps header, palette and image data. Profiles, texts, animations and
 * whatever else there may be are passed over, never unpacked.
 *
 * @param options.source Path, or a name for the bytes, for error messages.
 * @param options.maxPixels Pixels that it may have.
 * @throws DataFormatError if the file is truncated, damaged or too large.
 */
export function readPngChunks(
  bytes: Uint8Array,
  { source, maxPixels }: { readonly source: string; readonly maxPixels: number },
): PngParts {
  const fail = (problem: string, at: number): never => {
    throw new DataFormatError(source, `not a whole PNG: ${problem}`, at);
  };
  const wrong = signature.findIndex((byte, i) => bytes[i] !== byte);
  if (wrong >= 0) fail(bytes.length < 8 ? "truncated" : "its signature is damaged", wrong);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const data: Uint8Array[] = [];
  let header: PngHeader | undefined;
  let palette: Uint8Array | undefined;
  let transparency = false;
  let before = "";
  for (let at = 8; before !== "IEND";) {
    if (at + 12 > bytes.length) fail("truncated", bytes.length);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) fail("no chunk begins where one should", at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) fail(`truncated in its chunk ${type}`, bytes.length);
    // Of chunks that pixels depend on: others may be damaged without harm.
    const matters = /^[A-Z]/.test(type);
    if (matters && crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      fail(`the checksum of its chunk ${type} is wrong`, at);
    }
    const content = bytes.subarray(at + 8, end);
    if (header === undefined) {
      if (type !== "IHDR" || length !== 13) fail("it does not begin with a header", at);
      header = parseHeader(content, fail);
      const pixelBytes = Math.ceil(header.samples * header.depth / 8);
      checkPixels({ ...header, pixelBytes }, { source, maxPixels });
    } else if (type === "IDAT") {
      if (data.length > 0 && before !== "IDAT") fail("its image data is interrupted", at);
      data.push(content);
    } else if (type === "PLTE") {
      if (palette !== undefined || data.length > 0) fail("its palette is out of place", at);
      if (length === 0 || length % 3 !== 0 || length > 768) {
        fail(`its palette has ${length} bytes, expected 3 for each of 1 to 256 colors`, at);
      }
      palette = content;
    } else if (type === "tRNS") transparency = length > 0;
    else if (type === "IEND") {
      if (length !== 0) fail("its end is damaged", at);
    } else if (matters) fail(`its chunk ${type} is none of this format`, at);
    before = type;
    at = end + 4;
  }
  if (header === undefined || data.length === 0) return fail("it has no image data", bytes.length);
  if (header.indexed && palette === undefined) fail("its palette is missing", bytes.length);
  return {
    header,
    palette: header.indexed ? palette : undefined,
    transparency,
    packed: data.length === 1 ? data[0]! : joinedBytes(data),
  };
}

function parseHeader(
  content: Uint8Array,
  fail: (problem: string, at: number) => never,
): PngHeader {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const [depth, type, compression, filter, interlace] = content.subarray(8);
  const { samples, depths } = colorTypes[type!] ?? fail(`color type ${type} does not exist`, 25);
  if (!depths.includes(depth!)) fail(`color type ${type} has no depth of ${depth} bits`, 24);
  if (compression !== 0 || filter !== 0 || interlace! > 1) {
    fail("its compression, filter or interlacing is none of this format", 26);
  }
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: depth as PngHeader["depth"],
    samples,
    indexed: type === 3,
    interlaced: interlace === 1,
  };
}
