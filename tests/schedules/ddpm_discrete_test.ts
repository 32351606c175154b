import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { betaSchedules } from "../../src/schedules/betas.ts";
import { ddpmDiscrete } from "../../src/schedules/ddpm_discrete.ts";
import { noiseLevel } from "../../src/schedules/noise_level.ts";

/**
 * alphaBar at steps 0, 1, 100, 500 and 999, by NumPy: betas and 1 - beta in float32, products in
 * float64, rounded to float32.
 */
const known = {
  linear: [
    ...[0.9998999834060669, 0.9997800588607788, 0.8951413631439209, 0.07779666036367416],
    4.035829988424666e-05,
  ],
  scaled_linear: [
    ...[0.9998999834060669, 0.9997973442077637, 0.9711761474609375, 0.3312746286392212],
    0.0007334126275964081,
  ],
  squaredcos_cap_v2: [
    ...[0.9999586939811707, 0.9999125599861145, 0.9715756177902222, 0.4922850430011749],
    2.4287349909002387e-09,
  ],
  sigmoid: [
    ...[0.9998508095741272, 0.9997010231018066, 0.9804919362068176, 0.29888758063316345],
    3.9681821363046765e-05,
  ],
} as const;

for (const betaSchedule of betaSchedules) {
  Deno.test(`ddpm_discrete: alphaBar of ${betaSchedule} is that of float32 betas`, () => {
    const { signal, sigma } = ddpmDiscrete({ betaSchedule });
    [0, 1, 100, 500, 999].forEach((step, i) => {
      const expected = known[betaSchedule][i]!;
      const t = (step + 1) / 1000;
      // A rounding of a float32 beta here and there, which the products add up.
      assertAlmostEquals(signal(t) ** 2 / expected, 1, 1e-6, `step ${step}`);
      // What is lost of the signal is small in the first steps, where float32 has few digits of it.
      assertAlmostEquals(sigma(t) ** 2, 1 - expected, 6.1e-8, `step ${step}`);
    });
  });

  Deno.test(`ddpm_discrete: between steps of ${betaSchedule} noise rises, smoothly`, () => {
    const range = betaSchedule === "squaredcos_cap_v2" ? {} : { betaStart: 0.05, betaEnd: 0.4 };
    const schedule = ddpmDiscrete({ betaSchedule, timesteps: 20, ...range });
    // The logarithm of alphaBar and its slope, by central differences far within a step.
    const loss = (t: number) => -2 * Math.log(schedule.signal(t));
    const slope = (t: number) => (loss(t + 1e-6) - loss(t - 1e-6)) / 2e-6;
    let before = 0;
    for (let i = 1; i <= 2000; i++) {
      const level = noiseLevel(schedule, i / 2000);
      assert(level > before, `it falls from ${before} to ${level} at t = ${i / 2000}`);
      before = level;
    }
    for (let step = 0; step < 19; step++) {
      const t = (step + 1) / 20;
      const [left, right] = [slope(t - 2e-6), slope(t + 2e-6)];
      // A kink of straight lines would be some 10%; the second derivative moves it by 1e-4 or so.
      assertAlmostEquals(left / right, 1, 1e-3, `at step ${step}`);
    }
  });
}

Deno.test("ddpm_discrete: betas of one's own are taken as they are", () => {
  const betas = [0.5, 0.125, 0.25];
  const { signal, sigma, parameters } = ddpmDiscrete({ betas });
  // Products of powers of two: exact.
  assertAlmostEquals(signal(1 / 3) ** 2, 0.5, 1e-15);
  assertAlmostEquals(signal(2 / 3) ** 2, 0.5 * 0.875, 1e-15);
  assertAlmostEquals(signal(1) ** 2, 0.5 * 0.875 * 0.75, 1e-15);
  assertEquals([signal(0), sigma(0)], [1, 0]);
  assertEquals(parameters, { betas });
});

Deno.test("ddpm_discrete: a process of one step, and one of many", () => {
  const { signal } = createSchedule("ddpm_discrete", { timesteps: 1 });
  assertAlmostEquals(signal(1) ** 2, 1 - Math.fround(0.0001), 1e-7);
  assert(signal(0.5) < 1 && signal(0.5) > signal(1));
  // Betas near float32's rounding of 1 must not make noise fall.
  const tiny = ddpmDiscrete({ timesteps: 4000, betaStart: 1e-7, betaEnd: 1e-3 });
  for (let i = 1; i <= 4000; i++) {
    assert(tiny.sigma(i / 4000) >= tiny.sigma((i - 1) / 4000), `step ${i - 1}`);
  }
});
