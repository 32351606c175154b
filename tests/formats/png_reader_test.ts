import { assertEquals, assertThrows } from "@std/assert";
import { deflateSync, inflateSync, zlibSync } from "fflate";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { inflateExactly } from "../../src/formats/inflate_exactly.ts";
import { decodePng } from "../../src/formats/png.ts";
import { readPngPixels } from "../../src/formats/png_pixels.ts";
import {
  pngChunk,
  pngData,
  pngFile,
  pngHeader,
  pngRows,
  pngSamples,
} from "../../tasks/tools/fuzz/png_builder.ts";

const options = { source: "a.png", maxPixels: 2 ** 20 };
const kinds: [type: number, depths: number[]][] = [
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
];

Deno.test("PNG reader: every color type, depth, filter and interlacing at sizes around its passes", () => {
  const random = new Random(1, "png");
  for (const [type, depths] of kinds) {
    for (const depth of depths) {
      for (const interlaced of [false, true]) {
        for (const [width, height] of [[1, 1], [3, 9], [8, 8], [13, 5], [2, 17]] as const) {
          const picture = { width, height, depth, type, interlaced };
          const samples = pngSamples[type]!;
          const values = Array.from(
            { length: width * height * samples },
            () => Math.floor(random.uniform() * 2 ** depth),
          );
          const palette = Uint8Array.from({ length: 3 * 2 ** depth }, (_, i) => i * 37);
          const bytes = pngFile(
            pngHeader(picture),
            ...type === 3 ? [pngChunk("PLTE", palette)] : [],
            pngData(pngRows(values, picture)),
          );
          const found = readPngPixels(bytes, options);
          const expected = type === 3
            ? values.flatMap((v) => [...palette.subarray(3 * v, 3 * v + 3)])
            : values.map((v) => depth === 16 ? v >> 8 : v * 255 / (2 ** depth - 1));
          assertEquals([...found.pixels], expected, JSON.stringify(picture));
          assertEquals(found.channels, type === 3 ? 3 : samples);
        }
      }
    }
  }
});

const small = { width: 2, height: 2, depth: 8, type: 0 };
const rows = pngRows([1, 2, 3, 4], small);
const data = pngData(rows);
const bomb = zlibSync(new Uint8Array(2 ** 25));

Deno.test("PNG reader: profiles, texts and animations are never unpacked", () => {
  const name = new TextEncoder().encode("profile\0\0");
  const content = new Uint8Array([...name, ...bomb]);
  const chunks = ["iCCP", "zTXt", "iTXt", "fdAT", "acTL", "juNK"].map((type) =>
    pngChunk(type, content)
  );
  const bytes = pngFile(pngHeader(small), ...chunks, data);
  assertEquals([...readPngPixels(bytes, options).pixels], [1, 2, 3, 4]);
});

Deno.test("PNG reader: what is declared is refused before it is unpacked", () => {
  const big = (width: number, height: number, depth = 8, type = 6) =>
    pngFile(pngHeader({ width, height, depth, type }), data);
  assertThrows(
    () => readPngPixels(big(30_000, 30_000), options),
    ReadLimitError,
    "a picture of 30000 x 30000 needs 900,000,000 pixels, more than the 1,048,576 that",
  );
  // 8 bytes a pixel count double.
  assertThrows(() => readPngPixels(big(1000, 600, 16), options), ReadLimitError, "16-bit color");
  assertThrows(
    () => readPngPixels(big(1000, 1000), options),
    DataFormatError,
    "bytes of data cannot hold 4001000",
  );
  assertThrows(() => readPngPixels(big(0, 5), options), DataFormatError, "declares 0 x 5");
  assertThrows(() => decodePng(big(9000, 9000), "a.png"), ReadLimitError, "81,000,000 pixels");
  assertThrows(() => decodePng(big(3, 3), "a.png", { maxPixels: 8 }), ReadLimitError, "9 pixels");
});

Deno.test("PNG reader: image data is unpacked to the declared size, and no further", () => {
  const refuses = (content: Uint8Array, message: string) => {
    const bytes = pngFile(pngHeader(small), pngChunk("IDAT", content));
    assertThrows(() => readPngPixels(bytes, options), DataFormatError, message);
  };
  refuses(bomb, "it unpacks to more than 6 bytes");
  refuses(zlibSync(rows.subarray(0, 5)), "it unpacks to 5 bytes, expected 6");
  refuses(zlibSync(rows).subarray(0, 8), "truncated or damaged");
  refuses(zlibSync(rows).with(-1, 0), "the checksum of its image data is wrong");
  refuses(zlibSync(rows).with(0, 0x79), "no zlib stream");
  refuses(zlibSync(rows.with(0, 5)), "a row has filter 5");
  refuses(new Uint8Array(0), "its image data is truncated");
});

Deno.test("inflate exactly: with zlib and without, the same bytes or the same complaint, in little time", () => {
  const packed = bomb.subarray(2, -4);
  const noise = deflateSync(Uint8Array.from({ length: 200_000 }, (_, i) => i * i * 7 >> 3));
  for (const options of [{}, { zlib: null }]) {
    const start = performance.now();
    const inflate = (bytes: Uint8Array, size: number) => inflateExactly(bytes, size, options);
    assertEquals(inflate(packed, 1000), "it unpacks to more than 1000 bytes");
    assertEquals(inflate(packed, 2 ** 25), new Uint8Array(2 ** 25));
    assertEquals(inflate(packed, 2 ** 25 - 1), "it unpacks to more than 33554431 bytes");
    assertEquals(inflate(packed, 2 ** 25 + 1), "it unpacks to 33554432 bytes, expected 33554433");
    assertEquals(
      inflate(packed, 2 ** 26),
      `its ${packed.length} bytes of data cannot hold 67108864`,
    );
    assertEquals(inflate(noise, 200_000).slice(-3), inflateSync(noise).slice(-3));
    const short = deflateSync(new Uint8Array(9000));
    for (const bytes of [short.subarray(0, -1), short.with(0, 255), short.subarray(1)]) {
      assertEquals(inflate(bytes, 9000), "its compressed data is truncated or damaged");
    }
    // A tenth of a second each; ten seconds mean that something grew without bound.
    assertEquals(performance.now() - start < 10_000, true);
  }
});

Deno.test("PNG reader: chunks out of place or damaged are named", () => {
  const end = pngChunk("IEND", new Uint8Array(0));
  const header = pngHeader(small);
  const palette = pngChunk("PLTE", new Uint8Array(3));
  const indexed = pngHeader({ ...small, type: 3 });
  const cases: [Uint8Array[], string][] = [
    [[data], "it does not begin with a header"],
    [[header], "it has no image data"],
    [[header, data, palette, data], "its palette is out of place"],
    [[header, data, pngChunk("tEXt", new Uint8Array(3)), data], "its image data is interrupted"],
    [[header, pngChunk("ABCD", new Uint8Array(3)), data], "its chunk ABCD is none of this format"],
    [[header, header, data], "its chunk IHDR is none of this format"],
    [[indexed, data], "its palette is missing"],
    [[indexed, palette, data], "a pixel's color is not in its palette"],
    [[indexed, pngChunk("PLTE", new Uint8Array(4)), data], "its palette has 4 bytes"],
    [[pngHeader({ ...small, depth: 3 }), data], "color type 0 has no depth of 3 bits"],
    [[pngHeader({ ...small, type: 5 }), data], "color type 5 does not exist"],
    [[header, data.with(-1, data.at(-1)! ^ 1)], "the checksum of its chunk IDAT is wrong"],
    [[header, Uint8Array.of(255, 255, 255, 255, 73, 68, 65, 84), end], "truncated in its chunk"],
  ];
  for (const [chunks, message] of cases) {
    assertThrows(() => readPngPixels(pngFile(...chunks), options), DataFormatError, message);
  }
});

Deno.test("PNG reader: a palette that only suggests colors, and bytes after the end, change nothing", () => {
  const picture = { width: 1, height: 1, depth: 8, type: 2 };
  const suggestion = pngChunk("PLTE", Uint8Array.of(9, 9, 9));
  const bytes = pngFile(pngHeader(picture), suggestion, pngData(pngRows([1, 2, 3], picture)));
  assertEquals([...readPngPixels(bytes, options).pixels], [1, 2, 3]);
  const longer = new Uint8Array([...bytes, 1, 2, 3]);
  assertEquals([...readPngPixels(longer, options).pixels], [1, 2, 3]);
});
