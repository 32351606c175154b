import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { celebaSource } from "../../src/datasets/celeba_files.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { inFolder } from "./folder.ts";
import { picture } from "./pictures.ts";
import { sharedData } from "./shared_data.ts";
import { zipArchive } from "./zip.ts";

const face = picture("face/file").bytes;
const asValues = (bytes: Uint8Array) => Float32Array.from(bytes, (v) => v / 255 * 2 - 1);

Deno.test("celeba: a folder of aligned images, its zip and its packed records are the same images", () =>
  inFolder(async (folder) => {
    const images = join(folder, "img_align_celeba");
    await Deno.mkdir(images);
    for (const name of ["000002.jpg", "000001.jpg"]) await Deno.writeFile(join(images, name), face);
    const set = await loadDataset("celeba", { from: images });
    assertEquals(set.images.shape, [2, 32, 32, 3]);
    assertEquals(set.classNames, []);
    assertEquals(set.images.data.slice(0, 3072), asValues(picture("face/32").bytes));
    const large = await loadDataset("celeba", { from: images, size: 64, images: 1 });
    assertEquals(large.images.data, asValues(picture("face/64").bytes));

    const zip = join(folder, "img_align_celeba.zip");
    const files = ["000002.jpg", "000001.jpg"].map((n) => [`img_align_celeba/${n}`, face] as const);
    await Deno.writeFile(zip, zipArchive(files));
    for (const from of [zip, folder]) {
      assertEquals((await loadDataset("celeba", { from })).sha256, set.sha256);
    }

    await Deno.mkdir(join(folder, "packed"));
    // A run that nobody vouches for has written zeros.
    await Deno.writeFile(join(folder, "packed/celeba_32.bin.part"), new Uint8Array(3072));
    const seen: number[] = [];
    await celebaSource.archive!.unpack!([zip], {
      folder: join(folder, "packed"),
      onProgress: (done) => seen.push(done),
    });
    assertEquals(seen, [0, 2]);
    assertEquals((await Deno.stat(join(folder, "packed/celeba_32.bin"))).size, 2 * 3072);
    const packed = await loadDataset("celeba", { from: join(folder, "packed") });
    assertEquals(packed.sha256, set.sha256);
  }));

Deno.test("celeba: packing that is stopped leaves nothing that looks finished", () =>
  inFolder(async (folder) => {
    const zip = join(folder, "x.zip");
    await Deno.writeFile(zip, zipArchive([["1.jpg", face], ["2.jpg", face]]));
    const abort = AbortSignal.abort(new DOMException("Interrupted", "AbortError"));
    const packing = celebaSource.archive!.unpack!([zip], { folder, abort });
    await assertRejects(() => packing, DOMException, "Interrupted");
    await assertRejects(() => Deno.stat(join(folder, "celeba_32.bin")), Deno.errors.NotFound);
  }));

Deno.test("celeba: the whole set is divided into its official parts", () =>
  inFolder(async (folder) => {
    // Zeros cost nothing in a sparse file; the first image after each border is marked.
    const from = join(folder, "celeba_32.bin");
    using file = await Deno.open(from, { create: true, write: true });
    await file.truncate(202_599 * 3072);
    for (const [index, byte] of [[0, 255], [162_769, 51], [162_770, 1], [182_637, 102]] as const) {
      await file.seek(index * 3072, Deno.SeekMode.Start);
      await file.write(Uint8Array.of(byte));
    }
    const open = (split: "train" | "test") => celebaSource.open({ split, size: 32, from });
    const train = await open("train");
    assertEquals(train.labels.length, 162_770);
    const { pixels } = await train.read(Uint32Array.of(0, 1, 162_769));
    assertEquals([pixels[0], pixels[3072], pixels[6144]], [255, 0, 51]);
    const test = await open("test");
    assertEquals(test.labels.length, 19_962);
    assertEquals((await test.read(Uint32Array.of(0))).pixels[0], 102);
  }));

Deno.test("celeba: other images, truncated records and sizes that packing lost are named", () =>
  inFolder(async (folder) => {
    const load = (options: Parameters<typeof loadDataset>[1]) => () =>
      loadDataset("celeba", options);
    await assertRejects(load({ from: folder }), DataFormatError, "no JPEG or PNG images");
    await Deno.writeFile(join(folder, "1.jpg"), picture("jpeg_420/file").bytes);
    await assertRejects(load({ from: folder }), DataFormatError, "1.jpg: 30 x 21 pixels, expected");
    await Deno.writeFile(join(folder, "1.jpg"), face.subarray(0, 3000));
    await assertRejects(load({ from: folder }), DataFormatError, "1.jpg: not a whole JPEG");
    await assertRejects(
      load({ from: folder, split: "test" }),
      DataFormatError,
      "1 images, not the",
    );

    const from = join(folder, "faces.bin");
    for (const length of [0, 3071, 3073]) {
      await Deno.writeFile(from, new Uint8Array(length));
      await assertRejects(load({ from }), DataFormatError, "expected a multiple of 3072");
    }
    await Deno.writeFile(from, new Uint8Array(6144));
    await assertRejects(load({ from, size: 64 }), DataFormatError, "64 x 64 is asked for");
    await assertRejects(load({ from, classes: [1] }), RangeError, "has no classes");
    await assertRejects(load({ from, images: 3 }), RangeError, "there are 2");
  }));

const shared = await sharedData("celeba/celeba32_15000.bin");
Deno.test({
  name: `celeba: real packed records are faces${shared.note}`,
  ignore: shared.path === undefined,
  async fn() {
    const { images } = await loadDataset("celeba", { from: shared.path!, images: 500 });
    assertEquals(images.shape, [500, 32, 32, 3]);
    // Aligned faces: skin is redder than blue in the center, and left mirrors right on average.
    const mean = new Float64Array(3072);
    for (let i = 0; i < images.data.length; i++) mean[i % 3072]! += images.data[i]! / 500;
    const at = (y: number, x: number, c: number) => mean[(y * 32 + x) * 3 + c]!;
    assert(at(18, 16, 0) - at(18, 16, 2) > 0.2, "the mean face is not redder than blue");
    let difference = 0;
    for (let y = 0; y < 32; y++) {
      for (let x = 0; x < 16; x++) difference += Math.abs(at(y, x, 1) - at(y, 31 - x, 1)) / 512;
    }
    // Of a range of 2; shuffled pixels would give far more.
    assert(difference < 0.15, `the mean face is lopsided by ${difference}`);
  },
});
