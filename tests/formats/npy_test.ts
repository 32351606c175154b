import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { isNpy, parseNpy, writeNpy } from "../../src/formats/npy.ts";
import type { StoredTensor } from "../../src/formats/safetensors.ts";
import { bytesOf } from "./bytes.ts";

const every: StoredTensor[] = [
  { dtype: "F32", shape: [2, 2], data: Float32Array.of(1.5, -0, NaN, Infinity) },
  { dtype: "F16", shape: [3], data: Float32Array.of(0.5, -65504, 2 ** -24) },
  { dtype: "F64", shape: [], data: Float64Array.of(Math.PI) },
  { dtype: "U8", shape: [1, 3], data: Uint8Array.of(0, 128, 255) },
  { dtype: "I32", shape: [1, 2], data: Int32Array.of(-7, 2 ** 31 - 1) },
  { dtype: "I64", shape: [1], data: BigInt64Array.of(-(2n ** 62n)) },
  { dtype: "BOOL", shape: [2], data: Uint8Array.of(1, 0) },
  { dtype: "F32", shape: [0, 4], data: new Float32Array(0) },
];

const file = (header: string, data = "\0\0\0\0") => {
  const length = [header.length & 255, header.length >> 8];
  return bytesOf("\x93NUMPY\x01\0", String.fromCharCode(...length), header, data);
};

Deno.test("npy: every dtype comes back from a round trip, with values at a multiple of 64 bytes", () => {
  for (const tensor of every) {
    const bytes = writeNpy(tensor);
    assert(isNpy(bytes));
    assertEquals(parseNpy(bytes), tensor);
    assertEquals((10 + bytes[8]! + 256 * bytes[9]!) % 64, 0);
  }
  assertThrows(
    () => writeNpy({ dtype: "U8", shape: [3], data: Uint8Array.of(1) }),
    RangeError,
    "do not fill the shape [3]",
  );
});

Deno.test("npy: what is truncated, foreign or no array of numbers is refused in one line", () => {
  const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
  assertEquals(parseNpy(file(good)).shape, [1]);
  const cases: [Uint8Array, string][] = [
    [bytesOf("NUMPY"), "does not begin as .npy"],
    [bytesOf("\x93NUMPY\x01\0"), "does not begin as .npy"],
    [bytesOf("\x93NUMPY\x09\0\x02\0{}"), ".npy version 9"],
    [file(good, "\0\0\0"), "3 bytes follow"],
    [file(good, "\0\0\0\0\0"), "5 bytes follow"],
    [file(good).subarray(0, 40), "the header is"],
    [file(good.replace("<f4", "|O")), '"|O", expected numbers'],
    [file(good.replace("'<f4'", "[('a', '<f4')]")), "the header is"],
    [file(good.replace("(1,)", "(-1,)")), "the header is"],
    [file(good.replace("(1,)", "(9999999, 9999999)")), "4 bytes follow"],
    [file("import os"), "the header is"],
  ];
  for (const [bytes, expected] of cases) {
    const { message } = assertThrows(() => parseNpy(bytes, "x.npy"), DataFormatError);
    assert(message.includes(expected) && !message.includes("\n"), `${expected}: ${message}`);
  }
});

Deno.test("npy: the header is read as Python writes it, whatever order, spaces and quotes", () => {
  const two = "\0\0\x80\x3f\0\0\0\x40";
  for (
    const header of [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
      `{"shape":(2,),"descr":"<f4","fortran_order":False}   \n`,
      "{ 'fortran_order' : True , 'shape' : ( 2 , ) , 'descr' : 'f4' }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2L,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}",
    ]
  ) assertEquals([...parseNpy(file(header, two)).data], [1, 2], header);
  for (
    const header of [
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': True}",
      "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} {}",
      "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}",
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${"1, ".repeat(64)}2)}`,
    ]
  ) assertThrows(() => parseNpy(file(header, two)), DataFormatError, "expected");
});

Deno.test("npy: a header takes time in proportion to its length, which has a limit", () => {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${"1,".repeat(2000)} x)}`;
  const began = performance.now();
  assertThrows(() => parseNpy(file(header)), DataFormatError, "the header is");
  // It was exponential in the number of digits; a second is a thousand times what it takes now.
  assert(performance.now() - began < 1000);
  const long = file(`{'descr': '<f4', ${" ".repeat(20_000)}}`);
  assertThrows(() => parseNpy(long), ReadLimitError, "raise `maxText: 20100`");
  assertThrows(
    () => parseNpy(long, "a.npy", { maxText: 30_000 }),
    DataFormatError,
    "the header is",
  );
});

Deno.test("npy: an array whose first axis is the fastest is turned, whatever its rank and width", () => {
  const shape = [2, 3, 4];
  for (const [descr, width] of [["u1", 1], ["<u2", 2], ["<i4", 4], ["<f8", 8]] as const) {
    const bytes = new Uint8Array(24 * width);
    const view = new DataView(bytes.buffer);
    // The value at (i, j, k) is 100 i + 10 j + k.
    for (let i = 0, at = 0; at < 24; at++) {
      i = 100 * (at % 2) + 10 * (Math.floor(at / 2) % 3) + Math.floor(at / 6);
      if (width === 1) view.setUint8(at, i);
      else if (width === 2) view.setUint16(2 * at, i, true);
      else if (width === 4) view.setInt32(4 * at, i, true);
      else view.setFloat64(8 * at, i, true);
    }
    const header = `{'descr': '${descr}', 'fortran_order': True, 'shape': (${shape.join(", ")}), }`;
    const body = [...bytes].map((byte) => String.fromCharCode(byte)).join("");
    const expected = [0, 1].flatMap((i) =>
      [0, 1, 2].flatMap((j) => [0, 1, 2, 3].map((k) => 100 * i + 10 * j + k))
    );
    assertEquals([...parseNpy(file(header, body)).data].map(Number), expected, descr);
  }
});
