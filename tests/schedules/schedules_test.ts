import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { createSchedule, scheduleNames } from "../../src/schedules/create_schedule.ts";
import type { NoiseParameters } from "../../src/schedules/noise_schedule.ts";
import { noiseLevel, timeAtLevel } from "../../src/schedules/noise_level.ts";

/** Values from 50-digit arithmetic at t = 1e-3, 0.05, 0.5, 1. */
const known: Record<string, readonly [t: number, signal: number, sigma: number][]> = {
  cosine_legacy: [
    [0.001, 0.9999987858045355, 0.0015583290585749867],
    [0.05, 0.9969660461128339, 0.07783767017416865],
    [0.5, 0.7115006375947301, 0.702685450754669],
    [1, 0.012466314595415034, 0.9999222924809749],
  ],
  cosine: [
    [0.001, 0.9999793576745363, 0.00642528013566551],
    [0.05, 0.9959956218198044, 0.08940202075893583],
    [0.5, 0.702740058941169, 0.7114467018402448],
    [1, 0.01, 0.9999499987499375],
  ],
  vp_linear: [
    [0.001, 0.9999450265110976, 0.010485416335094895],
    [0.05, 0.9851735110233747, 0.17156093138554773],
    [0.5, 0.28118288079675235, 0.9596542020680362],
    [1, 0.0065715864949296154, 0.9999784068923386],
  ],
  ve: [
    [0.001, 1, 0.020171071353550317],
    [0.05, 1, 0.030618118241277333],
    [0.5, 1, 1.414213562373095],
    [1, 1, 100],
  ],
  edm: [
    [0.001, 1, 0.002050146467528989],
    [0.05, 1, 0.0062658525975830258],
    [0.5, 1, 2.5152189761471586],
    [1, 1, 80],
  ],
};

Deno.test("schedules: values equal 50-digit arithmetic, near t = 0 too", () => {
  // ddpm_discrete is of float32 numbers: ddpm_discrete_test.ts has PyTorch's.
  assertEquals([...Object.keys(known), "ddpm_discrete"].sort(), [...scheduleNames].sort());
  for (const [name, rows] of Object.entries(known)) {
    const { signal, sigma } = createSchedule(name);
    for (const [t, expectedSignal, expectedSigma] of rows) {
      // A few roundings of double precision, relative; a naive 1 - cos^2 is off by 1e-11 at 1e-3.
      // cos near pi / 2 (cosine_legacy at t = 1) magnifies the angle's own rounding 80 times.
      assertAlmostEquals(signal(t) / expectedSignal, 1, 3e-14, `${name} signal(${t})`);
      assertAlmostEquals(sigma(t) / expectedSigma, 1, 2e-15, `${name} sigma(${t})`);
    }
  }
});

const preserving = ["cosine_legacy", "cosine", "vp_linear", "ddpm_discrete"];
const exploding = ["ve", "edm"];

Deno.test("schedules: variance is preserved, signal falls and sigma rises", () => {
  assertEquals([...preserving, ...exploding], scheduleNames);
  for (const name of preserving) {
    const { signal, sigma } = createSchedule(name);
    assertEquals([signal(0), sigma(0)], [1, 0], name);
    assert(signal(1) > 0, `${name}: signal(1) must be positive`);
    // Steps of 1/150: the clip of the cosine schedule acts only after t = 0.9936.
    for (let i = 1; i <= 150; i++) {
      const [t, before] = [i / 150, (i - 1) / 150];
      assertAlmostEquals(signal(t) ** 2 + sigma(t) ** 2, 1, 1e-14); // a few roundings
      assert(signal(t) < signal(before) && sigma(t) > sigma(before), `${name} at t = ${t}`);
    }
  }
});

Deno.test("schedules: exploding ones keep the signal, sigma rises from its least value, t = 0 is clean", () => {
  for (const name of exploding) {
    const { signal, sigma, parameters } = createSchedule(name);
    assertEquals([signal(0), sigma(0)], [1, 0], name);
    assertAlmostEquals(sigma(1e-15) / (parameters.sigmaMin as number), 1, 1e-12); // almost there
    assertEquals(sigma(1), parameters.sigmaMax);
    for (let i = 1; i <= 150; i++) {
      assertEquals(signal(i / 150), 1);
      assert(sigma(i / 150) > sigma((i - 1) / 150), `${name} at t = ${i / 150}`);
    }
  }
});

Deno.test("noise level: the time of a level is found again, and is the first one", () => {
  for (const name of scheduleNames) {
    const schedule = createSchedule(name);
    for (const t of [0.01, 0.3, 0.77, 0.99]) {
      const found = timeAtLevel(schedule, noiseLevel(schedule, t));
      assertAlmostEquals(found, t, 1e-12); // rounding of the level over its slope
    }
    assert(noiseLevel(schedule, timeAtLevel(schedule, noiseLevel(schedule, 1))) > 50);
    assertThrows(() => timeAtLevel(schedule, 0), RangeError, "noise level 0");
    assertThrows(() => timeAtLevel(schedule, 1e4), RangeError, "level at t = 1");
  }
  // Below the least noise of an exploding process there is nothing but t = 0.
  const least = timeAtLevel(createSchedule("ve"), 0.001);
  assert(least > 0);
  assertEquals(createSchedule("ve").sigma(least), 0.02);
});

Deno.test("schedules: a time outside [0, 1] or NaN is refused", () => {
  for (const name of scheduleNames) {
    const { signal, sigma } = createSchedule(name);
    for (const t of [-1e-9, 1.0000001, NaN, Infinity]) {
      assertThrows(() => signal(t), RangeError, `t = ${t}`);
      assertThrows(() => sigma(t), RangeError, `t = ${t}`);
    }
  }
});

Deno.test("schedules: name and parameters make the same schedule again", () => {
  for (
    const schedule of [
      ...scheduleNames.map((name) => createSchedule(name)),
      createSchedule("vp_linear", { betaMin: 0.3, betaMax: 9 }),
      createSchedule("cosine", { offset: 0.02, minSignal: 0.2 }),
      createSchedule("ve", { sigmaMin: 0.1, sigmaMax: 30 }),
      createSchedule("edm", { sigmaMin: 0.1, sigmaMax: 30, rho: 3 }),
      createSchedule("ddpm_discrete", { betaSchedule: "squaredcos_cap_v2", timesteps: 50 }),
      createSchedule("ddpm_discrete", { betas: [0.1, 0.2, 0.3] }),
    ]
  ) {
    const { name, parameters } = JSON.parse(JSON.stringify(schedule));
    const again = createSchedule(name, parameters);
    for (const t of [0, 0.001, 0.4, 0.99, 1]) {
      assertEquals([again.signal(t), again.sigma(t)], [schedule.signal(t), schedule.sigma(t)]);
    }
  }
  assertEquals(createSchedule("cosine", { minSignal: 0.2 }).signal(1), 0.2);
});

Deno.test("schedules: an unknown name or a bad parameter is refused by name", () => {
  assertThrows(() => createSchedule("cosin"), RangeError, "cosine_legacy, cosine, vp_linear");
  assertThrows(() => createSchedule("toString"), RangeError, "expected one of");
  assertThrows(() => createSchedule("vp_linear", { beta: 1 }), RangeError, "betaMin, betaMax");
  assertThrows(() => createSchedule("cosine_legacy", { offset: 1 }), RangeError, "it takes none");
  for (
    const [name, parameters, word] of [
      ["vp_linear", { betaMin: -1 }, "betaMin is -1"],
      ["vp_linear", { betaMin: NaN }, "betaMin is NaN"],
      ["vp_linear", { betaMin: 0, betaMax: 0 }, "betaMax is 0"],
      ["vp_linear", { betaMin: 5, betaMax: 4 }, "betaMax is 4"],
      ["vp_linear", { betaMax: Infinity }, "betaMax is Infinity"],
      ["ve", { sigmaMin: 0 }, "sigmaMin is 0"],
      ["ve", { sigmaMax: 0.01 }, "sigmaMax is 0.01"],
      ["edm", { sigmaMax: NaN }, "sigmaMax is NaN"],
      ["edm", { sigmaMax: 1e6 }, "at most 1e5"],
      ["edm", { rho: 0.5 }, "rho is 0.5"],
      ["ddpm_discrete", { betaEnd: 1 }, "betaEnd is 1"],
      ["ddpm_discrete", { timesteps: 1.5 }, "timesteps is 1.5"],
      ["ddpm_discrete", { timesteps: "many" }, 'timesteps is "many", expected a number'],
      ["ddpm_discrete", { betaSchedule: 3 }, "betaSchedule is 3, expected a word"],
      [
        "ddpm_discrete",
        { betaSchedule: "straight" },
        'betaSchedule is "straight", expected linear',
      ],
      ["ddpm_discrete", { betas: [] }, "it has 0 betas"],
      ["ddpm_discrete", { betas: [0, 0.1] }, "betas[0] is 0"],
      ["ddpm_discrete", { betas: [0.1, -0.1] }, "betas[1] is -0.1"],
      ["ddpm_discrete", { betas: [1e-9, 0.1] }, "which is no noise in float32"],
      ["ddpm_discrete", { betas: "0.1" }, 'betas is "0.1", expected a list of numbers'],
      ["ddpm_discrete", { betas: [0.1], timesteps: 4 }, "timesteps is given beside betas"],
      ["ddpm_discrete", { betas: new Array(60).fill(0.99) }, "of 60 steps no signal is left"],
      ["ddpm_discrete", { slope: 4 }, 'unknown parameter "slope"'],
      ["ve", { sigmaMax: "100" }, 'sigmaMax is "100", expected a number'],
      ["cosine", { offset: -0.1 }, "offset is -0.1"],
      ["cosine", { minSignal: 0 }, "minSignal is 0"],
      ["cosine", { minSignal: NaN }, "minSignal is NaN"],
    ] as [string, NoiseParameters, string][]
  ) {
    assertThrows(() => createSchedule(name, parameters), RangeError, word);
  }
});
