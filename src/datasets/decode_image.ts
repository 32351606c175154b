/** JPEG and PNG pictures as bytes of gray or color. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { readJpegFrame } from "../formats/jpeg_header.ts";
import { defaultMaxPixels } from "../formats/pixel_limit.ts";
import { readPngPixels } from "../formats/png_pixels.ts";
import { createJpegDecoder } from "./jpeg_decoder.ts";
import type { ByteImages } from "./resize.ts";

/**
 * Decodes one picture; see {@linkcode createImageDecoder}.
 *
 * @category Data sets
 */
export type ImageDecoder = (bytes: Uint8Array, source: string) => ByteImages;

/**
 * Options of {@linkcode createImageDecoder}.
 *
 * @category Data sets
 */
export interface ImageDecoderOptions {
  /** Pixels that a picture may have. Default 2^26, 64 megapixels; 16-bit color counts double. */
  readonly maxPixels?: number | undefined;
}

/**
 * Makes a decoder of JPEG (baseline and progressive, gray and color) and PNG (all depths, palettes and
 * interlacing), told apart by their first bytes.
 *
 * JPEGs decode to the same bytes as in Pillow and everything else on libjpeg's defaults; what libjpeg
 * only warns of, as of missing data that it fills with gray, is an error here. An alpha channel is
 * dropped, 16 bits keep their upper 8. A stored orientation is not applied.
 *
 * What a header declares is checked before memory is taken for it: against `maxPixels`, and against what
 * the bytes can hold. Profiles and texts in a picture are never unpacked. A damaged picture does not
 * hurt the decoding of the next.
 *
 * @example
 * ```ts
 * import { bytesToImages, createImageDecoder, syntheticTextures } from "@els/toolkit/datasets";
 * import { encodePng } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const image = bytesToImages(syntheticTextures({ images: 1, size: 8 }));
 * const decode = await createImageDecoder({ maxPixels: 1e6 });
 * assertEquals(decode(encodePng(image), "texture.png").shape, [1, 8, 8, 1]);
 * ```
 *
 * @returns A function that gives `[1, H, W, 1]` for gray pictures and `[1, H, W, 3]` for others, or
 * throws a DataFormatError for what is truncated, damaged, too large or no such picture.
 * @throws RangeError if `maxPixels` is no positive integer.
 * @category Data sets
 */
export async function createImageDecoder(
  options: ImageDecoderOptions = {},
): Promise<ImageDecoder> {
  const { maxPixels = defaultMaxPixels } = options;
  if (!Number.isSafeInteger(maxPixels) || maxPixels < 1) {
    throw new ArgumentError(
      `Cannot decode pictures of at most ${maxPixels} pixels: expected a positive integer`,
    );
  }
  const decodeJpegBytes = await createJpegDecoder();

  const decodeJpeg: ImageDecoder = (bytes, source) => {
    const { width, height, components } = readJpegFrame(bytes, { source, maxPixels });
    const picture = decodeJpegBytes(bytes);
    if (!("data" in picture)) {
      const said = picture.map((line) => line.trim()).join("; ");
      throw new DataFormatError(source, `not a whole JPEG: ${said.slice(0, 160)}`);
    }
    if (picture.width !== width || picture.height !== height) {
      throw new DataFormatError(
        source,
        `not a whole JPEG: ${picture.width} x ${picture.height} pixels, its header declares ` +
          `${width} x ${height}`,
      );
    }
    return repack(picture.data, { width, height, from: 4, to: components === 1 ? 1 : 3 });
  };

  const decodePng: ImageDecoder = (bytes, source) => {
    const { header: { width, height }, channels, pixels } = readPngPixels(bytes, {
      source,
      maxPixels,
    });
    return repack(pixels, { width, height, from: channels, to: channels < 3 ? 1 : 3 });
  };

  return (bytes, source) => {
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return decodeJpeg(bytes, source);
    if (bytes[0] === 0x89 && bytes[1] === 0x50) return decodePng(bytes, source);
    throw new DataFormatError(source, describeOther(bytes));
  };
}

/** First bytes of other formats, as text. */
const otherFormats: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["GIF", /^GIF8/],
  ["BMP", /^BM/],
  ["WebP", /^RIFF....WEBP/s],
  ["TIFF", /^(II\*\0|MM\0\*)/],
  ["AVIF", /^....ftypavi[fs]/s],
  ["HEIC", /^....ftyp(hei[cx]|mif1)/s],
  ["JPEG XL", /^(\xff\n|\0\0\0\fJXL )/],
  ["JPEG 2000", /^\0\0\0\fjP /],
  ["Photoshop", /^8BPS/],
  ["PNM", /^P[1-6]\s/],
  ["SVG", /^\s*<(\?xml|svg)/],
  ["PDF", /^%PDF/],
];

/** What bytes are that are neither JPEG nor PNG. */
function describeOther(bytes: Uint8Array): string {
  if (bytes.length === 0) return "the file is empty";
  const head = String.fromCharCode(...bytes.subarray(0, 32));
  const known = otherFormats.find(([, pattern]) => pattern.test(head))?.[0];
  return known === undefined
    ? "no JPEG or PNG"
    : `no JPEG or PNG, but ${known}; convert it to one of them`;
}

/** Keeps the first `to` of `from` channels. */
function repack(
  data: Uint8Array | Uint8ClampedArray,
  { width, height, from, to }: { width: number; height: number; from: number; to: 1 | 3 },
): ByteImages {
  const shape = [1, height, width, to] as const;
  if (from === to && data instanceof Uint8Array) return { pixels: data, shape };
  const pixels = new Uint8Array(width * height * to);
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < to; c++) pixels[p * to + c] = data[p * from + c]!;
  }
  return { pixels, shape };
}
