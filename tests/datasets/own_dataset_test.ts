import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { datasetNames, loadDataset, registerDataset } from "../../src/datasets/registry_files.ts";
import { type DatasetSource, openInMemory } from "../../src/datasets/source.ts";

/** Four images, each of one gray: 0, 51, 102, 153; classes 0 and 1 in turn. */
const grays: DatasetSource = {
  name: "grays",
  about: { what: "four grays", license: "none" },
  open: () =>
    openInMemory({
      pixels: Uint8Array.from({ length: 16 }, (_, i) => 51 * Math.floor(i / 4)),
      shape: [4, 2, 2, 1],
      labels: Uint8Array.of(0, 1, 0, 1),
    }, ["even", "odd"]),
};

Deno.test("own data set: by its name it loads like all others, with classes, size and checksum", async () => {
  await assertRejects(() => loadDataset("grays"), RangeError, 'data set "grays"');
  registerDataset(grays);
  assertEquals(datasetNames.at(-1), "grays");
  const data = await loadDataset("grays", { classes: [1], size: 4 });
  assertEquals([data.name, data.split, data.classNames], ["grays", "train", ["even", "odd"]]);
  assertEquals(data.images.shape, [2, 4, 4, 1]);
  assertEquals([data.images.data[0], data.images.data[16]], [
    Math.fround(51 / 255 * 2 - 1),
    Math.fround(153 / 255 * 2 - 1),
  ]);
  assertEquals(data.sha256.length, 64);
});

Deno.test("registerDataset: again replaces one's own, a name of the package is refused", async () => {
  registerDataset({ ...grays, name: "twice" });
  const before = datasetNames.length;
  registerDataset({
    ...grays,
    name: "twice",
    open: () => Promise.reject(new Error("the new one")),
  });
  assertEquals(datasetNames.length, before);
  await assertRejects(() => loadDataset("twice"), Error, "the new one");
  assertThrows(
    () => registerDataset({ ...grays, name: "mnist" }),
    RangeError,
    'Cannot register the data set "mnist": the name is that of a data set of this package',
  );
});

Deno.test("openInMemory: bytes and labels must fit the shape", () => {
  const images = { pixels: new Uint8Array(15), shape: [4, 2, 2, 1] as const };
  assertThrows(
    () => openInMemory({ ...images, labels: new Uint8Array(4) }, []),
    RangeError,
    "Cannot open 4 images of 2 x 2 x 1: found 15 bytes and 4 labels, expected 16 and 4",
  );
});
