import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { PairedBootstrap, pairedDifference } from "../../src/core/paired_bootstrap.ts";
import { Random } from "../../src/core/random.ts";
import { mean, median } from "../../src/core/statistics.ts";

const random = new Random(3, "paired bootstrap test");
const values = Array.from({ length: 40 }, () => random.normal());

Deno.test("PairedBootstrap: the interval of a mean is that of the normal distribution, nearly", () => {
  const { value, low, high } = new PairedBootstrap({ seed: 1 }).interval(values, "mean");
  assertEquals(value, mean(values));
  const spread = values.reduce((sum, each) => sum + (each - value) ** 2, 0) / values.length;
  const half = 1.96 * Math.sqrt(spread / values.length);
  // 10,000 resamples: a 2.5 % quantile is known to about 2 % of the deviation.
  assertAlmostEquals(low, value - half, 0.1 * half);
  assertAlmostEquals(high, value + half, 0.1 * half);
});

Deno.test("PairedBootstrap: a median of counts is the median of what was drawn", () => {
  // One resample at a time: what it drew is known from the mean of indicators.
  for (let seed = 0; seed < 20; seed++) {
    for (const n of [1, 2, 5, 6]) {
      const some = values.slice(0, n);
      const bootstrap = new PairedBootstrap({ resamples: 1, seed });
      const drawn = some.flatMap((value, i) => {
        const indicator = some.map((_, j) => i === j ? 1 : 0);
        const times = Math.round(n * bootstrap.interval(indicator, "mean").low);
        return new Array(times).fill(value);
      });
      assertEquals(drawn.length, n);
      assertEquals(bootstrap.interval(some, "median").low, median(drawn));
    }
  }
});

Deno.test("pairedDifference: tells apart what the intervals by themselves do not", () => {
  const better = values.map((value, i) => value + 0.01 + 0.001 * Math.sin(i));
  const gain = pairedDifference(better, values, { seed: 2 });
  assert(gain.low! > 0 && gain.high! < 0.02, JSON.stringify(gain));
  assertEquals([gain.above, gain.below, gain.samples], [40, 0, 40]);
  const back = pairedDifference(values, better, { seed: 2, statistic: "mean" });
  assert(back.high! < 0);
  assertEquals([back.above, back.below], [0, 40]);
});

Deno.test("pairedDifference: samples without both values are left out, the same bytes for a seed", () => {
  const some = pairedDifference([1, null, 3, 5], [0, 1, null, 5]);
  assertEquals(some, { value: 0.5, low: 0, high: 1, above: 1, below: 0, samples: 2 });
  assertEquals(pairedDifference([null], [1]), {
    ...{ value: null, low: null, high: null, above: 0, below: 0, samples: 0 },
  });
  const of = (seed: number) =>
    pairedDifference(values, values.map((v) => v * v), { seed, statistic: "mean" });
  assertEquals(of(1), of(1));
  assert(of(1).low !== of(2).low || of(1).high !== of(2).high);
  assertThrows(() => pairedDifference([1], []), RangeError, "Cannot pair 1 values with 0");
  assertThrows(() => pairedDifference([1], [0], { level: 1 }), RangeError, "level 1");
  assertThrows(() => pairedDifference([1], [0], { resamples: 0 }), RangeError, "0 resamples");
});
