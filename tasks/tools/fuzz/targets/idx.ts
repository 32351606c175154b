/** IDX, the files of MNIST. */
import { parseIdx } from "../../../../src/datasets/idx.ts";
import { big, join, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzTarget, reads, refused } from "../target.ts";

/** See above. */
export const target: FuzzTarget = {
  about: "IDX files",
  file: "train-images-idx3-ubyte",
  seeds: (random) => [
    join([0, 0, 8, 1], big(5, 4), noise(random, 5)),
    join([0, 0, 8, 3], big(2, 4), big(3, 4), big(3, 4), noise(random, 18)),
  ],
  read: (bytes, source) => {
    const { shape, data } = parseIdx(bytes, { source });
    return { shape, data: new Uint8Array(data) };
  },
  structured(random) {
    const shape = Array.from({ length: 1 + random.integer(4) }, () => random.integer(5));
    const data = noise(random, shape.reduce((product, n) => product * n, 1));
    const header = (type: number, axes: number, sizes: readonly number[]) =>
      join([0, 0, type, axes], ...sizes.map((size) => big(size, 4)));
    const good = join(header(8, shape.length, shape), data);
    if (oneIn(random, 2)) return { bytes: good, note: "good", expected: reads({ shape, data }) };
    const huge = shape.with(random.integer(shape.length), pick(random, [0xffffffff, 60_000, 7]));
    const wrong = {
      "huge size": huge.join() === shape.join() || huge.includes(0)
        ? join(good, [0])
        : join(header(8, shape.length, huge), data),
      "another type": join(header(pick(random, [0, 9, 13, 255]), shape.length, shape), data),
      "no axes": join(header(8, 0, []), data),
      "more axes than sizes": join(header(8, 255, shape), data),
      "bytes left over": join(good, noise(random, 1 + random.integer(9))),
      "cut off": good.subarray(0, random.integer(good.length)),
    };
    const note = pick(random, Object.keys(wrong) as (keyof typeof wrong)[]);
    return { bytes: new Uint8Array(wrong[note]), note, expected: refused };
  },
};
