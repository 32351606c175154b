import { assert, assertEquals, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import { DataFormatError } from "../../src/core/errors.ts";
import { createImageDecoder } from "../../src/datasets/decode_image.ts";
import {
  pngChunk,
  pngData,
  pngFile,
  pngHeader,
  pngRows,
  pngSamples,
} from "../../tasks/tools/fuzz/png_builder.ts";
import { otherNames, picture, pictureNames } from "./pictures.ts";

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
    // A JPEG without its end marker has all of its pixels.
    const most = bytes.length - (name.startsWith("jpeg") ? 12 : 2);
    for (const length of [0, 1, 2, 8, 20, 100, bytes.length >> 1, most]) {
      const cut = bytes.subarray(0, Math.min(length, most));
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
  assertThrows(() => decode(text, "x.jpg"), DataFormatError, "x.jpg: no JPEG, PNG, WebP or BMP");
});

/** Largest difference of two lists of bytes. */
const furthest = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

Deno.test("decode image: WebP, BMP, and JPEGs that libjpeg warns of equal Pillow's pixels, inks nearly", () => {
  assertEquals(otherNames.length, 17);
  for (const name of otherNames) {
    const { pixels, shape } = decode(picture(`${name}/file`).bytes, name);
    const expected = picture(`${name}/pixels`);
    assertEquals(shape, [1, ...expected.shape] as unknown as typeof shape, name);
    // Another decoder than libjpeg, another rounding of the transform and of the inks' products.
    assert(furthest(pixels, expected.bytes) <= (name.startsWith("jpeg_inks") ? 2 : 0), name);
  }
});

Deno.test("decode image: JPEGs that libjpeg fills with gray are errors, also behind a harmless warning", () => {
  for (const name of ["jpeg_jfif_0_00", "jpeg_extra_before_segment", "jpeg_no_end", "jpeg_inks"]) {
    const { bytes } = picture(`${name}/file`);
    const scan = bytes.findLastIndex((byte, i) => byte === 0xda && bytes[i - 1] === 0xff);
    for (const length of [scan + 40, bytes.length - 60]) {
      const cut = Uint8Array.from([...bytes.subarray(0, length), 0xff, 0xd9]);
      assertThrows(() => decode(cut, name), DataFormatError, `${name}: not a whole JPEG`);
      assertThrows(
        () => decode(cut.subarray(0, -2), name),
        DataFormatError,
        `${name}: not a whole JPEG`,
      );
    }
  }
});

Deno.test("decode image: a progressive JPEG needs its last scan, not its end marker", () => {
  const { bytes } = picture("jpeg_progressive/file");
  const whole = picture("jpeg_progressive/pixels").bytes;
  assertEquals(decode(bytes.subarray(0, -2), "no end").pixels, whole);
  const scan = bytes.findLastIndex((byte, i) => byte === 0xda && bytes[i - 1] === 0xff);
  const before = bytes.lastIndexOf(0xc4, scan) - 1;
  for (const length of [before, scan - 1]) {
    const cut = bytes.subarray(0, length);
    assertThrows(() => decode(cut, "cut"), DataFormatError, "Premature end of JPEG file");
  }
});

Deno.test("decode image: kinds that are not read are told by their name, not as damage", () => {
  const jpeg = picture("jpeg_420/file").bytes;
  const frame = jpeg.findIndex((byte, i) => byte === 0xc0 && jpeg[i - 1] === 0xff);
  const cases: [file: Uint8Array, message: string][] = [
    [
      jpeg.with(frame, 0xc3),
      "a.x: a JPEG of another kind, lossless, which is not read; convert it",
    ],
    [
      jpeg.with(frame, 0xc9),
      "a.x: a JPEG of another kind, with arithmetic coding, which is not read",
    ],
    [jpeg.with(frame + 3, 12), "a.x: a JPEG of 12 bits, expected 8; convert it"],
    [animatedWebp(), "a.x: an animated WebP, which is not read; convert it"],
    [
      picture("bmp_color/file").bytes.with(30, 4),
      "a.x: a BMP with a JPEG in it, which is not read",
    ],
  ];
  for (const [file, message] of cases) {
    assertThrows(() => decode(file, "a.x"), DataFormatError, message);
  }
});

/** The header of a WebP that says that it moves. */
function animatedWebp(): Uint8Array {
  const bytes = new Uint8Array(30);
  const text = (at: number, value: string) => bytes.set(new TextEncoder().encode(value), at);
  text(0, "RIFF");
  bytes[4] = 22;
  text(8, "WEBPVP8X");
  bytes[16] = 10;
  bytes[20] = 2;
  return bytes;
}

Deno.test("decode image: interlaced PNGs of every depth and color have the pixels of plain ones", () => {
  const depths: Record<number, number[]> = {
    0: [1, 2, 4, 8, 16],
    2: [8, 16],
    3: [1, 2, 4, 8],
    4: [8, 16],
    6: [8, 16],
  };
  const palette = Uint8Array.from({ length: 768 }, (_, i) => i * 89);
  for (const [type, all] of Object.entries(depths)) {
    for (const depth of all) {
      const file = (width: number, height: number, interlaced: boolean) => {
        const kind = { width, height, depth, type: Number(type), interlaced };
        const count = width * height * pngSamples[Number(type)]!;
        const rows = pngRows(
          Array.from({ length: count }, (_, i) => i * 40_503 % 2 ** depth),
          kind,
        );
        const colors = type === "3" ? [pngChunk("PLTE", palette.subarray(0, 3 * 2 ** depth))] : [];
        return pngFile(pngHeader(kind), ...colors, pngData(rows));
      };
      for (const [width, height] of [[1, 1], [3, 2], [5, 9], [8, 8], [17, 11]] as const) {
        const name = `type ${type}, ${depth} bits, ${width} x ${height}`;
        const interlaced = decode(file(width, height, true), name);
        assertEquals(interlaced, decode(file(width, height, false), name), name);
      }
    }
  }
});

/** A BMP of 8 or 4 bits whose pixels are the bytes of a run-length code. */
function runLengthBmp(bits: 4 | 8, code: readonly number[]): Uint8Array {
  const colors = 2 ** bits;
  const bytes = new Uint8Array(54 + 4 * colors + code.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("BM"));
  view.setUint32(10, 54 + 4 * colors, true);
  [40, 6, 3].forEach((value, i) => view.setUint32(14 + 4 * i, value, true));
  view.setUint16(26, 1, true);
  view.setUint16(28, bits, true);
  view.setUint32(30, bits === 8 ? 1 : 2, true);
  for (let i = 0; i < colors; i++) bytes.fill(i, 54 + 4 * i, 57 + 4 * i);
  bytes.set(code, 54 + 4 * colors);
  return bytes;
}

Deno.test("decode image: run lengths of BMPs are undone, from the lowest row up", () => {
  // Runs, a jump, a row as it is with its padding, an early end.
  const eight = [6, 9, 0, 0, 0, 2, 2, 0, 2, 7, 0, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 1];
  const rows8 = [1, 2, 3, 4, 5, 0, 0, 0, 7, 7, 0, 0, 9, 9, 9, 9, 9, 9];
  assertEquals([...decode(runLengthBmp(8, eight), "8.bmp").pixels], rows8);
  const four = [6, 0x12, 0, 0, 0, 5, 0x34, 0x56, 0x70, 0, 0, 0, 0, 1];
  const rows4 = [0, 0, 0, 0, 0, 0, 3, 4, 5, 6, 7, 0, 1, 2, 1, 2, 1, 2];
  assertEquals([...decode(runLengthBmp(4, four), "4.bmp").pixels], rows4);
  assertThrows(() => decode(runLengthBmp(8, [6, 9, 0]), "8.bmp"), DataFormatError, "truncated");
});

Deno.test("decode image: a file that is called otherwise is read by what it is", () => {
  const { bytes } = picture("webp_lossless/file");
  assertEquals(decode(bytes, "a.jpg").pixels, picture("webp_lossless/pixels").bytes);
});
