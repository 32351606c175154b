/** CIFAR's Python version gives the images of the binary one, whatever Python and NumPy wrote it. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { zipSync } from "fflate";
import { DataFormatError } from "../../src/core/errors.ts";
import { cifar100Set } from "../../src/datasets/cifar100.ts";
import { cifar100Source } from "../../src/datasets/cifar100_files.ts";
import { cifar10Set } from "../../src/datasets/cifar10.ts";
import { cifarPythonRecords } from "../../src/datasets/cifar_python.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { gzip, inFolder, tarMember } from "./folder.ts";
import { cifarPickle, type PickleStyle, pickleStyles } from "./cifar_pickles.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const planes = (i: number) =>
  Uint8Array.from({ length: 3072 }, (_, at) => (at * 3 + i * 101) % 256);

/** Records of the binary version. */
function records(labels: readonly (readonly number[])[], start = 0): Bytes {
  const parts = labels.flatMap((each, i) => [Uint8Array.from(each), planes(start + i)]);
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The same as a pickle. */
function pickle(labels: readonly (readonly number[])[], style: PickleStyle, start = 0): Bytes {
  const keys = labels[0]!.length === 1 ? ["labels"] : ["coarse_labels", "fine_labels"];
  return cifarPickle({
    style,
    labels: new Map(keys.map((key, j) => [key, labels.map((each) => each[j]!)])),
    rows: labels.map((_, i) => planes(start + i)),
  });
}

for (const style of pickleStyles) {
  Deno.test(`cifar's Python version: a batch as written by ${style} is that of the binary version`, () => {
    const ten = [[3], [9], [0]];
    assertEquals(
      cifarPythonRecords(pickle(ten, style), { set: cifar10Set, source: "b" }),
      records(ten),
    );
    const hundred = [[19, 99], [0, 0]];
    assertEquals(
      cifarPythonRecords(pickle(hundred, style), { set: cifar100Set, source: "b" }),
      records(hundred),
    );
  });
}

Deno.test("cifar's Python version: folders, archives and single files give the binary version's SHA-256", () =>
  inFolder(async (folder) => {
    const batches = [1, 2, 3, 4, 5].map((b) => [[b], [9 - b]]);
    const all = join(folder, "all.bin");
    await Deno.writeFile(
      all,
      new Uint8Array(batches.flatMap((each, b) => [...records(each, 2 * b)])),
    );
    const expected = await loadDataset("cifar10", { from: all });

    const members: Bytes[] = [tarMember("cifar-10-batches-py/", new Uint8Array(0), "5")];
    await Deno.mkdir(join(folder, "torch/cifar-10-batches-py"), { recursive: true });
    for (const [b, each] of batches.entries()) {
      const bytes = pickle(each, "Python 2", 2 * b);
      members.push(tarMember(`cifar-10-batches-py/data_batch_${b + 1}`, bytes));
      await Deno.writeFile(join(folder, `torch/cifar-10-batches-py/data_batch_${b + 1}`), bytes);
    }
    members.push(new Uint8Array(1024));
    const tar = new Uint8Array(await new Blob(members).arrayBuffer());
    await Deno.mkdir(join(folder, "below"));
    await Deno.writeFile(join(folder, "below/cifar-10-python.tar.gz"), await gzip(tar));
    await Deno.writeFile(join(folder, "mine.tar"), tar);
    const zipped = batches.map((
      each,
      b,
    ) => [`data_batch_${b + 1}`, pickle(each, "Python 2", 2 * b)]);
    await Deno.writeFile(join(folder, "mine.zip"), zipSync({ "./py": Object.fromEntries(zipped) }));

    for (const from of ["torch", "torch/cifar-10-batches-py", "below", "mine.tar", "mine.zip"]) {
      const found = await loadDataset("cifar10", { from: join(folder, from) });
      assertEquals(found.sha256, expected.sha256, from);
      assertEquals(found.classNames, expected.classNames);
    }
    const one = await loadDataset("cifar10", {
      from: join(folder, "torch/cifar-10-batches-py/data_batch_3"),
    });
    assertEquals([...one.labels], [3, 6]);

    const batch = join(folder, "torch/cifar-10-batches-py/data_batch_2");
    await Deno.truncate(batch, 4000);
    const load = (from: string) => () => loadDataset("cifar10", { from: join(folder, from) });
    await assertRejects(load("torch"), DataFormatError, "data_batch_2: the pickle is cut off");
    await Deno.remove(batch);
    await assertRejects(load("torch"), DataFormatError, "data_batch_2 is missing in this folder");
  }));

Deno.test("cifar100: fine labels by default, coarse ones by name, from both versions", () =>
  inFolder(async (folder) => {
    const labels = [[11, 98], [0, 4], [19, 90]];
    const [binary, python] = [join(folder, "train.bin"), join(folder, "train")];
    await Deno.writeFile(binary, records(labels));
    await Deno.writeFile(python, pickle(labels, "Python 2"));
    for (
      const [set, expected] of [
        ["cifar100", ["woman", "beaver", "train"]],
        ["cifar100-coarse", ["large_omnivores_and_herbivores", "aquatic_mammals", "vehicles_2"]],
      ] as const
    ) {
      const first = await loadDataset(set, { from: binary });
      assertEquals([...first.labels].map((label) => first.classNames[label]), [...expected]);
      assertEquals((await loadDataset(set, { from: python })).sha256, first.sha256);
    }
    await Deno.remove(binary);
    assertEquals((await loadDataset("cifar100", { from: folder })).labels.length, 3);
    await assertRejects(
      () => loadDataset("cifar10", { from: python }),
      DataFormatError,
      "expected data, labels as CIFAR-10's Python version has them",
    );
    const archive = join(folder, "cifar-100-python.tar.gz");
    const tar = [
      tarMember("cifar-100-python/train", pickle(labels, "Python 2")),
      new Uint8Array(1024),
    ];
    await Deno.writeFile(archive, await gzip(new Uint8Array(await new Blob(tar).arrayBuffer())));
    const error = await assertRejects(
      () => cifar100Source.archive!.unpack!([archive], { folder }),
      DataFormatError,
      "3 images, expected 50000",
    );
    assertEquals(error.message.includes("\n"), false);
  }));

Deno.test("cifar's Python version: whatever a pickle wants to run does not, and other data is refused", () => {
  const read = (bytes: Uint8Array) => () =>
    cifarPythonRecords(bytes, { set: cifar10Set, source: "batch" });
  const text = (value: string) => new TextEncoder().encode(value);
  const cases: readonly [Uint8Array, string][] = [
    [text("(lp0\n."), "holds a list of 0, expected a dictionary"],
    [text("cos\nsystem\n(S'echo'\ntR."), "expected a dictionary"],
    [text("(dS'data'\ncos\nsystem\n(S'echo'\ntRsS'labels'\n(lI1\nas."), "its data is"],
    [pickle([[10]], "Python 2"), "labels has 10 for image 0, expected 0 to 9"],
    [pickle([[3]], "Python 2").slice(0, -40), "the pickle"],
  ];
  for (const [bytes, message] of cases) assertThrows(read(bytes), DataFormatError, message);
});

const shared =
  new URL("../../../shared/cases/17-cifar10-python-version/", import.meta.url).pathname;
const isHere = await Deno.stat(shared).then(() => true, () => false);
Deno.test({
  name: `cifar10: the case's folder and archive are read${
    isHere ? "" : " (left out: it is not here)"
  }`,
  ignore: !isHere,
  async fn() {
    const load = (name: string) => loadDataset("cifar10", { from: shared + name });
    const folder = await load("cifar-10-batches-py");
    assertEquals([...folder.labels.subarray(0, 10)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assertEquals((await load("cifar-10-python.tar.gz")).sha256, folder.sha256);
  },
});
