import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { encode } from "fast-png";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { openFileTree } from "../../src/datasets/image_files.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { gzip, inFolder, tarMember } from "./folder.ts";
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
    await assertRejects(() => load([1]), DataFormatError, "b/1.png: no JPEG, PNG");
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
    await assertRejects(
      load(folder),
      DataFormatError,
      "2.jpg: not a whole JPEG: Corrupt JPEG data: premature end of data",
    );
    const png = picture("png_rgb/file").bytes;
    await Deno.remove(join(folder, "2.jpg"));
    await write(folder, { "3.png": png.with(60, png[60]! ^ 1) });
    await assertRejects(load(folder), DataFormatError, "3.png: not a whole PNG");
    await assertRejects(
      load(join(folder, "1.jpg")),
      DataFormatError,
      "this is a single picture, expected a folder",
    );
  }));

Deno.test("image folder: what cannot be read is left out, named and replaced if that is asked for", () =>
  inFolder(async (folder) => {
    const good = flat(6, 4, [9, 8, 7]);
    await write(folder, {
      ...{ "a/1.png": good, "a/2.png": good.slice(0, 40), "a/3.png": good },
      ...{ "b/1.jpg": new TextEncoder().encode("<html>no such file</html>"), "b/2.png": good },
    });
    const load = (more = {}) => loadDataset("folder", { from: folder, size: 4, ...more });
    await assertRejects(load, DataFormatError, "leave out such files with `skipUnreadable`");
    const told: string[] = [];
    const options = { skipUnreadable: true, tell: (line: string) => told.push(line) };
    const set = await load(options);
    assertEquals([...set.labels], [0, 0, 1]);
    const label = told[0]!.split(":")[0];
    assertEquals(told, [
      `${label}: 5 images, 2 classes: a 3, b 2`,
      "  left out: 2 files that cannot be read:",
      `    ${folder}/a/2.png: not a whole PNG: truncated (at byte 40)`,
      `    ${folder}/b/1.jpg: no JPEG, PNG, WebP or BMP, but a page in HTML`,
      "  read: 3 images of 6 x 4; color; all cut to the square in the middle, none resized",
    ]);
    assertEquals([...(await load({ ...options, images: 3 })).labels], [0, 0, 1]);
    assertEquals([...(await load({ ...options, images: 2 })).labels], [0, 1]);
    await Deno.remove(join(folder, "a"), { recursive: true });
    await Deno.remove(join(folder, "b/2.png"));
    await assertRejects(() => load(options), DataFormatError, "none of its images can be read: ");
  }));

Deno.test("image folder: tar archives are read as folders are, without what leads out of them", () =>
  inFolder(async (folder) => {
    await write(join(folder, "pets"), pets);
    const set = await loadDataset("folder", { from: join(folder, "pets"), size: 8 });
    const members = [
      ...Object.entries(pets).map(([name, bytes]) => tarMember(`./pets/${name}`, bytes)),
      tarMember("../evil.png", flat(3, 3, [1])),
      tarMember("/etc/evil.png", flat(3, 3, [1])),
      tarMember("pets/cat/link.png", new Uint8Array(0), "2"),
      tarMember("pets/readme.txt", new Uint8Array(7)),
      new Uint8Array(1024),
    ];
    const tar = Uint8Array.from(members.flatMap((member) => [...member]));
    for (const [name, bytes] of [["pets.tar", tar], ["pets.tar.gz", await gzip(tar)]] as const) {
      await Deno.writeFile(join(folder, name), bytes);
      const told: string[] = [];
      const options = {
        from: join(folder, name),
        size: 8,
        tell: (line: string) => told.push(line),
      };
      const again = await loadDataset("folder", options);
      assertEquals([again.sha256, again.label], [set.sha256, "pets"]);
      assertEquals(told.slice(0, 4), [
        "pets: 4 images, 2 classes: cat 2, dog 2",
        "  left out: 1 file that is no image by its name (.txt 1)",
        "  left out: 1 link of the archive",
        "  left out: 2 files whose names lead out of the archive",
      ]);
    }
    // One that is too large is not held, and can be left out like others that cannot be read.
    const large = Uint8Array.from([...tarMember("9.png", new Uint8Array(2 ** 21)), ...tar]);
    await Deno.writeFile(join(folder, "large.tar"), large);
    const tree = await openFileTree(join(folder, "large.tar"), { maxBytes: 2 ** 20 });
    await assertRejects(
      async () => await tree.read(0),
      ReadLimitError,
      "9.png: the file needs 2.1 MB",
    );
    await Deno.writeFile(join(folder, "pets.rar"), new TextEncoder().encode("Rar!\x1a\x07"));
    await assertRejects(
      () => loadDataset("folder", { from: join(folder, "pets.rar") }),
      DataFormatError,
      "this is a RAR archive, expected a folder, zip or tar; unpack it",
    );
  }));

Deno.test("image folder: zips with ./ or backslashes in their names are read, links in them are not", () =>
  inFolder(async (folder) => {
    const archive = join(folder, "set.zip");
    const files = [["./a/1.png", flat(3, 3, [1])], ["b\\1.png", flat(3, 3, [2])]] as const;
    const bytes = zipArchive([...files, ["b/link.png", new TextEncoder().encode("/etc/passwd")]]);
    // The last entry of the directory is said to be a link made on Unix.
    const text = new TextDecoder("latin1").decode(bytes);
    const entry = text.lastIndexOf("PK\x01\x02");
    bytes[entry + 5] = 3;
    bytes[entry + 41] = 0xa1;
    await Deno.writeFile(archive, bytes);
    const told: string[] = [];
    const set = await loadDataset("folder", {
      from: archive,
      size: 3,
      tell: (line) => told.push(line),
    });
    assertEquals([set.classNames, [...set.labels]], [["a", "b"], [0, 1]]);
    assertEquals(told[1], "  left out: 1 link of the archive");
  }));

Deno.test("image folder: more than 256 classes keep their numbers, fewer their checksum", () =>
  inFolder(async (folder) => {
    const files = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`${1000 + i}/1.png`, flat(1, 1, [i % 256])]),
      );
    await write(folder, files(300));
    const set = await loadDataset("folder", { from: folder, size: 1 });
    assertEquals(set.labels, Uint16Array.from({ length: 300 }, (_, i) => i));
    const last = await loadDataset("folder", { from: folder, size: 1, classes: [299] });
    assertEquals([...last.labels], [299]);
    // As it was when labels had 8 bits only.
    const few = join(folder, "few");
    await write(few, { "a/1.png": flat(1, 1, [0]), "b/1.png": flat(1, 1, [255]) });
    const { sha256 } = await loadDataset("folder", { from: few, size: 1 });
    assertEquals(sha256, "a7bcde1bd8649bcc5b6cda995faa1b5c788e1b4e8b3d3a35dfb310c2ea5c661d");
  }));
