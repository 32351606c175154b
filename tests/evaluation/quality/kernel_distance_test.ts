import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { kernelDistance } from "../../../src/evaluation/quality/kernel_distance.ts";
import { normalRows, rowsOf } from "./sets.ts";

/** The definition, over all pairs of different rows. */
function bruteForce(a: number[][], b: number[][]): number {
  const kernel = (x: number[], y: number[]) =>
    (x.reduce((sum, value, i) => sum + value * y[i]!, 0) / x.length + 1) ** 3;
  const mean = (first: number[][], second: number[][], same: boolean) => {
    const values = first.flatMap((x, i) =>
      second.flatMap((y, j) => same && i === j ? [] : [kernel(x, y)])
    );
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return mean(a, a, true) + mean(b, b, true) - 2 * mean(a, b, false);
}

Deno.test("kernel distance: equal to its definition where the sets are the one subset", () => {
  const [a, b] = [normalRows([12, 4], { seed: 1 }), normalRows([12, 4], { seed: 2, of: Math.exp })];
  const { distance, deviation, subsets, size } = kernelDistance(a, b);
  assertAlmostEquals(distance, bruteForce(rowsOf(a), rowsOf(b)), 1e-10); // roundings
  assertEquals([deviation, subsets, size], [null, 1, 12]);
});

Deno.test("kernel distance: subsets of rows, the mean over many near the whole", () => {
  const a = normalRows([40, 3], { seed: 1 });
  const b = normalRows([30, 3], { seed: 2, of: (value) => value + 1 });
  const whole = bruteForce(rowsOf(a), rowsOf(b));
  const { distance, deviation, subsets, size } = kernelDistance(a, b, { size: 10, subsets: 400 });
  assertEquals([subsets, size], [400, 10]);
  // An unbiased estimate: within four standard errors of 400 subsets.
  assertLess(Math.abs(distance - whole), 4 * deviation! / 20);
  assertEquals(kernelDistance(a, b, { size: 10, subsets: 400 }).distance, distance);
  assertEquals(
    kernelDistance(a, b, { size: 10, subsets: 400, seed: 1 }).distance === distance,
    false,
  );
});

Deno.test("kernel distance: of a table of all kernels and subset by subset the same", () => {
  const [a, b] = [normalRows([30, 3], { seed: 1 }), normalRows([20, 3], { seed: 2 })];
  // One subset is made without a table; two of them have it for the first, and are as far from their mean.
  const alone = kernelDistance(a, b, { size: 8, subsets: 1 });
  const both = kernelDistance(a, b, { size: 8, subsets: 2 });
  assertLess(0.01, both.deviation!);
  assertAlmostEquals(Math.abs(alone.distance - both.distance), both.deviation!, 1e-10); // roundings
});

Deno.test("kernel distance: sets of one kind are as often below zero as above, and never clamped", () => {
  const signs = Array.from({ length: 40 }, (_, i) =>
    Math.sign(
      kernelDistance(
        normalRows([20, 2], { seed: 2 * i }),
        normalRows([20, 2], { seed: 2 * i + 1 }),
      ).distance,
    ));
  const below = signs.filter((sign) => sign < 0).length;
  // Binomial of 40 at about a half, skewed by the third power; 6 or fewer would be one in a million.
  assertLess(6, below);
  assertLess(below, 37);
});

Deno.test("kernel distance: what cannot be compared is refused", () => {
  const set = normalRows([5, 3], { seed: 1 });
  assertThrows(
    () => kernelDistance(set, normalRows([1, 3], { seed: 1 })),
    RangeError,
    "found 1 rows",
  );
  assertThrows(() => kernelDistance(set, set, { size: 1 }), RangeError, "subsets of 1 rows");
});
