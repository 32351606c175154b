/** CelebA's packed records. */
import { openCelebaRecords } from "../../../../src/datasets/celeba_records.ts";
import { join, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzTarget, reads, refused } from "../target.ts";

const size = 3072;

/** See above. */
export const target: FuzzTarget = {
  about: "packed records of CelebA",
  file: "celeba_32.bin",
  seeds: (random) => [noise(random, size), join(noise(random, size), noise(random, size))],
  async read(bytes, source) {
    const open = <T>(
      work: (file: {
        size(): Promise<number>;
        read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
      }) => Promise<T>,
    ) =>
      work({
        size: () => Promise.resolve(bytes.length),
        read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
      });
    const { labels, read } = await openCelebaRecords(open, { source, split: "train", size: 32 });
    const { pixels, shape } = await read(Uint32Array.from(labels, (_, i) => i));
    return { pixels, shape: [...shape] };
  },
  structured(random) {
    const count = 1 + random.integer(3);
    const bytes = join(...Array.from({ length: count }, () => noise(random, size)));
    if (oneIn(random, 2)) {
      // Planes become pixels: value v of plane c is at 3 v + c.
      const pixels = bytes.map((_, i) =>
        bytes[i - i % size + i % 3 * 1024 + Math.floor(i % size / 3)]!
      );
      return { bytes, note: "good", expected: reads({ pixels, shape: [count, 32, 32, 3] }) };
    }
    const wrong: Readonly<Record<string, () => Uint8Array>> = {
      "a byte more": () => join(bytes, [0]),
      "cut off": () => bytes.subarray(0, bytes.length - 1 - random.integer(size - 1)),
      nothing: () => new Uint8Array(0),
    };
    const note = pick(random, Object.keys(wrong));
    return { bytes: new Uint8Array(wrong[note]!()), note, expected: refused };
  },
};
