/** Gzip, around a file of labels. */
import { crc32, gzipSync } from "node:zlib";
import { parseIdx } from "../../../../src/datasets/idx.ts";
import { gunzipIfNeeded } from "../../../../src/formats/gunzip.ts";
import type { Random } from "../../../../src/core/random.ts";
import { big, join, little, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzTarget, reads, refused } from "../target.ts";

const labels = (random: Random, count: number) =>
  join([0, 0, 8, 1], big(count, 4), noise(random, count));

/** See above. */
export const target: FuzzTarget = {
  about: "gzip",
  file: "train-labels-idx1-ubyte.gz",
  tokens: ["\x1f\x8b\x08"],
  seeds: (random) => [10, 3000].map((count) => new Uint8Array(gzipSync(labels(random, count)))),
  isProtected: true,
  async read(bytes, source) {
    const plain = await gunzipIfNeeded(bytes, { source, maxBytes: 1e6 });
    return new Uint8Array(parseIdx(plain, { source, rank: 1 }).data);
  },
  structured(random) {
    const plain = labels(random, random.integer(500));
    const level = random.integer(10);
    const good = new Uint8Array(gzipSync(plain, { level }));
    if (oneIn(random, 3)) {
      const expected = reads(plain.subarray(8));
      const cut = random.integer(plain.length + 1);
      const parts = [plain.subarray(0, cut), plain.subarray(cut)].map((part) =>
        gzipSync(part, { level })
      );
      const bytes = pick(random, [
        good,
        join(...parts),
        join(...parts, new Uint8Array(random.integer(1000))),
      ]);
      return { bytes, note: "good", expected };
    }
    // A header of gzip around what deflate never was: its name, comment and extra field.
    const bomb = () => new Uint8Array(gzipSync(new Uint8Array(20_000_000), { level: 9 }));
    const wrong: Readonly<Record<string, () => Uint8Array>> = {
      checksum: () => good.with(good.length - 8, good[good.length - 8]! ^ 1),
      size: () => join(good.subarray(0, -4), little(plain.length + 1, 4)),
      "cut off": () => good.subarray(0, 2 + random.integer(good.length - 2)),
      "more after it": () =>
        join(good, [1 + random.integer(255)], noise(random, random.integer(20))),
      "more after zeros": () => join(good, new Uint8Array(1 + random.integer(600)), [31, 139]),
      "a second member cut off": () =>
        join(good, good.subarray(0, 1 + random.integer(good.length - 1))),
      "another method": () => good.with(2, 7),
      "reserved flags": () => good.with(3, 0xe0),
      "a name without end": () => join(good.subarray(0, 3), [8], good.subarray(4, 10), "aaaa"),
      "deflated twice": () => new Uint8Array(gzipSync(good)),
      "stored bytes with a wrong length": () =>
        join(
          ...[good.subarray(0, 10), [1], little(plain.length, 2), little(plain.length, 2), plain],
          ...[little(crc32(plain), 4), little(plain.length, 4)],
        ),
      // Rarely: it takes time to make.
      bomb: () => oneIn(random, 20) ? bomb() : good.subarray(0, good.length - 1),
    };
    const note = pick(random, Object.keys(wrong));
    return { bytes: new Uint8Array(wrong[note]!()), note, expected: refused };
  },
};
