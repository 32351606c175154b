import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { copiedRegions, type ExplainedPixels } from "../../src/evaluation/copied_regions.ts";
import { createMachine } from "../../src/machines.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { readGolden } from "../posterior/golden.ts";

/** Explanations of random sources: few images and shifts, so that pieces of all forms come about. */
function randomExplanation(
  [height, width]: readonly [number, number],
  random: Random,
  { missing = 0 }: { readonly missing?: number } = {},
): ExplainedPixels {
  const count = height * width, top = 2, queries = 2;
  const pixels = Array.from(
    { length: count },
    (_, i) => [Math.floor(i / width), i % width] as const,
  );
  const cells = queries * count * top;
  const explanation = {
    shape: [queries, count, top] as const,
    xHat0: { data: new Float32Array(queries * count), shape: [queries, height, width, 1] as const },
    pixels,
    image: new Int32Array(cells),
    row: new Int32Array(cells),
    column: new Int32Array(cells),
    weight: new Float64Array(cells),
  };
  for (let at = 0; at < cells; at++) {
    const [y, x] = pixels[Math.floor(at / top) % count]!;
    explanation.image[at] = random.uniform() < missing ? -1 : Math.floor(2 * random.uniform());
    const shift = () => Math.floor(2 * random.uniform());
    explanation.row[at] = (y + shift()) % height;
    explanation.column[at] = (x + shift()) % width;
    explanation.weight[at] = random.uniform();
  }
  return explanation;
}

/** Regions as their definition says it: the closure of "touches, same image, same shift". */
function regionsByClosure(
  explanation: ExplainedPixels,
  { query, wrap }: { readonly query: number; readonly wrap: boolean },
): number[][] {
  const { shape: [, count, top], pixels, image, row, column } = explanation;
  const [, height, width] = explanation.xHat0.shape;
  const key = (e: number) => {
    const at = (query * count + e) * top, [y, x] = pixels[e]!;
    const [dy, dx] = [row[at]! - y, column[at]! - x];
    const [rows, columns] = wrap ? [(dy + height) % height, (dx + width) % width] : [dy, dx];
    return image[at]! < 0 ? `none ${e}` : `${image[at]} ${rows} ${columns}`;
  };
  const gap = (a: number, b: number, size: number) =>
    wrap ? Math.min(Math.abs(a - b), size - Math.abs(a - b)) : Math.abs(a - b);
  const touches = (a: number, b: number) =>
    gap(pixels[a]![0], pixels[b]![0], height) + gap(pixels[a]![1], pixels[b]![1], width) === 1;
  const label = pixels.map((_, e) => e);
  for (let changed = true; changed;) {
    changed = false;
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < a; b++) {
        if (label[a] === label[b] || !touches(a, b) || key(a) !== key(b)) continue;
        label[a] = label[b] = Math.min(label[a]!, label[b]!);
        changed = true;
      }
    }
  }
  const groups = Map.groupBy(
    pixels.map((_, e) => e).filter((e) => !key(e).startsWith("none")),
    (e) => label[e],
  );
  return [...groups.values()];
}

Deno.test("copied regions: what brute force finds, on planes and tori", () => {
  const random = new Random(3);
  for (const [height, width] of [[5, 7], [6, 4], [1, 5], [3, 3]] as const) {
    for (const missing of [0, 0.2]) {
      const explanation = randomExplanation([height, width], random, { missing });
      for (const query of [0, 1]) {
        for (const wrap of [false, true]) {
          const { regionOf, regions } = copiedRegions(explanation, { query, wrap });
          const expected = regionsByClosure(explanation, { query, wrap });
          const found = regions.map((_, place) =>
            Array.from(regionOf.keys()).filter((pixel) => regionOf[pixel] === place)
          );
          assertEquals(found, expected);
          const { shape: [, count, top], weight, image } = explanation;
          regions.forEach((region, place) => {
            const cells = found[place]!.map((e) => (query * count + e) * top);
            assertEquals(region.pixels, cells.length);
            assertEquals(cells.map((at) => image[at]), cells.map(() => region.image));
            const mean = cells.reduce((sum, at) => sum + weight[at]!, 0) / cells.length;
            assertAlmostEquals(region.weight, mean, 1e-12);
          });
        }
      }
    }
  }
});

Deno.test("copied regions: one of the whole image for IS, its pieces for bbELS, on real digits", async () => {
  const { images, batch } = await readGolden("mnist");
  await using posterior = wasmPosterior({ workers: 0 });
  const options = { images, schedule: cosineLegacy(), posterior };
  const x = batch("t0.05/x");
  const ideal = await createMachine("IS", options).explain(x, 0.05, { top: 1 });
  const whole = copiedRegions(ideal);
  assertEquals(whole.regions.map(({ shift, pixels }) => [...shift, pixels]), [[0, 0, 32 * 32]]);
  const local = await createMachine("bbELS", { ...options, patchSize: 5 }).explain(x, 0.05);
  const { regionOf, regions } = copiedRegions(local);
  assertEquals(regions.reduce((sum, { pixels }) => sum + pixels, 0), 32 * 32);
  for (const [pixel, place] of regionOf.entries()) {
    const at = pixel * 8, { image, shift } = regions[place]!;
    assertEquals(
      [local.image[at], local.row[at], local.column[at]],
      [image, Math.floor(pixel / 32) + shift[0], pixel % 32 + shift[1]],
    );
  }
});

Deno.test("copied regions: pixels that were not explained have none", async () => {
  const { images, batch } = await readGolden("mnist");
  await using posterior = wasmPosterior({ workers: 0 });
  const machine = createMachine("LS", {
    ...{ images, schedule: cosineLegacy(), posterior },
    patchSize: 3,
  });
  const explanation = await machine.explain(batch("t0.5/x"), 0.5, { pixels: [[2, 3], [20, 20]] });
  const { regionOf, regions } = copiedRegions(explanation);
  assertEquals([regions.length, regionOf[2 * 32 + 3], regionOf[20 * 32 + 20]], [2, 0, 1]);
  assertEquals(regionOf.filter((place) => place >= 0).length, 2);
  assertThrows(
    () => copiedRegions(explanation, { query: 1 }),
    RangeError,
    "Cannot look at query 1: there are 1",
  );
});
