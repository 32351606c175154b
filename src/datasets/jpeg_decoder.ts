/** JPEGs as libjpeg decodes them, those in inks as well as can be. */
import { DataFormatError } from "../core/errors.ts";
import { readJpegFrame } from "../formats/jpeg_header.ts";
import type { DecodedPicture, PictureReader } from "./picture_reader.ts";
import { createWasmCodec } from "./wasm_codec.ts";

/** The package of MozJPEG's decoder: Deno's name for it, and that of Node and bundlers. */
const packages = ["npm:@jsquash/jpeg@1.6.0/", "@jsquash/jpeg/"];

/** What libjpeg warns of though it has all data, and decodes it as it is meant. */
const harmless = [
  // Also of bytes after the last block, which only decoding can tell.
  /extraneous bytes before marker/,
  /Inconsistent progression sequence/,
];

/**
 * Makes a reader of JPEGs: baseline and progressive, gray, color, and inks (CMYK and YCCK).
 *
 * What libjpeg warns of is an error where pixels are missing, such as a file that is cut off, which libjpeg
 * fills with gray. What it warns of though all pixels are there is read as by everybody.
 */
export async function createJpegReader(): Promise<PictureReader> {
  const { default: load } = await import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js");
  const decode = await createWasmCodec({
    ...{ load, packages, wasm: "codec/dec/mozjpeg_dec.wasm", format: "JPEG" },
    // An orientation is not applied.
    more: [false],
  });
  const { default: inks } = await import("jpeg-js");

  /** Inks, as everybody who asks libjpeg for them takes them: inverted, as Adobe writes them. */
  const decodeInks = (bytes: Uint8Array): DecodedPicture | string => {
    try {
      const { width, height, data } = inks.decode(bytes, {
        ...{ useTArray: true, formatAsRGBA: false, tolerantDecoding: false },
        // Both have been checked.
        ...{ maxResolutionInMP: Infinity, maxMemoryUsageInMB: Infinity },
      });
      return { width, height, data, channels: 3 };
    } catch (error) {
      return error instanceof Error ? error.message : `${error}`;
    }
  };

  return (bytes, { source, maxPixels }) => {
    const frame = readJpegFrame(bytes, { source, maxPixels });
    const fail = (problem: string): never => {
      throw new DataFormatError(source, `not a whole JPEG: ${problem.slice(0, 160)}`);
    };
    let found: DecodedPicture;
    if (frame.components === 4) {
      const made = decodeInks(frame.plain);
      found = typeof made === "string" ? fail(made) : made;
    } else {
      const { picture, said } = decode(frame.plain);
      const damage = said.filter((line) => !harmless.some((pattern) => pattern.test(line)));
      if (damage.length > 0) fail(damage.join("; "));
      found = picture === undefined ? fail("no image") : { ...picture, channels: 4 };
    }
    const { width, height } = found;
    if (width !== frame.width || height !== frame.height) {
      const { width: w, height: h } = frame;
      fail(`${width} x ${height} pixels, its header declares ${w} x ${h}`);
    }
    return { ...found, isGray: frame.components === 1 };
  };
}
