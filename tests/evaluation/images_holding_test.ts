import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { imagesHolding } from "../../src/evaluation/images_holding.ts";

Deno.test("images holding: the smallest set of images whose weight reaches the share", () => {
  const random = new Random(1);
  for (let trial = 0; trial < 200; trial++) {
    const weights = Array.from({ length: 8 }, () => random.uniform() ** 4);
    const total = weights.reduce((a, b) => a + b);
    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      let least = Infinity;
      for (let set = 0; set < 2 ** weights.length; set++) {
        const chosen = weights.filter((_, i) => (set >> i) % 2 === 1);
        const held = chosen.reduce((a, b) => a + b, 0);
        if (held >= share * total * (1 - 1e-12)) least = Math.min(least, chosen.length);
      }
      assertEquals(imagesHolding(weights, { share }), least);
    }
  }
});

Deno.test("images holding: sums over parts of the training images give the same number", () => {
  const random = new Random(2);
  const weights = Float64Array.from({ length: 100 }, () => random.uniform() ** 6);
  const parts = [0, 1, 2].map((part) => weights.map((weight, i) => i % 3 === part ? weight : 0));
  const merged = weights.map((_, i) => parts[2]![i]! + parts[0]![i]! + parts[1]![i]!);
  const count = imagesHolding(merged);
  assertEquals(count, imagesHolding(weights));
  assert(count > 5 && count < 60, `${count}`);
});

Deno.test("images holding: all weight is held by all images that have any", () => {
  assertEquals(imagesHolding([0, 0.1, 0, 0.2, 0.7], { share: 1 }), 3);
  assertEquals(imagesHolding([0, 3]), 1);
});

Deno.test("images holding: what has no share is refused", () => {
  for (const share of [0, 1.1, NaN]) {
    assertThrows(() => imagesHolding([1], { share }), RangeError, "Cannot count images");
  }
  for (const weights of [[], [0, 0], [-1, 2], [Infinity, 1], [NaN, 1]]) {
    assertThrows(() => imagesHolding(weights), RangeError, "expected weights of zero and more");
  }
});
