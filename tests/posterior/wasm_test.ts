import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { imageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { windowShapes } from "../../src/posterior/window.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import {
  allRules,
  blobs,
  conformance,
  gaussian,
  noisy,
  posteriorOf,
  scaledRules,
  worstError,
} from "./conformance.ts";
import { goldenErrors, goldenScales, goldenTimes, readGolden, ruleOf } from "./golden.ts";
import { windowConformance } from "./windows.ts";

conformance(() => wasmPosterior({ workers: 2 }), {
  tolerance: 1e-5,
  reason: "sums in float32, large logits again in float64",
});

windowConformance(() => wasmPosterior({ workers: 2 }), {
  tolerance: 1e-5,
  reason: "sums in float32, large logits again in float64",
});

for (const set of ["mnist", "cifar10"] as const) {
  for (const build of ["relaxed", "simd"] as const) {
    Deno.test(`wasm (${build}): scores of ${set} agree with the golden file at every time, machine and scale`, async () => {
      const golden = await readGolden(set);
      // The plain build does the same work slower; two times are enough to see that it is right.
      for (const time of build === "relaxed" ? goldenTimes : ["0.05", "0.75"]) {
        await using backend = wasmPosterior(build === "simd" ? { workers: 0, build } : {});
        for (const name of Object.keys(ruleOf)) {
          const run = { golden, name, time, scales: goldenScales };
          for (const { k, error } of await goldenErrors(backend, run)) {
            // float32 sums; what was measured when this was written is below 2e-6.
            assertLess(error, 1e-5, `${name} k = ${k} t = ${time}: ${error}`);
          }
        }
      }
    });
  }
}

const sample = () => {
  const random = new Random(21);
  const images = blobs(50, [9, 9, 1], random);
  return {
    images,
    query: noisy(images, 0.2, random),
    rule: "interior" as const,
    scales: [3, 5],
    t: 0.2,
  };
};

Deno.test("wasm: the same bytes from any number of workers and from the calling thread, run after run", async () => {
  const one = { ...sample(), query: noisy(blobs(1, [9, 9, 1], new Random(3)), 0.2, new Random(4)) };
  // Enough images for several pieces of work.
  const images = blobs(3000, [9, 9, 1], new Random(2));
  const states = [];
  for (const workers of [0, 1, 2, 2, 5]) {
    await using backend = wasmPosterior({ workers });
    assertEquals(await backend.start(), workers);
    states.push(await posteriorOf(backend, { ...one, images }));
  }
  for (const state of states) assertEquals(state, states[0]!);
});

Deno.test("wasm: what is left out stays below the tolerance, and exact leaves nothing out", async () => {
  const random = new Random(31);
  const images = blobs(400, [9, 9, 1], random);
  for (const t of [0.1, 0.3, 0.6]) {
    const each = {
      images,
      query: noisy(blobs(1, [9, 9, 1], random), t, random),
      rule: "interior" as const,
      scales: [3, 5, 7],
      t,
    };
    await using exact = wasmPosterior({ workers: 0, exact: true });
    const all = await posteriorOf(exact, each);
    for (const tolerance of [1e-2, 1e-3, 1e-4]) {
      await using backend = wasmPosterior({ workers: 0, tolerance });
      const some = await posteriorOf(backend, each);
      for (let i = 0; i < all.sum.length; i++) {
        const missing = 1 -
          Math.exp(some.logScale[i]! - all.logScale[i]!) * some.sum[i]! / all.sum[i]!;
        // Beside what is left out: exponents of up to 80 bits are rounded to float32, 5e-6 of a weight.
        assertLess(missing, tolerance + 1e-5, `t = ${t}, tolerance ${tolerance}, cell ${i}`);
      }
    }
  }
});

Deno.test("wasm: an exception in a worker is a clear error, and the backend goes on", async () => {
  const broken = "data:text/javascript," + encodeURIComponent(`
    postMessage({ kind: "ready" });
    let calls = 0;
    onmessage = () => {
      if (calls++ === 0) postMessage({ kind: "failed", message: "RuntimeError: unreachable" });
      else throw new Error("worker broke down");
    };
  `);
  await using backend = wasmPosterior({
    workers: 1,
    createWorker: () => new Worker(broken, { type: "module" }),
  });
  const each = sample();
  await assertRejects(
    () => posteriorOf(backend, each),
    Error,
    "A posterior worker failed: RuntimeError",
  );
  await assertRejects(() => posteriorOf(backend, each), Error, "A posterior worker stopped:");
  // The dead thread is replaced by a new one, which fails in its own way first.
  await assertRejects(
    () => posteriorOf(backend, each),
    Error,
    "A posterior worker failed: RuntimeError",
  );
});

Deno.test("wasm: where no worker can be started the calling thread does the work", async () => {
  const each = sample();
  const failing = [
    () => {
      throw new Error("no threads here");
    },
    () => new Worker("data:text/javascript,throw new Error('no')", { type: "module" }),
  ];
  await using proper = wasmPosterior({ workers: 2 });
  const expected = await posteriorOf(proper, each);
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (text: string) => warnings.push(text);
  try {
    // Twice: the console is told once.
    for (const createWorker of [...failing, failing[0]!]) {
      await using backend = wasmPosterior({ workers: 2, createWorker });
      assertEquals(await backend.start(), 0);
      assertEquals(await posteriorOf(backend, each), expected);
    }
  } finally {
    console.warn = warn;
  }
  assertEquals(warnings.length, 2);
  assertEquals(
    warnings[0],
    "The patch posterior runs on one thread: a worker cannot be started (no threads here)",
  );
  assertMatch(
    warnings[1]!,
    /^The patch posterior runs on one thread: a worker cannot be started \(/,
  );
});

Deno.test("wasm: two posteriors at once do not disturb each other", async () => {
  const each = sample();
  const other = { ...each, rule: "same-border-distance" as const, scales: [5, 7] };
  for (const workers of [0, 2]) {
    await using backend = wasmPosterior({ workers });
    const [a, b] = await Promise.all([posteriorOf(backend, each), posteriorOf(backend, other)]);
    assertEquals(a, await posteriorOf(backend, each));
    assertEquals(b, await posteriorOf(backend, other));
  }
});

Deno.test("wasm: an aborted tile leaves no trace", async () => {
  const each = sample();
  await using backend = wasmPosterior({ workers: 2 });
  const schedule = cosineLegacy();
  const run = backend.begin({ ...each, signal: schedule.signal(0.2), sigma: schedule.sigma(0.2) });
  await run.accumulate(each.images);
  const controller = new AbortController();
  const more = run.accumulate(gaussian(4000, [9, 9, 1], new Random(1)), {
    abort: controller.signal,
    last: true,
  });
  setTimeout(() => controller.abort(new Error("stop")), 5);
  await assertRejects(() => more, Error, "stop");
  assertEquals(worstError(await run.finish(), await posteriorOf(backend, each), each), 0);
});

Deno.test("wasm: options out of range and use after dispose are refused", async () => {
  assertThrows(() => wasmPosterior({ workers: -1 }), RangeError, "-1 workers");
  assertThrows(() => wasmPosterior({ tolerance: 1 }), RangeError, "leave out 1");
  const backend = wasmPosterior({ workers: 1 });
  await posteriorOf(backend, sample());
  await backend.dispose();
  await assertRejects(() => posteriorOf(backend, sample()), Error, "has been disposed");
  assert(backend.name === "wasm");
});

Deno.test("wasm: background counted once weighs as if each of its patches had been visited", async () => {
  // Small shapes on a wide ground: most patches are background, of another value in each part, with
  // images that are nothing else, and images whose corner differs from their ground.
  const random = new Random(41);
  for (const [h, w, c] of [[14, 17, 1], [14, 16, 3]] as const) {
    const images = imageBatch(new Float32Array(8 * h * w * c), [8, h, w, c]);
    for (let n = 0; n < 8; n++) {
      const image = images.data.subarray(n * h * w * c, (n + 1) * h * w * c);
      image.fill(n < 6 ? -1 : 0.5);
      if (n === 3) continue;
      if (n === 5) image[0] = 0.25;
      for (let i = 0; i < 9; i++) {
        const y = 8 + Math.floor(i / 3), x = 6 + n % 5 + i % 3;
        for (let k = 0; k < c; k++) image[(y * w + x) * c + k] = random.uniform() * 2 - 1;
      }
    }
    for (const rule of ["interior", "same-border-distance"] as const) {
      for (const t of [0.05, 0.7]) {
        const query = noisy(sliceBatch(images, 2, 4), t, random);
        const each = { images, query, rule, scales: [3, 5], t };
        await using backend = wasmPosterior({ workers: 0 });
        const found = await posteriorOf(backend, each);
        const expected = await posteriorOf(referencePosterior(), each);
        assertLess(worstError(found, expected, each), 1e-5);
        for (let i = 0; i < found.sum.length; i++) {
          const [mine, theirs] = [found, expected].map((s) => s.logScale[i]! + Math.log(s.sum[i]!));
          // The count of every candidate is in the log-sum: one in 2,000 left out would be 5e-4.
          assertLess(Math.abs(mine! - theirs!), 5e-5, `${rule} t = ${t} cell ${i}`);
        }
      }
    }
  }
});

Deno.test("wasm: jobs of all shapes, grounds, rules, scales and noise levels agree with the reference", async () => {
  const random = new Random(51);
  const between = (a: number, b: number) => a + Math.floor(random.uniform() * (b - a + 1));
  const ground = () => [NaN, -1, [-1, 0.5][between(0, 1)]!][between(0, 2)]!;
  await using relaxed = wasmPosterior({ workers: 0 });
  await using simd = wasmPosterior({ workers: 0, build: "simd" });
  for (let i = 0; i < 150; i++) {
    const [n, h, w, c] = [between(1, 7), between(3, 12), between(3, 21), between(1, 4)];
    // A box of noise on a flat ground (NaN: none), or two gray levels, which tie.
    const images = imageBatch(new Float32Array(n * h * w * c), [n, h, w, c]);
    for (let image = 0; image < n; image++) {
      const flat = ground(), [top, left] = [between(0, h), between(0, w)];
      const [bottom, right] = [between(top, h), between(left, w)], levels = between(0, 1);
      for (let at = 0; at < h * w * c; at++) {
        const y = Math.floor(at / c / w), x = Math.floor(at / c) % w;
        const value = random.uniform() * 2 - 1;
        const inside = y >= top && y < bottom && x >= left && x < right;
        images.data[image * h * w * c + at] = Number.isNaN(flat) || inside
          ? levels === 1 ? Math.sign(value) : value
          : flat;
      }
    }
    const rule = allRules[i % allRules.length]!;
    const largest = Math.floor((Math.min(h, w) - 1) / 2);
    const scales = rule === "whole" || rule === "shifts"
      ? [1]
      : [...new Set([between(0, largest), between(0, largest)])].sort((a, b) => a - b)
        .map((r) => 2 * r + 1);
    const t = [0.02, 0.05, 0.1, 0.3, 0.5, 0.8, 1][between(0, 6)]!;
    const query = noisy(sliceBatch(images, 0, between(1, Math.min(n, 2))), t, random);
    const each = { images, query, rule, scales, t };
    const expected = await posteriorOf(referencePosterior(), each);
    for (const backend of [relaxed, simd]) {
      const error = worstError(await posteriorOf(backend, each), expected, each);
      // Of 5,000 such jobs the worst was 3.2e-6.
      assertLess(error, 1e-5, `${rule} k = ${scales} t = ${t} ${images.shape}`);
    }
  }
});

Deno.test("wasm: windows of all shapes and widths, under all rules, agree with the reference", async () => {
  const random = new Random(53);
  const between = (a: number, b: number) => a + Math.floor(random.uniform() * (b - a + 1));
  await using relaxed = wasmPosterior({ workers: 0 });
  await using simd = wasmPosterior({ workers: 0, build: "simd" });
  for (let i = 0; i < 32; i++) {
    const [n, h, w, c] = [between(1, 2), between(5, 18), between(5, 18), between(1, 4)];
    const images = i % 3 === 0 ? blobs(n, [h, w, c], random) : gaussian(n, [h, w, c], random);
    const rule = scaledRules[i % scaledRules.length]!;
    const largest = Math.min(h, w) - 1 + Math.min(h, w) % 2;
    const width = () => 1 + random.uniform() * (largest - 1);
    const scales = i % 2 === 0 ? [width()] : [width(), width()].sort((a, b) => a - b);
    const window = windowShapes[Math.floor(i / 4) % windowShapes.length]!;
    const t = [0.02, 0.1, 0.3, 0.8, 1][between(0, 4)]!;
    const query = noisy(sliceBatch(images, 0, 1), t, random);
    const each = { images, query, rule, scales, window, t };
    const expected = await posteriorOf(referencePosterior(), each);
    for (const backend of [relaxed, simd]) {
      const error = worstError(await posteriorOf(backend, each), expected, each);
      assertLess(error, 1e-5, `${window} ${scales} ${rule} t = ${t} ${images.shape}`);
    }
  }
});
