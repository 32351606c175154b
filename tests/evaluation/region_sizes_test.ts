import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import type { CopiedRegion } from "../../src/evaluation/copied_regions.ts";
import { regionSizeQuantile, regionSizes } from "../../src/evaluation/region_sizes.ts";

Deno.test("region sizes: every region is counted once, its pixels by their weights", () => {
  const random = new Random(1);
  const images = Array.from({ length: 3 }, () => ({
    regions: Array.from({ length: 30 }, (): CopiedRegion => ({
      image: 0,
      shift: [0, 0],
      pixels: 1 + Math.floor(8 * random.uniform()),
      weight: random.uniform(),
    })),
  }));
  const all = images.flatMap(({ regions }) => regions);
  const sizes = regionSizes(images);
  assertEquals(sizes.map(({ size }) => size), [...new Set(all.map(({ pixels }) => pixels))].sort());
  for (const { size, regions, weight } of sizes) {
    const own = all.filter(({ pixels }) => pixels === size);
    assertEquals(regions, own.length);
    assertAlmostEquals(weight, own.reduce((sum, each) => sum + each.weight * size, 0), 1e-9);
  }
  // A list with one entry for each thousandth of the weight has the same quantiles, up to that.
  const total = sizes.reduce((sum, { weight }) => sum + weight, 0);
  const pixels = sizes.flatMap(({ size, weight }) =>
    Array<number>(Math.round(100_000 * weight / total)).fill(size)
  );
  for (const share of [0.1, 0.25, 0.5, 0.75, 0.9]) {
    const found = regionSizeQuantile(sizes, share);
    const [below, above] = [-20, 20].map((off) => pixels[Math.round(share * pixels.length) + off]!);
    assertEquals(below! <= found && found <= above!, true, `${share}: ${below} ${found} ${above}`);
  }
  assertEquals([regionSizeQuantile(sizes, 0), regionSizeQuantile(sizes, 1)], [1, 8]);
});

Deno.test("region sizes: without weight there is no median", () => {
  assertThrows(() => regionSizeQuantile([], 0.5), RangeError, "Cannot find the size");
  const sizes = [{ size: 1, regions: 2, weight: 0 }];
  assertThrows(() => regionSizeQuantile(sizes, 0.5), RangeError, "expected 0 to 1 of a weight");
  assertThrows(() => regionSizeQuantile([{ ...sizes[0]!, weight: 1 }], 1.5), RangeError);
});
