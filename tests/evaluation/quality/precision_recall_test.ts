import { assertEquals, assertThrows } from "@std/assert";
import { features } from "../../../src/evaluation/quality/features.ts";
import { precisionRecall } from "../../../src/evaluation/quality/precision_recall.ts";
import { normalRows, rowsOf } from "./sets.ts";

/** The four definitions, word by word. */
function bruteForce(real: number[][], generated: number[][], k: number) {
  const distance = (x: number[], y: number[]) =>
    Math.sqrt(x.reduce((sum, value, i) => sum + (value - y[i]!) ** 2, 0));
  const radius = (set: number[][], row: number) =>
    set.flatMap((other, i) => i === row ? [] : [distance(set[row]!, other)])
      .sort((a, b) => a - b)[k - 1]!;
  const inside = (x: number[], set: number[][]) =>
    set.filter((center, i) => distance(x, center) < radius(set, i)).length;
  const share = (flags: boolean[]) => flags.filter(Boolean).length / flags.length;
  return {
    precision: share(generated.map((x) => inside(x, real) > 0)),
    recall: share(real.map((x) => inside(x, generated) > 0)),
    density: generated.reduce((sum, x) => sum + inside(x, real), 0) / (k * generated.length),
    coverage: share(real.map((x, i) => generated.some((y) => distance(x, y) < radius(real, i)))),
    neighbors: k,
  };
}

Deno.test("precision and recall: equal to their definitions", () => {
  for (const neighbors of [1, 3, 5]) {
    const real = normalRows([40, 3], { seed: 1 });
    const generated = normalRows([30, 3], { seed: 2, of: (value) => 0.6 * value + 0.3 });
    assertEquals(
      precisionRecall(real, generated, { neighbors }),
      bruteForce(rowsOf(real), rowsOf(generated), neighbors),
    );
  }
});

Deno.test("precision and recall: 1 for identical sets, 0 for sets far apart", () => {
  const set = normalRows([50, 4], { seed: 3 });
  const same = precisionRecall(set, set);
  assertEquals([same.precision, same.recall, same.coverage], [1, 1, 1]);
  const far = precisionRecall(set, normalRows([50, 4], { seed: 3, of: (value) => value + 1e3 }));
  assertEquals([far.precision, far.recall, far.density, far.coverage], [0, 0, 0, 0]);
});

Deno.test("precision and recall: the border of a neighborhood lies outside", () => {
  const real = features(Float64Array.of(0, 1), [2, 1]);
  const generated = features(Float64Array.of(2, 2), [2, 1]);
  assertEquals(precisionRecall(real, generated, { neighbors: 1 }).precision, 0);
});

Deno.test("precision and recall: too few rows are refused", () => {
  const set = normalRows([5, 2], { seed: 1 });
  assertThrows(() => precisionRecall(set, set), RangeError, "found 5 rows, expected at least 6");
  assertThrows(() => precisionRecall(set, set, { neighbors: 0 }), RangeError, "0 neighbors");
});
