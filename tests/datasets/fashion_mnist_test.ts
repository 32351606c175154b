import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { fashionMnistSource } from "../../src/datasets/fashion_mnist_files.ts";
import { locateDataset } from "../../src/datasets/locate_files.ts";
import { kindOf } from "../../src/datasets/open_files.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { gzip, inFolder } from "./folder.ts";

const here: string[] = [];
for (const folder of fashionMnistSource.folders!) if (await kindOf(folder)) here.push(folder);

Deno.test({
  name: `fashion-mnist: the real set is whole${
    here.length === 0 ? " (left out: it is neither fetched nor Debian's package installed)" : ""
  }`,
  ignore: here.length === 0,
  async fn() {
    for (const [split, each] of [["train", 6000], ["test", 1000]] as const) {
      const { images, labels } = await loadDataset("fashion-mnist", { split, size: 28 });
      assertEquals(images.shape, [each * 10, 28, 28, 1]);
      for (let label = 0; label < 10; label++) {
        assertEquals(labels.filter((found) => found === label).length, each);
      }
    }
    // Published label of the first image: an ankle boot.
    const { labels, classNames } = await loadDataset("fashion-mnist", { images: 1 });
    assertEquals(classNames[labels[0]!], "Ankle boot");
  },
});

Deno.test("fashion-mnist: a folder of gzip files is read; cut off or mixed up it is a DataFormatError", () =>
  inFolder(async (folder) => {
    const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 0);
    const labels = (last: number) => Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 9, last);
    const write = (name: string, bytes: Uint8Array) => Deno.writeFile(join(folder, name), bytes);
    const load = () => loadDataset("fashion-mnist", { from: folder, size: 1 });
    await assertRejects(load, DataFormatError, "no file train-images-idx3-ubyte");
    const packed = await gzip(images);
    await write("train-images-idx3-ubyte.gz", packed);
    await write("train-labels-idx1-ubyte.gz", await gzip(labels(0)));
    assertEquals([...(await load()).labels], [9, 0]);
    await write("train-labels-idx1-ubyte.gz", await gzip(labels(10)));
    await assertRejects(load, DataFormatError, "label 10 of image 1, expected 0 to 9");
    await write("train-images-idx3-ubyte.gz", packed.subarray(0, packed.length - 9));
    await assertRejects(load, DataFormatError, "gzip stream is truncated or damaged");
  }));

Deno.test("fashion-mnist: where it is nowhere, one line says what to run", () =>
  inFolder(async (folder) => {
    const folders = [join(folder, "a"), join(folder, "b")];
    const error = await assertRejects(
      () => locateDataset("fashion-mnist", { folders }),
      DataFormatError,
      `looked in ${folders[0]} and ${folders[1]}); fetch fashion-mnist, or name`,
    );
    assertEquals(error.message.includes("\n"), false);
    await Deno.mkdir(folders[1]!);
    assertEquals(await locateDataset("fashion-mnist", { folders }), folders[1]);
  }));
