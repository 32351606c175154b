/** BMP pictures, as data sets of images hold them. */
import type { Random } from "../../../../src/core/random.ts";
import { readBmpPixels } from "../../../../src/formats/bmp.ts";
import { join, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

/** A BMP in parts. */
interface Parts {
  readonly width: number;
  /** Negative: from the top. */
  readonly height: number;
  readonly bits: number;
  readonly compression: number;
  /** Four bytes for each color. */
  readonly palette: Uint8Array;
  readonly data: Uint8Array;
}

function file({ width, height, bits, compression, palette, data }: Parts): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(54);
  const view = new DataView(header.buffer);
  header.set(new TextEncoder().encode("BM"));
  view.setUint32(10, 54 + palette.length, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, bits, true);
  view.setUint32(30, compression, true);
  view.setUint32(46, palette.length / 4, true);
  return new Uint8Array(join(header, palette, data));
}

/** A picture without order, with what stands in its file. */
function randomPicture(random: Random) {
  const [width, height] = [1 + random.integer(12), 1 + random.integer(12)];
  const bits = pick(random, [1, 4, 8, 24, 32]);
  const fromTop = oneIn(random, 3);
  const colors = bits > 8 ? new Uint8Array(0) : noise(random, 4 * 2 ** bits);
  const stride = Math.ceil(width * bits / 32) * 4;
  const data = noise(random, stride * height);
  const pixels: number[] = [];
  for (let y = 0; y < height; y++) {
    const row = (fromTop ? y : height - 1 - y) * stride;
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      const byte = data[row + (bit >> 3)]!;
      const entry = byte >> 8 - bits - (bit & 7) & 2 ** bits - 1;
      const [from, at] = bits > 8 ? [data, row + x * bits / 8] : [colors, 4 * entry];
      pixels.push(from[at + 2]!, from[at + 1]!, from[at]!);
    }
  }
  const parts: Parts = {
    ...{ width, height: fromTop ? -height : height, bits, compression: 0, palette: colors, data },
  };
  return { parts, value: { shape: [height, width, 3], pixels: Uint8Array.from(pixels) } };
}

/** One row of eight equal pixels, as a run, and what is read from it. */
function randomRun(random: Random) {
  const value = random.integer(256);
  const palette = Uint8Array.from({ length: 1024 }, (_, i) => i % 4 === 0 ? i >> 2 : 0);
  const parts = { width: 8, height: 1, bits: 8, compression: 1, palette };
  const data = Uint8Array.of(8, value, ...oneIn(random, 2) ? [0, 1] : []);
  const pixels = Uint8Array.from({ length: 24 }, (_, i) => i % 3 === 2 ? value : 0);
  return { parts: { ...parts, data }, value: { shape: [1, 8, 3], pixels } };
}

/** What must be refused. */
const wrong: Readonly<Record<string, (parts: Parts, random: Random) => Uint8Array>> = {
  "huge sizes": (parts) => file({ ...parts, width: 2 ** 30, height: -(2 ** 30) }),
  "a row more": (parts) => file({ ...parts, height: parts.height + Math.sign(parts.height) * 2 }),
  "no columns": (parts) => file({ ...parts, width: 0 }),
  "fewer than no columns": (parts) => file({ ...parts, width: -3 }),
  "no such depth": (parts, random) => file({ ...parts, bits: pick(random, [0, 2, 3, 15, 64]) }),
  "no such compression": (parts, random) =>
    file({ ...parts, compression: pick(random, [4, 5, 7, 11, 2 ** 31]) }),
  "cut off": (parts, random) => {
    const bytes = file(parts);
    const padding = 3;
    return bytes.subarray(0, random.integer(Math.max(1, bytes.length - padding)));
  },
};

function structured(random: Random): FuzzInput {
  const { parts, value } = oneIn(random, 4) ? randomRun(random) : randomPicture(random);
  if (oneIn(random, 2)) {
    const after = oneIn(random, 4) ? noise(random, 9) : new Uint8Array(0);
    return {
      bytes: new Uint8Array(join(file(parts), after)),
      note: "good",
      expected: reads(value),
    };
  }
  const note = pick(random, Object.keys(wrong));
  // Run lengths may end early and leave rows empty.
  const { parts: plain } = randomPicture(random);
  return { bytes: new Uint8Array(wrong[note]!(plain, random)), note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "BMP pictures",
  file: "a.bmp",
  tokens: ["BM", "\x28\0\0\0", "\0\0\0\x80", "\xff\xff\xff\xff", "\0\x02\xff\xff", "\0\x01"],
  seeds: (random) =>
    Array.from(
      { length: 6 },
      (_, i) => file(i % 3 === 0 ? randomRun(random).parts : randomPicture(random).parts),
    ),
  read: (bytes, source) => {
    const { width, height, channels, pixels } = readBmpPixels(bytes, { source, maxPixels: 1e6 });
    return { shape: [height, width, channels], pixels: new Uint8Array(pixels) };
  },
  structured,
};
