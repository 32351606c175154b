import { assertEquals } from "@std/assert";
import { count, percent, plain, scientific } from "../../src/explorer/view/numbers.ts";
import { noisyRange, patchPicture, pictureOf, windowAt } from "../../src/explorer/view/pixels.ts";

const shape = [4, 5, 1] as const;
/** Pixel p is as bright as p. */
const image = Float32Array.from({ length: 20 }, (_, p) => p / 127.5 - 1);
const red = ({ data }: { readonly data: Uint8ClampedArray }) =>
  Array.from({ length: data.length / 4 }, (_, p) => data[4 * p + 3] === 0 ? null : data[4 * p]);

Deno.test("pixels: values become bytes, gray or in color, clipped", () => {
  assertEquals(red(pictureOf(image, { shape })), Array.from({ length: 20 }, (_, p) => p));
  const colored = pictureOf(Float32Array.of(-1, 0, 9), { shape: [1, 1, 3] });
  assertEquals([...colored.data], [0, 128, 255, 255]);
  assertEquals(red(pictureOf(Float32Array.of(2), { shape: [1, 1, 1], range: 4 })), [191]);
  assertEquals([noisyRange({ signal: 1, sigma: 0 }), noisyRange({ signal: 0, sigma: 1 })], [
    1,
    1.6,
  ]);
});

Deno.test("pixels: a window is cut off, or goes on at the other side", () => {
  const at = (machine: "bbELS" | "ELS" | "IS", patchSize: number | null) =>
    windowAt([0, 4], { machine, patchSize, shape }).map(({ row, column, rows, columns }) => [
      row,
      column,
      rows,
      columns,
    ]);
  assertEquals(at("bbELS", 3), [[0, 3, 2, 2]]);
  assertEquals(at("ELS", 3), [[3, 3, 1, 2], [3, 0, 1, 1], [0, 3, 2, 2], [0, 0, 2, 1]]);
  assertEquals(at("bbELS", 99), [[0, 0, 4, 5]]);
  assertEquals(at("IS", null), [[0, 0, 4, 5]]);
});

Deno.test("pixels: a patch is what its window holds, transparent outside the image", () => {
  const patch = (machine: "bbELS" | "ELS_wrapped" | "ES", patchSize: number | null) => {
    const options = { at: [0, 4], query: [1, 1], machine, patchSize, shape } as const;
    const picture = patchPicture(image, options);
    return [red(picture), picture.center];
  };
  assertEquals(patch("bbELS", 3), [[null, null, null, 3, 4, null, 8, 9, null], [1, 1]]);
  assertEquals(patch("ELS_wrapped", 3), [[18, 19, 15, 3, 4, 0, 8, 9, 5], [1, 1]]);
  // Of a whole image that was shifted, the pixel lies where the query's does.
  const [shifted, center] = patch("ES", null) as [number[], readonly [number, number]];
  assertEquals([shifted[1 * 5 + 1], center], [4, [1, 1]]);
});

Deno.test("numbers: are short and plain", () => {
  assertEquals([0, 0.0004, 0.0123, 0.456, 0.9999, 1].map(percent), [
    "0\u00a0%",
    "<0.1\u00a0%",
    "1.2\u00a0%",
    "46\u00a0%",
    "100\u00a0%",
    "100\u00a0%",
  ]);
  assertEquals([0, -1.2345, 12345, Infinity].map(plain), ["0", "−1.23", "12345", "∞"]);
  assertEquals([-1000, Math.log(9.99e-7), 0].map((value) => scientific(value)), [
    "5.1\u00a0×\u00a010⁻⁴³⁵",
    "1.0\u00a0×\u00a010⁻⁶",
    "1",
  ]);
  assertEquals([1, 9.96, 12345.6].map(count), ["1.0", "10", "12,346"]);
});
