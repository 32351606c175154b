/** Pictures of all formats that are read, as bytes of gray or color. */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { readBmpPixels } from "../formats/bmp.ts";
import { defaultMaxPixels } from "../formats/pixel_limit.ts";
import { readPngPixels } from "../formats/png_pixels.ts";
import { readableFormats } from "./image_paths.ts";
import { createJpegReader } from "./jpeg_decoder.ts";
import type { DecodedPicture, PictureReader } from "./picture_reader.ts";
import type { ByteImages } from "./resize.ts";
import { createWebpReader } from "./webp_decoder.ts";

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
 * Makes a decoder of JPEG (baseline and progressive; gray, color, CMYK and YCCK), PNG (all depths, palettes and
 * interlacing), WebP (lossy and lossless) and BMP (all depths, palettes and run lengths), told apart by their
 * first bytes, whatever the file is called.
 *
 * JPEGs decode to the same bytes as in Pillow and everything else on libjpeg's defaults. What libjpeg only
 * warns of is an error where data is missing, which it fills with gray; where all data is there, as of a JFIF
 * version 0.00 or bytes after the last block, the picture is read. Inks become colors by Pillow's rule, each
 * value within 2 of its own unless chroma is subsampled. An alpha channel is dropped, 16 bits keep their upper
 * 8. A stored orientation is not applied.
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
 * throws a DataFormatError for what is truncated, damaged, too large, no such picture, or of a kind that is
 * not read.
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
  const readers: readonly (readonly [head: RegExp, PictureReader])[] = [
    [/^\xff\xd8/, await createJpegReader()],
    [/^\x89P/, readPng],
    [/^RIFF....WEBP/s, await createWebpReader()],
    [/^BM/, readBmp],
  ];
  return (bytes, source) => {
    const head = headOf(bytes);
    const reader = readers.find(([pattern]) => pattern.test(head))?.[1];
    if (reader === undefined) throw new DataFormatError(source, describeOther(bytes));
    return repack(reader(bytes, { source, maxPixels }));
  };
}

const headOf = (bytes: Uint8Array) => String.fromCharCode(...bytes.subarray(0, 32));

const readPng: PictureReader = (bytes, options) => {
  const { header: { width, height }, channels, pixels } = readPngPixels(bytes, options);
  return { width, height, channels, data: pixels };
};

const readBmp: PictureReader = (bytes, options) => {
  const { pixels, ...size } = readBmpPixels(bytes, options);
  return { ...size, data: pixels };
};

/** First bytes of other formats, as text. */
const otherFormats: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["GIF", /^GIF8/],
  ["BMP", /^BM/],
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

/** First bytes of what is there in the place of a picture. */
const noPictures: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a page in HTML", /^\s*<(!doctype html|html)/i],
  ["a pointer of Git LFS instead of the file", /^version https:\/\/git-lfs/],
];

/** What bytes are that are of none of the formats that are read. */
function describeOther(bytes: Uint8Array): string {
  if (bytes.length === 0) return "the file is empty";
  const head = headOf(bytes);
  const find = (list: typeof otherFormats) => list.find(([, pattern]) => pattern.test(head))?.[0];
  const [other, thing] = [find(otherFormats), find(noPictures)];
  const none = `no ${readableFormats}`;
  if (other !== undefined) return `${none}, but ${other}, which is not read; convert it`;
  return thing === undefined ? none : `${none}, but ${thing}`;
}

/** Keeps the channels that are gray or color. */
function repack({ width, height, data, channels, isGray }: DecodedPicture): ByteImages {
  const to = channels < 3 || isGray ? 1 : 3;
  const shape = [1, height, width, to] as const;
  if (channels === to && data instanceof Uint8Array) return { pixels: data, shape };
  const pixels = new Uint8Array(width * height * to);
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < to; c++) pixels[p * to + c] = data[p * channels + c]!;
  }
  return { pixels, shape };
}
