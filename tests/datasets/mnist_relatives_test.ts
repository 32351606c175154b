/** MNIST's files and those of the sets laid out as it is, wherever and however people keep them. */
import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { zipSync } from "fflate";
import { DataFormatError } from "../../src/core/errors.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { gzip, inFolder, tarMember } from "./folder.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const big = (value: number) => [value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255];

/** Images of 2 x 3 pixels; those of different `seed` differ. */
const images = (count: number, seed = 0): Bytes =>
  Uint8Array.of(0, 0, 8, 3, ...big(count), ...big(2), ...big(3), ...pixels(count, seed));
const pixels = (count: number, seed: number) =>
  Array.from({ length: count * 6 }, (_, i) => (i * 7 + seed * 31) % 256);
const labels = (...all: number[]): Bytes => Uint8Array.of(0, 0, 8, 1, ...big(all.length), ...all);

async function write(folder: string, files: Readonly<Record<string, Bytes>>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, name.endsWith(".gz") ? await gzip(bytes) : bytes);
  }
}

/** The bytes behind the images of a part, with labels. */
async function load(set: string, from: string, split: "train" | "test" = "train") {
  const data = await loadDataset(set, { from, split, size: 3 });
  return { labels: [...data.labels], classes: data.classNames.length, sha256: data.sha256 };
}

Deno.test("mnist: every usual name and place of the files gives the same images", () =>
  inFolder(async (root) => {
    const [x, y] = [images(3), labels(5, 0, 9)];
    const [dash, dot] = ["train-images-idx3-ubyte", "train-images.idx3-ubyte"];
    const ways: Readonly<Record<string, Record<string, Bytes>>> = {
      dashes: { [dash]: x, "train-labels-idx1-ubyte": y },
      dots: { [dot]: x, "train-labels.idx1-ubyte": y },
      packed: { [`${dash}.gz`]: x, "train-labels.idx1-ubyte.gz": y },
      "upper case": { "TRAIN-IMAGES-IDX3-UBYTE": x, "Train-Labels.idx1-ubyte": y },
      "a folder of the file's name": {
        [`${dash}/${dash}`]: x,
        "train-labels-idx1-ubyte/train-labels.idx1-ubyte": y,
      },
      "a folder of the file's name, the file beside it": {
        [`${dash}/${dash}`]: images(3, 1),
        [dot]: x,
        "train-labels-idx1-ubyte": y,
      },
      "torchvision's": {
        "MNIST/raw/train-images-idx3-ubyte": x,
        "MNIST/raw/train-labels-idx1-ubyte": y,
      },
      "deep below": { [`a/b/c/d/e/${dash}`]: x, "a/b/c/d/e/train-labels-idx1-ubyte": y },
      "images and labels apart": { [`x/${dash}`]: x, "y/train-labels-idx1-ubyte": y },
      "among the others": {
        ...{ [`data/MNIST/raw/${dash}`]: x, "data/MNIST/raw/train-labels-idx1-ubyte": y },
        ...{ [`data/FashionMNIST/raw/${dash}`]: images(3, 2) },
        "data/FashionMNIST/raw/train-labels-idx1-ubyte": y,
        ...{ [`data/KMNIST/${dash}`]: images(3, 3), "data/KMNIST/train-labels-idx1-ubyte": y },
        [`.cache/${dash}`]: images(3, 4),
        ".cache/train-labels-idx1-ubyte": y,
      },
      "two copies, one packed": {
        ...{ [`a/${dash}`]: x, "a/train-labels-idx1-ubyte": y },
        ...{ [`b/${dash}.gz`]: x, "b/train-labels-idx1-ubyte.gz": y },
      },
    };
    const expected = await (async () => {
      await write(join(root, "first"), ways["dashes"]!);
      return await load("mnist", join(root, "first"));
    })();
    assertEquals(expected.labels, [5, 0, 9]);
    for (const [way, files] of Object.entries(ways)) {
      const folder = join(root, way);
      await write(folder, files);
      assertEquals(await load("mnist", folder), expected, way);
    }
    const zip = join(root, "archive.zip");
    await Deno.writeFile(
      zip,
      zipSync({ "archive/train-images.idx3-ubyte": x, "./archive/train-labels.idx1-ubyte": y }),
    );
    assertEquals(await load("mnist", zip), expected, "a zip archive");
    const tar = join(root, "mnist.tar.gz");
    const members = [
      tarMember("MNIST/raw/train-images-idx3-ubyte.gz", await gzip(x)),
      tarMember("MNIST/raw/train-labels-idx1-ubyte", y),
      new Uint8Array(1024),
    ];
    await Deno.writeFile(tar, await gzip(new Uint8Array(await new Blob(members).arrayBuffer())));
    assertEquals(await load("mnist", tar), expected, "a tar archive");
  }));

Deno.test("mnist: what cannot be told apart, or is not there, is one line that names it", () =>
  inFolder(async (root) => {
    const [x, y] = [images(3), labels(5, 0, 9)];
    const pair = (folder: string, pixels = x) => ({
      [`${folder}/t10k-images-idx3-ubyte`]: pixels,
      [`${folder}/t10k-labels-idx1-ubyte`]: y,
    });
    const cases: readonly [string, Record<string, Bytes>, string][] = [
      ["two that differ", { ...pair("a"), ...pair("b", images(3, 1)) }, 'both "a" and "b" in it'],
      ["another set", pair("KMNIST/raw"), 'those in "KMNIST/raw" are kmnist\'s by name'],
      ["no labels", { "t10k-images-idx3-ubyte": x }, "no file t10k-labels-idx1-ubyte of mnist"],
      ["another part", { "train-images-idx3-ubyte": x }, "no file t10k-images-idx3-ubyte"],
      ["something else", { "notes.txt": x }, 'there are "notes.txt"'],
      ["too deep", pair("1/2/3/4/5/6"), "in it and the 5 folders below, as far as was looked"],
      ["text", { ...pair("."), "t10k-images-idx3-ubyte": labels(1) }, "1 axes, expected 3"],
    ];
    for (const [name, files, message] of cases) {
      const folder = join(root, name);
      await write(folder, files);
      const error = await assertRejects(
        () => load("mnist", folder, "test"),
        DataFormatError,
        message,
      );
      assertEquals(error.message.includes("\n"), false);
    }
    const file = join(root, "text", "t10k-images-idx3-ubyte");
    await assertRejects(
      () => load("mnist", file),
      DataFormatError,
      "it is a file; name the folder",
    );
    await assertRejects(
      () => load("mnist", join(root, "x")),
      DataFormatError,
      "no such file or folder",
    );
  }));

Deno.test("mnist: links to folders are followed, and do not lead around in circles", () =>
  inFolder(async (root) => {
    await write(root, {
      "far/raw/train-images-idx3-ubyte": images(3),
      "far/raw/train-labels-idx1-ubyte": labels(1, 2, 3),
    });
    await Deno.mkdir(join(root, "near"));
    await Deno.symlink("../far", join(root, "near/data"));
    await Deno.symlink("..", join(root, "near/around"));
    await Deno.symlink(".", join(root, "near/itself"));
    assertEquals((await load("mnist", join(root, "near"))).labels, [1, 2, 3]);
  }));

Deno.test("emnist: each part has its names, classes and first label, and its images are turned right", () =>
  inFolder(async (root) => {
    const classes = { balanced: 47, byclass: 62, bymerge: 47, digits: 10, letters: 26, mnist: 10 };
    for (const [part, count] of Object.entries(classes)) {
      const first = part === "letters" ? 1 : 0;
      const stem = `gzip/emnist-${part}`;
      await write(root, {
        [`${stem}-train-images-idx3-ubyte.gz`]: images(2),
        [`${stem}-train-labels-idx1-ubyte.gz`]: labels(first, first + count - 1),
        [`${stem}-test-images-idx3-ubyte.gz`]: images(1),
        [`${stem}-test-labels-idx1-ubyte.gz`]: labels(first + 1),
      });
    }
    for (const [part, count] of Object.entries(classes)) {
      const set = `emnist-${part}`;
      const { images: found, labels, classNames } = await loadDataset(set, { from: root, size: 2 });
      assertEquals([classNames.length, [...labels]], [count, [0, count - 1]], set);
      assertEquals(found.shape, [2, 2, 2, 1]);
      assertEquals((await load(set, root, "test")).labels, [1]);
    }
    // A column of the file is a row of the image.
    const square = (...values: number[]) =>
      Uint8Array.of(0, 0, 8, 3, ...big(1), ...big(2), ...big(2), ...values);
    await write(root, {
      "turned/train-images-idx3-ubyte": square(0, 51, 102, 255),
      "turned/train-labels-idx1-ubyte": labels(26),
    });
    const from = join(root, "turned");
    const turned = await loadDataset("emnist-letters", { from, size: 2 });
    const bytes = [...turned.images.data].map((value) => Math.round((value + 1) / 2 * 255));
    assertEquals(bytes, [0, 102, 51, 255]);
    assertEquals(turned.classNames[turned.labels[0]!], "z");
    // MNIST's names are taken only where the folder is meant.
    await assertRejects(
      () => load("emnist-letters", from, "test"),
      DataFormatError,
      "no file emnist",
    );
    await assertRejects(
      () => load("mnist", from),
      DataFormatError,
      "label 26 of image 0, expected 0 to 9",
    );
    await write(root, {
      "l/train-images-idx3-ubyte": images(2),
      "l/train-labels-idx1-ubyte": labels(1, 26),
    });
    await assertRejects(() => load("mnist", join(root, "l")), DataFormatError, "emnist-letters");
  }));

Deno.test("kmnist and qmnist: own classes, and QMNIST's labels are rows of eight numbers", () =>
  inFolder(async (root) => {
    await write(root, {
      "KMNIST/raw/train-images-idx3-ubyte": images(2),
      "KMNIST/raw/train-labels-idx1-ubyte": labels(9, 0),
      "QMNIST/raw/qmnist-train-images-idx3-ubyte.gz": images(2, 1),
      "QMNIST/raw/qmnist-train-labels-idx2-int.gz": Uint8Array.of(
        ...[0, 0, 12, 2, ...big(2), ...big(8)],
        ...[7, 4, 1, 2, 3, 4, 5, 0].flatMap(big),
        ...[3, 9, 9, 9, 9, 9, 9, 9].flatMap(big),
      ),
    });
    const told: string[] = [];
    const kmnist = await loadDataset("kmnist", {
      ...{ from: root, size: 3, tell: (line) => told.push(line) },
    });
    assertEquals(told, [
      `kmnist: images of ${join(root, "KMNIST/raw/train-images-idx3-ubyte")}`,
      `  labels of ${join(root, "KMNIST/raw/train-labels-idx1-ubyte")}`,
    ]);
    assertEquals([...kmnist.labels].map((label) => kmnist.classNames[label]), ["wo", "o"]);
    assertEquals((await load("qmnist", root)).labels, [7, 3]);
    await write(root, {
      "QMNIST/raw/qmnist-train-labels-idx2-int.gz": Uint8Array.of(
        0,
        0,
        13,
        1,
        ...big(1),
        0,
        0,
        0,
        0,
      ),
    });
    await assertRejects(
      () => load("qmnist", root),
      DataFormatError,
      "IDX type 0x0d, expected whole",
    );
  }));

for (
  const [set, folder, split] of [
    ["mnist", "04-kaggle-mnist-folder/archive", "test"],
    ["mnist", "11-gzip-of-several-members/members", "train"],
    ["mnist", "11-gzip-of-several-members/padded", "train"],
    ["mnist", "21-mnist-relatives/data", "test"],
    ["emnist-letters", "21-mnist-relatives/emnist", "test"],
    ["emnist-letters", "21-mnist-relatives/emnist_renamed", "train"],
  ] as const
) {
  const from = new URL(`../../../shared/cases/${folder}`, import.meta.url).pathname;
  const isHere = await Deno.stat(from).then(() => true, () => false);
  Deno.test({
    name: `${set}: the files of ${folder} are read${
      isHere ? "" : " (left out: they are not here)"
    }`,
    ignore: !isHere,
    async fn() {
      const { images } = await loadDataset(set, { from, split });
      assertEquals(images.shape, [40, 32, 32, 1]);
    },
  });
}
