/** CIFAR-10's records. */
import { cifar10Labels, cifar10Pixels } from "../../../../src/datasets/cifar10.ts";
import type { Random } from "../../../../src/core/random.ts";
import { join, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzTarget, reads, refused } from "../target.ts";

const size = 3072;

const record = (random: Random, label = random.integer(10)) =>
  join([label], noise(random, 4), new Uint8Array(size - 4));

/** See above. */
export const target: FuzzTarget = {
  about: "records of CIFAR-10's binary version",
  file: "data_batch_1.bin",
  seeds: (random) => [record(random), join(record(random), record(random))],
  read: (bytes, source) => {
    const labels = cifar10Labels(bytes, { source });
    return [...labels].map((label, i) => ({ label, pixels: cifar10Pixels(bytes, i) }));
  },
  structured(random) {
    const records = Array.from({ length: 1 + random.integer(3) }, () => record(random));
    const bytes = join(...records);
    if (oneIn(random, 2)) {
      // Planes become pixels: value v of plane c is at 3 v + c.
      const value = records.map((each) => ({
        label: each[0],
        pixels: Uint8Array.from({ length: size }, (_, i) => each[1 + i % 3 * 1024 + i / 3 | 0]!),
      }));
      return { bytes, note: "good", expected: reads(value) };
    }
    const wrong: Readonly<Record<string, () => Uint8Array>> = {
      "a label out of range": () =>
        bytes.with(random.integer(records.length) * (size + 1), 10 + random.integer(246)),
      "a byte more": () => join(bytes, [0]),
      "cut off": () => bytes.subarray(0, bytes.length - 1 - random.integer(size)),
      "nothing": () => new Uint8Array(0),
    };
    const note = pick(random, Object.keys(wrong));
    return { bytes: new Uint8Array(wrong[note]!()), note, expected: refused };
  },
};
