import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { datasetNames, loadDataset, registerDataset } from "../../src/datasets/registry_files.ts";
import { ArgumentError, ToolkitError } from "../../src/core/errors.ts";
import type { ByteImages } from "../../src/datasets/resize.ts";
import { type DatasetSource, type OpenDataset, openInMemory } from "../../src/datasets/source.ts";

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

Deno.test("own data set: what contradicts itself is named, before it is taken for images", async () => {
  const good = openInMemory({
    pixels: new Uint8Array(8),
    shape: [2, 2, 2, 1],
    labels: Uint8Array.of(0, 1),
  }, ["a", "b"]);
  const load = (wrong: Partial<OpenDataset>, options = {}) => {
    registerDataset({ ...grays, name: "odd", open: () => ({ ...good, ...wrong }) });
    return loadDataset("odd", { size: 2, ...options });
  };
  const read = (shape: unknown, pixels: unknown) => () =>
    Promise.resolve({ shape, pixels } as unknown as ByteImages);
  assertEquals((await load({})).images.shape, [2, 2, 2, 1]);
  const cases: [wrong: Partial<OpenDataset>, options: object, message: string][] = [
    [{ labels: Uint8Array.of(0, 2) }, {}, "image 1 has the label 2, expected 0 to 1"],
    [
      { read: read([1, 2, 2, 1], new Uint8Array(4)) },
      {},
      "asked for 2 images it gives the shape [1, 2",
    ],
    [{ read: read([2, 2, 2, 1], new Uint8Array(7)) }, {}, "with 7 bytes"],
    [{ read: read([2, 2, NaN, 1], new Uint8Array(8)) }, {}, "gives the shape [2, 2, NaN, 1]"],
    [{ read: read("2x2", new Uint8Array(8)) }, {}, 'gives the shape "2x2"'],
    [{ read: read([2, 2, 2, 1], [0, 0, 0, 0]) }, {}, "expected [2, height, width, channels]"],
    [{ read: read([2, 2, 2, 2], new Uint8Array(16)) }, { channels: 1 }, "width, 1 or 3]"],
  ];
  for (const [wrong, options, message] of cases) {
    await assertRejects(() => load(wrong, options), ArgumentError, message);
  }
  const many = {
    labels: new Uint8Array(200_000),
    read: read([200_000, 1, 1, 1], new Uint8Array(2e5)),
  };
  await assertRejects(
    () => load(many, { size: 4096 }),
    ToolkitError,
    "Cannot load 200000 images of 4096 x 4096: there is not enough memory for them; take fewer",
  );
});
