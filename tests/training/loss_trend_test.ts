import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { looksUndertrained, lossTrend } from "../../src/training/loss_trend.ts";

/** Losses n^-a over a floor, that scatter as those of batches of 16 do. */
function losses(steps: number, { exponent, floor = 0, scatter = 0.25 }: {
  exponent: number;
  floor?: number;
  scatter?: number;
}): number[] {
  const random = new Random(1, "losses");
  return Array.from(
    { length: steps },
    (_, i) => (floor + (i + 1) ** -exponent) * Math.exp(scatter * random.normal()),
  );
}

Deno.test("loss trend: a power law's gain is 1 - 2^-a", () => {
  for (const exponent of [0.1, 0.5, 1]) {
    const { gain } = lossTrend(losses(4000, { exponent, scatter: 0 }))!;
    // Means over quarters stand for their midpoints, which a bent curve misses a little.
    assertAlmostEquals(gain, 1 - 2 ** -exponent, 0.01);
  }
});

Deno.test("loss trend: a loss that falls by a fifth with twice the steps looks undertrained", () => {
  assert(looksUndertrained(lossTrend(losses(600, { exponent: 0.5 }))!));
  assert(looksUndertrained(lossTrend(losses(5000, { exponent: 0.4 }))!));
});

Deno.test("loss trend: a loss that has settled, rises, or only scatters does not", () => {
  const settled = losses(12_000, { exponent: 0.8, floor: 0.05 });
  assert(!looksUndertrained(lossTrend(settled)!));
  const rising = [...losses(600, { exponent: 0.5 })].reverse();
  assert(lossTrend(rising)!.gain < 0);
  assert(!looksUndertrained(lossTrend(rising)!));
  // The mean falls by a quarter, which six steps that scatter tenfold do not show.
  const few = Array.from({ length: 24 }, (_, i) => (i % 2 ? 0.2 : 2) * (i < 18 ? 1 : 0.75));
  assert(lossTrend(few)!.gain > 0.4);
  assert(!looksUndertrained(lossTrend(few)!));
});

Deno.test("loss trend: a few steps say nothing", () => {
  assertEquals(lossTrend(losses(19, { exponent: 1 })), undefined);
  assert(lossTrend(losses(20, { exponent: 1 })) !== undefined);
});
