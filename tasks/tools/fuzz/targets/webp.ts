/** WebP pictures, as data sets of images hold them. */
import type { Random } from "../../../../src/core/random.ts";
import { createImageDecoder } from "../../../../src/datasets/decode_image.ts";
import { parseSafetensors } from "../../../../src/formats/safetensors.ts";
import { join, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

const decode = await createImageDecoder({ maxPixels: 1e6 });

/** Real ones with their pixels. */
const fixture = new URL("../../../../tests/fixtures/pictures_others.safetensors", import.meta.url);
const { tensors } = parseSafetensors(await Deno.readFile(fixture));
const bytesOf = (name: string) => new Uint8Array(tensors.get(name)!.data as Uint8Array);
const pictures = ["webp_lossy", "webp_lossless", "webp_alpha"].map((name) => ({
  bytes: bytesOf(`${name}/file`),
  value: {
    shape: [1, ...tensors.get(`${name}/pixels`)!.shape],
    pixels: bytesOf(`${name}/pixels`),
  },
}));

/** A chunk: its name, its length, its content and a byte to make that even. */
function chunk(name: string, content: Uint8Array): Uint8Array {
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, content.length, true);
  return join(name, size, content, new Uint8Array(content.length % 2));
}

/** A file of chunks. */
const riff = (...chunks: readonly Uint8Array[]) => {
  const content = join("WEBP", ...chunks);
  return chunk("RIFF", content);
};

/** The header of an extended file. */
function extended(width: number, height: number, flags = 0): Uint8Array {
  const content = new Uint8Array(10);
  const view = new DataView(content.buffer);
  content[0] = flags;
  view.setUint32(4, width - 1, true);
  view.setUint16(7, (height - 1) & 0xffff, true);
  content[9] = (height - 1) >> 16;
  return chunk("VP8X", content);
}

/** The chunks of a plain file, without what is around them. */
const inside = (bytes: Uint8Array) => bytes.subarray(12);

/** What must be refused. */
const wrong: Readonly<Record<string, (bytes: Uint8Array, random: Random) => Uint8Array>> = {
  "cut off": (bytes, random) => bytes.subarray(0, 12 + random.integer(bytes.length - 12)),
  "huge sizes": (bytes) => riff(extended(16_000_000, 16_000_000), inside(bytes)),
  "sizes of another picture": (bytes) => riff(extended(28, 21), inside(bytes)),
  "moving": (bytes) => riff(extended(27, 21, 2), inside(bytes)),
  "no picture": (_, random) => riff(chunk("EXIF", noise(random, 30))),
  "nothing in it": () => riff(),
  "a picture of nothing but noise": (_, random) => riff(chunk("VP8 ", noise(random, 60))),
};

function structured(random: Random): FuzzInput {
  const { bytes, value } = pick(random, pictures);
  if (oneIn(random, 2)) {
    const more = oneIn(random, 2) ? [chunk("juNK", noise(random, 9))] : [];
    const after = oneIn(random, 4) ? noise(random, 9) : new Uint8Array(0);
    const file = join(riff(inside(bytes), ...more), after);
    return { bytes: file, note: "good", expected: reads(value) };
  }
  const note = pick(random, Object.keys(wrong));
  return { bytes: new Uint8Array(wrong[note]!(bytes, random)), note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "WebP pictures",
  file: "a.webp",
  tokens: ["RIFF", "WEBP", "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "\x9d\x01\x2a", "\x2f"],
  seeds: () => pictures.map(({ bytes }) => bytes),
  read: (bytes, source) => {
    const { shape, pixels } = decode(bytes, source);
    return { shape: [...shape], pixels: new Uint8Array(pixels) };
  },
  structured,
};
