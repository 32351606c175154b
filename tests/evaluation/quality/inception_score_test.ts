import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { features } from "../../../src/evaluation/quality/features.ts";
import { inceptionScore } from "../../../src/evaluation/quality/inception_score.ts";

const sure = (labels: readonly number[], classes: number) =>
  features(
    Float64Array.from(
      { length: labels.length * classes },
      (_, i) => i % classes === labels[Math.floor(i / classes)] ? 1 : 0,
    ),
    [labels.length, classes],
  );

Deno.test("inception score: the number of classes where each image is surely of one", () => {
  const labels = Array.from({ length: 50 }, (_, i) => i % 5);
  assertAlmostEquals(inceptionScore(sure(labels, 5), { splits: 1 }).score, 5, 1e-12); // roundings
  assertAlmostEquals(inceptionScore(sure(labels.map(() => 3), 5)).score, 1, 1e-12);
});

Deno.test("inception score: 1 where the classifier knows nothing", () => {
  const { score, deviation } = inceptionScore(
    features(new Float64Array(40 * 4).fill(0.25), [40, 4]),
  );
  assertAlmostEquals(score, 1, 1e-12);
  assertAlmostEquals(deviation, 0, 1e-12);
});

Deno.test("inception score: a case by hand", () => {
  const { score } = inceptionScore(features(Float64Array.of(0.9, 0.1, 0.3, 0.7), [2, 2]), {
    splits: 1,
  });
  const divergence = (p: number) => p * Math.log(p / 0.6) + (1 - p) * Math.log((1 - p) / 0.4);
  assertAlmostEquals(score, Math.exp((divergence(0.9) + divergence(0.3)) / 2), 1e-12);
});

Deno.test("inception score: seeded parts, and rows that are no distribution refused", () => {
  const labels = Array.from({ length: 37 }, (_, i) => (i * i) % 7);
  const of = (seed: number) => inceptionScore(sure(labels, 7), { seed }).score;
  assertEquals(of(1), of(1));
  assertEquals(of(1) === of(2), false);
  assertThrows(
    () => inceptionScore(features(Float64Array.of(0.2, 0.2), [1, 2]), { splits: 1 }),
    RangeError,
    "image 0 sum to 0.4",
  );
  assertThrows(() => inceptionScore(sure([1, 2], 3)), RangeError, "2 images in 10 parts");
});
