/** PNG pictures of single images, 8 bits a channel. */
import { encode } from "fast-png";
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { checkImages, type ImageBatch } from "../core/image_batch.ts";
import type { Area } from "./changed_area.ts";
import { defaultMaxPixels } from "./pixel_limit.ts";
import { readPngPixels } from "./png_pixels.ts";
import type { RgbaPixels } from "./rgba_pixels.ts";

/**
 * Encodes one image as an 8-bit PNG, gray for one channel and RGB for three.
 *
 * A value v becomes the byte nearest to (v + 1) * 127.5, a half upwards; values outside [-1, 1], as
 * samples often have, are clamped. The same image gives the same bytes.
 *
 * @example
 * ```ts
 * import { decodePng, encodePng } from "@els/toolkit/formats";
 * import { bytesToImages, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const image = bytesToImages(syntheticTextures({ images: 1, size: 8 }));
 * assertEquals(decodePng(encodePng(image)), image);
 * ```
 *
 * @param image `[1, H, W, 1]` or `[1, H, W, 3]`.
 * @throws RangeError if it is not one such image, is empty, or holds NaN.
 * @category Formats
 */
export function encodePng(image: ImageBatch): Uint8Array<ArrayBuffer> {
  checkImages(image, "image");
  const { data, shape } = image;
  const [batch, height, width, channels] = shape;
  const fits = batch === 1 && (channels === 1 || channels === 3) && height > 0 && width > 0;
  if (!fits || data.length !== height * width * channels) {
    throw new ArgumentError(
      `Cannot encode ${data.length} values of shape [${
        shape.join(", ")
      }] as PNG: expected [1, H, W, 1] or [1, H, W, 3]`,
    );
  }
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < bytes.length; i++) {
    const v = data[i]!;
    if (Number.isNaN(v)) throw new ArgumentError(`Cannot encode as PNG: value ${i} is NaN`);
    bytes[i] = Math.max(0, Math.min(255, Math.round((v + 1) * 127.5)));
  }
  return new Uint8Array(encode({ width, height, channels, depth: 8, data: bytes }));
}

/**
 * Encodes pixels of a screen as an 8-bit RGB PNG, without loss; opacity counts for nothing.
 *
 * @example
 * ```ts
 * import { decodePng, encodePicture } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const red = { width: 1, height: 1, data: Uint8Array.of(255, 0, 0, 255) };
 * assertEquals(decodePng(encodePicture(red)).data, Float32Array.of(1, -1, -1));
 * ```
 *
 * @throws RangeError if the picture is empty, or has another number of values than 4 for each pixel.
 * @category Formats
 */
export function encodePicture(picture: RgbaPixels): Uint8Array<ArrayBuffer> {
  const { width, height, data: { length } } = picture;
  if (!(width > 0 && height > 0) || length !== 4 * width * height) {
    throw new ArgumentError(
      `Cannot encode ${length} values as a PNG of ${width} x ${height}: expected 4 for each pixel`,
    );
  }
  return rgbPng(picture, { left: 0, top: 0, width, height });
}

/** An area of a picture as RGB PNG. */
export function rgbPng(
  { data: pixels, width }: RgbaPixels,
  { left, top, width: columns, height: rows }: Area,
): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(3 * columns * rows);
  for (let y = 0, to = 0; y < rows; y++) {
    for (let x = 0, from = 4 * ((top + y) * width + left); x < columns; x++, from += 4) {
      data[to++] = pixels[from]!;
      data[to++] = pixels[from + 1]!;
      data[to++] = pixels[from + 2]!;
    }
  }
  return new Uint8Array(
    encode({ width: columns, height: rows, channels: 3, depth: 8, data }, { zlib: { level: 9 } }),
  );
}

/**
 * Options of {@linkcode decodePng}.
 *
 * @category Formats
 */
export interface DecodePngOptions {
  /** Pixels that the picture may have. Default 2^26, 64 megapixels. */
  readonly maxPixels?: number | undefined;
}

/**
 * Decodes an 8-bit gray or RGB PNG to values `v / 255 * 2 - 1`.
 *
 * @example
 * ```ts
 * import { decodePng, encodePng } from "@els/toolkit/formats";
 * import { imageBatch } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = encodePng(imageBatch(Float32Array.of(-1, 1), [1, 1, 2, 1]));
 * assertEquals(decodePng(bytes, "two.png").data, Float32Array.of(-1, 1));
 * ```
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @returns `[1, H, W, 1]` or `[1, H, W, 3]`.
 * @throws DataFormatError if the bytes are truncated or damaged, the picture is too large, or has a
 * palette, transparency or another depth.
 * @category Formats
 */
export function decodePng(
  bytes: Uint8Array,
  source = "PNG",
  options: DecodePngOptions = {},
): ImageBatch {
  const { maxPixels = defaultMaxPixels } = options;
  const { header, channels, transparency, pixels } = readPngPixels(bytes, { source, maxPixels });
  const { width, height, depth, indexed } = header;
  if (indexed || transparency || depth !== 8 || (channels !== 1 && channels !== 3)) {
    const kind = indexed ? "a palette" : `${channels} channels of ${depth} bits`;
    const clear = transparency ? " and transparency" : "";
    throw new DataFormatError(source, `${kind}${clear}, expected 8-bit gray or RGB; convert it`);
  }
  const values = Float32Array.from(pixels, (v) => v / 255 * 2 - 1);
  return { data: values, shape: [1, height, width, channels] };
}
