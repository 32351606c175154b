import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { agreement } from "../../src/evaluation/agreement.ts";

/** r, r^2 and R^2 of two images. */
function three(a: ArrayLike<number>, b: ArrayLike<number>) {
  const { r, rSquared, determination } = agreement(a, b);
  return [r, rSquared, determination];
}

Deno.test("agreement: r, r^2 and R^2 of values worked out by hand", () => {
  // Means 2.5 and 2; deviations (-1.5, -.5, .5, 1.5) and (-1, -1, 1, 1): 4 / sqrt(5 * 4).
  const { r, rSquared, determination } = agreement([1, 2, 3, 4], [1, 1, 3, 3]);
  assertAlmostEquals(r!, 4 / Math.sqrt(20), 1e-15); // one rounding
  assertAlmostEquals(rSquared!, 0.8, 1e-15);
  assertAlmostEquals(determination!, 1 - 2 / 5, 1e-15);
});

Deno.test("agreement: a perfect prediction gives 1, a scaled, shifted or mirrored one only r^2 = 1", () => {
  const a = new Random(2).normals(3072);
  assertEquals(agreement(a, a).determination, 1);
  assertAlmostEquals(agreement(a, a).r!, 1, 1e-15); // one rounding
  const mirrored = agreement(a, a.map((v) => 5 - 2 * v));
  // float32 rounding of the second image
  assertAlmostEquals(mirrored.r!, -1, 1e-6);
  assertAlmostEquals(mirrored.rSquared!, 1, 1e-6);
  assert(mirrored.determination! < -8, "R^2 is negative where the mean predicts better");
});

Deno.test("agreement: R^2 takes the first image as the reference", () => {
  const [a, b] = [[0, 1, 2, 3], [0, 2, 4, 6]];
  assertAlmostEquals(agreement(a, b).determination!, 1 - 14 / 5, 1e-14); // a few roundings
  assertAlmostEquals(agreement(b, a).determination!, 1 - 14 / 20, 1e-14);
  assertEquals(agreement(a, b).r, agreement(b, a).r);
});

Deno.test("agreement: constant images have no r; R^2 needs only the reference to vary", () => {
  const flat = new Float32Array(1000).fill(0.1); // its mean in floating point is not 0.1
  const varied = new Random(3).normals(1000);
  assertEquals(three(flat, varied), [null, null, null]);
  assertEquals(three(flat, flat), [null, null, null]);
  const { r, rSquared, determination } = agreement(varied, flat);
  assertEquals([r, rSquared], [null, null]);
  assert(determination! <= 0 && determination! > -0.1, "about the mean's own R^2");
  assertEquals(three([3], [4]), [null, null, null]);
});

Deno.test("agreement: a large offset costs no digits", () => {
  const a = Array.from(new Random(4).normals(2000));
  const b = a.map((v, i) => v + 0.5 * Math.sin(i));
  const plain = agreement(a, b);
  const shifted = agreement(a.map((v) => v + 1e6), b.map((v) => v + 1e6));
  // Rounding of 1e6 + v is 1e-10 relative to the deviations.
  assertAlmostEquals(shifted.r!, plain.r!, 1e-9);
  assertAlmostEquals(shifted.determination!, plain.determination!, 1e-9);
});

Deno.test("agreement: lengths that differ and values that are not finite are refused", () => {
  assertThrows(() => agreement([1, 2], [1]), RangeError, "2 reference and 1 predicted");
  assertThrows(() => agreement([], []), RangeError, "at least one");
  assertThrows(() => agreement([1, NaN], [1, 2]), RangeError, "value 1 is NaN");
  assertThrows(() => agreement([1, 2], [Infinity, 2]), RangeError, "value 0 is Infinity");
});
