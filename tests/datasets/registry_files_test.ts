import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
import { mnistSha256 } from "../../src/datasets/mnist.ts";
import { readVerified } from "../../src/datasets/mnist_files.ts";
import { datasetNames, loadDataset } from "../../src/datasets/registry_files.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";

Deno.test("registry: MNIST is whole, and its first digits equal the golden ones bit for bit", async () => {
  const path = new URL("../fixtures/machines_mnist.safetensors", import.meta.url);
  const { tensors } = parseSafetensors(await Deno.readFile(path));
  const few = await loadDataset("mnist", { images: 48 });
  assertEquals(few.images.shape, [48, 32, 32, 1]);
  assertEquals(few.images.data, tensors.get("images")!.data);
  assertEquals(few.labels, tensors.get("labels")!.data as Uint8Array);
  assertEquals(few.classNames.length, 10);

  const train = await loadDataset("mnist", { size: 28 });
  const test = await loadDataset("mnist", { split: "test", size: 28 });
  assertEquals(train.images.shape, [60000, 28, 28, 1]);
  assertEquals(test.images.shape, [10000, 28, 28, 1]);
  // Published counts of the digits 0 and 1 in the training set.
  assertEquals(train.labels.filter((label) => label === 0).length, 5923);
  assertEquals(train.labels.filter((label) => label === 1).length, 6742);
});

Deno.test("registry: classes are chosen before images are counted, labels keep their numbers", async () => {
  const some = await loadDataset("mnist", { split: "test", images: 20, classes: [3, 7], size: 8 });
  assertEquals(some.images.shape, [20, 8, 8, 1]);
  assertEquals(new Set(some.labels), new Set([3, 7]));
  const asking = () => loadDataset("mnist", { split: "test", images: 2000, classes: [5] });
  await assertRejects(asking, RangeError, "2000 images of class 5 of mnist test: there are 892");
});

Deno.test("registry: the hash covers exactly the images returned", async () => {
  const load = (images: number, size: number) => loadDataset("synthetic", { images, size });
  const [a, again, more, larger] = await Promise.all([
    load(5, 8),
    load(5, 8),
    load(6, 8),
    load(5, 9),
  ]);
  assertEquals(a!.sha256, again!.sha256);
  assertNotEquals(a!.sha256, more!.sha256);
  assertNotEquals(a!.sha256, larger!.sha256);
  assert(/^[0-9a-f]{64}$/.test(a!.sha256));
});

Deno.test("registry: any set can be made gray or color, and then has another hash", async () => {
  const load = (channels?: 1 | 3) => loadDataset("synthetic", { images: 3, size: 8, channels });
  const [plain, gray, color] = [await load(), await load(1), await load(3)];
  assertEquals(plain.sha256, gray.sha256);
  assertEquals(color.images.shape, [3, 8, 8, 3]);
  assertNotEquals(color.sha256, plain.sha256);
  const digits = await loadDataset("mnist", { images: 2, channels: 3 });
  assertEquals(digits.images.shape, [2, 32, 32, 3]);
  const { data } = digits.images;
  assert(data.every((value, i) => value === data[i - i % 3]));
  await assertRejects(() => load(2 as 1), RangeError, "2 channels: expected 1 or 3");
});

Deno.test("registry: a name, split, size or class that does not exist is a RangeError", async () => {
  const known = datasetNames.join(", ");
  await assertRejects(() => loadDataset("mnits"), RangeError, `known ones are ${known}`);
  const split = "valid" as "train";
  await assertRejects(() => loadDataset("synthetic", { split }), RangeError, 'split "valid"');
  for (const size of [0, 1.5, NaN, 5000]) {
    await assertRejects(() => loadDataset("synthetic", { size }), RangeError, "1 to 4096");
  }
  await assertRejects(
    () => loadDataset("synthetic", { classes: [4] }),
    RangeError,
    "0 (0 degrees)",
  );
});

Deno.test("registry: MNIST from a folder of plain and gzip files, and what is missing is named", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const load = () => loadDataset("mnist", { from: folder, size: 2 });
    await assertRejects(load, DataFormatError, `${folder}: no file train-images-idx3-ubyte`);
    const images = Uint8Array.of(
      0,
      0,
      8,
      3,
      0,
      0,
      0,
      2,
      0,
      0,
      0,
      2,
      0,
      0,
      0,
      2,
      ...[0, 255, 51, 0],
      1,
      2,
      3,
      4,
    );
    const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 9, 4);
    await Deno.writeFile(`${folder}/train-images.idx3-ubyte`, images);
    await assertRejects(load, DataFormatError, "no file train-labels-idx1-ubyte");
    const gzip = new Blob([labels]).stream().pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(`${folder}/train-labels-idx1-ubyte.gz`, gzip);
    const { images: found, labels: foundLabels } = await load();
    assertEquals([...found.data.subarray(0, 4)], [-1, 1, Math.fround(-0.6), -1]);
    assertEquals([...foundLabels], [9, 4]);
    await Deno.writeFile(`${folder}/train-images.idx3-ubyte`, images.subarray(0, -1));
    await assertRejects(load, DataFormatError, "train-images.idx3-ubyte: truncated");
    await assertRejects(
      () => loadDataset("mnist", { from: `${folder}/none` }),
      DataFormatError,
      "none: there is no such file or folder",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("registry: a damaged or missing file of the package says what to delete", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/data`);
    const url = new URL(`file://${folder}/data/`);
    const name = "train-labels-idx1-ubyte";
    const remedy = `delete ${folder}/ and run again`;
    await assertRejects(() => readVerified(url, name), DataFormatError, remedy);
    await Deno.writeFile(new URL(name, url), new Uint8Array(60008));
    await assertRejects(() => readVerified(url, name), DataFormatError, mnistSha256[name]);
    await assertRejects(() => readVerified(url, name), DataFormatError, remedy);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
