import { assertEquals, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import { DataFormatError } from "../../src/core/errors.ts";
import { createImageDecoder } from "../../src/datasets/decode_image.ts";
import { picture, pictureNames } from "./pictures.ts";

const decode = await createImageDecoder();

Deno.test("decode image: JPEG and PNG of every kind equal Pillow's pixels bit for bit", () => {
  assertEquals(pictureNames.length, 12);
  for (const name of pictureNames) {
    const { pixels, shape } = decode(picture(`${name}/file`).bytes, name);
    const expected = picture(`${name}/pixels`);
    assertEquals(shape, [1, ...expected.shape] as unknown as typeof shape, name);
    assertEquals(pixels, expected.bytes, name);
  }
});

Deno.test("decode image: 16 bits keep the upper 8, interlacing is undone", () => {
  const [width, height] = [5, 3];
  const data = Uint16Array.from({ length: 15 }, (_, i) => i * 4369 + i);
  const deep = encode({ width, height, data, depth: 16, channels: 1 });
  assertEquals(
    [...decode(deep, "deep").pixels],
    Array.from(data, (value) => Math.floor(value / 256)),
  );
  const bytes = Uint8Array.from({ length: 17 * 11 * 3 }, (_, i) => i * 7);
  const image = { width: 17, height: 11, data: bytes, depth: 8 as const, channels: 3 };
  const interlaced = encode(image, { interlace: "Adam7" });
  assertEquals(decode(interlaced, "interlaced").pixels, bytes);
});

Deno.test("decode image: a truncated picture is a DataFormatError wherever it ends", () => {
  for (const name of pictureNames) {
    const { bytes } = picture(`${name}/file`);
    // Without its last two bytes a JPEG lacks its end marker, a PNG part of a checksum.
    for (const length of [0, 1, 2, 8, 20, 100, bytes.length >> 1, bytes.length - 2]) {
      const cut = bytes.subarray(0, Math.min(length, bytes.length - 2));
      assertThrows(() => decode(cut, name), DataFormatError, `${name}: `);
    }
  }
});

Deno.test("decode image: a damaged picture is a DataFormatError, and the next one is fine", () => {
  const good = picture("jpeg_420/file").bytes;
  const flips: [string, number][] = [["jpeg_420", 200], ["jpeg_progressive", 3], ["png_rgb", 50]];
  for (const [name, at] of flips) {
    const { bytes } = picture(`${name}/file`);
    const damaged = bytes.with(at, bytes[at]! ^ 0x55);
    assertThrows(() => decode(damaged, "bad"), DataFormatError, "bad: not a whole");
    assertEquals(decode(good, "good").pixels, picture("jpeg_420/pixels").bytes);
  }
  const text = new TextEncoder().encode("GIF89a and more");
  assertThrows(() => decode(text, "x.jpg"), DataFormatError, "x.jpg: no JPEG or PNG");
});
