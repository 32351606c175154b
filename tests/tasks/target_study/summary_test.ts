import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { TargetRecord } from "../../../tasks/target_study/run_cell.ts";
import {
  estimateOf,
  stepAt,
  stepDeviation,
  summarize,
} from "../../../tasks/target_study/summary.ts";

const record = (
  references: number,
  seed: number,
  distances: readonly number[],
  process = "ve",
): TargetRecord => ({
  ...{ process, references, seed },
  measures: distances.map((frechet, i) => ({ step: 100 * 2 ** i, frechet, error: 0.1 * seed })),
  loss: [9, 9, 2, 4, 2, 4],
  gradientNorm: [1, 1, 1, 1, 1, 1],
});

Deno.test("estimateOf: the interval of Student's t", () => {
  // Mean 2, deviation 1, 4.303 times its root of a third.
  const { value, low, high, count } = estimateOf([1, 2, 3]);
  assertEquals([value, count], [2, 3]);
  assertAlmostEquals(low!, 2 - 4.303 / Math.sqrt(3), 1e-12);
  assertAlmostEquals(high!, 2 + 4.303 / Math.sqrt(3), 1e-12);
  assertEquals(estimateOf([5]), { value: 5, low: null, high: null, count: 1 });
});

Deno.test("stepAt: between measurements logarithms are linear", () => {
  const { measures } = record(1, 1, [80, 20, 5]);
  assertAlmostEquals(stepAt({ measures }, 40)!, 100 * Math.SQRT2, 1e-9);
  assertEquals(stepAt({ measures }, 90), 100);
  assertEquals(stepAt({ measures }, 5), 400);
  assertEquals(stepAt({ measures }, 4), undefined);
});

Deno.test("stepDeviation: a slow change is none", () => {
  assertAlmostEquals(stepDeviation([0, 0, 1, 3, 1, 3]), 2 / Math.SQRT2, 1e-12);
  const rising = Array.from({ length: 1000 }, (_, i) => i / 1000);
  assertAlmostEquals(stepDeviation(rising), 0.001 / Math.SQRT2, 1e-12);
});

Deno.test("summarize: sizes against plain training of the same seed", () => {
  const { rows, pooled } = summarize([
    record(1, 1, [80, 20, 10]),
    record(1, 2, [80, 40, 20]),
    record(64, 1, [80, 10, 5]),
    record(64, 2, [80, 40, 40]),
    // Of a seed that plain training has not: no pair.
    record(64, 3, [80, 40, 1]),
    record(64, 1, [80, 40, 7], "vp"),
  ]);
  const [plain, stable, other] = rows;
  assertEquals([plain!.better, plain!.faster, plain!.slower], [null, null, 0]);
  assertEquals(plain!.steps[2], {
    step: 400,
    mean: 15,
    deviation: Math.sqrt(50),
    least: 10,
    most: 20,
  });
  // Half and twice as far: on the geometric mean the same.
  assertAlmostEquals(stable!.better!.value, 1, 1e-12);
  assertEquals(stable!.better!.count, 2);
  // The first comes to 10 at 200 of 400 steps, the second never to 20.
  assertAlmostEquals(stable!.faster!.value, 2, 1e-12);
  assertEquals(stable!.slower, 1);
  assertAlmostEquals(stable!.loss, (4 + 2 + 4) / 3, 1e-12);
  assertEquals(stable!.gradientSpread, 0);
  assertEquals([other!.process, other!.better], ["vp", null]);
  assertEquals(pooled.map(({ references, better }) => [references, better.count]), [[64, 2]]);
});
