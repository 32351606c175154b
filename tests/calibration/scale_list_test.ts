import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
import type { StoredTensor } from "../../src/formats/stored_tensor.ts";
import { writeNpy } from "../../src/formats/npy.ts";
import { parseScaleList, scaleListTimes, writeNpyList } from "../../src/calibration/scale_list.ts";
import { scaleScheduleCsv } from "../../src/calibration/scale_schedule_csv.ts";
import { writeTorchList, writeTorchStateDict } from "../../src/formats/torch_writer.ts";
import { writeZip } from "../../src/formats/zip.ts";
import { importScales } from "../../src/calibration/import_scales.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { bytesOf } from "../formats/bytes.ts";

// The published scales of the MNIST ResNet with zero padding (arXiv 2412.20292 v2).
const published = [3, 3, 5, 5, 5, 7, 7, 7, 9, 9, 11, 11, 11, 11, 13, 15, 15, 15, 15, 15];
const context = {
  machine: "bbELS",
  imageShape: [32, 32, 1],
  padding: "zeros",
  schedule: cosineLegacy(),
  provenance: { toolkit: "test", runtime: "test", seed: 0, config: {} },
} as const;
const schedule = importScales(published, context);

Deno.test("scale list: every form that is written reads back as the same scales", () => {
  for (
    const bytes of [
      writeTorchList(published),
      writeNpyList(published),
      bytesOf(scaleScheduleCsv(schedule)),
      bytesOf(JSON.stringify(published)),
      bytesOf(published.join(",")),
      bytesOf(` ${published.join("\r\n")}\n`),
      bytesOf("3.0 3", ", ", published.slice(2).join(" ")),
    ]
  ) assertEquals(parseScaleList(bytes), published);
});

Deno.test("scale list: a table of samples becomes the lower median or the mode of its columns", () => {
  // As the public code's calibration saves its optima: float32 [samples, steps].
  const data = Float32Array.of(3, 5, 7, 5, 5, 9, 3, 7, 11, 7, 9, 11);
  const bytes = writeNpy({ dtype: "F32", shape: [4, 3], data });
  assertEquals(parseScaleList(bytes), [3, 5, 9]);
  assertEquals(parseScaleList(bytes, "x", { aggregate: "mode" }), [3, 5, 11]);
});

Deno.test("scale list: what is no list of odd positive integers is refused in one line", () => {
  const weights = new Map([["a", { dtype: "U8" as const, shape: [1], data: Uint8Array.of(3) }]]);
  const pickled = (pickle: string) => writeZip(new Map([["x/data.pkl", bytesOf(pickle)]]));
  // Two thousand times the same list of two thousand.
  const many = pickled(`](${"K\x03".repeat(2000)}eq\x000](${"h\x00".repeat(2000)}e.`);
  const cases: [Uint8Array, string][] = [
    [writeTorchList([3, 4]), "number 2 of 2 is 4"],
    [writeTorchList([-3]), "number 1 of 1 is -3"],
    [writeTorchList([]), "the list is empty"],
    [writeTorchStateDict(weights), 'a dictionary of "a"'],
    [pickled("N."), "nothing (None)"],
    [pickled("](K\x03](K\x03K\x05ee."), "rows differ in length"],
    [pickled("]q\x00h\x00a."), "nested more than twice"],
    [many, "more than 1000000 numbers"],
    [writeNpy({ dtype: "F32", shape: [1], data: Float32Array.of(NaN) }), "is NaN"],
    [writeNpy({ dtype: "F32", shape: [1, 1, 1], data: Float32Array.of(3) }), "shape [1, 1, 1]"],
    [bytesOf("3,x"), '"x" is no scale'],
    [bytesOf(""), "the list is empty"],
    [bytesOf("[3, 5"), "not JSON"],
    [bytesOf('[3, "5"]'), "a text"],
    [bytesOf("\xff\xfe"), "none of .pt, .npy, CSV, JSON"],
    [bytesOf("\x89PNG\r\n"), "CSV, JSON and text, but a PNG picture"],
    [bytesOf("step,kernel_size\n2,3\n"), "row 1 is step 2"],
    [bytesOf("step,kernel_size\n1\n"), "row 1 has 1 cells"],
  ];
  for (const [bytes, expected] of cases) {
    const { message } = assertThrows(() => parseScaleList(bytes, "s.pt"), DataFormatError);
    assert(message.includes(expected) && !message.includes("\n"), `${expected}: ${message}`);
  }
});

Deno.test("scale list: a CSV tells its times, other lists have none", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  assertEquals(scaleListTimes(bytes("step,t,kernel_size\n1,0.875,3\n2,1,5\n")), [0.875, 1]);
  for (const text of ["kernel_size\n3\n5\n", "3,5", "[3,5]"]) {
    assertEquals(scaleListTimes(bytes(text)), undefined);
  }
  assertThrows(
    () => scaleListTimes(bytes("t,kernel_size\nsoon,3\n"), "s.csv"),
    DataFormatError,
    's.csv: row 1 has t "soon", expected a number',
  );
});

Deno.test("scale list: text without end is refused before it is taken apart", () => {
  const hostile: Readonly<Record<string, string>> = {
    words: "3,".repeat(1e6),
    lines: "3\n".repeat(1e6),
    rows: `step,patch_size\n${"1,3\n".repeat(5e5)}`,
    JSON: `[${"3,".repeat(9e5)}3]`,
    separators: ",".repeat(2e6),
    header: `patch_size${",a".repeat(1e6)}\n3`,
    depth: "[".repeat(2e6),
    length: "3".repeat(3e6),
  };
  for (const [what, text] of Object.entries(hostile)) {
    const start = performance.now();
    assertThrows(
      () => parseScaleList(new TextEncoder().encode(text), "s.csv"),
      DataFormatError,
      "s.csv: ",
    );
    // Tenths of a second; taking all of it apart took ten times as long.
    assert(performance.now() - start < 3000, `${what}: ${performance.now() - start} ms`);
  }
});

Deno.test("scale list: the dictionary of the public calibration gives its median, its mode, or that of its samples", () => {
  const table = {
    dtype: "F32",
    shape: [3, 3],
    data: Float32Array.of(3, 5, 9, 3, 7, 9, 5, 7, 11),
  } as const;
  const median = { dtype: "I32", shape: [3], data: Int32Array.of(3, 7, 9) } as const;
  const mode = { dtype: "I32", shape: [3], data: Int32Array.of(3, 5, 9) } as const;
  const whole = writeTorchStateDict(
    new Map<string, StoredTensor>([["k_optimals", table], ["median", median], ["mode", mode]]),
  );
  assertEquals(parseScaleList(whole, "results.pt"), [3, 7, 9]);
  assertEquals(parseScaleList(whole, "results.pt", { aggregate: "mode" }), [3, 5, 9]);
  const samples = writeTorchStateDict(new Map([["k_optimals", table]] as const));
  assertEquals(parseScaleList(samples, "results.pt"), [3, 7, 9]);
  // Rows of values and indices, as a list of both would be, are no scales.
  const pair = writeTorchStateDict(
    new Map<string, StoredTensor>([["median", { ...table, shape: [3, 3] }]]),
  );
  assertThrows(
    () => parseScaleList(pair, "results.pt"),
    DataFormatError,
    "median has shape [3, 3]",
  );
  // What torch.median returns, as PyTorch pickles it.
  const returned = bytesOf(
    "\x80\x02}X\x06\0\0\0medianctorch.return_types\nmedian\n(](K\x03K\x05e](K\x00K\x01e\x86}tRs.",
  );
  assertEquals(parseScaleList(returned, "results.pkl"), [3, 5]);
  // As a pickle of lists, which stands alone.
  const pickled = bytesOf("\x80\x02}(X\x06\0\0\0median](K\x03K\x05eX\x04\0\0\0mode](K\x03K\x03eu.");
  assertEquals(parseScaleList(pickled, "results.pkl"), [3, 5]);
  const even = writeTorchStateDict(
    new Map([["median", { ...median, data: Int32Array.of(3, 4, 9) }]] as const),
  );
  assertThrows(() => parseScaleList(even, "results.pt"), DataFormatError, "number 2 of 3 is 4");
});

Deno.test("scale list: a column is a list, a row too, and numbers are read as NumPy writes them", () => {
  const scales = [3, 3, 5, 9];
  const data = Float64Array.from(scales);
  for (
    const bytes of [
      writeNpy({ dtype: "F64", shape: [4, 1], data }),
      writeNpy({ dtype: "F64", shape: [1, 4], data }),
      writeNpy({ dtype: "F64", shape: [4], data }),
      bytesOf("[[3], [3], [5], [9]]"),
      bytesOf("[[3, 3, 5, 9]]"),
      bytesOf(scales.map((k) => `${k.toExponential(18)}\n`).join("")),
      bytesOf("# k of each step\n3.0e+00\n3\n0.5e1\n9.\n"),
      bytesOf("step,patch_size\n1,3.0\n2,3e0\n3,5.00\n4,9\n"),
      bytesOf("3,3,5,\n9"),
    ]
  ) assertEquals(parseScaleList(bytes, "k"), scales);
  assertEquals(
    parseScaleList(
      writeTorchStateDict(new Map([["mode", { dtype: "F64", shape: [4, 1], data }]] as const)),
      "k",
      { aggregate: "mode" },
    ),
    scales,
  );
});

Deno.test("scale list: what can be read in two ways is refused, and so are fractions", () => {
  assertThrows(
    () => parseScaleList(bytesOf("3 5 7\n3 5 9\n"), "k.txt"),
    DataFormatError,
    "k.txt: 2 lines of 3 numbers can be a list or a table of samples",
  );
  for (const text of ["3.5e+00", "3.0e-01", "3e99", "3e", "3.0e+00x", "1e400"]) {
    assertThrows(() => parseScaleList(bytesOf(`${text}\n5`), "k.txt"), DataFormatError);
  }
});

Deno.test("scale list: .npz with one array, or with what the public calibration returns", () => {
  const list = (...scales: number[]) =>
    writeNpy({ dtype: "I64", shape: [scales.length], data: BigInt64Array.from(scales, BigInt) });
  const table = writeNpy({ dtype: "I32", shape: [3, 2], data: Int32Array.of(3, 5, 3, 9, 7, 9) });
  const read = (files: Record<string, Uint8Array>, aggregate: "median" | "mode" = "median") =>
    parseScaleList(writeZip(new Map(Object.entries(files))), "scales.npz", { aggregate });
  assertEquals(read({ "arr_0.npy": list(3, 5, 9) }), [3, 5, 9]);
  assertEquals(read({ "k_optimals.npy": table, "note.npy": list(1) }), [3, 9]);
  assertEquals(read({ "median.npy": list(3, 5), "mode.npy": list(7, 9) }, "mode"), [7, 9]);
  assertThrows(
    () => read({ "a.npy": list(3), "b.npy": list(5) }),
    DataFormatError,
    'it holds the arrays ["a", "b"], expected one, of scales, or median or k_optimals',
  );
});
