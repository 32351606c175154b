import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { aggregateScales, bestScale } from "../../src/calibration/choose_scale.ts";
import { compareVectors, similarityMetric } from "../../src/calibration/similarity.ts";
import { isBetter } from "../../src/core/metric.ts";

/** Cosine, l2 and mse of two vectors. */
function three(a: number[], b: number[]) {
  const { cosine, l2, mse } = compareVectors(a, b);
  return [cosine, l2, mse];
}

Deno.test("similarity: cosine, l2 and mse of vectors worked out by hand", () => {
  const { cosine, l2, mse } = compareVectors([3, 4, 0, 0], [4, 3, 0, 0]);
  assertAlmostEquals(cosine!, 24 / 25, 1e-15); // one rounding
  assertAlmostEquals(l2!, Math.SQRT2, 1e-15);
  assertEquals(mse, 0.5);
  assertEquals(three([0.1, 0.7], [0.1, 0.7]), [1, 0, 0]);
  assertEquals(compareVectors([1e140, 0], [-1e140, 0]).cosine, -1);
});

Deno.test("similarity: a zero vector has no cosine but an l2 and an mse", () => {
  assertEquals(three([0, 0], [3, 4]), [null, 5, 12.5]);
  assertEquals(three([0, 0], [0, 0]), [null, 0, 0]);
});

Deno.test("similarity: values that are not finite and lengths that differ are refused by name", () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    assertThrows(
      () => compareVectors([1, bad], [1, 2], { what: "bbELS at k = 7, sample 3" }),
      RangeError,
      "Cannot compare bbELS at k = 7, sample 3",
    );
    assertThrows(() => compareVectors([1, 2], [bad, 2]), RangeError, "expected finite values");
  }
  assertThrows(() => compareVectors([1], [1, 2]), RangeError, "1 and 2 values");
  assertThrows(() => compareVectors([], []), RangeError, "at least one");
});

Deno.test("similarity: higher cosine is better, lower l2 and mse are", () => {
  assertEquals(isBetter(similarityMetric("cosine"), [0.9, 0.8]), true);
  assertEquals(isBetter(similarityMetric("l2"), [0.9, 0.8]), false);
  assertEquals(isBetter(similarityMetric("mse"), [0.7, 0.8]), true);
  for (const metric of ["cosine", "l2", "mse"] as const) {
    assertEquals(isBetter(similarityMetric(metric), [0.5, 0.5]), false);
  }
});

Deno.test("choice of scale: ties go to the smallest scale, null is not evaluated", () => {
  const candidates = [3, 5, 7, 9];
  const best = (metric: "cosine" | "l2", row: (number | null)[]) =>
    bestScale(row, { candidates, metric });
  assertEquals(best("cosine", [0.1, 0.9, 0.9, 0.2]), 5);
  assertEquals(best("l2", [4, 2, 1, 1]), 7);
  assertEquals(best("cosine", [null, -0.5, null, -0.7]), 5);
  assertThrows(() => best("cosine", [null, null, null, null]), RangeError, "choose by l2 or mse");
  assertThrows(() => best("cosine", [0.1, NaN, 0.2, 0.3]), RangeError, "at k = 5 is NaN");
  assertThrows(() => best("cosine", [0.1, NaN]), RangeError, "2 similarities for 4 candidates");
});

Deno.test("choice of scale: the median is the lower one, the mode the smallest most frequent", () => {
  assertEquals(aggregateScales([9, 3, 5], "median"), 5);
  assertEquals(aggregateScales([9, 3, 5, 7], "median"), 5);
  assertEquals(aggregateScales([11], "median"), 11);
  assertEquals(aggregateScales([13, 3, 13, 3, 5], "mode"), 3);
  assertEquals(aggregateScales([5, 13, 3, 13], "mode"), 13);
  assertThrows(() => aggregateScales([], "mode"), RangeError, "no samples");
});
