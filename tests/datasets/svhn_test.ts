/**
 * SVHN's MAT-files. The fixtures were written by scipy.io.savemat: four images, compressed, beside a record
 * and a text, and two, not compressed, with labels in double precision. The value of image n at row r, column
 * c, channel k is (11 n + 3 r + 5 c + 40 k) mod 256.
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { parseMat } from "../../src/formats/mat.ts";
import { inFolder } from "./folder.ts";

const fixtures = fromFileUrl(new URL("../fixtures/svhn/", import.meta.url));

Deno.test("svhn: images and digits of both parts, 10 being the digit 0", async () => {
  for (const [split, digits] of [["train", [1, 0, 9, 2]], ["test", [1, 0]]] as const) {
    const { images, labels, classNames } = await loadDataset("svhn", { from: fixtures, split });
    assertEquals([...labels], [...digits]);
    assertEquals(classNames, [..."0123456789"]);
    assertEquals(images.shape, [digits.length, 32, 32, 3]);
    for (
      const [n, r, c, k] of [[0, 0, 0, 0], [1, 31, 0, 2], [1, 4, 17, 1], [0, 31, 31, 2]] as const
    ) {
      const value = (11 * n + 3 * r + 5 * c + 40 * k) % 256;
      assertEquals(
        images.data[((n * 32 + r) * 32 + c) * 3 + k],
        Math.fround(value / 255 * 2 - 1),
      );
    }
  }
  const some = await loadDataset("svhn", { from: `${fixtures}train_32x32.mat`, classes: [9] });
  assertEquals([...some.labels], [9]);
});

Deno.test("svhn: what is no such file, or another part, is one line that names it", () =>
  inFolder(async (folder) => {
    const load = (from: string, split: "train" | "test" = "train") => () =>
      loadDataset("svhn", { from, split });
    const [train, test] = [`${fixtures}train_32x32.mat`, `${fixtures}test_32x32.mat`];
    const bytes = await Deno.readFile(test);
    const write = async (name: string, content: Uint8Array) => {
      await Deno.writeFile(join(folder, name), content);
      return join(folder, name);
    };
    const hdf = new Uint8Array(600);
    hdf.set(new TextEncoder().encode("MATLAB 7.3 MAT-file, Platform: GLNXA64"));
    const cases: readonly [() => Promise<unknown>, string][] = [
      [load(test), "it is the test part, not train"],
      [load(train, "test"), "it is the train part, not test"],
      [load(folder), "no train_32x32.mat in it"],
      [
        load(await write("hdf.mat", hdf)),
        "version 7.3, which is HDF5, expected version 5; save it",
      ],
      [
        load(await write("text.mat", new TextEncoder().encode("MAT"))),
        "does not begin as MAT-files",
      ],
      [load(await write("cut.mat", bytes.subarray(0, 3000))), "cut off, or damaged"],
      [load(await write("short.mat", bytes.subarray(0, 128))), 'no variable "X" in it'],
    ];
    for (const [work, message] of cases) {
      const error = await assertRejects(work, DataFormatError, message);
      assertEquals(error.message.includes("\n"), false);
    }
    const packed = await Deno.readFile(train);
    for (const at of [200, 600]) {
      const damaged = await write("damaged.mat", packed.with(at, packed[at]! ^ 255));
      await assertRejects(load(damaged), DataFormatError);
    }
  }));

Deno.test("mat: only what is asked for is unpacked, up to a limit", async () => {
  const bytes = await Deno.readFile(`${fixtures}train_32x32.mat`);
  const file = parseMat(bytes, { source: "a.mat", maxBytes: 5000 });
  assertEquals(file.names, ["X", "y", "meta", "note"]);
  assertEquals(Array.from({ length: 4 }, (_, i) => file.read("y").at(i)), [1, 10, 9, 2]);
  assertThrows(() => file.read("X"), ReadLimitError, "a variable needs 12.4 kB");
  assertThrows(() => file.read("meta"), DataFormatError, "holds no real numbers");
  assertThrows(() => file.read("z"), DataFormatError, 'no variable "z" in it; there are ["X", "y"');
});
