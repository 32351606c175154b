import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { type ImageBatch, imageBatch } from "../../src/core/image_batch.ts";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { calibrate } from "../../src/calibration/calibrate.ts";
import type { CalibrateOptions } from "../../src/calibration/calibrate_options.ts";
import {
  type CalibrationState,
  chooseScales,
  toScaleSchedule,
} from "../../src/calibration/calibration.ts";
import type { Denoiser, MultiScaleDenoiser } from "../../src/denoisers/denoiser.ts";
import { convertPrediction } from "../../src/denoisers/convert.ts";
import {
  parseScaleSchedule,
  writeScaleSchedule,
} from "../../src/calibration/scale_schedule_json.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { plainLocalMachine } from "./plain_local_machine.ts";

/** Seven smooth 8 x 8 images with noise, so that scales differ in what they see. */
function textures(): ImageBatch {
  const random = new Random(11, "images");
  const data = new Float32Array(7 * 64);
  for (let n = 0; n < 7; n++) {
    const [a, b, phase] = [random.normal(), random.normal(), random.normal()];
    for (let p = 0; p < 64; p++) {
      const wave = Math.sin(a * (p % 8) + b * Math.floor(p / 8) + phase);
      data[n * 64 + p] = Math.tanh(2 * wave + 0.5 * random.normal());
    }
  }
  return imageBatch(data, [7, 8, 8, 1]);
}

const machine = plainLocalMachine(textures(), { labels: [0, 1, 0, 1, 0, 1, 0] });
const known = [3, 3, 5, 7, 5]; // index 0: t = 1/5
const options = {
  candidates: [3, 5, 7],
  steps: known.length,
  samples: 5,
  seed: 3,
} satisfies CalibrateOptions;

/** The machine at known scales, as a network that predicts eps. */
function posing(scales: readonly number[] = known): Denoiser {
  return {
    name: "posing",
    prediction: "eps",
    imageShape: machine.imageShape,
    schedule: machine.schedule,
    async predict(x, t, predictOptions) {
      const k = scales[Math.round(t * scales.length) - 1]!;
      const [xHat0] = await machine.predictScales(x, t, { ...predictOptions, scales: [k] });
      const [signal, sigma] = [machine.schedule.signal(t), machine.schedule.sigma(t)];
      return convertPrediction(x, xHat0!, { from: "x0", to: "eps", signal, sigma });
    },
  };
}

for (const metric of ["cosine", "l2", "mse"] as const) {
  for (const aggregate of ["median", "mode"] as const) {
    Deno.test(`calibrate: a machine posing as the network gives its scales back by ${metric} and ${aggregate}`, async () => {
      const result = await calibrate(posing(), machine, { ...options, metric, aggregate });
      assertEquals(result.chosen.map(({ patchSize }) => patchSize), known);
      for (const { step, t, signal, sigma, perSample, patchSize } of result.chosen) {
        assertEquals(t, step / 5);
        assertEquals([signal, sigma], [machine.schedule.signal(t), machine.schedule.sigma(t)]);
        assertEquals(perSample, Array(5).fill(patchSize));
      }
    });
  }
}

Deno.test("calibrate: the whole table of every metric is kept, and it is perfect at the true scale", async () => {
  const result = await calibrate(posing(), machine, options);
  for (const [metric, perfect] of [["cosine", 1], ["l2", 0], ["mse", 0]] as const) {
    const table = result.tables[metric];
    assertEquals([table.length, table[0]!.length, table[0]![0]!.length], [5, 5, 3]);
    table.forEach((rows) =>
      rows.forEach((row, step) => {
        // The same arithmetic on both sides; only the cosine's own roundings remain.
        assertAlmostEquals(row[options.candidates.indexOf(known[step]!)]!, perfect, 1e-14);
      })
    );
    const again = chooseScales(table, { candidates: options.candidates, metric });
    assertEquals(again.map(({ patchSize }) => patchSize), known);
  }
  assert(result.tables.cosine.flat(2).some((value) => value! < 0.99), "scales must differ");
  // mse = l2^2 / values
  assertAlmostEquals(
    result.tables.mse[1]![2]![0]!,
    result.tables.l2[1]![2]![0]! ** 2 / 64,
    1e-14,
  );
});

Deno.test("calibrate: labels reach network and machine, one per sample", async () => {
  const labels = [0, 1, 1, 0, 1];
  const result = await calibrate(posing(), machine, { ...options, labels, batch: 2 });
  assertEquals(result.labels, labels);
  assertEquals(result.chosen.map(({ patchSize }) => patchSize), known);
  const unconditional = await calibrate(posing(), machine, options);
  assert(
    JSON.stringify(result.tables.l2) !== JSON.stringify(unconditional.tables.l2),
    "labels must change the table",
  );
  const one = await calibrate(posing(), machine, { ...options, labels: 1, samples: 2 });
  assertEquals(one.labels, [1, 1]);
  await assertRejects(
    () => calibrate(posing(), machine, { ...options, labels: [1] }),
    RangeError,
    "5 samples with 1 labels",
  );
});

Deno.test("calibrate: batches change nothing", async () => {
  const whole = await calibrate(posing(), machine, options);
  for (const batch of [1, 2, 4]) {
    assertEquals(await calibrate(posing(), machine, { ...options, batch }), whole);
  }
});

Deno.test("calibrate: interrupted anywhere and resumed through JSON equals no interruption", async () => {
  const whole = await calibrate(posing(), machine, { ...options, batch: 2 });
  let units = 0;
  await calibrate(posing(), machine, {
    ...options,
    batch: 2,
    onState: () => void units++,
  });
  assertEquals(units, 3 * 5); // three batches of five steps
  for (let stop = 1; stop <= units; stop++) {
    let saved = "";
    let seen = 0;
    await assertRejects(
      () =>
        calibrate(posing(), machine, {
          ...options,
          batch: 2,
          onState: (state) => {
            saved = JSON.stringify(state);
            if (++seen === stop) throw new Error("the power went");
          },
        }),
      Error,
      "the power went",
    );
    const resume: CalibrationState = JSON.parse(saved);
    let further = 0;
    const result = await calibrate(posing(), machine, {
      ...options,
      batch: 2,
      resume,
      onState: () => void further++,
    });
    assertEquals(result, whole);
    assertEquals(stop + further, units, "no step is done twice or left out");
    // Another batch size on the way: the rest is cut differently, the result is the same.
    assertEquals(await calibrate(posing(), machine, { ...options, batch: 3, resume }), whole);
  }
});

for (const sampler of ["euler", "heun", "ddpm"] as const) {
  Deno.test(`calibrate: along ${sampler}, batches and interruptions change nothing, and it is another path`, async () => {
    const all = { ...options, sampler };
    const whole = await calibrate(posing(), machine, all);
    assertEquals(whole.chosen.map(({ patchSize }) => patchSize), known);
    assertEquals(await calibrate(posing(), machine, { ...all, batch: 2 }), whole);
    const states: CalibrationState[] = [];
    await calibrate(posing(), machine, {
      ...all,
      batch: 3,
      onState: (state) => void states.push(JSON.parse(JSON.stringify(state))),
    });
    for (const resume of [states[2]!, states[7]!]) {
      assertEquals(await calibrate(posing(), machine, { ...all, resume }), whole);
      await assertRejects(
        () => calibrate(posing(), machine, { ...options, resume }),
        CheckpointMismatchError,
        `sampler is "${sampler}", this run has "ddim"`,
      );
    }
    const plain = await calibrate(posing(), machine, options);
    assert(JSON.stringify(plain.tables.l2) !== JSON.stringify(whole.tables.l2));
    const { sampler: _, ...older } = plain;
    assertEquals(await calibrate(posing(), machine, { ...options, resume: older }), plain);
  });
}

Deno.test("calibrate: a finished state answers at once, by another metric, or goes on to more samples", async () => {
  const small = await calibrate(posing(), machine, { ...options, samples: 3 });
  const idle: Denoiser = {
    ...posing(),
    predict: () => Promise.reject(new Error("must not be asked")),
  };
  const byL2 = await calibrate(idle, machine, {
    ...options,
    samples: 3,
    metric: "l2",
    resume: small,
  });
  assertEquals(byL2.chosen.map(({ patchSize }) => patchSize), known);
  const grown = await calibrate(posing(), machine, { ...options, resume: small });
  assertEquals(grown, await calibrate(posing(), machine, options));
});

Deno.test("calibrate: a state of other options or a damaged one is refused by name", async () => {
  const resume = await calibrate(posing(), machine, { ...options, samples: 2 });
  const half: CalibrationState[] = [];
  await calibrate(posing(), machine, {
    ...options,
    samples: 2,
    onState: (state) => void half.push(state),
  });
  const cases: [Partial<CalibrateOptions>, string][] = [
    [{ resume, seed: 4 }, "seed is 3, this run has 4"],
    [{ resume, steps: 4 }, "table"],
    [{ resume, candidates: [3, 5] }, "candidates is [3,5,7]"],
    [{ resume, labels: 1 }, "labels is null"],
    [{ resume, samples: 1 }, "number of samples is 2"],
    [{ resume: { ...resume, network: "other" } }, 'network is "other"'],
    [{ resume: JSON.parse("{}") }, "table"],
    [{ resume: { ...half[1]!, inProgress: { first: 0, step: 4, x: [1] } } }, "batch under way"],
    [{ resume: { ...half[1]!, inProgress: { ...half[1]!.inProgress!, step: 9 } } }, "batch under"],
  ];
  for (const [changed, word] of cases) {
    await assertRejects(
      () => calibrate(posing(), machine, { ...options, ...changed }),
      CheckpointMismatchError,
      word,
    );
  }
});

Deno.test("calibrate: all scales of a batch come from one call per step", async () => {
  const calls: [number, number][] = [];
  const counting: MultiScaleDenoiser = {
    ...machine,
    predictScales: (x, t, predictOptions) => {
      calls.push([x.shape[0], predictOptions.scales.length]);
      return machine.predictScales(x, t, predictOptions);
    },
  };
  await calibrate(posing(), counting, { ...options, batch: 3 });
  assertEquals(calls, [...Array(5).fill([3, 3]), ...Array(5).fill([2, 3])]);
});

Deno.test("calibrate: progress rises from 0 to the total, with the machine's own fractions", async () => {
  const seen: number[] = [];
  let total = 0;
  await calibrate(posing(), machine, {
    ...options,
    batch: 2,
    onProgress: (progress) => {
      seen.push(progress.done);
      total = progress.total;
    },
  });
  assertEquals([seen[0], seen.at(-1), total], [0, 25, 25]);
  assert(seen.every((done, index) => index === 0 || done >= seen[index - 1]!));
  assert(seen.includes(1), "half of the first step of two samples");
});

Deno.test("calibrate: an abort stops it with the signal's reason", async () => {
  const controller = new AbortController();
  let states = 0;
  await assertRejects(
    () =>
      calibrate(posing(), machine, {
        ...options,
        abort: controller.signal,
        onState: () => {
          if (++states === 2) controller.abort(new Error("Ctrl-C"));
        },
      }),
    Error,
    "Ctrl-C",
  );
  assertEquals(states, 2);
});

Deno.test("calibrate: a timer can abort denoisers that never wait", async () => {
  const abort = AbortSignal.timeout(1);
  await assertRejects(
    () => calibrate(posing(), machine, { ...options, samples: 2000, batch: 1, abort }),
    DOMException,
  );
});

Deno.test("calibrate: given noise replaces the seed's", async () => {
  const xT = initialNoise({ seed: 3, samples: 5, imageShape: [8, 8, 1] });
  const given = await calibrate(posing(), machine, { ...options, xT, seed: 99 });
  const seeded = await calibrate(posing(), machine, options);
  assertEquals(given.tables, seeded.tables);
  assertEquals([given.seed, seeded.seed], [null, 3]);
  await assertRejects(
    () => calibrate(posing(), machine, { ...options, samples: 4, xT }),
    RangeError,
    "4 samples from 5 noise images",
  );
});

Deno.test("calibrate: bad options, another image size and another schedule are refused", async () => {
  const cases: [Partial<CalibrateOptions>, string][] = [
    [{ candidates: [] }, "candidate scales are []"],
    [{ candidates: [3, 4] }, "odd, ascending"],
    [{ candidates: [5, 3] }, "odd, ascending"],
    [{ samples: 0 }, "samples is 0"],
    [{ batch: 1.5 }, "batch is 1.5"],
    [{ steps: 0 }, "0 steps"],
    [{ sampler: "churn" }, "along churn"],
    [{ seed: -1 }, "seed"],
  ];
  for (const [changed, word] of cases) {
    await assertRejects(
      () => calibrate(posing(), machine, { ...options, ...changed }),
      RangeError,
      word,
    );
  }
  const other = { ...posing(), schedule: createSchedule("vp_linear") };
  await assertRejects(() => calibrate(other, machine, options), RangeError, "schedule vp_linear");
  const large: Denoiser = { ...posing(), imageShape: [9, 8, 1] };
  await assertRejects(() => calibrate(large, machine, options), RangeError, "9 x 8 x 1");
});

Deno.test("calibrate: a prediction that is not finite names scale, time and sample", async () => {
  const broken: MultiScaleDenoiser = {
    ...machine,
    predictScales: async (x, t, predictOptions) => {
      const all = await machine.predictScales(x, t, predictOptions);
      if (t === 0.6) all[1]!.data[64] = NaN;
      return all;
    },
  };
  await assertRejects(
    () => calibrate(posing(), broken, options),
    RangeError,
    "LS at k = 5, t = 0.6, sample 1",
  );
});

Deno.test("calibrate: a network that predicts zero has no cosine but an l2", async () => {
  const zero: Denoiser = {
    ...posing(),
    predict: (x) => Promise.resolve({ ...x, data: new Float32Array(x.data.length) }),
  };
  await assertRejects(() => calibrate(zero, machine, options), RangeError, "Step 1, sample 0");
  const result = await calibrate(zero, machine, { ...options, metric: "l2" });
  assertEquals(result.tables.cosine.flat(2).every((value) => value === null), true);
});

Deno.test("toScaleSchedule: steps ascend and carry the chosen metric's table", async () => {
  const calibration = await calibrate(posing(), machine, { ...options, metric: "mse" });
  const provenance = { toolkit: "t", runtime: "r", seed: 3, config: {} };
  const schedule = toScaleSchedule(calibration, { machine: "LS", padding: "zeros", provenance });
  assertEquals(schedule.steps.map(({ step, patchSize }) => [step, patchSize]), [
    [1, 3],
    [2, 3],
    [3, 5],
    [4, 7],
    [5, 5],
  ]);
  assertEquals(schedule.steps[3]!.similarity[2], calibration.tables.mse[2]![3]!);
  assertEquals(schedule.noiseSchedule, { name: "cosine_legacy", parameters: {} });
  assertEquals([schedule.metric, schedule.machine, schedule.labels], ["mse", "LS", null]);
  assertEquals(parseScaleSchedule(writeScaleSchedule(schedule)), schedule);
});
