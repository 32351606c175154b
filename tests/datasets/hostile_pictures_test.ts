import { assert, assertEquals, assertThrows } from "@std/assert";
import { ArgumentError, DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { createImageDecoder } from "../../src/datasets/decode_image.ts";
import { flatJpeg, jpegSegment } from "../../tasks/tools/fuzz/jpeg_builder.ts";
import { picture } from "./pictures.ts";

const decode = await createImageDecoder();

Deno.test("decode image: a JPEG after any number of truncated ones through the same decoder is whole", async () => {
  const fresh = await createImageDecoder();
  const good = picture("jpeg_420/file").bytes;
  const expected = picture("jpeg_420/pixels").bytes;
  // The markers end well: the library itself finds that data is missing, and leaves by exit().
  const cut = new Uint8Array([...good.subarray(0, good.length >> 1), 0xff, 0xd9]);
  const noTables = new Uint8Array(
    [0xff, 0xd8, ...jpegSegment(0xc0, [8, 0, 8, 0, 8, 1, 1, 0x11, 0])].concat(
      jpegSegment(0xda, [1, 1, 0, 0, 63, 0]),
      [0, 0, 0xff, 0xd9],
    ),
  );
  for (let i = 0; i < 200; i++) {
    assertThrows(() => fresh(cut, "cut.jpg"), DataFormatError, "cut.jpg: not a whole JPEG");
    assertThrows(() => fresh(noTables, "none.jpg"), DataFormatError, "none.jpg: not a whole JPEG");
    if (i % 40 === 0) assertEquals(fresh(good, "good.jpg").pixels, expected);
  }
  assertEquals(fresh(good, "good.jpg").pixels, expected);
});

Deno.test("decode image: a JPEG's header is believed only as far as its bytes go", () => {
  const flat = (width: number, height: number, more = {}) =>
    decode(flatJpeg({ width, height, ...more }), "a.jpg");
  assertEquals(flat(20, 12).shape, [1, 12, 20, 1]);
  assertEquals(flat(20, 12, { components: 3 }).shape, [1, 12, 20, 3]);
  assertThrows(
    () => flat(20_000, 20_000, { blocks: 8 }),
    ReadLimitError,
    "a picture of 20000 x 20000 needs 400,000,000 pixels, more than the 67,108,864",
  );
  assertThrows(
    () => flat(8000, 8000, { blocks: 8 }),
    DataFormatError,
    "bytes of data cannot hold the 8000 x 8000 pixels",
  );
  assertThrows(() => flat(8, 0), DataFormatError, "declares 8 x 0 pixels");
  assertThrows(() => flat(8, 8, { depth: 12 }), DataFormatError, "a JPEG of 12 bits, expected 8");
  assertEquals(flat(20, 12, { components: 4 }).shape, [1, 12, 20, 3]);
  assertThrows(
    () => flat(8, 8, { components: 2 }),
    DataFormatError,
    "of 2 components, expected gray",
  );
  assertThrows(
    () => flat(8, 8, { scans: 200 }),
    DataFormatError,
    "101 scans or more, which is too many for its size",
  );
  assertThrows(() => flat(8, 8, { scans: 0 }), DataFormatError, "no image");
  const frame = jpegSegment(0xc0, [8, 0, 9, 0, 9, 1, 1, 0x11, 0]);
  assertThrows(() => flat(8, 8, { before: frame }), DataFormatError, "it has two frames");
});

Deno.test("decode image: the limit on pixels can be set", async () => {
  const strict = await createImageDecoder({ maxPixels: 100 });
  assertEquals(strict(flatJpeg({ width: 10, height: 10 }), "a.jpg").shape, [1, 10, 10, 1]);
  const error = assertThrows(
    () => strict(flatJpeg({ width: 11, height: 10 }), "a.jpg"),
    ReadLimitError,
  );
  assertEquals([error.limit, error.needed, error.allowed], ["maxPixels", 110, 100]);
  assert(error.message.endsWith("raise `maxPixels: 110`"), error.message);
  for (const maxPixels of [0, -1, 1.5, NaN, Infinity]) {
    await createImageDecoder({ maxPixels }).then(
      () => assert(false, `${maxPixels} was taken`),
      (error) => assert(error instanceof ArgumentError),
    );
  }
});

Deno.test("decode image: other formats are named, with what to do", () => {
  const cases = {
    "GIF89a": "GIF",
    "II*\0\x08\0\0\0": "TIFF",
    "\0\0\0\x1cftypavif": "AVIF",
    "\0\0\0\x18ftypheic": "HEIC",
    "<svg xmlns=": "SVG",
    "P6\n2 2\n": "PNM",
  };
  for (const [text, format] of Object.entries(cases)) {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    assertThrows(
      () => decode(bytes, "a.png"),
      DataFormatError,
      `a.png: no JPEG, PNG, WebP or BMP, but ${format}, which is not read; convert it`,
    );
  }
  assertThrows(() => decode(new Uint8Array(0), "a.png"), DataFormatError, "the file is empty");
  const pointer = new TextEncoder().encode("version https://git-lfs.github.com/spec/v1");
  assertThrows(() => decode(pointer, "a.png"), DataFormatError, "BMP, but a pointer of Git LFS");
});

Deno.test("decode image: decoders in WebAssembly are the versions that deno.json names", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile("deno.json"));
  for (const format of ["jpeg", "webp"]) {
    const code = await Deno.readTextFile(`src/datasets/${format}_decoder.ts`);
    assert(code.includes(`"${imports[`@jsquash/${format}`]}/"`));
  }
});
