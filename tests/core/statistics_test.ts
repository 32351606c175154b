import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import {
  bootstrapMedian,
  lowerMedian,
  mean,
  median,
  mode,
  pearson,
  quantile,
} from "../../src/core/statistics.ts";

Deno.test("statistics: centers of odd, even and single samples", () => {
  assertEquals([mean([4, 1, 7]), mean([3])], [4, 3]);
  assertEquals([median([9, 1, 5]), median([9, 1, 5, 3]), median([2])], [5, 4, 2]);
  assertEquals([lowerMedian([9, 1, 5]), lowerMedian([9, 1, 5, 3]), lowerMedian([2])], [5, 3, 2]);
  // Sorting as text would put 13 before 3.
  assertEquals(lowerMedian([13, 3, 5]), 5);
});

Deno.test("statistics: quantiles interpolate between order statistics", () => {
  const values = [40, 10, 30, 20];
  assertEquals([0, 1 / 3, 0.5, 1].map((q) => quantile(values, q)), [10, 20, 25, 40]);
  assertEquals(quantile([7], 0.3), 7);
  for (const q of [-0.1, 1.1, NaN]) assertThrows(() => quantile(values, q), RangeError, `${q}`);
});

Deno.test("statistics: the mode is the most frequent value and the smallest on a tie", () => {
  assertEquals([mode([5, 3, 5, 7]), mode([9, 3, 9, 3, 5]), mode([4]), mode([13, 3])], [5, 3, 4, 3]);
});

Deno.test("statistics: Pearson's r of lines, of a known sample, and of a far-off constant", () => {
  const x = [1, 2, 3, 4];
  assertEquals(pearson(x, x.map((v) => 2 * v - 7)), 1);
  assertEquals(pearson(x, x.map((v) => -v)), -1);
  // By hand: the sum of products is 3, the sums of squares are 5 and 5.
  assertAlmostEquals(pearson(x, [2, 1, 4, 3]), 3 / 5, 1e-15); // one rounding of the quotient
  // The mean is taken off first, so an offset of 1e8 costs about 1e-8 and not all digits.
  assertAlmostEquals(pearson(x.map((v) => v + 1e8), [2, 1, 4, 3]), 3 / 5, 1e-7);
});

Deno.test("statistics: Pearson's r is NaN where it is not defined", () => {
  assertEquals(pearson([1], [2]), NaN);
  // Ten times 0.1 has a mean that is not 0.1: the variance alone would not be zero.
  assertEquals(pearson(Array(10).fill(0.1), Array.from({ length: 10 }, (_, i) => i)), NaN);
  assertThrows(() => pearson([1, 2], [1]), RangeError, "2 values with 1");
});

Deno.test("statistics: empty input and input that is not finite is a RangeError", () => {
  const all = [mean, median, lowerMedian, mode, bootstrapMedian, (v: number[]) => quantile(v, 0.5)];
  for (const statistic of [...all, (v: number[]) => pearson(v, v)]) {
    assertThrows(() => statistic([]), RangeError, "no values");
    assertThrows(() => statistic([1, NaN]), RangeError, "value 1 is NaN");
    assertThrows(() => statistic([Infinity]), RangeError, "value 0 is Infinity");
  }
});

Deno.test("statistics: a bootstrap interval is reproducible, and narrows with level and sample", () => {
  const values = new Random(3).normals(100);
  const wide = bootstrapMedian(values, { seed: 1 });
  assertEquals(wide, bootstrapMedian(values, { seed: 1 }));
  const narrow = bootstrapMedian(values, { seed: 1, level: 0.5 });
  assertEquals(wide.median, median(values));
  assert(wide.low < narrow.low && narrow.low < wide.median, JSON.stringify({ wide, narrow }));
  assert(wide.median < narrow.high && narrow.high < wide.high, JSON.stringify({ wide, narrow }));
  const few = bootstrapMedian(values.slice(0, 10), { seed: 1 });
  assert(few.high - few.low > wide.high - wide.low);
});

Deno.test("statistics: a bootstrap interval covers the true median about as often as it says", () => {
  const random = new Random(11);
  const trials = 300;
  let covered = 0;
  for (let trial = 0; trial < trials; trial++) {
    const { low, high } = bootstrapMedian(random.normals(25), { resamples: 300, seed: trial });
    if (low <= 0 && high >= 0) covered++;
  }
  // 95% of 300 with a standard error of 1.3%; the percentile method is a little off at 25 values.
  assert(covered > 0.9 * trials && covered < 0.99 * trials, `${covered} of ${trials}`);
});

Deno.test("statistics: two values give exact ends, one value or equal ones no width", () => {
  // Medians are 0, 5 or 10 with chances 1/4, 1/2, 1/4: the outer 2.5% are the extremes.
  assertEquals(bootstrapMedian([10, 0]), { median: 5, low: 0, high: 10 });
  assertEquals(bootstrapMedian([3]), { median: 3, low: 3, high: 3 });
  assertEquals(bootstrapMedian([2, 2, 2, 2]), { median: 2, low: 2, high: 2 });
  assertThrows(() => bootstrapMedian([1], { resamples: 0 }), RangeError, "0 resamples");
  assertThrows(() => bootstrapMedian([1], { level: 1 }), RangeError, "level 1");
});
