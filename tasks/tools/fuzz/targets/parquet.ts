/** Parquet files of images. What the library makes of one cell is not known beforehand, but for whole files. */
import { imageColumns } from "../../../../src/datasets/parquet_columns.ts";
import { openParquet } from "../../../../src/datasets/parquet_table_files.ts";
import { join, little, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzTarget, refused } from "../target.ts";

const folder = new URL("../../../../tests/fixtures/parquet/", import.meta.url);
const fixtures = ["train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001"]
  .map((name) => Deno.readFileSync(new URL(`${name}.parquet`, folder)));

/** See above. */
export const target: FuzzTarget = {
  about: "Parquet files of images",
  file: "train-00000-of-00001.parquet",
  tokens: [
    "PAR1",
    "huggingface",
    '{"info": {"features":',
    "bytes",
    "label",
    "image",
    "\x15\x00\x15",
  ],
  seeds: () => fixtures,
  async read(bytes, source) {
    const table = await openParquet(
      (work) =>
        work({
          size: () => Promise.resolve(bytes.length),
          read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
        }),
      { source },
    );
    const { images, labels, classNames } = imageColumns(table.metadata, source);
    const values: unknown[] = [];
    for (let group = 0; group + 1 < table.starts.length; group++) {
      for (const column of [images, labels]) {
        if (column !== undefined) values.push(...await table.read(column, group));
      }
    }
    return { count: values.length, classNames };
  },
  structured(random) {
    const good = pick(random, fixtures);
    const footer = new DataView(good.buffer, good.byteOffset).getUint32(good.length - 8, true);
    const wrong: Readonly<Record<string, () => Uint8Array>> = {
      "cut off": () => good.subarray(0, random.integer(good.length)),
      "more after it": () => join(good, [0]),
      "another end": () => join(good.subarray(0, -4), "PARE"),
      "a longer footer": () =>
        join(good.subarray(0, -8), little(pick(random, [good.length, 2 ** 31 - 1]), 4), "PAR1"),
      "a shorter footer": () =>
        join(good.subarray(0, -8), little(random.integer(Math.floor(footer / 2)), 4), "PAR1"),
      "no schema": () => join("PAR1", [0], little(1, 4), "PAR1"),
    };
    const note = pick(random, Object.keys(wrong));
    const bytes = new Uint8Array(wrong[note]!());
    return oneIn(random, 9)
      ? { bytes: new Uint8Array(good), note: "good" }
      : { bytes, note, expected: refused };
  },
};
