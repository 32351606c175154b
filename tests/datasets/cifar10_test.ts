import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { cifar10Labels, cifar10Pixels } from "../../src/datasets/cifar10.ts";
import { cifar10Source } from "../../src/datasets/cifar10_files.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import { gzip, inFolder, tarMember } from "./folder.ts";
import { sharedData } from "./shared_data.ts";

/** Records with the given labels; value i of record r is (r * 7 + i) modulo 251. */
function records(...labels: number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(labels.length * 3073);
  labels.forEach((label, r) => {
    bytes[r * 3073] = label;
    for (let i = 0; i < 3072; i++) bytes[r * 3073 + 1 + i] = (r * 7 + i) % 251;
  });
  return bytes;
}

const source = "batch.bin";

Deno.test("cifar10: labels and pixels of records, planes turned into pixels", () => {
  const bytes = records(3, 9, 0);
  assertEquals([...cifar10Labels(bytes, { source })], [3, 9, 0]);
  const pixels = cifar10Pixels(bytes, 2);
  assertEquals(pixels.length, 3072);
  const [y, x] = [5, 17];
  const at = (y * 32 + x) * 3;
  const plane = (c: number) => (2 * 7 + c * 1024 + y * 32 + x) % 251;
  assertEquals([...pixels.subarray(at, at + 3)], [plane(0), plane(1), plane(2)]);
});

Deno.test("cifar10: a truncated file, a wrong number of records and a label out of range are named", () => {
  const bytes = records(3, 9, 0);
  for (const length of [0, 1, 3072, 3074, 9218]) {
    const cut = bytes.subarray(0, length);
    assertThrows(() => cifar10Labels(cut, { source }), DataFormatError, "a multiple of 3073");
  }
  const fewer = () => cifar10Labels(bytes, { source, records: 4 });
  assertThrows(fewer, DataFormatError, "truncated: 9219 bytes, expected 12292 (4 records of 3073)");
  const bad = () => cifar10Labels(records(1, 10), { source });
  const error = assertThrows(bad, DataFormatError, "label 10 of record 1, expected 0 to 9");
  assertEquals(error.byteOffset, 3073);
});

Deno.test("cifar10: one file of records is taken as it is, images of some classes in order", () =>
  inFolder(async (folder) => {
    const from = join(folder, "some.bin");
    await Deno.writeFile(from, records(3, 9, 0, 3, 5));
    const all = await loadDataset("cifar10", { from });
    assertEquals(all.images.shape, [5, 32, 32, 3]);
    assertEquals([...all.labels], [3, 9, 0, 3, 5]);
    assertEquals(all.classNames[9], "truck");
    const cats = await loadDataset("cifar10", { from, classes: [3], images: 2 });
    assertEquals([...cats.labels], [3, 3]);
    const pixel = (value: number) => Math.fround(value / 255 * 2 - 1);
    assertEquals(cats.images.data[3072], pixel(3 * 7));
    const small = await loadDataset("cifar10", { from, size: 16 });
    assertEquals(small.images.shape, [5, 16, 16, 3]);
    const many = () => loadDataset("cifar10", { from, images: 6 });
    await assertRejects(many, RangeError, "there are 5");
  }));

/** The six official files as sparse files of zeros, which cost nothing. */
async function officialFiles(folder: string): Promise<string[]> {
  const names = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`).concat("test_batch.bin");
  for (const name of names) {
    await Deno.writeFile(join(folder, name), records(4, 2));
    await Deno.truncate(join(folder, name), 30_730_000);
  }
  return names;
}

Deno.test("cifar10: a folder of the official batches must be complete", () =>
  inFolder(async (folder) => {
    await assertRejects(
      () => loadDataset("cifar10", { from: folder }),
      DataFormatError,
      "no data_batch_1.bin in this folder",
    );
    await officialFiles(folder);
    const { images, labels } = await loadDataset("cifar10", { from: folder, images: 10_002 });
    assertEquals(images.shape[0], 10_002);
    assertEquals([...labels.subarray(0, 3), ...labels.subarray(10_000)], [4, 2, 0, 4, 2]);
    const test = await loadDataset("cifar10", { from: folder, split: "test", images: 3 });
    assertEquals([...test.labels], [4, 2, 0]);

    await Deno.truncate(join(folder, "data_batch_3.bin"), 3073 * 9999);
    const load = () => loadDataset("cifar10", { from: folder });
    await assertRejects(load, DataFormatError, "data_batch_3.bin: truncated: 30726927 bytes");
    await Deno.remove(join(folder, "data_batch_3.bin"));
    await assertRejects(load, DataFormatError, "data_batch_3.bin is missing in this folder");
  }));

Deno.test("cifar10: a missing set says what to run", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "cifar-10-batches-py"));
    const load = (from: string) => () => loadDataset("cifar10", { from });
    const message = "no data_batch_1.bin in this folder or below, nor data_batch_1 of the Python";
    await assertRejects(load(folder), DataFormatError, message);
    await assertRejects(load(join(folder, "none")), DataFormatError, "no such file or folder");
  }));

Deno.test("cifar10: the archive is read as it is, and unpacked into what is read without it", () =>
  inFolder(async (folder) => {
    const names = await officialFiles(folder);
    const archive = join(folder, "cifar-10-binary.tar.gz");
    const members = [tarMember("cifar-10-batches-bin/readme.html", new Uint8Array(10))];
    // In no particular order, as in the official one.
    for (const name of names.toReversed()) {
      const bytes = await Deno.readFile(join(folder, name));
      members.push(tarMember(`cifar-10-batches-bin/${name}`, bytes));
      await Deno.remove(join(folder, name));
    }
    members.push(new Uint8Array(1024));
    const packed = await gzip(new Uint8Array(await new Blob(members).arrayBuffer()));
    await Deno.writeFile(archive, packed);

    const load = (from: string) => loadDataset("cifar10", { from, images: 2 });
    const direct = await load(archive);
    assertEquals([...direct.labels], [4, 2]);
    assertEquals((await load(folder)).sha256, direct.sha256);

    const { unpack } = cifar10Source.archive!;
    await Deno.writeFile(archive, packed.subarray(0, packed.length - 1000));
    await assertRejects(() => load(archive), DataFormatError, "truncated or damaged");
    await assertRejects(
      () => unpack!([archive], { folder }),
      DataFormatError,
      "truncated or damaged",
    );
    await Deno.writeFile(archive, packed);
    // Nobody needs to listen.
    await unpack!([archive], { folder });
    const twice = await gzip(
      new Uint8Array(await new Blob([members[1]!, members[1]!]).arrayBuffer()),
    );
    await Deno.writeFile(archive, twice);
    const seen: number[] = [];
    const onProgress = (done: number) => void seen.push(done);
    await assertRejects(
      () => unpack!([archive], { folder, onProgress }),
      DataFormatError,
      "it has two files test_batch.bin",
    );
    assertEquals(seen, [1]);
    await Deno.remove(join(folder, "cifar-10-batches-bin.part"), { recursive: true });
    await Deno.remove(archive);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(left, ["cifar-10-batches-bin"]);
    assertEquals((await load(folder)).sha256, direct.sha256);
  }));

const shared = await sharedData("cifar10/train_lossless.bin");
Deno.test({
  name: `cifar10: the first real records equal the golden images bit for bit${shared.note}`,
  ignore: shared.path === undefined,
  async fn() {
    const path = new URL("../fixtures/machines_cifar10.safetensors", import.meta.url);
    const { tensors } = parseSafetensors(await Deno.readFile(path));
    const expected = tensors.get("images")!;
    const { images, labels } = await loadDataset("cifar10", { from: shared.path!, images: 24 });
    assertEquals(images.shape, [24, 32, 32, 3]);
    assertEquals(labels, tensors.get("labels")!.data as Uint8Array);
    // Golden images are NCHW.
    const planes = Float32Array.from(images.data, (_, i) => {
      const [image, plane, pixel] = [Math.floor(i / 3072), Math.floor(i / 1024) % 3, i % 1024];
      return images.data[image * 3072 + pixel * 3 + plane]!;
    });
    assertEquals(planes, expected.data);
  },
});
