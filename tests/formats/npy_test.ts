import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
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

const file = (header: string, data = "\0\0\0\0") =>
  bytesOf("\x93NUMPY\x01\0", String.fromCharCode(header.length), "\0", header, data);

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
