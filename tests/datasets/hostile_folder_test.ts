import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { openFileTree } from "../../src/datasets/image_files.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { pngData, pngFile, pngHeader, pngRows } from "../../tasks/tools/fuzz/png_builder.ts";
import { inFolder } from "./folder.ts";
import { zipArchive } from "./zip.ts";

const kind = { width: 2, height: 2, depth: 8, type: 0 };
const png = pngFile(pngHeader(kind), pngData(pngRows([1, 2, 3, 4], kind)));
const load = (from: string, more = {}) => loadDataset("folder", { from, size: 2, ...more });

/** Runs a program of the system; false where there is none. */
async function run(command: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args }).output()).success;
  } catch {
    return false;
  }
}

/** Makes a link; by a program, since Deno wants the permission to write everywhere for it. */
async function link(to: string, path: string): Promise<void> {
  assert(await run("ln", "-s", to, path), path);
}

Deno.test({
  name:
    "image folder: what is no regular file is named and never opened, links to images are followed",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (root) => {
      const folder = join(root, "set");
      await Deno.mkdir(folder);
      await Deno.writeFile(join(folder, "1.png"), png);
      await Deno.writeFile(join(root, "elsewhere.bin"), png);
      await link(join(root, "elsewhere.bin"), join(folder, "2.png"));
      assertEquals((await load(folder)).images.shape, [2, 2, 2, 1]);
      const odd = join(folder, "3.png");
      const cases: [make: () => Promise<unknown>, message: string][] = [
        [() => link("/dev/zero", odd), "it is a device, expected a regular file"],
        [() => run("mkfifo", odd), "it is a pipe, expected a regular file"],
        [
          () => link(join(root, "nothing"), odd),
          "it is missing, or a link that leads nowhere",
        ],
        [() => link("3.png", odd), "it is a link that leads in a circle"],
      ];
      for (const [make, message] of cases) {
        await make();
        await assertRejects(() => load(folder), DataFormatError, `${odd}: ${message}`);
        // Images that are not asked for are not looked at.
        assertEquals((await load(folder, { images: 2 })).images.shape, [2, 2, 2, 1]);
        await Deno.remove(odd);
      }
    }),
});

Deno.test({
  name: "image folder: links to folders are followed, but for those that lead back",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (root) => {
      const folder = join(root, "set");
      await Deno.mkdir(join(folder, "a/deep"), { recursive: true });
      await Deno.mkdir(join(root, "other"));
      for (const path of ["set/a/1.png", "set/a/deep/2.png", "other/3.png"]) {
        await Deno.writeFile(join(root, path), png);
      }
      await link("../other", join(folder, "b"));
      await link(".", join(folder, "c"));
      await link("..", join(folder, "d"));
      await link("/", join(folder, "e"));
      await link("../..", join(folder, "a/deep/up"));
      // Around in a circle, by way of two folders elsewhere.
      for (const name of ["x", "y"]) {
        await Deno.mkdir(join(root, name));
        await Deno.writeFile(join(root, name, `${name}.png`), png);
      }
      await link("../y", join(root, "x/to-y"));
      await link("../x", join(root, "y/to-x"));
      await link("../../x", join(folder, "a/z"));
      const { paths, links } = await openFileTree(folder, { maxBytes: 1e6 });
      const expected = ["a/1.png", "a/deep/2.png", "a/z/to-y/y.png", "a/z/x.png", "b/3.png"];
      assertEquals(links, 5);
      assertEquals([...paths].sort(), expected);
      assertEquals((await load(folder)).classNames, ["a", "b"]);
    }),
});

Deno.test("image folder: a folder by the name of an image is a class, an image is an image", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "cat.png"));
    await Deno.writeFile(join(folder, "cat.png/1.png"), png);
    await Deno.mkdir(join(folder, "dog.png"));
    await Deno.writeFile(join(folder, "dog.png/1.png"), png);
    assertEquals((await load(folder)).classNames, ["cat.png", "dog.png"]);
  }));

Deno.test("image folder: control characters of names do not reach a terminal", () =>
  inFolder(async (folder) => {
    const name = "a\x1b[2J\nb\u202e.png";
    await Deno.writeFile(join(folder, name), new Uint8Array(3));
    const { message } = await assertRejects(() => load(folder), DataFormatError, "no JPEG, PNG");
    // deno-lint-ignore no-control-regex
    assert(!/[\0-\x1f\x7f-\x9f\u202e]/.test(message), JSON.stringify(message));
    const long = `${"x".repeat(250)}.png`;
    await Deno.rename(join(folder, name), join(folder, long));
    const cut = await assertRejects(() => load(folder), DataFormatError, "no JPEG, PNG");
    assert(cut.message.length <= 300, cut.message);
  }));

Deno.test("image folder: numbers of files, sizes of files and pixels have limits", () =>
  inFolder(async (folder) => {
    for (let i = 0; i < 4; i++) await Deno.writeFile(join(folder, `${i}.png`), png);
    await assertRejects(
      () => openFileTree(folder, { maxBytes: 1e6, maxItems: 3 }),
      ReadLimitError,
      "the folder needs 4 things, more than the 3",
    );
    await assertRejects(() => load(folder, { maxPixels: 3 }), ReadLimitError, "4 pixels");
    // A file of 10 GB that takes no room on the disk.
    const sparse = await Deno.open(join(folder, "9.png"), { create: true, write: true });
    await sparse.truncate(1e10);
    sparse.close();
    await assertRejects(
      () => load(folder),
      ReadLimitError,
      "9.png: the file has 10000000000 bytes",
    );
    const archive = join(folder, "set.zip");
    await Deno.writeFile(archive, zipArchive([["a.png", new Uint8Array(2000)]]));
    const tree = await openFileTree(archive, { maxBytes: 1000 });
    await assertRejects(
      async () => await tree.read(0),
      ReadLimitError,
      "set.zip/a.png: the file needs 2.0 kB",
    );
  }));

Deno.test("image folder: a path of many thousand folders in an archive takes no time", () =>
  inFolder(async (folder) => {
    const archive = join(folder, "deep.zip");
    const deep = `${"d/".repeat(30_000)}`;
    const files = Array.from({ length: 40 }, (_, i) => [`${deep}${i}.png`, png] as const);
    await Deno.writeFile(archive, zipArchive(files));
    const start = performance.now();
    assertEquals((await load(archive)).images.shape, [40, 2, 2, 1]);
    // Copying each path at each of its levels takes more than a minute.
    assert(performance.now() - start < 10_000, `${performance.now() - start} ms`);
  }));

Deno.test("image folder: an image whose name is damaged in an archive's directory is not missed", () =>
  inFolder(async (folder) => {
    const path = join(folder, "set.zip");
    const good = zipArchive([["1.png", png], ["2.png", png], ["readme.txt", new Uint8Array(3)]]);
    await Deno.writeFile(path, good);
    assertEquals((await load(path)).images.shape, [2, 2, 2, 1]);
    // The second time that the name stands there is in the directory.
    const text = new TextDecoder("latin1").decode(good);
    const at = text.lastIndexOf("2.png");
    assert(at > text.indexOf("2.png"));
    for (const name of ["2.pnf", ".2png", "2.pn/"]) {
      const bytes = good.slice();
      bytes.set(new TextEncoder().encode(name), at);
      await Deno.writeFile(path, bytes);
      const message = name.endsWith("/") ? "has contents, as only files do" : "name of";
      await assertRejects(() => load(path), DataFormatError, message);
    }
  }));
