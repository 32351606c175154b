import { assert, assertEquals, assertThrows } from "@std/assert";
import { decode } from "fast-png";
import { imageBatch } from "../../src/core/image_batch.ts";
import { imageGridPng, imageGridSvg } from "../../src/figures/image_grid.ts";
import { tileImages } from "../../src/figures/tile_images.ts";
import { assertSnapshot } from "../snapshot.ts";

const gray = (...values: number[]) =>
  imageBatch(new Float32Array(values), [values.length, 1, 1, 1]);

Deno.test("tiles: values are enlarged and set apart by white", () => {
  const tiles = tileImages([gray(-1, 0.5), gray(-7, 0)], { factor: 2, gutter: 1 });
  assertEquals(tiles.shape, [1, 5, 5, 1]);
  assertEquals(
    [...tiles.data],
    [
      ...[-1, -1, 1, 0.5, 0.5],
      ...[-1, -1, 1, 0.5, 0.5],
      ...[1, 1, 1, 1, 1],
      ...[-7, -7, 1, 0, 0],
      ...[-7, -7, 1, 0, 0],
    ],
  );
});

Deno.test("tiles: pixels keep their rows, columns and channels", () => {
  const values = new Float32Array(12).map((_, i) => i / 5.5 - 1);
  const tiles = tileImages([imageBatch(values, [1, 2, 2, 3])], { factor: 1, gutter: 0 });
  assertEquals(tiles.data, values);
});

Deno.test("tiles: a gray row among colored ones is drawn gray", () => {
  const red = imageBatch(new Float32Array([1, -1, -1]), [1, 1, 1, 3]);
  const tiles = tileImages([red, gray(0)], { factor: 1, gutter: 0 });
  assertEquals([...tiles.data], [1, -1, -1, 0, 0, 0]);
});

Deno.test("tiles: bad images are refused by name", () => {
  const options = { factor: 1, gutter: 0 };
  assertThrows(() => tileImages([], options), RangeError, "none were given");
  assertThrows(() => tileImages([gray(0, NaN)], options), RangeError, "image 1 of row 0 holds NaN");
  assertThrows(() => tileImages([gray(0)], { factor: 0.5, gutter: 0 }), RangeError, "factor 0.5");
  const wide = imageBatch(new Float32Array(2), [1, 1, 2, 1]);
  assertThrows(() => tileImages([gray(0), wide], options), RangeError, "row 1 has images of 1 x 2");
});

Deno.test("image grid: the PNG holds the tiles, clamped", () => {
  const png = decode(imageGridPng([gray(-3, 0, 1)], { factor: 2, gutter: 1 }));
  assertEquals([png.width, png.height, png.channels], [8, 2, 1]);
  const row = [0, 0, 255, 128, 128, 255, 255, 255];
  assertEquals([...png.data], [...row, ...row]);
});

const ramp = (offset: number) =>
  imageBatch(new Float32Array(3 * 64).map((_, i) => ((i + offset) % 64) / 32 - 1), [3, 8, 8, 1]);
const grid = {
  title: "MNIST ResNet",
  columns: ["1", "2", "3"],
  rows: [
    { label: "noise x_T", images: ramp(0) },
    { label: "bbELS", images: ramp(8) },
    { label: "network", images: ramp(9) },
  ],
  captions: [{ label: "r² bbELS", values: ["0.91", "0.88", "0.93"] }],
};

Deno.test("image grid: the labeled SVG equals its snapshot", async () => {
  const note = "What the rows are, in words that are broken into lines of the picture's width.";
  await assertSnapshot(imageGridSvg({ ...grid, note }, { zoom: 6 }), "image_grid.svg");
});

Deno.test("image grid: labels are escaped", () => {
  const svg = imageGridSvg({ rows: [{ label: "a<b & c", images: gray(0) }] });
  assert(svg.includes("a&lt;b &amp; c"));
});

Deno.test("image grid: rows and captions of another length are refused by name", () => {
  assertThrows(
    () => imageGridSvg({ ...grid, captions: [{ label: "r² IS", values: ["0.1"] }] }),
    RangeError,
    "r² IS has 1 entries, the first row 3 images",
  );
  assertThrows(
    () => imageGridSvg({ ...grid, rows: [...grid.rows, { label: "IS", images: gray(0) }] }),
    RangeError,
    "IS has 1 entries",
  );
  assertThrows(() => imageGridSvg({ rows: [] }), RangeError, "none were given");
});

Deno.test("image grid: where rows may be shorter, a missing image is paper, and a title has room", () => {
  const one = imageBatch(new Float32Array(64), [1, 8, 8, 1]);
  const rows = [{ label: "a", images: ramp(0) }, { label: "b", images: one }];
  const title = "A title that is much wider than three images of eight pixels";
  const svg = imageGridSvg({ rows, ragged: true, title }, { zoom: 1, gutter: 2 });
  const width = Number(/ width="(\d+)"/.exec(svg)![1]);
  // About 0.5 em a letter, of 14 px.
  assert(width > title.length * 6, `${width}`);
  const left = Number(/<image x="(\d+)"/.exec(svg)![1]);
  // Columns lie 10 apart, the second row 10 below the first: two images and the gap between.
  const top = Number(/<image x="\d+" y="(\d+)"/.exec(svg)![1]);
  assert(svg.includes(`M${left + 10},${top + 10}h18v8H${left + 10}z`), svg);
  for (const more of [ramp(0).shape[0] + 1, 0]) {
    const images = imageBatch(new Float32Array(64 * more), [more, 8, 8, 1]);
    assertThrows(
      () => imageGridSvg({ rows: [rows[0]!, { label: "c", images }], ragged: true }),
      RangeError,
      `c has ${more} entries`,
    );
  }
});
