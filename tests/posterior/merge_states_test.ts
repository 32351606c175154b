import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import {
  emptyState,
  mergeInto,
  mergeStates,
  posteriorMean,
} from "../../src/posterior/merge_states.ts";
import type { PosteriorState } from "../../src/posterior/patch_posterior.ts";

/** States of single candidates with logits over hundreds of nats. */
function candidates(count: number, random: Random): PosteriorState[] {
  return Array.from({ length: count }, () => {
    const state = emptyState([2, 1, 3, 2]);
    for (let i = 0; i < 6; i++) {
      state.logScale[i] = random.normal() * 200;
      state.sum[i] = 1;
      for (let c = 0; c < 2; c++) state.acc[2 * i + c] = random.normal();
    }
    return state;
  });
}

function assertSame(a: PosteriorState, b: PosteriorState): void {
  for (let i = 0; i < a.logScale.length; i++) {
    // Log-sums of hundreds of nats and means of order one, in float64 with a few dozen roundings.
    assertAlmostEquals(
      a.logScale[i]! + Math.log(a.sum[i]!),
      b.logScale[i]! + Math.log(b.sum[i]!),
      1e-11,
    );
    for (let c = 0; c < 2; c++) {
      assertAlmostEquals(a.acc[2 * i + c]! / a.sum[i]!, b.acc[2 * i + c]! / b.sum[i]!, 1e-13);
    }
  }
}

Deno.test("mergeStates: the same whatever the order and the grouping", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const states = candidates(12, random);
    const inOrder = states.reduce(mergeStates);
    const shuffled = [...random.permutation(12)].map((i) => states[i]!);
    assertSame(shuffled.reduce(mergeStates), inOrder);
    assertSame(shuffled.reduceRight(mergeStates), inOrder);
    while (shuffled.length > 1) {
      const i = random.integer(shuffled.length - 1);
      shuffled.splice(i, 2, mergeStates(shuffled[i]!, shuffled[i + 1]!));
    }
    assertSame(shuffled[0]!, inOrder);
  }
});

Deno.test("mergeStates: equals the softmax computed at once", () => {
  const states = candidates(9, new Random(99));
  const merged = states.reduce(mergeStates);
  for (let i = 0; i < 6; i++) {
    const top = Math.max(...states.map(({ logScale }) => logScale[i]!));
    const weights = states.map(({ logScale }) => Math.exp(logScale[i]! - top));
    const total = weights.reduce((a, b) => a + b);
    const mean = weights.reduce((sum, w, n) => sum + w * states[n]!.acc[2 * i]!, 0) / total;
    assertAlmostEquals(merged.acc[2 * i]! / merged.sum[i]!, mean, 1e-13); // float64
  }
});

Deno.test("mergeStates: the empty state is neutral, and arguments are left alone", () => {
  const [a, b] = candidates(2, new Random(1)) as [PosteriorState, PosteriorState];
  const before = structuredClone(a);
  assertEquals(mergeStates(a, emptyState(a.shape)), a);
  assertEquals(mergeStates(emptyState(a.shape), a), a);
  mergeStates(a, b);
  assertEquals(a, before);
  const none = mergeStates(emptyState(a.shape), emptyState(a.shape));
  assertEquals(none, emptyState(a.shape));
});

Deno.test("mergeInto: refuses states of other shapes", () => {
  assertThrows(
    () => mergeInto(emptyState([1, 1, 4, 1]), emptyState([1, 1, 4, 2])),
    RangeError,
    "[1, 1, 4, 2]",
  );
});

Deno.test("posteriorMean: divides by the sum, names a query without candidates and a wrong scale", () => {
  const [state] = candidates(1, new Random(2));
  state!.sum.fill(2);
  const mean = posteriorMean(state!, { imageShape: [1, 3, 2] });
  assertEquals(mean.shape, [2, 1, 3, 2]);
  assertEquals(mean.data[5], Math.fround(state!.acc[5]! / 2));
  assertThrows(
    () => posteriorMean(state!, { imageShape: [1, 3, 2], scale: 1 }),
    RangeError,
    "scale 1",
  );
  assertThrows(() => posteriorMean(state!, { imageShape: [2, 3, 1] }), RangeError, "2 x 3 x 1");
  state!.sum[4] = 0;
  assertThrows(() => posteriorMean(state!, { imageShape: [1, 3, 2] }), RangeError, "query 1");
});
