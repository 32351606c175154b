import { assert, assertEquals, assertThrows } from "@std/assert";
import { decode } from "fast-png";
import { loadRasterizer } from "../../../tasks/cli/rasterizer.ts";

const svg = (content: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20">${content}</svg>`;

Deno.test("rasterizer: draws shapes, text and enlarged images with hard edges", async () => {
  const draw = await loadRasterizer();
  const png = decode(draw(svg('<rect width="30" height="20" fill="#0072b2"/>'), { zoom: 2 }));
  assertEquals([png.width, png.height], [120, 40]);
  const pixel = (x: number) => [...png.data.slice(4 * x, 4 * x + 3)];
  assertEquals([pixel(0), pixel(59), pixel(60)], [[0, 114, 178], [0, 114, 178], [255, 255, 255]]);

  // The font must be found under any name that figures ask for, and bold must differ.
  const dark = (text: string) => decode(draw(svg(text))).data.filter((v) => v < 128).length;
  const regular = dark('<text x="2" y="15" font-family="Lato, Arial">r² 0.91</text>');
  const bold = dark('<text x="2" y="15" font-family="Lato" font-weight="bold">r² 0.91</text>');
  const fallback = dark('<text x="2" y="15" font-family="Nowhere, sans-serif">r² 0.91</text>');
  assert(regular > 50, `${regular} dark values`);
  assert(bold > regular, `bold ${bold}, regular ${regular}`);
  assertEquals(fallback, regular);
});

Deno.test("rasterizer: the same SVG gives the same bytes", async () => {
  const text = svg('<text x="2" y="15" font-family="Lato">k = 3</text>');
  const [first, second] = [await loadRasterizer(), await loadRasterizer()];
  assertEquals(first(text), second(text));
});

Deno.test("rasterizer: text that is not SVG is refused", async () => {
  const draw = await loadRasterizer();
  assertThrows(() => draw("not a picture"), RangeError, "Cannot draw");
});
