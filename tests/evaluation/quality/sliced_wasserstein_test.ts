import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { features } from "../../../src/evaluation/quality/features.ts";
import { slicedWasserstein } from "../../../src/evaluation/quality/sliced_wasserstein.ts";
import { mapped, normalRows } from "./sets.ts";

Deno.test("sliced wasserstein: 0 for identical sets, in any order", () => {
  const set = normalRows([30, 6], { seed: 1 });
  assertEquals(slicedWasserstein(set, set).distance, 0);
  const reversed = features(
    Float64Array.from(set.data, (_, i) => set.data[(29 - Math.floor(i / 6)) * 6 + i % 6]!),
    [30, 6],
  );
  assertEquals(slicedWasserstein(set, reversed).distance, 0);
});

Deno.test("sliced wasserstein: a shift by delta is |delta| / root d away", () => {
  const set = normalRows([30, 6], { seed: 1 });
  const { distance, error } = slicedWasserstein(set, mapped(set, (value) => value + 2), {
    projections: 2000,
  });
  // |delta|^2 = 24 over 6 directions; four standard errors.
  assertLess(Math.abs(distance - 2), 4 * error);
  assertLess(error, 0.1);
});

Deno.test("sliced wasserstein: sets of different sizes, by hand in one dimension", () => {
  const [a, b] = [
    features(Float64Array.of(0, 3), [2, 1]),
    features(Float64Array.of(0, 0, 3), [3, 1]),
  ];
  // Quantile functions differ only between 1/2 and 2/3, by 3.
  assertAlmostEquals(slicedWasserstein(a, b).distance, Math.sqrt(9 / 6), 1e-12);
  assertAlmostEquals(slicedWasserstein(b, a).distance, Math.sqrt(9 / 6), 1e-12);
  // A row twice is the same set.
  const twice = features(Float64Array.of(0, 0, 3, 3), [4, 1]);
  assertEquals(slicedWasserstein(a, twice).distance, 0);
});

Deno.test("sliced wasserstein: seeded, and empty sets refused", () => {
  const [a, b] = [normalRows([9, 5], { seed: 1 }), normalRows([11, 5], { seed: 2 })];
  assertEquals(slicedWasserstein(a, b), slicedWasserstein(a, b));
  assertEquals(
    slicedWasserstein(a, b).distance === slicedWasserstein(a, b, { seed: 3 }).distance,
    false,
  );
  assertThrows(
    () => slicedWasserstein(a, features(new Float64Array(0), [0, 5])),
    RangeError,
    "0 rows",
  );
});
