/** How large a picture may say that it is, looked at before anything is unpacked. */
import { DataFormatError } from "../core/errors.ts";
import { checkLimit } from "./read_limits.ts";

/**
 * Pixels that a picture may have where nothing else is said: 64 megapixels, such as 8192 x 8192. More
 * than cameras make, and less than fills a machine's memory.
 */
export const defaultMaxPixels: number = 2 ** 26;

/** Bytes that the file of such a picture may have: 16-bit color with alpha as it is, and texts besides. */
export const maxPictureBytes = (maxPixels: number): number => 2 ** 24 + 8 * maxPixels;

/**
 * Checks what a picture's header declares.
 *
 * @param declared Width and height, and the bytes of a pixel when it is unpacked. More than 4, as 16-bit
 * color has, count in proportion.
 * @throws DataFormatError if it is empty.
 * @throws ReadLimitError if it is larger than `maxPixels`.
 */
export function checkPixels(
  declared: { readonly width: number; readonly height: number; readonly pixelBytes?: number },
  { source, maxPixels }: { readonly source: string; readonly maxPixels: number },
): void {
  const { width, height, pixelBytes = 4 } = declared;
  if (width < 1 || height < 1) {
    throw new DataFormatError(source, `its header declares ${width} x ${height} pixels`);
  }
  checkLimit("maxPixels", width * height * Math.max(1, pixelBytes / 4), {
    source,
    what: `a picture of ${width} x ${height}${pixelBytes > 4 ? " with 16-bit color" : ""}`,
    allowed: maxPixels,
  });
}
