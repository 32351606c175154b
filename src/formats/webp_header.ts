/** What a WebP declares, read before a decoder takes memory for it (RFC 9649). */
import { DataFormatError } from "../core/errors.ts";
import { checkPixels } from "./pixel_limit.ts";

/** The picture of a WebP. */
export interface WebpFrame {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/**
 * Walks the chunks of a WebP to its picture.
 *
 * @param options.source Path, or a name for the bytes, for error messages.
 * @param options.maxPixels Pixels that it may have.
 * @throws DataFormatError if the file is truncated, is animated, has no picture, or declares one that is
 * too large.
 */
export function readWebpFrame(
  bytes: Uint8Array,
  { source, maxPixels }: { readonly source: string; readonly maxPixels: number },
): WebpFrame {
  const fail = (problem: string, at: number): never => {
    throw new DataFormatError(source, `not a whole WebP: ${problem}`, at);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const tag = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 20 || tag(0) !== "RIFF" || tag(8) !== "WEBP") fail("truncated", bytes.length);
  const end = 8 + view.getUint32(4, true);
  if (end > bytes.length) fail(`truncated, it should have ${end} bytes`, bytes.length);
  const uint24 = (at: number) => view.getUint16(at, true) | bytes[at + 2]! << 16;
  let canvas: WebpFrame | undefined;
  for (let at = 12; at + 8 <= end;) {
    const type = tag(at);
    const length = view.getUint32(at + 4, true);
    const content = at + 8;
    if (content + length > end) fail(`truncated in its chunk ${JSON.stringify(type)}`, at);
    let frame: WebpFrame | undefined;
    if (type === "VP8X" && length >= 10) {
      if (bytes[content]! & 2) {
        throw new DataFormatError(source, "an animated WebP, which is not read; convert it", at);
      }
      canvas = { width: uint24(content + 4) + 1, height: uint24(content + 7) + 1 };
      checkPixels(canvas, { source, maxPixels });
    } else if (type === "VP8 " && length >= 10) {
      const size = (at: number) => view.getUint16(at, true) & 0x3fff;
      frame = { width: size(content + 6), height: size(content + 8) };
    } else if (type === "VP8L" && length >= 5) {
      const bits = view.getUint32(content + 1, true);
      frame = { width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1 };
    }
    if (frame !== undefined) {
      const { width, height } = frame;
      checkPixels(frame, { source, maxPixels });
      if (canvas !== undefined && (canvas.width !== width || canvas.height !== height)) {
        fail(
          `its picture is ${width} x ${height}, its header declares ${canvas.width} x ${canvas.height}`,
          at,
        );
      }
      return frame;
    }
    at = content + length + length % 2;
  }
  return fail("it has no picture", end);
}
