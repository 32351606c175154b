/** Data sets of one's own: what their objects say of themselves, here described in JSON. */
import type { Random } from "../../../../src/core/random.ts";
import { DataFormatError, isToolkitError } from "../../../../src/core/errors.ts";
import { toImageDataset } from "../../../../src/datasets/image_dataset.ts";
import type { ByteImages } from "../../../../src/datasets/resize.ts";
import { parseJson } from "../../../../src/formats/parse_json.ts";
import { oneIn } from "../bytes.ts";
import { damaged } from "../json_damage.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads } from "../target.ts";

/** A data set of flat images, and what is asked of it. */
interface Described {
  readonly labels: readonly number[];
  readonly classNames: readonly string[];
  /** What reading gives, whatever is asked for. */
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly size: number;
  readonly channels: 1 | 3 | null;
}

function randomSet(random: Random): Described {
  const n = 1 + random.integer(4);
  const [h, w, c] = [1 + random.integer(5), 1 + random.integer(5), pick(random, [1, 3])];
  return {
    labels: Array.from({ length: n }, () => random.integer(2)),
    classNames: oneIn(random, 3) ? [] : ["a", "b"],
    ...{ shape: [n, h, w, c], bytes: n * h * w * c, size: 1 + random.integer(8) },
    channels: pick(random, [1, 3, null]),
  };
}

const list = (value: unknown): number[] =>
  Array.isArray(value) && value.length < 1000 ? value.map(Number) : [];

async function read(bytes: Uint8Array<ArrayBuffer>, source: string) {
  const said = (parseJson(new TextDecoder().decode(bytes), { source }) ?? {}) as Described;
  const count = Number(said.bytes);
  const opened = {
    labels: Uint8Array.from(list(said.labels)),
    classNames: Array.isArray(said.classNames) ? said.classNames.map(String) : [],
    read: () =>
      Promise.resolve({
        pixels: new Uint8Array(count >= 0 && count < 1e6 ? count : 0),
        shape: said.shape,
      } as unknown as ByteImages),
  };
  try {
    const { images, labels } = await toImageDataset(opened, {
      ...{ name: "mine", split: "train", size: Number(said.size) },
      ...said.channels === 1 || said.channels === 3 ? { channels: said.channels } : {},
    });
    return { shape: [...images.shape], labels: [...labels] };
  } catch (error) {
    // These errors are about objects, not about files.
    throw isToolkitError(error) ? new DataFormatError(source, (error as Error).message) : error;
  }
}

function structured(random: Random): FuzzInput {
  const set = randomSet(random);
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  if (oneIn(random, 3)) {
    const { labels, shape: [n, , , c], size, channels } = set;
    const expected = reads({ shape: [n, size, size, channels ?? c], labels });
    return { bytes: encode(set), note: "good", expected };
  }
  const { value, note } = damaged(set, random);
  return { bytes: encode(value), note };
}

/** See above. */
export const target: FuzzTarget = {
  about: "data sets of one's own",
  file: "mine.json",
  tokens: ['"shape":[', '"labels":', '"size":4096', "1e9", "-1", "[[", "null"],
  seeds: (random) =>
    Array.from({ length: 6 }, () => new TextEncoder().encode(JSON.stringify(randomSet(random)))),
  read,
  structured,
};
