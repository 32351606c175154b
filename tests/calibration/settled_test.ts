import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  certaintyOf,
  intervalOf,
  isSettled,
  isSettledWhichever,
  roundOf,
  sameWhichever,
} from "../../src/calibration/settled.ts";
import { similarityMetric } from "../../src/calibration/similarity.ts";

Deno.test("roundOf: five samples, then two at a time, cut at the last", () => {
  const rounds = [0, 4, 5, 6, 7, 8, 9].map((sample) => roundOf(sample, 10));
  assertEquals(rounds.map(({ end }) => end), [5, 5, 7, 7, 9, 9, 10]);
  assertEquals(roundOf(2, 3), { first: 0, end: 3 });
});

Deno.test("certaintyOf: the share of resamples, as the binomial distribution has it", () => {
  assertEquals(certaintyOf([5, 5, 5, 5, 5], "median"), 1);
  // One of five differs: the median moves if three or more of five draws are it.
  const moved = [3, 4, 5].reduce(
    (sum, n) => sum + [10, 5, 1][n - 3]! * 0.2 ** n * 0.8 ** (5 - n),
    0,
  );
  // Rounded to three digits.
  for (const other of [3, 7]) {
    assertAlmostEquals(certaintyOf([5, 5, 5, 5, other], "median"), 1 - moved, 5e-4);
  }
  // The lower of two, unless both draws are the upper.
  assertEquals(certaintyOf([3, 5], "median"), 0.75);
  // 2000 resamples: a standard error of 0.01.
  assertAlmostEquals(certaintyOf([3, 5], "mode"), 0.75, 0.03);
  assertEquals(certaintyOf([7], "mode"), 1);
});

Deno.test("intervalOf: what 95 % of resamples choose, none where all samples agree", () => {
  assertEquals(intervalOf([5.2, 5.2, 5.2], "median"), [5.2, 5.2]);
  // Three draws of one value of three: 1 in 27 each, more than 2.5 %.
  assertEquals(intervalOf([4, 6, 5], "median"), [4, 6]);
  // The median of 21 draws is below the fifth value, or above the seventeenth, in less than 2.5 % each.
  const many = Array.from({ length: 21 }, (_, i) => i + 1);
  const [low, high] = intervalOf(many, "median");
  assertEquals([low + high, low > 5, high < 17], [22, true, true]);
  assertEquals(intervalOf([3, 3, 3, 7], "mode"), [3, 7]);
});

const options = {
  candidates: [3, 5, 7],
  metric: similarityMetric("cosine"),
  aggregate: "median",
} as const;
/** A row whose best is a candidate, the others being as much further from perfect. */
const row = (best: number, worse: number | null) =>
  options.candidates.map((k) => k === best ? 0.9 : worse === null ? null : 1 - 0.1 * (1 + worse));

Deno.test("isSettled: five samples of one mind are, four are not, nor five of two minds", () => {
  const same = Array.from({ length: 5 }, () => row(5, 0.5));
  assertEquals(isSettled(same, options), true);
  assertEquals(isSettled(same.slice(1), options), false);
  assertEquals(isSettled([...same.slice(2), row(7, 0.5), row(7, 0.5)], options), false);
});

Deno.test("isSettled: one dissenter of seven is outvoted surely enough, three are not", () => {
  const rows = (dissenters: number) =>
    Array.from({ length: 7 }, (_, i) => row(i < dissenters ? 7 : 5, 0.5));
  assertEquals([1, 3].map((dissenters) => isSettled(rows(dissenters), options)), [true, false]);
});

Deno.test("isSettled: where others are hardly better the choice does not matter", () => {
  const rows = (worse: number | null) =>
    Array.from({ length: 5 }, (_, i) => row(i < 2 ? 7 : 5, worse));
  // 7 is better by 2 % of two, worse by 2 % of three: -0.4 %, with a standard error of 1 %.
  assertEquals(isSettled(rows(0.02), options), true);
  assertEquals(isSettled(rows(0.04), options), false, "the mean is as small, but nobody knows");
  assertEquals(
    isSettled(rows(null), options),
    false,
    "what was not evaluated is not known to be near",
  );
  const inFavor = Array.from({ length: 5 }, (_, i) => i < 2 ? row(7, 0.5) : row(5, 0.01));
  assertEquals(isSettled(inFavor, options), false, "two that lose half weigh more than three ties");
});

Deno.test("isSettled: by a distance, perfect is zero", () => {
  const l2 = { ...options, metric: similarityMetric("l2") };
  const rows = (worse: number) =>
    Array.from({ length: 5 }, (_, i) => [9, i < 2 ? 1 + worse : 1, i < 2 ? 1 : 1 + worse]);
  assertEquals([0.01, 0.5].map((worse) => isSettled(rows(worse), l2)), [true, false]);
});

Deno.test("isSettled: a sample without a value settles nothing", () => {
  const rows = Array.from({ length: 6 }, (_, i) => i === 0 ? [null, null, null] : row(5, 0.5));
  assertEquals(isSettled(rows, options), false);
});

Deno.test("isSettledWhichever: only if the open candidates cannot change the choice", () => {
  const open = (...last: number[]) => [[1], [1], [1], [1], [1], [1], last];
  assertEquals(isSettledWhichever(open(1, 2), "median"), true);
  assertEquals(
    isSettledWhichever([[1], [1], [1], [1], [1, 2]], "median"),
    false,
    "one of five may differ",
  );
  assertEquals(isSettledWhichever([[1], [1], [1], [1]], "median"), false, "too few");
  assertEquals(sameWhichever([[1], [1], [1, 2]], "median"), true);
  assertEquals(sameWhichever([[1], [1, 2], [1, 2]], "median"), false);
  assertEquals(sameWhichever([[1], [1], [1, 2]], "mode"), false, "a mode may lie anywhere");
  assert(sameWhichever([[1], [1], [2]], "mode"));
});
