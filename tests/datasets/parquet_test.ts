/**
 * Hugging Face's form of image data sets. The fixtures were written by pyarrow as their library writes them:
 * 5 + 4 rows in two files of the training part (Snappy, three groups of rows; Zstandard), 3 of the test part
 * (gzip); row i is a PNG of 8 x 8 whose value is (10 i + x + 8 y + channel) mod 256, of class i mod 3.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { inFolder } from "./folder.ts";

const fixtures = fromFileUrl(new URL("../fixtures/parquet/", import.meta.url));
const [first, second, test] = [
  ...[
    "train-00000-of-00002.parquet",
    "train-00001-of-00002.parquet",
    "test-00000-of-00001.parquet",
  ],
] as [string, string, string];

/** Files, by the names that they get, in a folder. */
async function copy(folder: string, names: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, fixture] of Object.entries(names)) {
    await Deno.mkdir(join(folder, name, ".."), { recursive: true });
    await Deno.copyFile(fixtures + fixture, join(folder, name));
  }
}

function pixel(i: number, x: number, y: number, channel: number): number {
  return Math.fround((10 * i + x + 8 * y + channel) % 256 / 255 * 2 - 1);
}

Deno.test("parquet: all files of a part, their pictures and the names of classes", async () => {
  const told: string[] = [];
  const { images, labels, classNames } = await loadDataset("parquet", {
    ...{ from: fixtures, size: 8, tell: (line) => told.push(line) },
  });
  assertEquals(images.shape, [9, 8, 8, 3]);
  assertEquals([...labels], [0, 1, 2, 0, 1, 2, 0, 1, 2]);
  assertEquals(classNames, ["cat", "dog", "owl"]);
  for (let i = 0; i < 9; i++) {
    for (const [x, y, c] of [[0, 0, 0], [7, 0, 2], [3, 5, 1], [7, 7, 2]] as const) {
      assertEquals(images.data[((i * 8 + y) * 8 + x) * 3 + c], pixel(i, x, y, c));
    }
  }
  assertEquals(
    told[0],
    'parquet: 9 rows of the train part in 2 files, pictures in "image", 3 classes in "label"',
  );
  const some = await loadDataset("parquet", {
    from: fixtures,
    size: 8,
    classes: [2],
    images: 2,
    choice: "first",
  });
  assertEquals(some.images.data[0], pixel(2, 0, 0, 0));
  assertEquals(some.images.data[192], pixel(5, 0, 0, 0));
  const tests = await loadDataset("parquet", { from: fixtures, size: 8, split: "test" });
  assertEquals([...tests.labels], [1, 2, 0]);
  assertEquals(tests.images.data[0], pixel(1, 0, 0, 0));
});

Deno.test("parquet: the places and names that data sets have, and one file", () =>
  inFolder(async (root) => {
    const all = await loadDataset("parquet", { from: fixtures, size: 8 });
    const ways: Readonly<Record<string, Record<string, string>>> = {
      data: { [`data/${first}`]: first, [`data/${second}`]: second, [`data/${test}`]: test },
      converted: { "default/train/0000.parquet": first, "default/train/0001.parquet": second },
      plain: { "a.parquet": first, "b.parquet": second },
    };
    for (const [way, names] of Object.entries(ways)) {
      await copy(join(root, way), names);
      const found = await loadDataset("parquet", { from: join(root, way), size: 8 });
      assertEquals(found.sha256, all.sha256, way);
    }
    const one = await loadDataset("parquet", { from: fixtures + second, size: 8 });
    assertEquals([...one.labels], [2, 0, 1, 2]);
  }));

Deno.test("parquet: what is missing, doubtful or damaged is one line that names it", () =>
  inFolder(async (root) => {
    const load = (name: string, split: "train" | "test" = "train") => () =>
      loadDataset("parquet", { from: join(root, name), size: 8, split });
    await copy(join(root, "half"), { [first]: first });
    await copy(join(root, "two"), { [`a/${test}`]: test, [`b/${test}`]: test });
    await copy(join(root, "cut"), { [test]: test });
    await Deno.truncate(join(root, "cut", test), 2000);
    await Deno.mkdir(join(root, "empty"));
    await Deno.writeTextFile(
      join(root, "text.parquet"),
      "PAR1 is how such files begin and end PAR1",
    );
    const cases: readonly [() => Promise<unknown>, string][] = [
      [load("half"), "file 2 of 2 of this part is missing"],
      [load("half", "test"), "no .parquet file of the test part in it"],
      [load("two", "test"), 'both "a/" and "b/" in it hold files of the test part'],
      [load("cut", "test"), "cannot be read as Parquet"],
      [load("text.parquet"), "cannot be read as Parquet"],
      [load("empty"), "no .parquet file in it"],
      [load("none"), "no such file or folder"],
      [
        () => loadDataset("parquet", { from: fixtures + test, size: 8 }),
        "it is the test part, not train",
      ],
      [() => loadDataset("parquet"), "no file is named"],
      [
        () => loadDataset("folder", { from: fixtures + test }),
        "it is a Parquet file, which the data set folder does not read; take `dataset: parquet`",
      ],
      [() => loadDataset("mnist", { from: "x/mnist.npz" }), "take `dataset: arrays`"],
      [
        () => loadDataset("parquet", { from: fixtures, size: 8, maxPixels: 63 }),
        "a picture of 8 x 8 needs 64 pixels",
      ],
    ];
    for (const [work, message] of cases) {
      const error = await assertRejects(work, DataFormatError, message);
      assertEquals(error.message.includes("\n"), false);
    }
  }));
