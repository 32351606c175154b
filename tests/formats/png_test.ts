import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import { DataFormatError } from "../../src/core/errors.ts";
import { decodePng, encodePng } from "../../src/formats/png.ts";

const allBytes = Float32Array.from({ length: 256 }, (_, v) => v / 255 * 2 - 1);

Deno.test("png: every 8-bit value comes back exactly, gray and RGB", () => {
  for (const shape of [[1, 16, 16, 1], [1, 12, 7, 3]] as const) {
    const data = allBytes.slice(0, shape[1] * shape[2] * shape[3]);
    const bytes = encodePng({ data, shape });
    assertEquals(decodePng(bytes), { data, shape });
    assertEquals(encodePng({ data, shape }), bytes);
  }
});

Deno.test("png: values are rounded to the nearest byte and clamped", () => {
  const values = [-2, -Infinity, -1, -1 + 0.9 / 255, -1 + 1.1 / 255, 0, 1, 1.5, Infinity];
  const expected = [0, 0, 0, 0, 1, 128, 255, 255, 255];
  const data = Float32Array.from(values);
  const back = decodePng(encodePng({ data, shape: [1, 1, values.length, 1] }));
  assertEquals([...back.data].map((v) => Math.round((v + 1) * 127.5)), expected);
});

Deno.test("png: truncation at any length and any damaged byte is a DataFormatError", () => {
  const bytes = encodePng({ data: allBytes, shape: [1, 16, 16, 1] });
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decodePng(bytes.subarray(0, length), "cut"), DataFormatError, "cut: ");
  }
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [0x01, 0x80]) {
      const damaged = bytes.with(at, bytes[at]! ^ flip);
      try {
        // A chunk's checksum covers its bytes, and the length of the last chunk is not needed.
        assertEquals(decodePng(damaged).data, allBytes, `byte ${at}`);
      } catch (error) {
        assertInstanceOf(error, DataFormatError, `byte ${at}`);
      }
    }
  }
});

Deno.test("png: other kinds of picture are refused with their kind", () => {
  const make = (channels: number, depth: 8 | 16) =>
    encode({
      width: 2,
      height: 2,
      channels,
      depth,
      data: depth === 8 ? new Uint8Array(4 * channels) : new Uint16Array(4 * channels),
    });
  assertThrows(() => decodePng(make(4, 8)), DataFormatError, "4 channels of 8 bits, expected");
  assertThrows(() => decodePng(make(1, 16)), DataFormatError, "1 channels of 16 bits, expected");
  const palette = [[0, 0, 0], [255, 0, 0]];
  const indexed = encode({
    width: 2,
    height: 1,
    channels: 1,
    depth: 8,
    palette,
    data: new Uint8Array(2),
  });
  assertThrows(() => decodePng(indexed), DataFormatError, "a palette");
  assertThrows(() => decodePng(new Uint8Array(0)), DataFormatError);
});

Deno.test("png: what is no single gray or RGB image, or holds NaN, is a RangeError", () => {
  const shapes = [[2, 2, 2, 1], [1, 2, 2, 2], [1, 0, 0, 1], [1, 3, 3, 1]] as const;
  for (const shape of shapes) {
    const length = shape[1] === 3 ? 8 : shape[0] * shape[1] * shape[2] * shape[3];
    const data = new Float32Array(length);
    assertThrows(() => encodePng({ data, shape }), RangeError, "expected [1, H, W, 1]");
  }
  const data = Float32Array.of(0, NaN);
  assertThrows(() => encodePng({ data, shape: [1, 1, 2, 1] }), RangeError, "value 1 is NaN");
  assert(encodePng({ data: new Float32Array(2), shape: [1, 1, 2, 1] }).length > 50);
});
