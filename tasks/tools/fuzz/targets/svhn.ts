/** SVHN's MAT-files. */
import { deflateSync } from "node:zlib";
import type { Random } from "../../../../src/core/random.ts";
import { openSvhn } from "../../../../src/datasets/svhn.ts";
import { big, join, little, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

/** What a file says; each may be wrong. */
interface Described {
  readonly isLittle: boolean;
  readonly packed: boolean;
  readonly extents: readonly number[];
  readonly pixels: Uint8Array;
  readonly digits: readonly number[];
  readonly names: readonly [string, string];
  /** MATLAB's class of X: 9 is bytes. */
  readonly kind: number;
}

function file(said: Described): Uint8Array<ArrayBuffer> {
  const { isLittle, packed } = said;
  const word = (value: number) => isLittle ? little(value, 4) : big(value, 4);
  const element = (type: number, data: Uint8Array) =>
    join(word(type), word(data.length), data, new Uint8Array(-data.length & 7));
  const matrix = (name: string, extents: readonly number[], kind: number, data: Uint8Array) => {
    const whole = element(
      14,
      join(
        element(6, join(word(kind), word(0))),
        element(5, join(...extents.map(word))),
        element(1, join(name)),
        element(2, data),
      ),
    );
    if (!packed) return whole;
    const bytes = new Uint8Array(deflateSync(whole));
    return join(word(15), word(bytes.length), bytes);
  };
  const version = isLittle ? [0, 1] : [1, 0];
  return join(
    ...["MATLAB 5.0 MAT-file".padEnd(124), version, isLittle ? "IM" : "MI"],
    matrix(said.names[0], said.extents, said.kind, said.pixels),
    matrix(said.names[1], [said.digits.length, 1], 9, Uint8Array.from(said.digits)),
  );
}

function described(random: Random): Described {
  const [h, w, n] = [1 + random.integer(4), 1 + random.integer(4), 1 + random.integer(4)];
  return {
    ...{ isLittle: oneIn(random, 2), packed: oneIn(random, 2), kind: 9, names: ["X", "y"] },
    ...{ extents: [h, w, 3, n], pixels: noise(random, h * w * 3 * n) },
    digits: Array.from({ length: n }, () => 1 + random.integer(10)),
  };
}

function structured(random: Random): FuzzInput {
  const good = described(random);
  const [h, w, , n] = good.extents as [number, number, number, number];
  if (oneIn(random, 2)) {
    const pixels = new Uint8Array(good.pixels.length);
    good.pixels.forEach((value, i) => {
      const [row, column] = [i % h, Math.floor(i / h) % w];
      const [channel, image] = [Math.floor(i / h / w) % 3, Math.floor(i / h / w / 3)];
      pixels[((image * h + row) * w + column) * 3 + channel] = value;
    });
    const value = { shape: [n, h, w, 3], pixels, labels: good.digits.map((digit) => digit % 10) };
    return { bytes: file(good), note: "good", expected: reads(value) };
  }
  const { extents, digits } = good;
  const wrong: Readonly<Record<string, Partial<Described>>> = {
    "more images": { extents: extents.with(3, pick(random, [n + 1, 2 ** 31 - 1])) },
    "no channels": { extents: extents.with(2, 0) },
    "four channels": { extents: extents.with(2, 4) },
    "a size below 0": { extents: extents.with(0, -h) },
    "a digit out of range": { digits: digits.with(0, pick(random, [0, 11, 255])) },
    "a digit more": { digits: [...digits, 1] },
    "no digits": { names: ["X", "z"] },
    "two of a name": { names: ["X", "X"] },
    "a record": { kind: 2 },
    "fewer bytes": { pixels: good.pixels.subarray(1) },
  };
  const note = pick(random, Object.keys(wrong));
  return { bytes: file({ ...good, ...wrong[note] }), note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "SVHN's MAT-files",
  file: "train_32x32.mat",
  tokens: [
    "IM",
    "MI",
    "\x0e\0\0\0",
    "\x0f\0\0\0",
    "\x01\0\x01\0X\0\0\0",
    "\x06\0\0\0\x08\0\0\0",
    "\x78\x9c",
  ],
  seeds: (random) => Array.from({ length: 6 }, () => file(described(random))),
  async read(bytes, source) {
    const { labels, read } = openSvhn(bytes, { source });
    const { pixels, shape } = await read(Uint32Array.from(labels.keys()));
    return { shape: [...shape], pixels, labels: [...labels] };
  },
  structured,
};
