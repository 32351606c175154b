/** Images in NumPy's files; the fixtures are what numpy.savez and numpy.savez_compressed wrote. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { zipSync } from "fflate";
import { DataFormatError } from "../../src/core/errors.ts";
import { imagesOfArray, labelsOfArray, namesOfPart } from "../../src/datasets/array_images.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { writeNpy } from "../../src/formats/npy.ts";
import type { StoredTensor } from "../../src/formats/stored_tensor.ts";
import { inFolder } from "./folder.ts";

const fixture = (name: string) => fromFileUrl(new URL(`../fixtures/${name}`, import.meta.url));
const bytes = (shape: readonly number[], data: Uint8Array): StoredTensor => ({
  ...{ dtype: "U8", shape, data },
});
/** Values 0, 1, 2 .. of a shape. */
const counted = (...shape: number[]) =>
  bytes(shape, Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i));
const floats = (shape: readonly number[], ...data: number[]): StoredTensor => ({
  ...{ dtype: "F32", shape, data: Float32Array.from(data) },
});

Deno.test("arrays: Keras' and MedMNIST's names, parts and classes", async () => {
  const keras = fixture("numpy_savez.npz");
  const told: string[] = [];
  const train = await loadDataset("arrays", {
    from: keras,
    size: 8,
    tell: (line) => told.push(line),
  });
  assertEquals(train.images.shape, [12, 8, 8, 1]);
  assertEquals([...train.labels], [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
  assertEquals(told, [
    "numpy_savez.npz: x_train, an array of shape [12, 8, 8]: gray, values 0 to 255",
    "  y_train: 3 different labels of 4 classes",
  ]);
  // A label that only the other part has makes a class of both.
  assertEquals(train.classNames, ["0", "1", "2", "3"]);
  const test = await loadDataset("arrays", { from: keras, size: 8, split: "test" });
  assertEquals([[...test.labels], test.classNames.length], [[1, 2, 3, 1], 4]);
  assertEquals([...test.images.data], [...train.images.data.subarray(0, 4 * 64)]);

  const med = fixture("numpy_savez_compressed.npz");
  const parts = { train: 12, validation: 5, test: 12 } as const;
  for (const split of ["train", "validation", "test"] as const) {
    const { images, classNames } = await loadDataset("arrays", { from: med, size: 8, split });
    assertEquals([images.shape, classNames.length], [[
      parts[split],
      8,
      8,
      split === "train" ? 3 : 1,
    ], 3]);
  }
  await assertRejects(
    () => loadDataset("arrays", { from: keras, split: "validation" }),
    DataFormatError,
    "no images of the validation part",
  );
});

Deno.test("arrays: which arrays are meant is told by their names, or refused", () => {
  const train = (...names: string[]) => namesOfPart(names, { part: "train", source: "a.npz" });
  assertEquals(train("x_train", "y_train", "x_test", "y_test"), {
    images: "x_train",
    labels: "y_train",
  });
  assertEquals(train("trainImages", "trainLabels"), {
    images: "trainImages",
    labels: "trainLabels",
  });
  assertEquals(train("Y", "X", "mean"), { images: "X", labels: "Y" });
  assertEquals(train("arr_1", "arr_0"), { images: "arr_0", labels: "arr_1" });
  assertEquals(train("kmnist"), { images: "kmnist" });
  assertEquals(train("images", "test_images", "test_labels"), { images: "images" });
  assertThrows(() => train("x_train", "train_images"), DataFormatError, "could both be meant");
  assertThrows(
    () => train("a", "b"),
    DataFormatError,
    'its arrays are ["a", "b"], expected x_train',
  );
  assertThrows(
    () => namesOfPart(["x", "y"], { part: "test", source: "a.npz" }),
    DataFormatError,
    "no images of the test part",
  );
});

Deno.test("arrays: axes and ranges that are plain are taken, others are refused with what to do", () => {
  const read = (tensor: StoredTensor) => imagesOfArray(tensor, "a.npy");
  assertEquals(read(counted(2, 2, 2)).shape, [2, 2, 2, 1]);
  assertEquals(read(counted(2, 2, 2, 3)).shape, [2, 2, 2, 3]);
  const first = read(counted(2, 3, 2, 4));
  assertEquals(first.shape, [2, 2, 4, 3]);
  assertEquals([...first.pixels.subarray(0, 6)], [0, 8, 16, 1, 9, 17]);
  assertEquals(first.pixels[24], 24);
  assertEquals([...read(floats([1, 1, 4], 0, 0.5, 0.2, 1)).pixels], [0, 128, 51, 255]);
  assertEquals([...read(floats([1, 1, 4], 0, 127.6, 2, 255)).pixels], [0, 128, 2, 255]);
  assertEquals([...read({ dtype: "BOOL", shape: [1, 1, 2], data: Uint8Array.of(0, 1) }).pixels], [
    0,
    255,
  ]);
  const big = { dtype: "I64", shape: [1, 1, 2], data: BigInt64Array.of(3n, 200n) } as const;
  assertEquals([...read(big).pixels], [3, 200]);
  const cases: readonly [StoredTensor, string][] = [
    [counted(2, 784), "an array of shape [2, 784], expected images [N, H, W]"],
    [counted(8, 8, 3), "may be one image in color or 8 narrow ones"],
    [counted(2, 3, 2, 3), "may have its channels first or last"],
    [counted(2, 4, 4, 4), "expected 1 or 3 channels"],
    [counted(0, 4, 4), "holds no images"],
    [
      bytes([1, 1, 4], Uint8Array.of(0, 1, 1, 0)),
      "values from 0 to 1 only can mean 0 to 1 or 0 to 255",
    ],
    [floats([1, 1, 2], 0.1, 1.2), "values from 0.1 to 1.2 can mean"],
    [floats([1, 1, 2], -1, 1), "values from -1 to 1, expected 0 to 1 or 0 to 255"],
    [floats([1, 1, 2], 0, 256), "values from 0 to 256, expected"],
    [floats([1, 1, 2], NaN, 0.5), "value 0 is not a number"],
    [floats([1, 1, 2], Infinity, 0.5), "values from 0.5 to Infinity"],
  ];
  for (const [tensor, message] of cases) {
    assertThrows(() => read(tensor), DataFormatError, message);
  }
  const labels = (tensor: StoredTensor) => labelsOfArray(tensor, { count: 2, source: "y" });
  assertEquals(labels(floats([2, 1], 0, 7)), [0, 7]);
  assertThrows(() => labels(floats([2, 2], 0, 1, 1, 0)), DataFormatError, "[N] or [N, 1]");
  assertThrows(
    () => labels(floats([3], 0, 1, 1)),
    DataFormatError,
    "3 labels, expected one for each of 2",
  );
  assertThrows(() => labels(floats([2], 0, 0.5)), DataFormatError, "label 0.5 of image 1");
});

Deno.test("arrays: one .npy, a folder of them, and archives in which nothing else matters", () =>
  inFolder(async (folder) => {
    const x = writeNpy(counted(3, 4, 6));
    const y = writeNpy({ dtype: "I64", shape: [3], data: BigInt64Array.of(1n, 0n, 299n) });
    const path = (name: string) => join(folder, name);
    await Deno.mkdir(path("set"));
    await Deno.writeFile(path("set/X_train.npy"), x);
    await Deno.writeFile(path("set/y_train.npy"), y);
    await Deno.writeFile(path("x.npy"), x);
    await Deno.writeFile(
      path("set.npz"),
      zipSync({ "x.npy": x, "y.npy": y, "meta.npy": new Uint8Array(9), "../../out.npy": x }),
    );
    const load = (name: string) => loadDataset("arrays", { from: path(name), size: 4 });
    const set = await load("set");
    assertEquals([set.images.shape, [...set.labels]], [[3, 4, 4, 1], [1, 0, 299]]);
    assertEquals(set.classNames.length, 300);
    assertEquals((await load("set.npz")).sha256, set.sha256);
    const plain = await load("x.npy");
    assertEquals([plain.classNames, [...plain.images.data]], [[], [...set.images.data]]);

    await Deno.writeFile(path("cut.npz"), (await Deno.readFile(path("set.npz"))).subarray(0, -30));
    await Deno.writeFile(path("cut.npy"), x.subarray(0, -1));
    await Deno.writeFile(path("text.npz"), new TextEncoder().encode("no arrays"));
    for (
      const [name, message] of [
        ["cut.npz", "cut.npz: "],
        ["cut.npy", "71 bytes follow"],
        ["text.npz", "begins as neither .npz nor .npy files do"],
        ["none.npz", "no such file or folder"],
      ] as const
    ) await assertRejects(() => load(name), DataFormatError, message);
    await assertRejects(() => loadDataset("arrays"), DataFormatError, "no file is named");
    const bomb = zipSync({ "x.npy": new Uint8Array(5_000_000) });
    await Deno.writeFile(path("bomb.npz"), bomb);
    await assertRejects(
      () => loadDataset("arrays", { from: path("bomb.npz"), maxBytes: 1e6 }),
      DataFormatError,
      "needs 5.0 MB, more than the 1.0 MB",
    );
  }));
