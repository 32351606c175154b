/** What every posterior backend must hold to; run by the test file of each. */
import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import {
  concatBatches,
  gatherImages,
  type ImageBatch,
  imageBatch,
  sliceBatch,
} from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import type {
  PatchPosterior,
  PatchRule,
  PosteriorState,
} from "../../src/posterior/patch_posterior.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import type { Window } from "../../src/posterior/window.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { relativeError, scoreOf } from "./golden.ts";

export interface ConformanceOptions {
  /** Relative L2 error of scores against the float64 reference. */
  readonly tolerance: number;
  /** Why that tolerance. */
  readonly reason: string;
  /** Fewer shapes, scales and noise levels, for a backend that compiles a program for each. */
  readonly few?: boolean;
}

export const allRules: readonly PatchRule[] = [
  "whole",
  "shifts",
  "same-position",
  "interior",
  "wrapped",
  "same-border-distance",
];
export const scaledRules: readonly PatchRule[] = allRules.slice(2);

export interface Case {
  readonly images: ImageBatch;
  readonly query: ImageBatch;
  readonly rule: PatchRule;
  readonly scales: readonly number[];
  readonly window?: Window;
  readonly t: number;
}

export async function posteriorOf(
  backend: PatchPosterior,
  { images, query, rule, scales, window, t }: Case,
  tiles: readonly ImageBatch[] = [images],
): Promise<PosteriorState> {
  const schedule = cosineLegacy();
  const run = backend.begin({
    query,
    rule,
    scales,
    window,
    signal: schedule.signal(t),
    sigma: schedule.sigma(t),
  });
  for (const [i, tile] of tiles.entries()) {
    await run.accumulate(tile, { last: i === tiles.length - 1 });
  }
  return run.finish();
}

/** Largest relative error of the score over the scales of a case. */
export function worstError(
  found: PosteriorState,
  expected: PosteriorState,
  { query: x, t }: Case,
): number {
  let worst = 0;
  for (let scale = 0; scale < expected.shape[1]; scale++) {
    worst = Math.max(
      worst,
      relativeError(scoreOf(found, { x, t, scale }), scoreOf(expected, { x, t, scale })),
    );
  }
  return worst;
}

export function noisy(clean: ImageBatch, t: number, random: Random): ImageBatch {
  const schedule = cosineLegacy();
  const data = clean.data.map((v) => schedule.signal(t) * v + schedule.sigma(t) * random.normal());
  return { data, shape: clean.shape };
}

/** Blobs on a flat ground with values in steps of 2 / 255, as digits have: heavy ties. */
export function blobs(
  count: number,
  [h, w, c]: readonly [number, number, number],
  random: Random,
): ImageBatch {
  const data = new Float32Array(count * h * w * c);
  for (let n = 0; n < count; n++) {
    const [cy, cx, size] = [random.uniform() * h, random.uniform() * w, 1 + random.uniform() * 3];
    for (let i = 0; i < h * w * c; i++) {
      const y = Math.floor(i / c / w), x = Math.floor(i / c) % w;
      const value = Math.exp(-(((y - cy) ** 2 + (x - cx) ** 2) / size ** 2));
      data[n * h * w * c + i] = Math.round(255 * (value < 0.1 ? 0 : value)) / 255 * 2 - 1;
    }
  }
  return imageBatch(data, [count, h, w, c]);
}

export function gaussian(
  count: number,
  [h, w, c]: readonly [number, number, number],
  random: Random,
): ImageBatch {
  return imageBatch(random.normals(count * h * w * c), [count, h, w, c]);
}

export function conformance(
  makeBackend: () => PatchPosterior,
  { tolerance, reason, few = false }: ConformanceOptions,
): void {
  const oracle = referencePosterior();
  const withBackend = async (body: (backend: PatchPosterior) => Promise<void>) => {
    const backend = makeBackend();
    try {
      await body(backend);
    } finally {
      await backend.dispose();
    }
  };
  const name = makeBackend().name;
  // The oracle is held against golden files, not against itself.
  const compared = name !== oracle.name;

  for (const rule of compared ? allRules : []) {
    Deno.test(`${name}: ${rule} agrees with the reference on odd shapes, channels and noise levels (${reason})`, () =>
      withBackend(async (backend) => {
        const random = new Random(11);
        const shapes = [[9, 9, 1], [7, 10, 3], [11, 6, 2], [5, 13, 1]] as const;
        for (const [h, w, c] of few ? shapes.slice(1, 2) : shapes) {
          const images = blobs(5, [h, w, c], random);
          const top = rule === "interior" || rule === "wrapped" ? 5 : 9;
          const sets = few ? [[1, 3, top]] : [[1, 3, 5], [top], [3, top]];
          for (const scales of scaledRules.includes(rule) ? sets : [[1]]) {
            for (const t of few ? [0.02, 0.4, 1] : [0.02, 0.1, 0.4, 0.7, 1]) {
              const query = noisy(sliceBatch(images, 1, 3), t, random);
              const each = { images, query, rule, scales, t };
              const error = worstError(
                await posteriorOf(backend, each),
                await posteriorOf(oracle, each),
                each,
              );
              assertLess(error, tolerance, `${rule} ${[h, w, c]} k = ${scales} t = ${t}: ${error}`);
            }
          }
        }
      }));
  }

  const tied = few ? ["wrapped", "interior"] as const : scaledRules;
  for (const rule of compared ? tied : []) {
    Deno.test(`${name}: ${rule} keeps its accuracy on near ties far from the query at low noise`, () =>
      withBackend(async (backend) => {
        // The query is far from every image, so logits are thousands of nats, and the images differ
        // from each other by a few parts in a million: a float32 sum cannot tell them apart.
        const random = new Random(5);
        const shape = [9, 9, 1] as const;
        const base = gaussian(1, shape, random);
        const images = concatBatches(Array.from({ length: 6 }, () => ({
          data: base.data.map((v) => v + 3e-6 * random.normal()),
          shape: base.shape,
        })));
        const far = base.data.map((v) => -v + 0.3 * random.normal());
        const query = imageBatch(far, [1, ...shape]);
        for (const t of [0.02, 0.05, 0.2]) {
          const each = { images, query, rule, scales: [3, 9], t };
          const error = worstError(
            await posteriorOf(backend, each),
            await posteriorOf(oracle, each),
            each,
          );
          assertLess(error, tolerance, `${rule} t = ${t}: ${error}`);
        }
        // What the weights say, beyond the score, whose norm hides differences of 1e-6 of y.
        const each = { images, query, rule, scales: few ? [3, 9] : [9], t: 0.05 };
        const [a, b] = [await posteriorOf(backend, each), await posteriorOf(oracle, each)];
        for (let p = 0; p < a.sum.length; p++) {
          const [mine, theirs] = [a, b].map((s) => s.logScale[p]! + Math.log(s.sum[p]!));
          // Logits of thousands of nats, good to 1e-3 nats: no float32 sum of squares reaches that.
          assertLess(Math.abs(mine! - theirs!), 1e-3, `log-sum at pixel ${p}`);
        }
      }));

    Deno.test(`${name}: ${rule} finds the one image that matches among many, and its neighbors' share`, () =>
      withBackend(async (backend) => {
        const random = new Random(6);
        const images = gaussian(20, [9, 9, 1], random);
        for (const t of [0.02, 0.3]) {
          const query = noisy(sliceBatch(images, 7, 8), t, random);
          const each = { images, query, rule, scales: [3, 5, 7], t };
          const error = worstError(
            await posteriorOf(backend, each),
            await posteriorOf(oracle, each),
            each,
          );
          assertLess(error, tolerance, `${rule} t = ${t}: ${error}`);
        }
      }));
  }

  Deno.test(`${name}: one training image is what whole and same-position return`, () =>
    withBackend(async (backend) => {
      const random = new Random(1);
      const images = gaussian(1, [6, 7, 2], random);
      const query = gaussian(1, [6, 7, 2], random);
      for (const rule of ["whole", "same-position"] as const) {
        const each = { images, query, rule, scales: [3], t: 0.5 };
        const { acc, sum } = await posteriorOf(backend, each);
        const mean = Float32Array.from(acc, (v, i) => v / sum[Math.floor(i / 2)]!);
        // The mean of one value, rounded to float32.
        assertLess(relativeError(mean, images.data), 1e-6);
      }
    }));

  Deno.test(`${name}: with k beyond the image the border rule is the same-position rule`, () =>
    withBackend(async (backend) => {
      const random = new Random(2);
      const images = blobs(6, [8, 8, 1], random);
      const query = noisy(sliceBatch(images, 0, 1), 0.4, random);
      for (const k of [9, 15]) {
        const each = { images, query, scales: [k], t: 0.4 };
        const a = { ...each, rule: "same-border-distance" as const };
        const b = { ...each, rule: "same-position" as const };
        assertLess(
          worstError(await posteriorOf(backend, a), await posteriorOf(backend, b), a),
          1e-6,
        );
      }
    }));

  Deno.test(`${name}: duplicates, order, tiles and batching of queries change nothing`, () =>
    withBackend(async (backend) => {
      const random = new Random(3);
      const images = blobs(9, [9, 8, 1], random);
      const query = noisy(sliceBatch(images, 0, 3), 0.3, random);
      for (const rule of allRules) {
        const each = {
          images,
          query,
          rule,
          scales: scaledRules.includes(rule) ? [3, 7] : [1],
          t: 0.3,
        };
        const plain = await posteriorOf(backend, each);
        const same = async (what: string, tiles: ImageBatch[]) => {
          const error = worstError(await posteriorOf(backend, each, tiles), plain, each);
          // Rounding of another order, and 1e-7 of the sum that may be left out.
          assertLess(error, 1e-6, `${rule}: ${what} changes the score by ${error}`);
        };
        await same("duplicates", [images, images]);
        await same("order", [gatherImages(images, random.permutation(9))]);
        await same("tiles", [
          sliceBatch(images, 4, 9),
          sliceBatch(images, 0, 1),
          sliceBatch(images, 1, 4),
        ]);
        await same("an empty tile", [images, sliceBatch(images, 3, 3)]);
        for (let b = 0; b < 3; b++) {
          const alone = { ...each, query: sliceBatch(query, b, b + 1) };
          const state = await posteriorOf(backend, alone);
          const n = alone.query.data.length;
          each.scales.forEach((_, scale) => {
            const error = relativeError(
              scoreOf(state, { x: alone.query, t: 0.3, scale }),
              scoreOf(plain, { x: query, t: 0.3, scale }).subarray(b * n, (b + 1) * n),
            );
            assertLess(error, 1e-6, `${rule}: query ${b} alone`);
          });
        }
      }
    }));

  Deno.test(`${name}: only selected images are candidates`, () =>
    withBackend(async (backend) => {
      const random = new Random(4);
      const images = blobs(8, [7, 7, 1], random);
      const select = Uint32Array.of(6, 1, 3);
      for (const rule of allRules) {
        const each = {
          images: gatherImages(images, select),
          query: gaussian(1, [7, 7, 1], random),
          rule,
          scales: [3],
          t: 0.6,
        };
        const run = backend.begin({
          query: each.query,
          rule,
          scales: [3],
          signal: cosineLegacy().signal(0.6),
          sigma: cosineLegacy().sigma(0.6),
        });
        await run.accumulate(images, { select });
        assertLess(worstError(await run.finish(), await posteriorOf(backend, each), each), 1e-6);
      }
    }));

  Deno.test(`${name}: with all but infinite noise the mean of the candidates comes out`, () =>
    withBackend(async (backend) => {
      const random = new Random(8);
      const images = gaussian(4, [5, 6, 1], random);
      const query = gaussian(1, [5, 6, 1], random);
      const run = backend.begin({ query, rule: "wrapped", scales: [3], signal: 1, sigma: 1e4 });
      await run.accumulate(images);
      const { acc, sum } = await run.finish();
      const mean = images.data.reduce((a, b) => a + b) / images.data.length;
      // Weights differ from one by D / 2e8, with D below 1e3.
      for (let p = 0; p < 30; p++) assertLess(Math.abs(acc[p]! / sum[p]! - mean), 1e-5);
    }));

  Deno.test(`${name}: the wrapped rule commutes with cyclic shifts of the query`, () =>
    withBackend(async (backend) => {
      const random = new Random(9);
      const images = blobs(4, [8, 8, 1], random);
      const query = noisy(sliceBatch(images, 2, 3), 0.3, random);
      const shift = (data: ArrayLike<number>) =>
        Float32Array.from({ length: 64 }, (_, p) => data[((p >> 3) + 3) % 8 * 8 + (p + 5) % 8]!);
      const shifted = imageBatch(shift(query.data), query.shape);
      const each = { images, query, rule: "wrapped" as const, scales: [5], t: 0.3 };
      const a = scoreOf(await posteriorOf(backend, each), { x: query, t: 0.3 });
      const b = scoreOf(await posteriorOf(backend, { ...each, query: shifted }), {
        x: shifted,
        t: 0.3,
      });
      // float32 copies of the scores; the pivot of the wasm backend sees borders, its rounding only.
      assertLess(relativeError(b, shift(a)), 2e-6);
    }));

  Deno.test(`${name}: progress reaches the number of images, and an abort stops with its reason`, () =>
    withBackend(async (backend) => {
      const random = new Random(10);
      const images = blobs(40, [9, 9, 1], random);
      const query = gaussian(1, [9, 9, 1], random);
      const begin = () =>
        backend.begin({ query, rule: "interior", scales: [3, 5], signal: 0.7, sigma: 0.7 });
      const seen: number[] = [];
      await begin().accumulate(images, { onProgress: (done) => seen.push(done) });
      assertEquals(seen.at(-1), 40);
      assert(seen.every((done, i) => i === 0 || done > seen[i - 1]!));
      const reason = new Error("enough");
      await assertRejects(
        () => begin().accumulate(images, { abort: AbortSignal.abort(reason) }),
        Error,
        "enough",
      );
      const controller = new AbortController();
      const run = begin();
      const work = run.accumulate(concatBatches([images, images, images, images, images]), {
        abort: controller.signal,
      });
      controller.abort(reason);
      await assertRejects(() => work, Error, "enough");
    }));

  Deno.test(`${name}: arguments that cannot be used are refused by name`, () =>
    withBackend(async (backend) => {
      const query = imageBatch(new Float32Array(64), [1, 8, 8, 1]);
      const good = { query, rule: "interior" as const, scales: [3], signal: 1, sigma: 1 };
      const refused = (change: object, message: string) =>
        void assertThrows(() => backend.begin({ ...good, ...change }), RangeError, message);
      refused({ scales: [] }, "empty");
      refused({ scales: [4] }, "scale 4");
      refused({ scales: [9] }, "from 1 to 7");
      refused({ scales: [17], rule: "same-position" }, "from 1 to 15");
      refused({ scales: [5, 3] }, "ascending");
      refused({ scales: [3, 5], rule: "whole" }, "one entry");
      refused({ sigma: 0 }, "sigma is 0");
      refused({ signal: NaN }, "signal is NaN");
      refused(
        { query: imageBatch(new Float32Array(64).fill(NaN, 5, 6), [1, 8, 8, 1]) },
        "value 5 of the query",
      );
      const run = backend.begin(good);
      await assertRejects(
        () => run.accumulate(imageBatch(new Float32Array(50), [2, 5, 5, 1])),
        RangeError,
        "5 x 5 x 1",
      );
      await assertRejects(
        () => run.accumulate(imageBatch(new Float32Array(64).fill(Infinity, 9, 10), [1, 8, 8, 1])),
        RangeError,
        "value 9 of the training images",
      );
      await assertRejects(
        () => run.accumulate(query, { select: Uint32Array.of(1) }),
        RangeError,
        "image 1",
      );
    }));
}
