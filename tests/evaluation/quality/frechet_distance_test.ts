import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import {
  covarianceOverlap,
  pivotedCholesky,
} from "../../../src/evaluation/quality/covariance_overlap.ts";
import {
  covarianceOfMoments,
  featureMoments,
  mergeMoments,
} from "../../../src/evaluation/quality/feature_moments.ts";
import { features, gatherRows } from "../../../src/evaluation/quality/features.ts";
import { frechetAtInfinity } from "../../../src/evaluation/quality/frechet_at_infinity.ts";
import { frechetDistance } from "../../../src/evaluation/quality/frechet_distance.ts";
import { symmetricEigen } from "../../../src/core/symmetric_eigen.ts";
import { mapped, normalRows, rowsOf } from "./sets.ts";

// The root of an eigenvalue that should be zero is about the root of a rounding, for each of d values.
const roots = 1e-6;

Deno.test("frechet distance: 0 between identical sets, of full rank and not", () => {
  for (const shape of [[200, 10], [7, 30], [2, 5]] as const) {
    const set = normalRows(shape, { seed: 1 });
    const { distance, means } = frechetDistance(set, set);
    assertEquals(means, 0);
    assertAlmostEquals(distance, 0, roots);
  }
});

Deno.test("frechet distance: |delta|^2 between a set and the same set shifted", () => {
  for (const shape of [[100, 8], [5, 20]] as const) {
    const set = normalRows(shape, { seed: 2 });
    const shifted = mapped(set, (value, column) => value + (column % 3) - 0.5);
    let delta = 0;
    for (let column = 0; column < shape[1]; column++) delta += ((column % 3) - 0.5) ** 2;
    const { distance, means } = frechetDistance(set, shifted);
    assertAlmostEquals(distance, delta, roots);
    assertAlmostEquals(means, delta, 1e-10); // roundings of the means
  }
});

Deno.test("frechet distance: the closed form in one dimension", () => {
  const a = normalRows([50, 1], { seed: 3, of: (value) => 2 * value + 1 });
  const b = normalRows([70, 1], { seed: 4, of: (value) => 0.3 * value - 2 });
  const of = (rows: number[][]) => {
    const values = rows.map(([value]) => value!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
  };
  const [x, y] = [of(rowsOf(a)), of(rowsOf(b))];
  const expected = (x.mean - y.mean) ** 2 + (x.deviation - y.deviation) ** 2;
  assertAlmostEquals(frechetDistance(a, b).distance, expected, 1e-12); // roundings
});

Deno.test("frechet distance: covariances that commute have their roots' distance", () => {
  // The same rows scaled along axes: C2 = S C1 S commutes only if C1 is diagonal, so signs make it so.
  const rows = [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]];
  const [scalesA, scalesB] = [[1, 2, 3], [4, 0.5, 0]];
  const of = (scales: number[]) =>
    features(Float64Array.from(rows.flat(), (value, i) => value * scales[i % 3]!), [4, 3]);
  // Each column has variance 4/3 of its squared scale.
  const expected = scalesA.reduce((sum, a, i) => sum + 4 / 3 * (a - scalesB[i]!) ** 2, 0);
  assertAlmostEquals(frechetDistance(of(scalesA), of(scalesB)).distance, expected, roots);
});

Deno.test("frechet distance: fewer rows than values, equal to the square root by its definition", () => {
  for (const [n, m, width] of [[6, 9, 12], [40, 5, 12], [30, 30, 12]] as const) {
    const a = normalRows([n, width], { seed: n });
    const b = normalRows([m, width], { seed: m + 1, of: (value, k) => value * (k + 1) / 4 });
    const [c1, c2] = [a, b].map((set) => covarianceOfMoments(featureMoments(set)));
    const root = squareRoot(c1!, width);
    const middle = product(product(root, c2!, width), root, width);
    const trace = symmetricEigen(middle).values
      .reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
    assertAlmostEquals(covarianceOverlap(c1!, c2!), trace, roots);
    // Symmetric in the sets, though one is factored and the other is not.
    const [there, back] = [frechetDistance(a, b), frechetDistance(b, a)];
    assertAlmostEquals(there.distance, back.distance, roots);
    assertEquals(there.few, Math.min(n, m) < 2 * width);
  }
});

Deno.test("frechet distance: a matrix with a negative eigenvalue is refused", () => {
  const indefinite = Float64Array.of(1, 0, 0, -0.1);
  assertThrows(
    () => covarianceOverlap(Float64Array.of(1, 0, 0, 1), indefinite),
    RangeError,
    "eigenvalue -0.1",
  );
});

Deno.test("frechet distance: Cholesky's factor ends at the rank and gives the matrix back", () => {
  const set = normalRows([6, 20], { seed: 9 });
  const covariance = covarianceOfMoments(featureMoments(set));
  const factor = pivotedCholesky(covariance, 20);
  assertEquals(factor.length, 5 * 20);
  for (let i = 0; i < 20; i++) {
    for (let j = 0; j < 20; j++) {
      let sum = 0;
      for (let r = 0; r < 5; r++) sum += factor[r * 20 + i]! * factor[r * 20 + j]!;
      assertAlmostEquals(sum, covariance[i * 20 + j]!, 1e-13); // roundings
    }
  }
  assertEquals(pivotedCholesky(new Float64Array(9), 3).length, 0);
});

Deno.test("feature moments: parts in any grouping add up to the whole", () => {
  const set = normalRows([23, 7], { seed: 6 });
  const whole = featureMoments(set);
  const parts = [[0, 5], [5, 6], [6, 23]].map(([from, to]) =>
    featureMoments(gatherRows(set, Array.from({ length: to! - from! }, (_, i) => from! + i)))
  );
  const [a, b, c] = parts as [typeof whole, typeof whole, typeof whole];
  for (const merged of [mergeMoments(mergeMoments(a, b), c), mergeMoments(b, mergeMoments(c, a))]) {
    assertEquals([merged.count, merged.width], [23, 7]);
    merged.sum.forEach((value, i) => assertAlmostEquals(value, whole.sum[i]!, 1e-13));
    merged.products.forEach((value, i) => assertAlmostEquals(value, whole.products[i]!, 1e-13));
  }
  const other = normalRows([30, 7], { seed: 8 });
  assertAlmostEquals(
    frechetDistance(mergeMoments(a, mergeMoments(b, c)), other).distance,
    frechetDistance(set, other).distance,
    1e-10, // roundings
  );
  assertThrows(() => mergeMoments(a, featureMoments(normalRows([3, 2], { seed: 1 }))), RangeError);
});

Deno.test("frechet distance: what cannot be compared is refused in one line", () => {
  const [a, b] = [normalRows([5, 3], { seed: 1 }), normalRows([5, 4], { seed: 1 })];
  assertThrows(() => frechetDistance(a, b), RangeError, "features of 3 and of 4 values");
  assertThrows(
    () => frechetDistance(normalRows([1, 3], { seed: 1 }), a),
    RangeError,
    "found 1 rows",
  );
  assertThrows(
    () => features(Float64Array.of(1, NaN), [2, 1]),
    RangeError,
    "value 0 of row 1 is NaN",
  );
  assertThrows(() => features(Float64Array.of(1, 2), [2, 2]), RangeError, "do not fill");
});

Deno.test("frechet at infinity: the bias of few rows goes", () => {
  const width = 6;
  const reference = featureMoments(normalRows([20_000, width], { seed: 1 }));
  const found = [2, 3, 4, 5, 6].map((seed) => {
    const set = normalRows([600, width], { seed });
    const { distance, error, few, points } = frechetAtInfinity(set, reference);
    assertEquals(few, false);
    const plain = frechetDistance(set, reference).distance;
    assertEquals([points.length, points[0]!.count, points.at(-1)!.count], [15, 60, 600]);
    assertAlmostEquals(points.at(-1)!.distance, plain, 1e-9); // the same rows in another order
    return { plain, distance, error };
  });
  const mean = (of: (each: typeof found[0]) => number) =>
    found.reduce((sum, each) => sum + of(each), 0) / found.length;
  // The sets are of one kind: the distance is 0, and that of 600 rows alone is not.
  assertLess(Math.abs(mean(({ distance }) => distance)), mean(({ plain }) => plain) / 2);
  assertLess(mean(({ error }) => error), mean(({ plain }) => plain));
});

Deno.test("frechet at infinity: seeded, and odd options are refused", () => {
  const set = normalRows([100, 2], { seed: 1 });
  const wide = normalRows([100, 25], { seed: 1 });
  assertEquals(frechetAtInfinity(normalRows([40, 25], { seed: 2 }), wide).few, true);
  assertEquals(frechetAtInfinity(wide, normalRows([49, 25], { seed: 2 })).few, true);
  const same = (options: { seed: number }) => frechetAtInfinity(set, set, options).distance;
  assertEquals(same({ seed: 1 }), same({ seed: 1 }));
  assertEquals(same({ seed: 1 }) === same({ seed: 2 }), false);
  assertThrows(() => frechetAtInfinity(set, set, { sizes: 2 }), RangeError, "2 sizes");
  assertThrows(
    () => frechetAtInfinity(set, set, { smallest: 99 }),
    RangeError,
    "between 99 and 100",
  );
});

function squareRoot(matrix: Float64Array, n: number): Float64Array {
  const { values, vectors } = symmetricEigen(matrix);
  const root = new Float64Array(n * n);
  for (let e = 0; e < n; e++) {
    const size = Math.sqrt(Math.max(0, values[e]!));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        root[i * n + j]! += size * vectors[e * n + i]! * vectors[e * n + j]!;
      }
    }
  }
  return root;
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) c[i * n + j]! += a[i * n + k]! * b[k * n + j]!;
    }
  }
  return c;
}
