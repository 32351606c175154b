import { assert, assertEquals, assertThrows } from "@std/assert";
// @ts-types="culori-types"
import { converter, formatHex } from "culori";
import { Random } from "../../src/core/random.ts";
import {
  mosaicSources,
  otherSources,
  shiftColor,
  sourceColors,
  sourcePalette,
} from "../../src/figures/mosaic_colors.ts";
import {
  copiedImage,
  entropyPicture,
  shiftPicture,
  sourcePicture,
  weightPicture,
} from "../../src/figures/mosaic_pictures.ts";
import { borderPath } from "../../src/figures/region_borders.ts";
import { tones } from "../../src/figures/theme.ts";
import { bytesToImages, createMachine, syntheticTextures } from "../../src/machines.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { noisy } from "../posterior/conformance.ts";
import { confusedBy } from "./color_vision.ts";

const toOklch = converter("oklch");

Deno.test("mosaic colors: sources are told apart by every eye, and from others and papers", () => {
  // In gray print ten colors cannot be: borders and numbers tell there.
  const byHue = (a: string, b: string) => confusedBy(a, b).filter((eye) => eye !== "gray print");
  for (const [i, color] of sourcePalette.entries()) {
    for (const other of sourcePalette.slice(0, i)) assertEquals(byHue(color, other), []);
    for (const other of otherSources) assert(!byHue(color, other).includes("full color"), color);
    for (const { light, dark } of [tones.paper]) {
      assertEquals(byHue(color, light), []);
      assertEquals(byHue(color, dark), []);
    }
  }
  assertEquals(new Set([...sourcePalette, ...otherSources]).size, 20);
});

Deno.test("mosaic colors: a source keeps its color, the others one faint hue each", () => {
  const colors = sourceColors([7, 3, 7, 9]);
  assertEquals(colors.named, [7, 3, 9]);
  assertEquals([7, 3, 9].map(colors.of), sourcePalette.slice(0, 3));
  const others = Array.from({ length: 120 }, (_, image) => sourceColors([]).of(image));
  for (const color of otherSources) {
    const count = others.filter((each) => each === color).length;
    assert(count >= 10 && count <= 14, `${color}: ${count} of 120`);
  }
  assertEquals(sourceColors(Array(30).keys()).named.length, sourcePalette.length);
});

Deno.test("mosaic colors: shifts of one direction have one hue, at one lightness", () => {
  for (let degree = 0; degree < 360; degree += 15) {
    const angle = degree * Math.PI / 180;
    const colorAt = (length: number) => {
      const shift = [length * Math.sin(angle), length * Math.cos(angle)] as const;
      const [r, g, b] = shiftColor(shift, { reach: 10 });
      return toOklch({ mode: "rgb", r: r! / 255, g: g! / 255, b: b! / 255 })!;
    };
    const [near, far, beyond] = [colorAt(4), colorAt(10), colorAt(15)];
    assertEquals(beyond, far);
    assert(far!.c > near!.c + 0.03);
    for (const { l, h } of [near!, far!]) {
      // Bytes move hues by a degree.
      assert(Math.abs(l - 0.74) < 0.004, `lightness ${l}`);
      const gap = Math.abs(((h! - degree - 55) % 360 + 540) % 360 - 180);
      assert(gap < 1.5, `hue ${h} at ${degree}`);
    }
  }
});

const images = bytesToImages(syntheticTextures({ images: 9, size: 8 }));
const schedule = cosineLegacy();

async function explained() {
  await using posterior = wasmPosterior({ workers: 0 });
  const machine = createMachine("ELS", { images, schedule, patchSize: 3, posterior });
  const clean = { data: images.data.slice(0, 2 * 64), shape: [2, 8, 8, 1] as const };
  return await machine.explain(noisy(clean, 0.3, new Random(4)), 0.3, { top: 3 });
}

Deno.test("mosaic pictures: every pixel shows its heaviest candidate", async () => {
  const explanation = await explained();
  const { image, row, column, weight, entropy } = explanation;
  for (const query of [0, 1]) {
    const sources = mosaicSources([explanation], { query });
    const colors = sourceColors(sources.map((source) => source.image));
    const most = Math.max(...entropy);
    const source = sourcePicture(explanation, { query, colors });
    const shift = shiftPicture(explanation, { query, wrap: true });
    const weights = weightPicture(explanation, { query });
    const entropies = entropyPicture(explanation, { query, most });
    const copied = copiedImage(explanation, { images, query });
    assertEquals(copied.shape, [1, 8, 8, 1]);
    const seen = new Map<number, { pixels: number; visible: number }>();
    for (let pixel = 0; pixel < 64; pixel++) {
      const cell = query * 64 + pixel, at = 3 * cell;
      const rgb = [...source.data.subarray(4 * pixel, 4 * pixel + 3)];
      assertEquals(
        formatHex({ mode: "rgb", r: rgb[0]! / 255, g: rgb[1]! / 255, b: rgb[2]! / 255 }),
        colors.of(image[at]!),
      );
      const opacity = Math.round(255 * Math.sqrt(weight[at]!));
      assert(Math.abs(source.data[4 * pixel + 3]! - opacity) <= 1);
      assertEquals(shift.data[4 * pixel + 3], source.data[4 * pixel + 3]);
      const value = images.data[image[at]! * 64 + row[at]! * 8 + column[at]!];
      assertEquals(copied.data[pixel], value);
      const known = seen.get(image[at]!) ?? { pixels: 0, visible: 0 };
      seen.set(image[at]!, {
        pixels: known.pixels + 1,
        visible: known.visible + weight[at]!,
      });
    }
    // Maps fall in lightness as values rise.
    for (
      const [map, of] of [[weights, (i: number) => weight[3 * (query * 64 + i)]!], [
        entropies,
        (i: number) => entropy[query * 64 + i]!,
      ]] as const
    ) {
      const order = Array.from({ length: 64 }, (_, i) => i).sort((a, b) => of(a) - of(b));
      const greens = order.map((pixel) => map.data[4 * pixel + 1]!);
      assertEquals(greens, greens.toSorted((a, b) => b - a));
    }
    assertEquals(sources.length, seen.size);
    for (const { image, ...parts } of sources) assertEquals(parts, seen.get(image));
    const visible = sources.map((each) => each.visible);
    assertEquals(visible, visible.toSorted((a, b) => b - a));
  }
  assertThrows(() => weightPicture(explanation, { query: 2 }), RangeError, "there are 2");
});

Deno.test("region borders: a side of a pixel is drawn if and only if labels differ across it", () => {
  const random = new Random(6);
  for (const [height, width] of [[4, 6], [1, 3], [5, 1], [7, 7]] as const) {
    const labels = Array.from({ length: height * width }, () => Math.floor(3 * random.uniform()));
    const path = borderPath(labels, { height, width, zoom: 2, left: 3, top: 5 });
    const drawn = new Set<string>();
    for (const [, x, y, way, to] of path.matchAll(/M(\d+) (\d+)([VH])(\d+)/g)) {
      const [column, row] = [(Number(x) - 3) / 2, (Number(y) - 5) / 2];
      if (way === "V") {
        for (let v = row; v < (Number(to) - 5) / 2; v++) drawn.add(`left of ${v} ${column}`);
      } else for (let u = column; u < (Number(to) - 3) / 2; u++) drawn.add(`above ${row} ${u}`);
    }
    const expected: string[] = [];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const label = labels[y * width + x];
        if (x > 0 && labels[y * width + x - 1] !== label) expected.push(`left of ${y} ${x}`);
        if (y > 0 && labels[(y - 1) * width + x] !== label) expected.push(`above ${y} ${x}`);
      }
    }
    assertEquals([...drawn].sort(), expected.sort());
  }
  assertEquals(borderPath([1, 1, 1, 1], { height: 2, width: 2 }), "");
});
