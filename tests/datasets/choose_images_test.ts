import { assert, assertEquals } from "@std/assert";
import { someOfEachClass } from "../../src/datasets/choose_images.ts";
import { openInMemory } from "../../src/datasets/source.ts";
import { toImageDataset } from "../../src/datasets/image_dataset.ts";

/** 600 of class 0, 300 of class 1, 90 of class 2 and 10 of class 3. */
const labels = Uint8Array.from(
  { length: 1000 },
  (_, i) => i < 600 ? 0 : i < 900 ? 1 : i < 990 ? 2 : 3,
);
const candidates = [...labels.keys()];
const choose = (count: number, seed = 1, except = new Set<number>()) =>
  someOfEachClass(candidates, { labels, count, seed, except });
const counts = (chosen: readonly number[]) =>
  [0, 1, 2, 3].map((label) => chosen.filter((i) => labels[i] === label).length);

Deno.test("choose images: each class has its share, one at least, in ascending order", () => {
  assertEquals(counts(choose(100)), [60, 30, 9, 1]);
  assertEquals(counts(choose(4)), [1, 1, 1, 1]);
  assertEquals(counts(choose(2)).toSorted(), [0, 0, 1, 1]);
  assertEquals(choose(1000), candidates);
  assertEquals(choose(2000), candidates);
  const chosen = choose(137);
  assertEquals(chosen.length, 137);
  assertEquals(chosen, [...new Set(chosen)].sort((a, b) => a - b));
  for (let count = 1; count < 1000; count += 37) {
    assertEquals(choose(count).length, count);
    // A calibration by fewer images than a network was trained on takes none that it has not seen.
    const more = new Set(choose(count + 11));
    assert(choose(count).every((i) => more.has(i)));
  }
});

Deno.test("choose images: the same seed gives the same images, another others", () => {
  assertEquals(choose(50), choose(50));
  assert(choose(50).join() !== choose(50, 2).join());
  // Not the first ones: their mean index would be below 30.
  const first = choose(100).filter((i) => i < 600);
  const mean = first.reduce((sum, i) => sum + i, 0) / first.length;
  assert(mean > 200 && mean < 400, `${mean}`);
});

Deno.test("choose images: another of its class takes the place of one that cannot be taken", () => {
  const before = choose(100);
  const bad = before[70]!;
  const after = choose(100, 1, new Set([bad]));
  assertEquals(counts(after), counts(before));
  assertEquals(before.filter((i) => !after.includes(i)), [bad]);
});

Deno.test("choose images: images that cannot be read are replaced, and named once", async () => {
  const all = {
    pixels: new Uint8Array(1000).map((_, i) => i % 256),
    shape: [1000, 1, 1, 1],
    labels,
  } as const;
  const opened = openInMemory(all, ["a", "b", "c", "d"]);
  const bad = new Set(choose(100).slice(0, 25));
  const told: string[] = [];
  const set = await toImageDataset({
    ...opened,
    choice: "of each class",
    async read(indices) {
      const good = indices.filter((index) => !bad.has(index));
      const unreadable = [...indices.entries()].filter(([, index]) => bad.has(index))
        .map(([at, index]) => ({ at, problem: `${index}.png: damaged` }));
      return {
        ...good.length > 0
          ? await opened.read(good)
          : { pixels: new Uint8Array(0), shape: [0, 1, 1, 1] as const },
        unreadable,
      };
    },
  }, { name: "mine", split: "train", size: 1, images: 100, tell: (line) => told.push(line) });
  const expected = choose(100, 1, bad);
  assertEquals([...set.labels], expected.map((i) => labels[i]!));
  const bytes = Float32Array.from(expected, (i) => i % 256 / 255 * 2 - 1);
  assertEquals(set.images.data, bytes);
  assertEquals(
    told[0],
    "  taken: 100 images, of each class its share, chosen at random by the seed 1",
  );
  assertEquals(told[1], "  left out: 25 files that cannot be read:");
  assertEquals([told.length, told.at(-1)], [23, "    and 5 more"]);
});
