import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { parseIdx } from "../../src/datasets/idx.ts";
import { gunzipIfNeeded } from "../../src/formats/gunzip.ts";
import { inFolder } from "./folder.ts";
import { loadDataset } from "../../src/datasets/registry_files.ts";
import { parseIdxPair } from "../../src/datasets/idx_pair.ts";

/** An IDX file of the given shape with values 0, 1, 2 ... */
function idx(...shape: number[]): Uint8Array<ArrayBuffer> {
  const count = shape.reduce((a, b) => a * b, 1);
  const out = new Uint8Array(4 + 4 * shape.length + count);
  const view = new DataView(out.buffer);
  out.set([0, 0, 8, shape.length]);
  shape.forEach((size, axis) => view.setUint32(4 + 4 * axis, size));
  for (let i = 0; i < count; i++) out[4 + 4 * shape.length + i] = i;
  return out;
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Bytes one after the other. */
const join = (...parts: Iterable<number>[]): number[] => parts.flatMap((part) => [...part]);

Deno.test("idx: shape and values are read, also from a view into a larger buffer", () => {
  const bytes = idx(2, 3, 4);
  const padded = new Uint8Array([9, 9, 9, ...bytes]).subarray(3);
  for (const view of [bytes, padded]) {
    const { shape, data } = parseIdx(view, { rank: 3 });
    assertEquals(shape, [2, 3, 4]);
    assertEquals([...data], Array.from({ length: 24 }, (_, i) => i));
  }
});

Deno.test("idx: truncation at any length is a DataFormatError", () => {
  const bytes = idx(2, 3, 4);
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => parseIdx(bytes.subarray(0, length), { source: "cut" }), DataFormatError);
  }
});

Deno.test("idx: each breach of the format is named with its byte", () => {
  const change = (at: number, value: number) => idx(2, 3, 4).with(at, value);
  const cases: [Uint8Array, string, number][] = [
    [change(0, 0x50), "this is no IDX file", 0],
    [change(2, 0x0d), "IDX type 0x0d, expected bytes (0x08)", 2],
    [change(3, 0), "0 axes, expected 3", 3],
    [idx(24), "1 axes, expected 3", 3],
    [change(7, 3), "truncated: 24 values, expected 36", 40],
    [change(4, 255), "truncated", 40],
    [change(7, 1), "excess bytes: 24 values, expected 12", 28],
  ];
  for (const [bytes, message, byte] of cases) {
    const error = assertThrows(() => parseIdx(bytes, { rank: 3 }), DataFormatError, message);
    assertEquals(error.byteOffset, byte);
  }
});

Deno.test("idx: gzip is undone where its magic number is found", async () => {
  const plain = idx(5, 7);
  assertEquals(await gunzipIfNeeded(plain, { source: "plain", maxBytes: 1000 }), plain);
  assertEquals(await gunzipIfNeeded(await gzip(plain), { source: "gz", maxBytes: 1000 }), plain);
});

Deno.test("idx: truncated or damaged gzip is a DataFormatError", async () => {
  const packed = await gzip(idx(5, 7));
  for (let length = 2; length < packed.length; length++) {
    await assertRejects(
      () => gunzipIfNeeded(packed.slice(0, length), { source: "cut.gz", maxBytes: 1000 }),
      DataFormatError,
    );
  }
  const checksum = packed.length - 6;
  const damaged = packed.with(checksum, packed[checksum]! ^ 1);
  await assertRejects(
    () => gunzipIfNeeded(damaged, { source: "x.gz", maxBytes: 1000 }),
    DataFormatError,
    "x.gz: the gzip",
  );
  const excess = new Uint8Array([...packed, 1, 2, 3]);
  await assertRejects(
    () => gunzipIfNeeded(excess, { source: "x.gz", maxBytes: 1000 }),
    DataFormatError,
    "x.gz: after the gzip stream, the file goes on with what is no gzip",
  );
});

Deno.test("gzip: members one after the other, header fields and zeros at the end are read", async () => {
  const plain = idx(40, 50);
  const cuts = [plain.slice(0, 7), plain.slice(7, 7), plain.slice(7, 1000), plain.slice(1000)];
  const members = await Promise.all(cuts.map(gzip));
  const zeros = new Uint8Array(512);
  // Extra field, name, comment, and no checksum of the header: flags 4, 8 and 16.
  const [first] = members;
  const described = join([...first!.subarray(0, 3), 28], first!.subarray(4, 10), [3, 0, 1, 2, 3])
    .concat([...new TextEncoder().encode("a.idx\0it\0")], [...first!.subarray(10)]);
  const whole = join(described, ...members.slice(1));
  const options = { source: "x.gz", maxBytes: 10_000 };
  const read = async (...parts: Iterable<number>[]) =>
    await gunzipIfNeeded(Uint8Array.from(join(...parts)), options);
  assertEquals(await read(whole), plain);
  assertEquals(await read(whole, zeros), plain);
  assertEquals(await read(whole, [0]), plain);

  const refusals: [Iterable<number>[], string][] = [
    [[whole, zeros, [9]], "after the gzip stream and zeros, the file goes on"],
    [[whole, zeros, members[0]!], "after the gzip stream and zeros, the file goes on"],
    [[whole, [120, 120, 120]], "goes on with what is no gzip"],
    [[whole.slice(0, -1)], "it ends before its last byte"],
    [[whole, [31, 139, 8]], "it ends before its last byte"],
    [[whole.with(-5, whole.at(-5)! ^ 1)], "truncated or damaged: incorrect data check"],
    [[whole.with(-1, 1)], "truncated or damaged: incorrect length check"],
  ];
  for (const [parts, problem] of refusals) {
    await assertRejects(() => read(...parts), DataFormatError, problem);
  }
  // The limit is one of all members together.
  await assertRejects(
    () => gunzipIfNeeded(Uint8Array.from(whole), { ...options, maxBytes: plain.length - 1 }),
    ReadLimitError,
  );
});

Deno.test("idx: images and labels that do not belong together are a DataFormatError", () => {
  const images = { bytes: idx(3, 2, 2), source: "images" };
  const labels = (...shape: number[]) => ({ bytes: idx(...shape), source: "labels" });
  const { pixels, shape, labels: found } = parseIdxPair({ images, labels: labels(3) });
  assertEquals([shape, pixels.length, [...found]], [[3, 2, 2, 1], 12, [0, 1, 2]]);
  const message = "labels: 4 labels, expected one for each of the 3 images of images";
  assertThrows(() => parseIdxPair({ images, labels: labels(4) }), DataFormatError, message);
  assertThrows(
    () => parseIdxPair({ images, labels: labels(3) }, { classes: 2 }),
    DataFormatError,
    "label 2",
  );
  assertThrows(() => parseIdxPair({ images: labels(3), labels: labels(3) }), DataFormatError);
});

Deno.test("idx: gzip is undone up to a limit, and no further", async () => {
  const packed = await gzip(new Uint8Array(50_000_000));
  const error = await assertRejects(
    () => gunzipIfNeeded(packed, { source: "x.gz", maxBytes: 1e6 }),
    ReadLimitError,
    "x.gz: the unpacked file needs",
  );
  assertEquals(error.limit, "maxBytes");
  assertEquals(error.needed < 20e6, true, "a piece of 16 kB unpacks to no more than 16.8 MB");
});

Deno.test("idx: a folder's compressed files have limits, which loadDataset takes", () =>
  inFolder(async (folder) => {
    const header = Uint8Array.of(0, 0, 8, 1, 0, 0x1e, 0x84, 0x80);
    const labels = new Uint8Array(2_000_008);
    labels.set(header);
    const images = new Uint8Array(16 + 2_000_000);
    images.set([0, 0, 8, 3, 0, 0x1e, 0x84, 0x80, 0, 0, 0, 1, 0, 0, 0, 1]);
    await Deno.writeFile(`${folder}/train-labels-idx1-ubyte.gz`, await gzip(labels));
    await Deno.writeFile(`${folder}/train-images-idx3-ubyte.gz`, await gzip(images));
    const load = (maxBytes?: number) =>
      loadDataset("mnist", { from: folder, images: 2, size: 1, maxBytes });
    const error = await assertRejects(() => load(), ReadLimitError, "train-labels");
    assertEquals(error.allowed, 1e6);
    assertEquals((await load(3e6)).labels.length, 2);
  }));
