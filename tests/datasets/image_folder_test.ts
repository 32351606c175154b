import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { encode } from "fast-png";
import { DataFormatError } from "../../src/core/errors.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { inFolder } from "./folder.ts";
import { picture } from "./pictures.ts";
import { zipArchive } from "./zip.ts";

/** A flat PNG. */
function flat(width: number, height: number, value: readonly number[]): Uint8Array<ArrayBuffer> {
  const channels = value.length;
  const data = Uint8Array.from(
    { length: width * height * channels },
    (_, i) => value[i % channels]!,
  );
  return new Uint8Array(encode({ width, height, data, depth: 8, channels }));
}

async function write(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
    await Deno.writeFile(join(folder, name), bytes);
  }
}

const value = (byte: number) => Math.fround(byte / 255 * 2 - 1);

const pets = {
  "dog/wide.png": flat(40, 20, [200, 10, 30]),
  "dog/tall.png": flat(9, 30, [50, 60, 70]),
  "cat/small.png": flat(3, 3, [1, 2, 3]),
  "cat/photo.jpg": picture("jpeg_444/file").bytes,
};

Deno.test("image folder: mixed sizes come out alike, folders are classes, also from a zip", () =>
  inFolder(async (folder) => {
    await write(join(folder, "pets"), pets);
    const from = join(folder, "pets");
    const set = await loadDataset("folder", { from, size: 8 });
    assertEquals(set.images.shape, [4, 8, 8, 3]);
    assertEquals([set.classNames, [...set.labels]], [["cat", "dog"], [0, 0, 1, 1]]);
    const pixel = (image: number) => [...set.images.data.subarray(image * 192, image * 192 + 3)];
    assertEquals(pixel(1), [1, 2, 3].map(value));
    assertEquals(pixel(2), [50, 60, 70].map(value));
    assertEquals(pixel(3), [200, 10, 30].map(value));

    const dogs = await loadDataset("folder", { from, size: 8, classes: [1], images: 1 });
    assertEquals([...dogs.labels], [1]);
    const dog = (image: number) => set.images.data.slice(image * 192, (image + 1) * 192).join();
    assert([2, 3].map(dog).includes(dogs.images.data.join()));
    const gray = await loadDataset("folder", { from, size: 8, channels: 1 });
    assertEquals(gray.images.shape, [4, 8, 8, 1]);

    const archive = join(folder, "pets.zip");
    await Deno.writeFile(archive, zipArchive(Object.entries(pets)));
    assertEquals((await loadDataset("folder", { from: archive, size: 8 })).sha256, set.sha256);
  }));

Deno.test("image folder: only the images that are chosen are decoded", () =>
  inFolder(async (folder) => {
    await write(folder, {
      "a/1.png": flat(4, 4, [9]),
      "b/1.png": new Uint8Array(5),
      "c/1.png": flat(4, 4, [7]),
    });
    const load = (classes: number[]) => loadDataset("folder", { from: folder, size: 4, classes });
    assertEquals((await load([0, 2])).images.shape, [2, 4, 4, 1]);
    await assertRejects(() => load([1]), DataFormatError, "b/1.png: no JPEG or PNG");
  }));

Deno.test("image folder: gray among color is named with what to do", () =>
  inFolder(async (folder) => {
    await write(folder, { "1.png": flat(4, 4, [9, 8, 7]), "2.png": flat(4, 4, [9]) });
    await assertRejects(
      () => loadDataset("folder", { from: folder, size: 4 }),
      DataFormatError,
      "2.png: this image is gray, the first one is color; make them alike with `channels: 1`",
    );
    const set = await loadDataset("folder", { from: folder, size: 4, channels: 3 });
    assertEquals([...set.images.data.subarray(48, 51)], [9, 9, 9].map(value));
  }));

Deno.test("image folder: missing, empty, truncated and corrupt input is a DataFormatError", () =>
  inFolder(async (folder) => {
    const load = (from?: string) => () => loadDataset("folder", { from, size: 4 });
    await assertRejects(load(), DataFormatError, "with `from`");
    await assertRejects(load(join(folder, "none")), DataFormatError, "no such file or folder");
    await assertRejects(load(folder), DataFormatError, "empty, expected JPEG, PNG");
    const jpeg = picture("jpeg_420/file").bytes;
    await write(folder, { "1.jpg": jpeg, "2.jpg": jpeg.subarray(0, jpeg.length - 40) });
    await assertRejects(load(folder), DataFormatError, "2.jpg: not a whole JPEG: Premature end");
    const png = picture("png_rgb/file").bytes;
    await Deno.remove(join(folder, "2.jpg"));
    await write(folder, { "3.png": png.with(60, png[60]! ^ 1) });
    await assertRejects(load(folder), DataFormatError, "3.png: not a whole PNG");
    await assertRejects(load(join(folder, "1.jpg")), DataFormatError, "no zip archive");
  }));
