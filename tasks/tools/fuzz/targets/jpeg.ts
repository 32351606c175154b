/** JPEG pictures, as data sets of images hold them. */
import type { Random } from "../../../../src/core/random.ts";
import { createImageDecoder } from "../../../../src/datasets/decode_image.ts";
import { parseSafetensors } from "../../../../src/formats/safetensors.ts";
import { join, noise, oneIn } from "../bytes.ts";
import { type FlatJpeg, flatJpeg, jpegSegment } from "../jpeg_builder.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

const decode = await createImageDecoder();
/** Real ones, of several kinds. */
const fixtures = ["pictures", "pictures_others"].map((name) =>
  new URL(`../../../../tests/fixtures/${name}.safetensors`, import.meta.url)
);

const sizes = (random: Random): FlatJpeg => ({
  width: 1 + random.integer(40),
  height: 1 + random.integer(40),
  components: pick(random, [1, 3, 4]),
});

const comment = (random: Random) => jpegSegment(0xfe, [...noise(random, random.integer(40))]);

/** What must be refused, as fields of a flat picture. */
const wrong: Readonly<Record<string, (size: FlatJpeg, random: Random) => Uint8Array>> = {
  "huge sizes": (size, random) =>
    flatJpeg({
      ...size,
      width: pick(random, [20_000, 65_535]),
      height: pick(random, [20_000, 65_535]),
      blocks: random.integer(50),
    }),
  "more than its bytes hold": (size, random) =>
    flatJpeg({ ...size, width: 4000, height: 4000, blocks: random.integer(1000) }),
  "no rows": (size) => flatJpeg({ ...size, height: 0, blocks: 4 }),
  "no columns": (size) => flatJpeg({ ...size, width: 0, blocks: 4 }),
  "12 bits": (size) => flatJpeg({ ...size, depth: 12 }),
  "two components": (size) => flatJpeg({ ...size, components: 2 }),
  "no scan": (size) => flatJpeg({ ...size, scans: 0 }),
  "scans without end": (size) => flatJpeg({ ...size, scans: 150 }),
  "two frames": (size) =>
    flatJpeg({ ...size, before: jpegSegment(0xc0, [8, 0, 9, 0, 9, 1, 1, 0x11, 0]) }),
  "no tables": (size) => {
    const bytes = flatJpeg(size);
    // The marker of tables of codes becomes that of a comment.
    return bytes.map((byte, i) => byte === 0xc4 && bytes[i - 1] === 0xff ? 0xfe : byte);
  },
  "another kind of frame": (size, random) =>
    flatJpeg({ ...size, frame: pick(random, [0xc3, 0xc5, 0xc7, 0xcb, 0xcd, 0xcf]) }),
  "cut off": (size, random) => {
    const bytes = flatJpeg(size);
    // The end marker alone may be missing, and bits that fill up the last byte.
    return bytes.subarray(0, random.integer(bytes.length - 3));
  },
  "a segment longer than the file": (size) =>
    flatJpeg({ ...size, before: [0xff, 0xe1, 0xff, 0xff] }),
};

function structured(random: Random): FuzzInput {
  const size = sizes(random);
  if (oneIn(random, 2)) {
    const { width, height, components = 1 } = size;
    const before = oneIn(random, 2) ? comment(random) : [];
    const after = oneIn(random, 4) ? noise(random, 9) : [];
    // Inks of a half each are a quarter: 255 - (127 * (1 - 127 / 255) + 127), rounded.
    const channels = components === 1 ? 1 : 3;
    const pixels = new Uint8Array(width * height * channels).fill(components === 4 ? 64 : 128);
    const bytes = join(flatJpeg({ ...size, before }), after);
    return {
      bytes,
      note: "good",
      expected: reads({ shape: [1, height, width, channels], pixels }),
    };
  }
  const note = pick(random, Object.keys(wrong));
  return { bytes: new Uint8Array(wrong[note]!(size, random)), note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "JPEG pictures",
  file: "a.jpg",
  tokens: [
    "\xff\xd8",
    "\xff\xd9",
    "\xff\xda",
    "\xff\xc0",
    "\xff\xc2",
    "\xff\xc4",
    "\xff\xdd\0\x04",
  ],
  seeds: async (random) => {
    const files = await Promise.all(fixtures.map((path) => Deno.readFile(path)));
    const real = files.flatMap((file) => [...parseSafetensors(file).tensors])
      .filter(([name]) => /^jpeg.*\/file$/.test(name))
      .map(([, { data }]) => new Uint8Array(data as Uint8Array));
    return [flatJpeg(sizes(random)), flatJpeg({ ...sizes(random), components: 3 }), ...real];
  },
  read: (bytes, source) => {
    const { shape, pixels } = decode(bytes, source);
    return { shape: [...shape], pixels: new Uint8Array(pixels) };
  },
  structured,
};
