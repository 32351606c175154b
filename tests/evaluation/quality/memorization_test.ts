import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { mannWhitneyZ, memorization } from "../../../src/evaluation/quality/memorization.ts";
import { Random } from "../../../src/core/random.ts";

Deno.test("memorization: shares, ratios and medians of a case by hand", () => {
  const generated = { shape: [4, 2], distance: [0.5, 4, 2, 3, 1, 4, 5, 6] } as const;
  const heldOut = { shape: [3, 2], distance: [1, 9, 3, 4, 7, 8] } as const;
  const found = memorization(generated, heldOut);
  assertEquals(found.distance, 1.5);
  assertEquals(found.heldOutDistance, 3);
  // 0.5, 2 and 1 are below 3; only 0.5 is below 1, the nearest held-out one.
  assertEquals([found.nearer, found.nearest], [0.75, 0.25]);
  // 0.5 / 4 and 1 / 4 are below a third; of the held-out ones 1 / 9.
  assertEquals([found.alone, found.heldOutAlone], [0.5, 1 / 3]);
  assertEquals([found.count, found.heldOutCount], [4, 3]);
});

Deno.test("memorization: C_T is below -3 for copies and about 0 for images of the same kind", () => {
  const of = (seed: number, scale: number) => {
    const random = new Random(seed);
    const distance = Array.from({ length: 60 }, () => scale * (1 + random.uniform()));
    return { shape: [60, 1], distance } as const;
  };
  assertLess(memorization(of(1, 0.1), of(2, 1)).copying, -3);
  assertLess(Math.abs(memorization(of(1, 1), of(2, 1)).copying), 3);
  assertLess(3, memorization(of(1, 3), of(2, 1)).copying);
  assertEquals(memorization(of(1, 1), of(2, 1)).alone, null);
});

Deno.test("memorization: Mann-Whitney's z by hand, with ties, antisymmetric", () => {
  // U = 2 of 6 pairs, mean 3, variance 2 * 3 * 6 / 12.
  assertAlmostEquals(mannWhitneyZ([2, 3], [1, 4, 5]), (2 - 3) / Math.sqrt(3), 1e-12);
  assertAlmostEquals(mannWhitneyZ([1, 4, 5], [2, 3]), 1 / Math.sqrt(3), 1e-12);
  // Ranks 1.5, 1.5, 3.5, 3.5: U = (1.5 + 3.5) - 3; ties take 12 / (4 * 3) off the 5.
  assertAlmostEquals(mannWhitneyZ([1, 2], [1, 2]), 0, 1e-12);
  assertAlmostEquals(
    mannWhitneyZ([1, 1], [1, 2]),
    (2 + 2 - 3 - 2) / Math.sqrt(4 / 12 * (5 - 24 / 12)),
    1e-12,
  );
  assertEquals(mannWhitneyZ([1, 1], [1]), 0);
  assertThrows(() => mannWhitneyZ([], [1]), RangeError);
  assertThrows(
    () => memorization({ shape: [0, 2], distance: [] }, { shape: [1, 1], distance: [1] }),
    RangeError,
    "0 images",
  );
});
