import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { imageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { measureTargets } from "../../src/training/target_statistics.ts";

const schedule = createSchedule("ve");
const fast = wasmPosterior({ workers: 0 });
Deno.test.afterAll(() => fast.dispose());

/** Images of one value each, so that everything can be summed by hand. */
const two = imageBatch(Float32Array.of(-1, 1), [2, 1, 1, 1]);

Deno.test("measureTargets: n = 1 has the variance of the posterior, in closed form for two images", async () => {
  const t = 0.5; // sigma = 1.41
  const sigma = schedule.sigma(t);
  const [plain, all] = await measureTargets({
    images: two,
    schedule,
    t,
    references: [1, 2],
    examples: 400,
    draws: 2,
    seed: 1,
    posterior: fast,
  });
  // x = +-1 + sigma eps; given x the image is +1 with probability 1 / (1 + exp(-2 x / sigma^2)).
  let expected = 0;
  const step = 0.001;
  for (let z = -8; z < 8; z += step) {
    const x = 1 + sigma * z;
    const p = 1 / (1 + Math.exp(-2 * x / sigma ** 2));
    expected += 4 * p * (1 - p) * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) * step;
  }
  const { variance, varianceError, level } = plain!;
  assertEquals(level, sigma);
  assertAlmostEquals(variance, expected / sigma ** 2, 4 * varianceError);
  assert(varianceError < 0.1 * variance && variance > 0.1, `${variance} +- ${varianceError}`);
  assertEquals([plain!.biasSquared, plain!.biasError], [0, 0]);
  // With all images as reference there is nothing left to chance, and nothing wrong.
  assertAlmostEquals(all!.variance, 0, 1e-12);
  assertAlmostEquals(all!.biasSquared, 0, 1e-12);
  assertAlmostEquals(all!.biasSquaredWithoutSource, 0, 1e-12);
});

const images = imageBatch(new Random(5).normals(300 * 4), [300, 2, 2, 1]);
const options = { images, schedule, examples: 60, draws: 24, seed: 2, posterior: fast };

Deno.test("measureTargets: at high noise the variance falls by n - 1, without bias", async () => {
  const rows = await measureTargets({ ...options, t: 0.9, references: [1, 8, 32] });
  const [one, eight, many] = rows;
  // Sampling 7 or 31 others of 299 leaves (300 - n) / 299 of the variance; the source adds its share.
  assertAlmostEquals(one!.variance / eight!.variance, 8 / (292 / 299), 1.2); // four errors of 60 x 24
  assertAlmostEquals(one!.variance / many!.variance, 32 / (268 / 299), 5);
  for (const { biasSquared, biasError } of rows) {
    assertAlmostEquals(biasSquared, 0, 4 * biasError + 1e-12);
  }
});

Deno.test("measureTargets: in between, batches with the source have no bias, others one that falls with n", async () => {
  const rows = await measureTargets({ ...options, t: 0.45, references: [2, 8, 32, 128] });
  for (const { biasSquared, biasError } of rows) assertAlmostEquals(biasSquared, 0, 4 * biasError);
  const without = rows.map((row) => row.biasSquaredWithoutSource);
  assert(without.every((bias, i) => i === 0 || bias < without[i - 1]! / 2), `${without}`);
  const variances = rows.map(({ variance }) => variance);
  assert(variances.every((value, i) => i === 0 || value < variances[i - 1]!), `${variances}`);
});

/** Variance of the target for many images at -1 and +1, by enumeration and quadrature. */
function twoModes(n: number, sigma: number): number {
  const others = Array.from({ length: n }, (_, k) => {
    let ways = 0.5 ** (n - 1);
    for (let i = 0; i < k; i++) ways *= (n - 1 - i) / (i + 1);
    return ways; // probability that k of n - 1 others are +1
  });
  let sum = 0;
  const step = 0.01;
  for (let z = -8; z < 8; z += step) {
    // By symmetry the source of x is +1.
    const x = 1 + sigma * z;
    const odds = Math.exp(2 * x / sigma ** 2);
    const p = odds / (1 + odds);
    let [mean, square] = [0, 0];
    others.forEach((ways, k) => {
      for (const [chance, plus] of [[p, k + 1], [1 - p, k]] as const) {
        const target = (plus * odds - (n - plus)) / (plus * odds + (n - plus));
        mean += ways * chance * target;
        square += ways * chance * target ** 2;
      }
    });
    sum += (square - mean ** 2) * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) * step;
  }
  return sum / sigma ** 2;
}

Deno.test("measureTargets: between two modes the variance is the one in closed form, and its peak falls by about n - 1", async () => {
  const modes = imageBatch(Float32Array.from({ length: 2000 }, (_, i) => i % 2 * 2 - 1), [
    2000,
    1,
    1,
    1,
  ]);
  const times = [0.35, 0.4, 0.45, 0.5, 0.55, 0.6];
  for (const t of [0.45, 0.55]) {
    const rows = await measureTargets({ ...options, images: modes, t, references: [1, 4, 16] });
    for (const { references, variance, varianceError } of rows) {
      // 16 of 2,000 drawn without repetition have a hundredth less variance.
      const expected = twoModes(references, schedule.sigma(t));
      assertAlmostEquals(variance, expected, 4 * varianceError + 0.02 * expected);
    }
  }
  const peak = (n: number) => Math.max(...times.map((t) => twoModes(n, schedule.sigma(t))));
  const [four, sixteen] = [peak(1) / peak(4), peak(1) / peak(16)];
  assert(four > 3 && four < 6 && sixteen > 15 && sixteen < 24, `${four}, ${sixteen}`);
});

Deno.test("measureTargets: the same seed gives the same numbers, bad options are refused", async () => {
  const small = { ...options, t: 0.6, references: [4], examples: 3, draws: 3 };
  assertEquals(await measureTargets(small), await measureTargets(small));
  const cases: [Partial<typeof small>, string][] = [
    [{ examples: 0 }, "examples is 0"],
    [{ draws: 1 }, "draws is 1"],
    [{ references: [0] }, "0 references"],
    [{ references: [301] }, "301 references among 300"],
  ];
  for (const [changed, word] of cases) {
    await assertRejects(() => measureTargets({ ...small, ...changed }), RangeError, word);
  }
  const abort = AbortSignal.abort(new Error("Ctrl-C"));
  await assertRejects(() => measureTargets({ ...small, abort }), Error, "Ctrl-C");
});
