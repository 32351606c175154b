import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { symmetricEigen } from "../../src/core/symmetric_eigen.ts";

/** A random symmetric matrix; of a given rank, positive semidefinite. */
function symmetric(n: number, { seed, rank }: { seed: number; rank?: number }): Float64Array {
  const random = new Random(seed);
  const a = new Float64Array(n * n);
  if (rank === undefined) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = random.normal();
    }
    return a;
  }
  for (let r = 0; r < rank; r++) {
    const v = random.normals(n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j]! += v[i]! * v[j]!;
  }
  return a;
}

/** The largest errors of A v = value v, and of the vectors' products with each other. */
function errors(a: Float64Array, { values, vectors }: ReturnType<typeof symmetricEigen>) {
  const n = values.length;
  let [residual, overlap] = [0, 0];
  for (let i = 0; i < n; i++) {
    const v = vectors.subarray(i * n, (i + 1) * n);
    for (let r = 0; r < n; r++) {
      let product = 0;
      for (let k = 0; k < n; k++) product += a[r * n + k]! * v[k]!;
      residual = Math.max(residual, Math.abs(product - values[i]! * v[r]!));
    }
    for (let j = 0; j <= i; j++) {
      let dot = i === j ? -1 : 0;
      for (let k = 0; k < n; k++) dot += v[k]! * vectors[j * n + k]!;
      overlap = Math.max(overlap, Math.abs(dot));
    }
  }
  return { residual, overlap };
}

Deno.test("symmetric eigen: matrices of every size and kind are put together again", () => {
  const cases = [1, 2, 3, 4, 7, 20, 65, 130].map((n) => symmetric(n, { seed: n }));
  cases.push(symmetric(40, { seed: 5, rank: 6 }), new Float64Array(25));
  // Many equal values, none off the diagonal, and one pair only.
  cases.push(Float64Array.from({ length: 49 }, (_, i) => i % 8 === 0 ? 3 : 0));
  cases.push(Float64Array.of(1, 0, 0, 0, 2, 1, 0, 1, 2));
  for (const a of cases) {
    const { residual, overlap } = errors(a, symmetricEigen(a));
    // Some hundred roundings of values below 100.
    assertLess(residual, 1e-11, `${a.length}`);
    assertLess(overlap, 1e-12, `${a.length}`);
  }
});

Deno.test("symmetric eigen: eigenvalues that are known by hand, ascending", () => {
  const { values, vectors } = symmetricEigen([2, 1, 1, 2]);
  assertAlmostEquals(values[0]!, 1, 1e-15); // one rounding
  assertAlmostEquals(values[1]!, 3, 1e-15);
  assertAlmostEquals(Math.abs(vectors[2]! + vectors[3]!), Math.SQRT2, 1e-15);
  // Second differences on a line: 2 - 2 cos(pi j / (n + 1)).
  const n = 50;
  const line = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    line[i * n + i] = 2;
    if (i > 0) line[i * n + i - 1] = line[(i - 1) * n + i] = -1;
  }
  symmetricEigen(line).values.forEach((value, j) => {
    assertAlmostEquals(value, 2 - 2 * Math.cos(Math.PI * (j + 1) / (n + 1)), 1e-13); // n roundings
  });
});

Deno.test("symmetric eigen: values alone are the same, and only the lower triangle is read", () => {
  const a = symmetric(60, { seed: 2 });
  const { values } = symmetricEigen(a);
  const lower = a.map((value, i) => i % 60 > Math.floor(i / 60) ? NaN : value);
  const alone = symmetricEigen(lower, { vectors: false });
  assertEquals(alone.values, values);
  assertEquals(alone.vectors.length, 0);
});

Deno.test("symmetric eigen: scales from 1e-150 to 1e150 neither vanish nor overflow", () => {
  const a = symmetric(30, { seed: 4 });
  const { values } = symmetricEigen(a);
  for (const scale of [1e-150, 1e150]) {
    const scaled = symmetricEigen(a.map((value) => value * scale)).values;
    scaled.forEach((value, i) => assertAlmostEquals(value / scale, values[i]!, 1e-12)); // roundings
  }
});

Deno.test("symmetric eigen: what is no square of numbers is refused", () => {
  assertThrows(() => symmetricEigen([1, 2, 3]), RangeError, "3 values");
  assertThrows(() => symmetricEigen([]), RangeError, "0 values");
  assertThrows(() => symmetricEigen([1, 0, NaN, 1]), RangeError, "row 1, column 0 is NaN");
});
