/** Every sampler on the closed-form Gaussian, under every formulation. */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { ImageBatch } from "../../src/core/image_batch.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import { churn } from "../../src/samplers/churn.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { ddpm } from "../../src/samplers/ddpm.ts";
import { euler } from "../../src/samplers/euler.ts";
import { heun } from "../../src/samplers/heun.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import type { Sampler, SamplerStep } from "../../src/samplers/sampler.ts";
import { samplerNames, samplers } from "../../src/samplers/samplers.ts";
import {
  karrasTimeGrid,
  powerTimeGrid,
  timeGrid,
  timeGridNames,
  uniformTimeGrid,
} from "../../src/samplers/time_grid.ts";
import { createSchedule, scheduleNames } from "../../src/schedules/create_schedule.ts";
import { noiseLevel } from "../../src/schedules/noise_level.ts";
import { deviation, exactFlow, gaussian, mean } from "./gaussian.ts";

const imageShape = [2, 2, 1] as const;
const noise = (scheduleName: string, samples = 2) =>
  initialNoise({ seed: 5, samples, imageShape, schedule: createSchedule(scheduleName) });

/** Largest distance from the exact flow at the last time. */
async function worstError(sampler: Sampler, name: string, times: readonly number[]) {
  const xT = noise(name);
  const end = await sampler(gaussian(name), { xT, times });
  const t = times.at(-1)!;
  return Math.max(...end.data.map((x, j) => Math.abs(x - exactFlow(name, xT.data[j]!, t))));
}

/** Least-squares slope of log error against log step: the order of convergence. */
async function order(
  steps: readonly number[],
  error: (steps: number) => Promise<number>,
): Promise<{ slope: number; last: number }> {
  const errors: number[] = [];
  for (const n of steps) errors.push(await error(n));
  const lx = steps.map((n) => -Math.log(n));
  const ly = errors.map(Math.log);
  const average = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  const [mx, my] = [average(lx), average(ly)];
  const slope = lx.reduce((sum, x, k) => sum + (x - mx) * (ly[k]! - my), 0) /
    lx.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  return { slope, last: errors.at(-1)! };
}

for (const scheduleName of scheduleNames) {
  for (const [name, sampler] of [["ddim", ddim], ["euler", euler]] as const) {
    Deno.test(`${name}: converges to the exact flow of a Gaussian with order 1 on ${scheduleName}`, async () => {
      const { slope, last } = await order(
        [64, 128, 256, 512],
        (n) => worstError(sampler, scheduleName, uniformTimeGrid(n)),
      );
      // The next order of the error still bends the line a little at these steps; VE's last step, from
      // sigma 0.02 to none, adds 4e-4 whatever n is.
      assertAlmostEquals(slope, 1, 0.12);
      assert(last < 0.01, `error ${last} at 512 steps`);
    });
  }

  Deno.test(`heun: converges to the exact flow of a Gaussian with order 2 on ${scheduleName}`, async () => {
    // Down to t = 0.1: the last step to 0 is Euler's, and sigma is like sqrt(t) there on VP schedules.
    const { slope, last } = await order(
      [32, 64, 128, 256],
      (n) =>
        worstError(
          heun,
          scheduleName,
          uniformTimeGrid(n).map((t, i) => i === n ? 0.1 : 0.1 + 0.9 * t),
        ),
    );
    assertAlmostEquals(slope, 2, 0.15); // as above
    assert(last < 1e-3, `error ${last} at 256 steps`);
  });

  if (scheduleName === "ve") continue; // its own last step, from 0.02, is the larger error
  Deno.test(`heun: keeps order 2 down to t = 0 on the Karras grid of ${scheduleName}`, async () => {
    const schedule = createSchedule(scheduleName);
    const { slope, last } = await order(
      [32, 64, 128, 256],
      (steps) => worstError(heun, scheduleName, karrasTimeGrid(schedule, { steps })),
    );
    assertAlmostEquals(slope, 2, 0.15);
    assert(last < 3e-4, `error ${last} at 256 steps`);
  });
}

Deno.test("euler: is DDIM up to rounding on every schedule", async () => {
  for (const name of scheduleNames) {
    const options = { xT: noise(name), times: uniformTimeGrid(7) };
    const [a, b] = [await euler(gaussian(name), options), await ddim(gaussian(name), options)];
    // float32 rounding of x / signal, which is up to 150 here
    a.data.forEach((value, j) => assertAlmostEquals(value, b.data[j]!, 2e-5));
  }
});

Deno.test("heun: 18 steps on the EDM grid are 35 evaluations, all at sigmas of the paper's grid", async () => {
  const inner = gaussian("edm");
  const asked: number[] = [];
  const spy: Denoiser = {
    ...inner,
    predict: (x, t) => {
      asked.push(inner.schedule.sigma(t));
      return inner.predict(x, t);
    },
  };
  await heun(spy, { xT: noise("edm"), times: karrasTimeGrid(inner.schedule, { steps: 18 }) });
  assertEquals(asked.length, 35);
  const root = (sigma: number) => sigma ** (1 / 7);
  const grid = Array.from(
    { length: 18 },
    (_, i) => (root(80) + i / 17 * (root(0.002) - root(80))) ** 7,
  );
  const expected = grid.flatMap((sigma, i) => i === 0 ? [sigma] : [sigma, sigma]);
  // seventh roots and powers, and the inversion of sigma(t)
  asked.forEach((sigma, k) => assertAlmostEquals(sigma / expected[k]!, 1, 1e-12));
});

Deno.test("timeGrid: each name gives n + 1 times from 1 to 0, closer near t = 1 the higher the power", () => {
  const schedule = createSchedule("cosine_legacy");
  for (const name of timeGridNames) {
    if (name === "leading" || name === "linear-beta") continue; // see below
    const times = timeGrid(name, { steps: 6, schedule });
    assertEquals([times.length, times[0], times[6]], [7, 1, 0], name);
    assert(times.every((t, i) => i === 0 || t < times[i - 1]!), name);
  }
  assertEquals(timeGrid("quadratic", { steps: 4, schedule }), [1, 0.9375, 0.75, 0.4375, 0]);
  assertEquals(timeGrid("cubic", { steps: 2, schedule }), [1, 0.875, 0]);
  assertEquals(powerTimeGrid(4, 1), uniformTimeGrid(4));
  assertThrows(() => powerTimeGrid(5, 0.5), RangeError, "power 0.5: expected a number from 1");
  assertThrows(() => powerTimeGrid(0, 2), RangeError, "0 steps");
  // 1 - 1e-24 is 1: the first two times would be one.
  assertThrows(() => powerTimeGrid(100, 12), RangeError, "strictly descending");
});

Deno.test("timeGrid: linear-beta has the noise of leading timesteps of linear betas, on any process", () => {
  const betas = createSchedule("ddpm_discrete");
  const leading = timeGrid("leading", { steps: 10, schedule: betas });
  const own = timeGrid("linear-beta", { steps: 10, schedule: betas });
  own.forEach((t, i) => assertAlmostEquals(t, leading[i]!, 1e-9)); // found by bisection
  for (const name of ["cosine", "cosine_legacy", "vp_linear"] as const) {
    const schedule = createSchedule(name);
    const times = timeGrid("linear-beta", { steps: 10, schedule });
    assertEquals([times.length, times[10]], [11, 0]);
    times.slice(0, -1).forEach((t, i) =>
      assertAlmostEquals(noiseLevel(schedule, t) / noiseLevel(betas, leading[i]!), 1, 1e-9)
    );
  }
  assertThrows(
    () => timeGrid("linear-beta", { steps: 10, schedule: createSchedule("edm") }),
    RangeError,
    "linear betas for edm: expected a process that preserves variance",
  );
});

Deno.test("timeGrid: leading times are every so many timesteps from 0, and the clean image", () => {
  const steps = (n: number, timesteps: number) => {
    const schedule = createSchedule("ddpm_discrete", { timesteps });
    return timeGrid("leading", { steps: n, schedule }).map((t) => Math.round(t * timesteps) - 1);
  };
  assertEquals(steps(10, 1000), [900, 800, 700, 600, 500, 400, 300, 200, 100, 0, -1]);
  // Rounded down where it does not divide; to the last step where all are taken.
  assertEquals(steps(3, 8), [4, 2, 0, -1]);
  assertEquals(steps(4, 4), [3, 2, 1, 0, -1]);
  const discrete = createSchedule("ddpm_discrete", { timesteps: 5 });
  assertThrows(
    () => timeGrid("leading", { steps: 6, schedule: discrete }),
    RangeError,
    "leading times of 6 steps: expected 1 to 5",
  );
  assertThrows(
    () => timeGrid("leading", { steps: 6, schedule: createSchedule("cosine") }),
    RangeError,
    "for cosine, which has no discrete timesteps",
  );
});

Deno.test("ddim and ddpm: clean images are clipped where the denoiser says so, eps is kept", async () => {
  const schedule = createSchedule("cosine");
  const found = Float32Array.of(-0.5, 0.25, 2, -3);
  const shape = [1, 2, 2, 1] as const;
  const eps = Float32Array.of(0.1, -0.2, 0.3, 0.4);
  const bold: Denoiser = {
    name: "bold",
    prediction: "x0",
    imageShape: [2, 2, 1],
    schedule,
    clip: 1,
    predict: () => Promise.resolve({ data: found, shape }),
  };
  const [t, tNext] = [0.5, 0.25];
  const xT = {
    data: eps.map((e, i) => schedule.signal(t) * found[i]! + schedule.sigma(t) * e),
    shape,
  };
  const step = (limit: number) =>
    eps.map((e, i) =>
      schedule.signal(tNext) * Math.min(Math.max(found[i]!, -limit), limit) +
      schedule.sigma(tNext) * e
    );
  const options = { xT, times: [t, tNext] };
  const near = (a: Float32Array, b: Float32Array) =>
    a.forEach((value, i) => assertAlmostEquals(value, b[i]!, 1e-6)); // float32
  near((await ddim(bold, options)).data, step(1));
  near((await ddim(bold, { ...options, clip: Infinity })).data, step(Infinity));
  near((await ddim(bold, { ...options, clip: 2.5 })).data, step(2.5));
  let seen: Float32Array | undefined;
  await ddpm(bold, {
    ...options,
    onStep({ xHat0 }) {
      seen = xHat0.data;
    },
  });
  assertEquals(seen, Float32Array.of(-0.5, 0.25, 1, -1));
  // A rule of the probability flow takes eps alone.
  const flow = await euler(bold, options);
  near(flow.data, (await euler({ ...bold, clip: undefined }, options)).data);
  await assertRejects(() => ddim(bold, { ...options, clip: 0 }), RangeError, "images to 0");
});

Deno.test("karrasTimeGrid: every schedule is stepped through the same levels, from t = 1 to 0", () => {
  for (const name of scheduleNames) {
    const schedule = createSchedule(name);
    const times = karrasTimeGrid(schedule, { steps: 9, rho: 5 });
    assertEquals([times.length, times[0], times.at(-1)], [10, 1, 0]);
    const roots = times.slice(0, -1).map((t) => noiseLevel(schedule, t) ** (1 / 5));
    const step = (roots[8]! - roots[0]!) / 8;
    roots.forEach((root, i) => assertAlmostEquals(root, roots[0]! + i * step, 1e-9)); // bisection
    assertAlmostEquals(noiseLevel(schedule, times[8]!), name === "ve" ? 0.02 : 0.002, 1e-9);
    const inner = karrasTimeGrid(schedule, { steps: 2, minLevel: 0.5, maxLevel: 3 });
    assertAlmostEquals(noiseLevel(schedule, inner[0]!), 3, 1e-9);
    assertAlmostEquals(noiseLevel(schedule, inner[1]!), 0.5, 1e-9);
  }
  const edm = createSchedule("edm");
  assertThrows(() => karrasTimeGrid(edm, { steps: 1 }), RangeError, "1 steps");
  assertThrows(() => karrasTimeGrid(edm, { steps: 4, rho: 0 }), RangeError, "rho is 0");
  assertThrows(() => karrasTimeGrid(edm, { steps: 4, maxLevel: 81 }), RangeError, "level 81");
  assertThrows(() => karrasTimeGrid(edm, { steps: 4, minLevel: 90 }), RangeError, "from level 80");
});

const moments = ({ data }: ImageBatch) => {
  const average = data.reduce((a, b) => a + b) / data.length;
  return { average, variance: data.reduce((a, b) => a + (b - average) ** 2, 0) / data.length };
};

/** The Gaussian on many pixels at once: 1,024 independent draws in each sample. */
function many(scheduleName: string, samples: number) {
  const denoiser = { ...gaussian(scheduleName), imageShape: [32, 32, 1] as const };
  const { schedule, imageShape } = denoiser;
  return { denoiser, xT: initialNoise({ seed: 1, samples, imageShape, schedule }) };
}

for (const scheduleName of scheduleNames) {
  for (const kind of ["posterior", "forward"] as const) {
    Deno.test(`ddpm: variance on a Gaussian is the one in closed form, ${kind}, ${scheduleName}`, async () => {
      const { denoiser, xT } = many(scheduleName, 40);
      const { signal, sigma } = denoiser.schedule;
      const times = uniformTimeGrid(8);
      // x' = c x + constant + noise; Ho et al. equations 6 and 7 in terms of alphaBar-like ratios.
      let expected = moments(xT).variance;
      times.slice(1).forEach((s, k) => {
        const t = times[k]!;
        const gain = signal(t) * deviation ** 2 / (signal(t) ** 2 * deviation ** 2 + sigma(t) ** 2);
        const between = sigma(t) ** 2 - (signal(t) / signal(s) * sigma(s)) ** 2;
        const c = (signal(t) / signal(s) * sigma(s) ** 2 + signal(s) * between * gain) /
          sigma(t) ** 2;
        const added = sigma(s) === 0
          ? 0
          : kind === "forward"
          ? between
          : between * (sigma(s) / sigma(t)) ** 2;
        expected = c ** 2 * expected + added;
      });
      const found = moments(await ddpm(denoiser, { xT, times, seed: 3, variance: kind }));
      // Four standard errors of a variance from 40,960 draws, sqrt(2 / n), and of the mean.
      assertAlmostEquals(found.variance / expected, 1, 4 * Math.sqrt(2 / 40_960));
      assertAlmostEquals(found.average, mean, 4 * Math.sqrt(expected / 40_960));
      assert(Math.abs(expected / deviation ** 2 - 1) > 0.03, "eight steps are far from the limit");
    });
  }
}

Deno.test("ddpm: the variance on a Gaussian tends to that of the data", async () => {
  const { denoiser, xT } = many("cosine_legacy", 20);
  const errors: number[] = [];
  for (const steps of [32, 128]) {
    const times = karrasTimeGrid(denoiser.schedule, { steps });
    const { variance } = moments(await ddpm(denoiser, { xT, times, seed: 3 }));
    errors.push(1 - variance / deviation ** 2);
  }
  // First order: four times the steps leave about a quarter; 20,480 draws know it to 0.01.
  assert(errors[0]! > 0.25 && errors[1]! < 0.35 * errors[0]! && errors[1]! > 0, `${errors}`);
});

for (const scheduleName of ["vp_linear", "ve", "edm"]) {
  Deno.test(`churn: each step first raises the level by gamma with fresh noise on ${scheduleName}`, async () => {
    const { denoiser, xT } = many(scheduleName, 20);
    const { schedule } = denoiser;
    const times = karrasTimeGrid(schedule, { steps: 20 });
    const steps: SamplerStep[] = [];
    const result = await churn(denoiser, {
      xT,
      times,
      seed: 3,
      sChurn: 4,
      sMin: 0.05,
      sMax: Infinity,
      sNoise: 1,
      onStep: (step) => void steps.push(step),
    });
    let before = xT;
    for (const [k, { t, x, xNext }] of steps.entries()) {
      const level = noiseLevel(schedule, times[k]!);
      const raised = k === 0 ? level : level < 0.05 ? level : level * 1.2; // gamma = 4 / 20
      assertAlmostEquals(noiseLevel(schedule, t) / raised, 1, 1e-9);
      const ratio = schedule.signal(t) / schedule.signal(times[k]!);
      const added = moments({
        ...x,
        data: x.data.map((value, j) => value - ratio * before.data[j]!),
      });
      const expected = schedule.signal(t) ** 2 * (raised ** 2 - level ** 2);
      // Four standard errors of 20,480 draws; float32 rounding where nothing is added.
      assertAlmostEquals(added.variance, expected, 4 * Math.sqrt(2 / 20_480) * expected + 1e-9);
      before = xNext;
    }
    assertAlmostEquals(moments(result).average, mean, 4 * deviation / Math.sqrt(20_480));
    const fine = await churn(denoiser, {
      xT,
      times: karrasTimeGrid(schedule, { steps: 80 }),
      sChurn: 4,
      sNoise: 1,
    });
    // Twice the standard error of 20,480 draws, and Heun's own error of 0.01 at 80 steps.
    assertAlmostEquals(moments(fine).variance / deviation ** 2, 1, 0.03);
  });
}

Deno.test("churn: without S_churn, or outside its levels, it is Heun to the bit", async () => {
  const options = { xT: noise("edm"), times: uniformTimeGrid(6), seed: 2 };
  const expected = await heun(gaussian("edm"), options);
  for (const none of [{ sChurn: 0 }, { sMin: 100, sMax: 200 }]) {
    assertEquals(await churn(gaussian("edm"), { ...options, ...none }), expected);
  }
  assert((await churn(gaussian("edm"), options)).data[0] !== expected.data[0]);
  const bad = [[{ sChurn: -1 }, "sChurn is -1"], [{ sMin: 2 }, "levels 2 and 1"]] as const;
  for (const [wrong, word] of bad) {
    await assertRejects(() => churn(gaussian("edm"), { ...options, ...wrong }), RangeError, word);
  }
});

for (const name of samplerNames) {
  const { sample, stochastic, offGrid } = samplers[name];

  Deno.test(`${name}: batches, order of samples and a stop half way change nothing`, async () => {
    const denoiser = gaussian("cosine");
    const xT = noise("cosine", 3);
    const times = uniformTimeGrid(6);
    const seen: SamplerStep[] = [];
    const whole = await sample(denoiser, {
      xT,
      times,
      seed: 7,
      onStep: (step) => void seen.push(step),
    });
    assertEquals(seen.map(({ i, tNext }) => [i, tNext]), times.slice(1).map((t, k) => [6 - k, t]));
    assertEquals(seen.every(({ t }, k) => t === times[k]), !offGrid);
    const last = { data: xT.data.slice(8), shape: [1, ...imageShape] as const };
    const alone = await sample(denoiser, { xT: last, times, seed: 7, sampleNumbers: [2] });
    assertEquals(alone.data, whole.data.slice(8));
    const rest = await sample(denoiser, {
      xT: seen[2]!.xNext,
      times: times.slice(3),
      seed: 7,
      totalSteps: 6,
    });
    assertEquals(rest.data, whole.data);
    const other = await sample(denoiser, { xT, times, seed: 8 });
    assertEquals(other.data.some((value, j) => value !== whole.data[j]), stochastic);
  });

  Deno.test(`${name}: an abort between evaluations stops it, and a NaN is named`, async () => {
    const inner = gaussian("edm");
    const controller = new AbortController();
    let calls = 0;
    const spy: Denoiser = {
      ...inner,
      predict: (x, t, options) => {
        assertEquals(options?.labels, [3, 4]);
        if (++calls === 2) controller.abort(new Error("enough"));
        return inner.predict(x, t);
      },
    };
    const options = { xT: noise("edm"), times: uniformTimeGrid(5) };
    await assertRejects(
      () => sample(spy, { ...options, labels: [3, 4], abort: controller.signal }),
      Error,
      "enough",
    );
    assertEquals(calls, 2);
    const broken: Denoiser = {
      ...inner,
      predict: async (x, t) => {
        const values = await inner.predict(x, t);
        if (t < 0.5) values.data[5] = NaN;
        return values;
      },
    };
    await assertRejects(
      () => sample(broken, options),
      Error,
      "gaussian predicts NaN in image 1",
    );
  });
}

Deno.test("stochastic samplers: sample numbers must fit the batch", async () => {
  for (const sampler of [ddpm, churn]) {
    await assertRejects(
      () =>
        sampler(gaussian("vp_linear"), {
          xT: noise("vp_linear"),
          times: [1, 0.5, 0.2, 0],
          sampleNumbers: [1],
          ...sampler === churn && { sMax: Infinity },
        }),
      RangeError,
      "2 samples with 1 numbers",
    );
  }
});
