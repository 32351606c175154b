/** WebPs as libwebp decodes them. */
import { DataFormatError } from "../core/errors.ts";
import { readWebpFrame } from "../formats/webp_header.ts";
import type { PictureReader } from "./picture_reader.ts";
import { createWasmCodec } from "./wasm_codec.ts";

/** The package of libwebp's decoder: Deno's name for it, and that of Node and bundlers. */
const packages = ["npm:@jsquash/webp@1.5.0/", "@jsquash/webp/"];

/** Makes a reader of WebPs, lossy and lossless, but for animated ones. */
export async function createWebpReader(): Promise<PictureReader> {
  const { default: load } = await import("@jsquash/webp/codec/dec/webp_dec.js");
  const decode = await createWasmCodec({
    ...{ load, packages, wasm: "codec/dec/webp_dec.wasm", format: "WebP", more: [] },
  });
  return (bytes, { source, maxPixels }) => {
    const { width, height } = readWebpFrame(bytes, { source, maxPixels });
    const { picture, said } = decode(bytes);
    if (picture === undefined || picture.width !== width || picture.height !== height) {
      const why = said.join("; ").slice(0, 160) || "its data is truncated or damaged";
      throw new DataFormatError(source, `not a whole WebP: ${why}`);
    }
    return { ...picture, channels: 4 };
  };
}
