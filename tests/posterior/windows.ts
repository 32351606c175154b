/** What windows with weights must hold to on every backend; run by the test file of each. */
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import {
  concatBatches,
  type ImageBatch,
  imageBatch,
  sliceBatch,
} from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { logSumOf } from "../../src/posterior/explanation/explanation_state.ts";
import { posteriorMean } from "../../src/posterior/merge_states.ts";
import type { PatchPosterior, PatchRule } from "../../src/posterior/patch_posterior.ts";
import type { Window } from "../../src/posterior/window.ts";
import { profileWidth } from "../../src/posterior/window_weights.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { blobs, type ConformanceOptions, gaussian, noisy, scaledRules } from "./conformance.ts";
import { relativeError } from "./golden.ts";

const schedule = cosineLegacy();

interface WindowCase {
  readonly images: ImageBatch;
  readonly query: ImageBatch;
  readonly rule: PatchRule;
  readonly window: Window;
  readonly widths: readonly number[];
  readonly t: number;
}

/** Weights by their formulas, written for themselves. */
export function plainWeight(window: Window, width: number, d: number): number {
  const a = Math.abs(d), half = width / 2;
  if (window === "box") return Math.max(0, Math.min(1, half + 0.5 - a));
  if (window === "trapezoid") {
    // From 1 to 0 over half the width, but a pixel at least; half height at half the width.
    const side = Math.max(1, half);
    return a <= half - side / 2 ? 1 : a >= half + side / 2 ? 0 : (half + side / 2 - a) / side;
  }
  const bell = window === "gaussian"
    ? Math.pow(2, -((a / half) ** 2))
    : Math.pow(2, -((a / half) ** 4));
  return bell < 1e-3 ? 0 : bell;
}

/** What a posterior is at a width. */
interface Found {
  /** xHat0, `[B, H, W, C]`. */
  readonly mean: ArrayLike<number>;
  /** Logarithms of the sums of weights, `[B, H, W]`. */
  readonly logSum: ArrayLike<number>;
}

/** The posterior in the plainest way: for each pixel all candidates, and each of their differences. */
function plainPosterior({ images, query, rule, window, widths, t }: WindowCase): Found[] {
  const [queries, H, W, C] = query.shape;
  const signal = schedule.signal(t), sigma = schedule.sigma(t);
  const cyclic = rule === "interior" || rule === "wrapped";
  return widths.map((width) => {
    const reach = Math.floor(width / 2);
    const farthest = cyclic ? Math.floor((Math.min(H, W) - 1) / 2) : Math.max(H, W) - 1;
    const offsets: [number, number, number][] = [];
    for (let dy = -farthest; dy <= farthest; dy++) {
      for (let dx = -farthest; dx <= farthest; dx++) {
        const weight = plainWeight(window, width, dy) * plainWeight(window, width, dx);
        if (weight > 0) offsets.push([dy, dx, weight]);
      }
    }
    // Where the pixels of a window are, by its center; -1 is outside.
    const windows = Array.from(
      { length: H * W },
      (_, center) =>
        Int32Array.from(offsets, ([dy, dx]) => {
          let y = Math.floor(center / W) + dy, x = center % W + dx;
          if (cyclic) [y, x] = [(y + 3 * H) % H, (x + 3 * W) % W];
          return y < 0 || y >= H || x < 0 || x >= W ? -1 : y * W + x;
        }),
    );
    const interior = (at: number, size: number) => at >= reach && at < size - reach;
    const matches = (p: number, q: number, size: number) => {
      switch (rule) {
        case "same-position":
          return p === q;
        case "interior":
          return interior(q, size);
        case "same-border-distance":
          return p === q || (interior(p, size) && interior(q, size));
        default:
          return true;
      }
    };
    const mean = new Float64Array(query.data.length);
    const logSum = new Float64Array(queries * H * W);
    for (let p = 0; p < queries * H * W; p++) {
      const b = Math.floor(p / (H * W)), py = Math.floor(p / W) % H, px = p % W;
      const logits: number[] = [], centers: number[] = [];
      for (let n = 0; n < images.shape[0]; n++) {
        for (let qy = 0; qy < H; qy++) {
          for (let qx = 0; qx < W; qx++) {
            if (!matches(py, qy, H) || !matches(px, qx, W)) continue;
            const [here, there] = [windows[py * W + px]!, windows[qy * W + qx]!];
            let distance = 0;
            for (let i = 0; i < offsets.length; i++) {
              for (let c = 0; c < C; c++) {
                const x = here[i]! < 0 ? 0 : query.data[(b * H * W + here[i]!) * C + c]!;
                const y = there[i]! < 0 ? 0 : images.data[(n * H * W + there[i]!) * C + c]!;
                distance += offsets[i]![2] * (x - signal * y) ** 2;
              }
            }
            logits.push(-distance / (2 * sigma ** 2));
            centers.push(((n * H + qy) * W + qx) * C);
          }
        }
      }
      const largest = Math.max(...logits);
      const weights = logits.map((logit) => Math.exp(logit - largest));
      const sum = weights.reduce((a, each) => a + each);
      logSum[p] = largest + Math.log(sum);
      for (let c = 0; c < C; c++) {
        mean[p * C + c] = weights.reduce(
          (a, weight, i) => a + weight * images.data[centers[i]! + c]!,
          0,
        ) / sum;
      }
    }
    return { mean, logSum };
  });
}

async function posteriorBy(
  backend: PatchPosterior,
  { images, query, rule, window, widths, t }: WindowCase,
): Promise<Found[]> {
  const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
  const run = backend.begin({ query, rule, scales: widths, window, signal, sigma });
  await run.accumulate(images, { last: true });
  const state = await run.finish();
  const [queries, height, width, channels] = query.shape;
  const imageShape = [height, width, channels] as const;
  const all = logSumOf(state), pixels = height * width;
  return widths.map((_, scale) => ({
    mean: posteriorMean(state, { imageShape, scale }).data,
    logSum: Float64Array.from({ length: queries * pixels }, (_, i) => {
      const query = Math.floor(i / pixels);
      return all[(query * widths.length + scale) * pixels + i % pixels]!;
    }),
  }));
}

async function means(backend: PatchPosterior, each: WindowCase): Promise<Float32Array[]> {
  return (await posteriorBy(backend, each)).map(({ mean }) => mean as Float32Array);
}

/** The score of clean images that are expected. */
function scoreOf(mean: ArrayLike<number>, { query, t }: WindowCase): Float64Array {
  const signal = schedule.signal(t), sigma = schedule.sigma(t);
  return Float64Array.from(mean, (value, i) => (signal * value - query.data[i]!) / sigma ** 2);
}

function mirrored({ data, shape }: ImageBatch): ImageBatch {
  const [, , width, channels] = shape;
  const row = width * channels;
  return imageBatch(
    data.map((_, i) => {
      const column = Math.floor(i % row / channels);
      return data[i - i % row + (width - 1 - column) * channels + i % channels]!;
    }),
    shape,
  );
}

/** Runs the cases on a backend. */
export function windowConformance(
  makeBackend: () => PatchPosterior,
  { tolerance, reason, few = false }: ConformanceOptions,
): void {
  const name = makeBackend().name;
  const withBackend = async (body: (backend: PatchPosterior) => Promise<void>) => {
    const backend = makeBackend();
    try {
      await body(backend);
    } finally {
      await backend.dispose();
    }
  };

  for (const rule of scaledRules) {
    Deno.test(`${name}: windows of weights under ${rule} are what their formulas say (${reason})`, () =>
      withBackend(async (backend) => {
        const random = new Random(61);
        const shapes = [[6, 8, 1], [7, 5, 3], [5, 6, 2]] as const;
        for (const [i, shape] of (few ? shapes.slice(1, 2) : shapes).entries()) {
          // Flat ground and heavy ties, or nothing alike.
          const images = i === 0 ? blobs(3, shape, random) : gaussian(2, shape, random);
          const shapesOfWindows = [
            { window: "box", widths: [1.5, 4] },
            { window: "trapezoid", widths: [3, 4.7] },
            { window: "gaussian", widths: [2.3] },
            { window: "super", widths: [1, 3.4] },
          ] as const;
          for (const [j, each] of shapesOfWindows.entries()) {
            if (few && j !== 1 + scaledRules.indexOf(rule) % 3) continue;
            // Peaked, and nearly flat.
            const t = (i + j) % 2 === 0 ? 0.05 : 0.3 + 0.2 * j;
            const query = noisy(sliceBatch(images, 0, i === 2 ? 2 : 1), t, random);
            const whole = { images, query, rule, ...each, t };
            const found = await means(backend, whole);
            plainPosterior(whole).forEach(({ mean: expected }, scale) => {
              const error = relativeError(scoreOf(found[scale]!, whole), scoreOf(expected, whole));
              // Means come as float32: at least 6e-8 of x.
              assertLess(
                error,
                Math.max(tolerance, 1e-6),
                `${each.window} ${each.widths[scale]} t = ${t} ${shape}`,
              );
            });
          }
        }
      }));
  }

  Deno.test(`${name}: windows keep their accuracy on near ties far from the query at low noise`, () =>
    withBackend(async (backend) => {
      // Logits of thousands of nats, and images that differ in parts of a million.
      const random = new Random(66);
      const base = gaussian(1, [6, 7, 1], random);
      const images = concatBatches(Array.from({ length: 3 }, () => ({
        data: base.data.map((value) => value + 3e-6 * random.normal()),
        shape: base.shape,
      })));
      const data = base.data.map((value) => -value + 0.3 * random.normal());
      const query = imageBatch(data, [1, 6, 7, 1]);
      for (const rule of few ? scaledRules.slice(3) : scaledRules) {
        const each = { images, query, rule, window: "super", widths: [3.4], t: 0.02 } as const;
        const [[found], [expected]] = [await posteriorBy(backend, each), plainPosterior(each)];
        const error = relativeError(scoreOf(found!.mean, each), scoreOf(expected!.mean, each));
        assertLess(error, Math.max(tolerance, 1e-6), rule);
        for (let p = 0; p < found!.logSum.length; p++) {
          // Of thousands of nats; the norm of a score hides differences of 1e-6 of y. A part of 1e-7 is what
          // weights of 22 bits cost, which all candidates share.
          const logSum = expected!.logSum[p]!, away = Math.abs(found!.logSum[p]! - logSum);
          assertLess(away, 1e-3 + (few ? 1e-7 * Math.abs(logSum) : 0), `${rule} pixel ${p}`);
        }
      }
    }));

  if (few) return;

  Deno.test(`${name}: a window of a box of odd width is the k x k patch`, () =>
    withBackend(async (backend) => {
      const random = new Random(62);
      const images = gaussian(3, [8, 9, 1], random);
      const query = noisy(sliceBatch(images, 0, 1), 0.3, random);
      for (const rule of scaledRules) {
        const plain = { images, query, rule, window: "box", widths: [3, 5], t: 0.3 } as const;
        // With one that is none between them all are weighted.
        const weighted = { ...plain, widths: [3, 3.5, 5] };
        const [a, b] = [await means(backend, plain), await means(backend, weighted)];
        assertLess(relativeError(a[0]!, b[0]!), 1e-5, rule);
        assertLess(relativeError(a[1]!, b[2]!), 1e-5, rule);
      }
    }));

  Deno.test(`${name}: a window knows no left and right`, () =>
    withBackend(async (backend) => {
      const random = new Random(63);
      const images = blobs(4, [8, 7, 1], random);
      const query = noisy(sliceBatch(images, 1, 2), 0.4, random);
      for (const rule of scaledRules) {
        const each = { images, query, rule, window: "super", widths: [3.6], t: 0.4 } as const;
        const other = { ...each, images: mirrored(images), query: mirrored(query) };
        const [[a], [b]] = [await means(backend, each), await means(backend, other)];
        assertLess(relativeError(mirrored({ data: b!, shape: query.shape }).data, a!), 1e-5, rule);
      }
    }));

  Deno.test(`${name}: a window that is wide enough compares whole images`, () =>
    withBackend(async (backend) => {
      const random = new Random(64);
      const images = gaussian(5, [6, 7, 1], random);
      const query = noisy(sliceBatch(images, 0, 1), 0.8, random);
      const each = { images, query, window: "gaussian", widths: [1e5], t: 0.8 } as const;
      const [whole] = await means(backend, { ...each, rule: "whole", widths: [1] });
      for (const rule of ["same-position", "same-border-distance"] as const) {
        const [found] = await means(backend, { ...each, rule });
        assertLess(relativeError(found!, whole!), 1e-5, rule);
      }
    }));

  Deno.test(`${name}: a measured window is stretched to its width`, () =>
    withBackend(async (backend) => {
      const random = new Random(65);
      const images = gaussian(3, [8, 9, 1], random);
      const query = noisy(sliceBatch(images, 0, 1), 0.3, random);
      const each = { images, query, rule: "same-border-distance", t: 0.3 } as const;
      const measured = async (profile: readonly number[], width?: number) => {
        const window = { shape: "gradient", profile } as const;
        return await means(backend, {
          ...each,
          window,
          widths: [width ?? profileWidth(window)],
        });
      };
      // At its own width it is what was measured: here the weights of a box.
      const box = await means(backend, { ...each, window: "box", widths: [3.5] });
      assertEquals(await measured([4, 4, 1]), box);
      // Twice as wide, it has as much at twice the distance.
      assertEquals(
        await measured([4, 3, 2, 1, 0], 8),
        await measured([4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0]),
      );
    }));

  Deno.test(`${name}: windows that cannot be used are refused by name`, () =>
    withBackend((backend) => {
      const query = imageBatch(new Float32Array(64), [1, 8, 8, 1]);
      const good = { query, rule: "interior", scales: [3], signal: 1, sigma: 1 } as const;
      const refused = (change: object, message: string) =>
        void assertThrows(() => backend.begin({ ...good, ...change }), RangeError, message);
      refused({ window: "super", scales: [0.5] }, "width 0.5");
      refused({ window: "super", scales: [7.5] }, "from 1 to 7");
      refused({ window: "super", scales: [NaN], rule: "wrapped" }, "1 or more");
      refused({ window: "super", scales: [3, 2] }, "ascending");
      refused({ window: "hat" }, 'the window "hat"');
      refused({ window: { shape: "gradient", profile: [] } }, "empty");
      refused({ window: { shape: "gradient", profile: [0, 1] } }, "value 0 of its profile is 0");
      refused({ window: { shape: "gradient", profile: [1, -1] } }, "value 1 of its profile is -1");
      return Promise.resolve();
    }));
}
