/** Determinism: what a query gives hangs neither on its batch, nor on tiles, nor on the number of threads. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  concatBatches,
  gatherImages,
  type ImageBatch,
  sliceBatch,
} from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { findAdapter } from "../../src/gpu/adapter.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import { emptyState, setQueries } from "../../src/posterior/merge_states.ts";
import type { PatchPosterior, PosteriorState } from "../../src/posterior/patch_posterior.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { webgpuPosterior } from "../../src/posterior/webgpu/webgpu_posterior.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { allRules, blobs, type Case, gaussian, noisy } from "./conformance.ts";

interface Drawn extends Case {
  readonly select: Uint32Array | undefined;
}

interface Sizes {
  /** Side of the images, and how many at most. */
  readonly side: number;
  readonly images: number;
}

const between = (random: Random, a: number, b: number) =>
  a + Math.floor(random.uniform() * (b - a + 1));

/** A case of some rule: some queries are so far from all images that float32 is too coarse for them. */
function draw(i: number, random: Random, { side, images: most }: Sizes): Drawn {
  const rule = allRules[i % allRules.length]!;
  const shape = [side, side, [1, 3][i % 2]!] as const;
  const count = between(random, Math.ceil(most / 2), most);
  const images = i % 3 === 0 ? gaussian(count, shape, random) : blobs(count, shape, random);
  const t = [0.02, 0.2, 0.5, 0.9][between(random, 0, 3)]!;
  const query = noisy(sliceBatch(images, 0, between(random, 2, 3)), t, random);
  const values = query.data.length / query.shape[0];
  for (let at = values; at < 2 * values; at++) query.data[at] = query.data[at]! * 12;
  const scales = rule === "whole" || rule === "shifts" ? [1] : [[3], [3, 5], [1, 5, 7]][i % 3]!;
  const all = Array.from({ length: count }, (_, n) => n);
  const select = i % 4 < 2
    ? undefined
    : Uint32Array.from(all.filter(() => random.uniform() < 0.8).reverse());
  return { images, query, rule, scales, t, select };
}

/** The state of some queries, the images being fed in tiles that end at some places. */
async function stateOf(
  backend: PatchPosterior,
  { images, query, rule, scales, t, select }: Drawn,
  { ends, last = true }: { readonly ends?: readonly number[]; readonly last?: boolean } = {},
): Promise<PosteriorState> {
  const schedule = cosineLegacy();
  const levels = { signal: schedule.signal(t), sigma: schedule.sigma(t) };
  const run = backend.begin({ query, rule, scales, ...levels });
  if (ends === undefined) {
    await run.accumulate(images, { select, last });
    return run.finish();
  }
  const chosen = select ? gatherImages(images, select) : images;
  let from = 0;
  for (const to of [...ends, chosen.shape[0]]) {
    const tile = sliceBatch(chosen, from, to);
    const copy: ImageBatch = { data: tile.data.slice(), shape: tile.shape };
    await run.accumulate(copy);
    // A tile that has been taken may be used for something else.
    copy.data.fill(0);
    from = to;
  }
  return run.finish();
}

/** States of parts of a batch, put together. */
async function inParts(
  backend: PatchPosterior,
  each: Drawn,
  cuts: readonly number[],
): Promise<PosteriorState> {
  const queries = each.query.shape[0];
  let whole: PosteriorState | undefined, from = 0;
  for (const to of [...cuts, queries]) {
    const part = await stateOf(backend, { ...each, query: sliceBatch(each.query, from, to) });
    const [, scales, pixels, channels] = part.shape;
    whole ??= emptyState([queries, scales, pixels, channels]);
    setQueries(whole, part, from);
    from = to;
  }
  return whole!;
}

/** Some places at which a range is cut. */
const cutsOf = (random: Random, length: number, count: number) =>
  [...new Set(Array.from({ length: count }, () => between(random, 1, Math.max(1, length - 1))))]
    .filter((cut) => cut < length).sort((a, b) => a - b);

/** Bit for bit, by the place of the first difference. */
function assertSame(found: PosteriorState, expected: PosteriorState, what: string): void {
  for (const key of ["logScale", "sum", "acc"] as const) {
    const at = found[key].findIndex((value, i) => !Object.is(value, expected[key][i]));
    assert(at < 0, `${what}: ${key}[${at}] is ${found[key][at]}, not ${expected[key][at]}`);
  }
}

async function checkCases(
  backends: readonly PatchPosterior[],
  { cases, seed, ...sizes }: Sizes & { readonly cases: number; readonly seed: number },
): Promise<void> {
  const random = new Random(seed);
  for (let i = 0; i < cases; i++) {
    const each = draw(i, random, sizes);
    const what = `case ${i}, ${each.rule}, k = ${each.scales}, t = ${each.t}, ${each.images.shape}`;
    const count = each.select?.length ?? each.images.shape[0], queries = each.query.shape[0];
    const expected = await stateOf(backends[0]!, each);
    const ends = [0, ...cutsOf(random, count, between(random, 1, 4))];
    for (const backend of backends) {
      assertSame(await stateOf(backend, each), expected, `${what}, again`);
      assertSame(await stateOf(backend, each, { ends }), expected, `${what}, tiles to ${ends}`);
      if (backend !== backends[0]) continue;
      const singly = Array.from({ length: queries - 1 }, (_, b) => b + 1);
      assertSame(await inParts(backend, each, singly), expected, `${what}, one by one`);
      const cuts = cutsOf(random, queries, 1);
      assertSame(await inParts(backend, each, cuts), expected, `${what}, cut at ${cuts}`);
      assertSame(await stateOf(backend, each, { last: false }), expected, `${what}, open end`);
    }
  }
}

Deno.test("same bytes: the reference, whatever the batch and the tiles", () =>
  checkCases([referencePosterior()], { cases: 6, seed: 71, side: 7, images: 12 }));

Deno.test("same bytes: wasm, whatever the batch, the tiles and the number of threads", async () => {
  await using none = wasmPosterior({ workers: 0 });
  await using one = wasmPosterior({ workers: 1 });
  await using two = wasmPosterior({ workers: 2 });
  // Portions of 1,544 images and more: runs have one or two.
  await checkCases([two, one, none], { cases: 6, seed: 72, side: 12, images: 2600 });
});

Deno.test({
  name: "same bytes: webgpu, whatever the batch and the tiles",
  ignore: await findAdapter() === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    // Room for 12 images of one channel: portions of 12, and pieces of as many.
    await using backend = webgpuPosterior({ imageBytes: 4 * 81 * 12 });
    await checkCases([backend], { cases: 6, seed: 73, side: 9, images: 34 });
  },
});

Deno.test("same bytes: a machine's images, with and without labels, whatever the batch", async () => {
  const random = new Random(74);
  const images = blobs(600, [10, 10, 1], random);
  const labels = Uint8Array.from({ length: 600 }, () => between(random, 0, 2));
  const x = noisy(sliceBatch(images, 0, 7), 0.4, random);
  await using posterior = wasmPosterior({ workers: 2 });
  const names = ["IS", "ES", "LS", "ELS", "bbELS"] as const;
  const soft = { window: "super", patchSize: 4.6 } as const;
  for (
    const [name, scale] of [
      ...names.map((name) => [name, { patchSize: 5 }] as const),
      ...names.slice(2).map((name) => [name, soft] as const),
    ]
  ) {
    const machine = createMachine(name, {
      images,
      labels,
      schedule: cosineLegacy(),
      ...scale,
      posterior,
    });
    for (const classes of [undefined, [2, 0, 1, 1, 0, 2, 2]]) {
      const predict = (from: number, to: number) =>
        machine.predict(sliceBatch(x, from, to), 0.4, {
          ...(classes && { labels: classes.slice(from, to) }),
        });
      const together = await predict(0, 7);
      const cuts = cutsOf(random, 7, 3);
      const parts: ImageBatch[] = [];
      for (const [i, to] of [...cuts, 7].entries()) parts.push(await predict(cuts[i - 1] ?? 0, to));
      assertEquals(concatBatches(parts), together, `${name} cut at ${cuts}`);
    }
  }
});

Deno.test("same bytes: images after the last tile are refused", async () => {
  const images = blobs(3, [5, 5, 1], new Random(75));
  await using posterior = wasmPosterior({ workers: 0 });
  const run = posterior.begin({ query: images, rule: "whole", scales: [1], signal: 1, sigma: 1 });
  await run.accumulate(images, { last: true });
  await assertRejects(() => run.accumulate(images), RangeError, "was said to be the last");
});
