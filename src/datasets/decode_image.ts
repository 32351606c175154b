/** JPEG and PNG pictures as bytes of gray or color. */
import { convertIndexedToRgb, decode as decodePng, type DecodedPng } from "fast-png";
import { DataFormatError, ToolkitError } from "../core/errors.ts";
import type { ByteImages } from "./resize.ts";

/**
 * Decodes one picture; see {@linkcode createImageDecoder}.
 *
 * @category Data sets
 */
export type ImageDecoder = (bytes: Uint8Array, source: string) => ByteImages;

/** What is used of the WebAssembly build of MozJPEG. */
interface JpegModule {
  decode(
    bytes: Uint8Array,
    preserveOrientation: boolean,
  ): { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray } | null;
}

/**
 * Makes a decoder of JPEG (baseline and progressive, gray and color) and PNG (all depths, palettes and
 * interlacing), told apart by their first bytes.
 *
 * JPEGs decode to the same bytes as in Pillow and everything else on libjpeg's defaults; what libjpeg
 * only warns of, as of missing data that it fills with gray, is an error here. An alpha channel is
 * dropped, 16 bits keep their upper 8. A stored orientation is not applied.
 *
 * @example
 * ```ts
 * import { bytesToImages, createImageDecoder, syntheticTextures } from "@els/toolkit/datasets";
 * import { encodePng } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const image = bytesToImages(syntheticTextures({ images: 1, size: 8 }));
 * const decode = await createImageDecoder();
 * assertEquals(decode(encodePng(image), "texture.png").shape, [1, 8, 8, 1]);
 * ```
 *
 * @returns A function that gives `[1, H, W, 1]` for gray pictures and `[1, H, W, 3]` for others, or
 * throws a DataFormatError for what is truncated, damaged or no such picture.
 * @category Data sets
 */
export async function createImageDecoder(): Promise<ImageDecoder> {
  const complaints: string[] = [];
  const { default: createModule } = await import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js");
  const create = createModule as unknown as (
    options: { print(text: string): void; printErr(text: string): void },
  ) => Promise<JpegModule>;
  const complain = (text: string) => complaints.push(text);
  // Its WebAssembly lies beside it: a bundle may not find it, and can decode PNG all the same.
  const jpeg = await create({ print: complain, printErr: complain }).catch((error: Error) => error);

  const decodeJpeg: ImageDecoder = (bytes, source) => {
    if (jpeg instanceof Error) {
      throw new ToolkitError(`Cannot decode ${source}: the decoder of JPEG is missing`, {
        cause: jpeg,
        remedy: () => "keep @jsquash/jpeg out of the bundle, or convert the image to PNG",
      });
    }
    complaints.length = 0;
    let picture: ReturnType<JpegModule["decode"]> = null;
    try {
      picture = jpeg.decode(bytes, false);
    } catch (error) {
      // The library leaves by exit(1) after saying why.
      if (complaints.length === 0) complain(error instanceof Error ? error.message : `${error}`);
    }
    if (picture === null || complaints.length > 0) {
      throw new DataFormatError(source, `not a whole JPEG: ${complaints.join("; ") || "no image"}`);
    }
    const { width, height, data } = picture;
    const gray = jpegComponents(bytes) === 1;
    return repack(data, { width, height, from: 4, to: gray ? 1 : 3 });
  };

  return (bytes, source) => {
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return decodeJpeg(bytes, source);
    if (bytes[0] === 0x89 && bytes[1] === 0x50) return decodePngBytes(bytes, source);
    throw new DataFormatError(source, bytes.length === 0 ? "the file is empty" : "no JPEG or PNG");
  };
}

/** Number of components in a JPEG's frame header: 1 for gray. */
function jpegComponents(bytes: Uint8Array): number | undefined {
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    const startOfFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (startOfFrame) return bytes[at + 9];
    // A marker may be preceded by fill bytes, and some have no length.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else at += 2 + (bytes[at + 2]! << 8 | bytes[at + 3]!);
  }
  return undefined;
}

const decodePngBytes: ImageDecoder = (bytes, source) => {
  let png: DecodedPng;
  let data: ArrayLike<number>;
  let from: number;
  try {
    png = decodePng(bytes, { checkCrc: true });
    const count = png.width * png.height;
    data = png.palette === undefined ? samples(png) : convertIndexedToRgb(png);
    from = png.palette === undefined ? png.channels : data.length / count;
    if (data.length !== count * from || count === 0) throw new Error("pixels are missing");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataFormatError(source, `not a whole PNG: ${reason}`);
  }
  const { width, height } = png;
  return repack(data, { width, height, from, to: from < 3 ? 1 : 3 });
};

/** One value from 0 to 255 for each channel of each pixel. */
function samples({ data, depth, width, height, channels }: DecodedPng): ArrayLike<number> {
  if (depth === 8) return data;
  if (depth === 16) return Uint8Array.from(data, (value) => value >> 8);
  // Fewer bits are packed, most significant first, and each row begins with a new byte.
  const [perRow, perByte, largest] = [width * channels, 8 / depth, 2 ** depth - 1];
  const stride = Math.ceil(perRow / perByte);
  return Uint8Array.from({ length: perRow * height }, (_, i) => {
    const [y, x] = [Math.floor(i / perRow), i % perRow];
    const byte = data[y * stride + Math.floor(x / perByte)]!;
    return (byte >> (8 - depth * (x % perByte + 1)) & largest) * 255 / largest;
  });
}

/** Keeps the first `to` of `from` channels. */
function repack(
  data: ArrayLike<number>,
  { width, height, from, to }: { width: number; height: number; from: number; to: 1 | 3 },
): ByteImages {
  const pixels = new Uint8Array(width * height * to);
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < to; c++) pixels[p * to + c] = data[p * from + c]!;
  }
  return { pixels, shape: [1, height, width, to] };
}
