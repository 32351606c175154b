import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import type { ImageBatch } from "../../src/core/image_batch.ts";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import {
  evaluateAgreement,
  type EvaluateOptions,
  type SampleRecord,
} from "../../src/evaluation/evaluate.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { samplerNames, samplers } from "../../src/samplers/samplers.ts";
import { uniformTimeGrid } from "../../src/samplers/time_grid.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { mutate } from "../mutations.ts";

const imageShape = [4, 4, 2] as const;
const schedule = createSchedule("cosine_legacy");

/** Shrinks towards a fixed pattern; the label moves the pattern. */
function shrinking(name: string, gain: number): Denoiser {
  return {
    name,
    prediction: "x0",
    imageShape,
    schedule,
    predict: (x, t, options) => {
      const pull = gain * schedule.signal(t);
      const label = (image: number) =>
        typeof options?.labels === "number" ? options.labels : options?.labels?.[image] ?? 0;
      const data = x.data.map((v, j) =>
        pull * v + (1 - pull) * Math.sin(j % 32 + label(Math.floor(j / 32)))
      );
      return Promise.resolve<ImageBatch>({ data, shape: x.shape });
    },
  };
}

const network = shrinking("network", 0.5);
const machines = [
  { name: "bbELS", denoiser: shrinking("a", 0.45) },
  { name: "IS", denoiser: shrinking("b", 0.1) },
];
const options = { steps: 4, samples: 5, seed: 8 } satisfies EvaluateOptions;

Deno.test("evaluateAgreement: images are those of DDIM from the seed's noise, for all alike", async () => {
  const result = await evaluateAgreement(network, machines, { ...options, networkSteps: 6 });
  const xT = initialNoise({ seed: 8, samples: 5, imageShape });
  assertEquals(result.images.noise, xT);
  assertEquals(result.images.network, await ddim(network, { xT, times: uniformTimeGrid(6) }));
  for (const { name, denoiser } of machines) {
    assertEquals(
      result.images.machines[name],
      await ddim(denoiser, { xT, times: uniformTimeGrid(4) }),
    );
  }
  assertEquals([result.steps, result.networkSteps, result.machines], [4, 6, ["bbELS", "IS"]]);
});

Deno.test("evaluateAgreement: every sampler makes the images it makes alone, noise included", async () => {
  const xT = initialNoise({ seed: 8, samples: 5, imageShape });
  const times = uniformTimeGrid(4);
  const made = new Set<number>();
  for (const sampler of samplerNames) {
    const same = { name: "same", denoiser: network };
    const result = await evaluateAgreement(network, [same], { ...options, sampler, batch: 2 });
    const expected = await samplers[sampler].sample(network, { xT, times, seed: 8 });
    assertEquals(result.images.network, expected);
    assertEquals(result.images.machines.same, expected);
    assertEquals(result.sampler, sampler);
    made.add(expected.data[0]!);
  }
  assert(made.size >= 4, "all but Euler and DDIM differ");
});

Deno.test("evaluateAgreement: a stochastic sampler needs as many steps of both, and belongs to its records", async () => {
  await assertRejects(
    () => evaluateAgreement(network, machines, { ...options, networkSteps: 6, sampler: "ddpm" }),
    RangeError,
    "with ddpm in 6 steps of the network and 4 of the machines",
  );
  const resume: SampleRecord[] = [];
  const all = { ...options, sampler: "ddpm", batch: 2 } as const;
  const whole = await evaluateAgreement(network, machines, {
    ...all,
    onSample: (record) => void resume.push(JSON.parse(JSON.stringify(record))),
  });
  const half = resume.filter(({ sample }) => sample !== 1 && sample !== 4);
  assertEquals(await evaluateAgreement(network, machines, { ...all, resume: half }), whole);
  await assertRejects(
    () => evaluateAgreement(network, machines, { ...options, resume }),
    CheckpointMismatchError,
    'sampler is "ddpm", expected "ddim"',
  );
  const older: SampleRecord[] = [];
  const plain = await evaluateAgreement(network, machines, {
    ...options,
    onSample: ({ sampler: _, ...record }) => void older.push(record),
  });
  assertEquals(await evaluateAgreement(network, machines, { ...options, resume: older }), plain);
});

Deno.test("evaluateAgreement: the network posing as a machine agrees perfectly, a worse one less", async () => {
  const same = { name: "same", denoiser: network };
  const { samples } = await evaluateAgreement(network, [same, ...machines], options);
  assertEquals(samples.map(({ sample }) => sample), [0, 1, 2, 3, 4]);
  for (const { agreement } of samples) {
    assertEquals(agreement.same!.determination, 1);
    assertAlmostEquals(agreement.same!.r!, 1, 1e-15); // one rounding
    assert(agreement.bbELS!.r! > agreement.IS!.r!);
    assert(agreement.bbELS!.r! < 1);
  }
});

Deno.test("evaluateAgreement: batches change nothing, labels go with their samples", async () => {
  const labels = [3, 0, 1, 4, 2];
  const whole = await evaluateAgreement(network, machines, { ...options, labels });
  for (const batch of [1, 2, 3]) {
    assertEquals(await evaluateAgreement(network, machines, { ...options, labels, batch }), whole);
  }
  assertEquals(whole.samples.map(({ label }) => label), labels);
  const unlabeled = await evaluateAgreement(network, machines, options);
  assert(whole.images.network.data[0] !== unlabeled.images.network.data[0]);
});

Deno.test("evaluateAgreement: interrupted after any sample and resumed through JSON equals no interruption", async () => {
  const labels = [3, 0, 1, 4, 2];
  const all = { ...options, labels, batch: 2 };
  const whole = await evaluateAgreement(network, machines, all);
  for (let stop = 1; stop <= 5; stop++) {
    const lines: string[] = [];
    await assertRejects(
      () =>
        evaluateAgreement(network, machines, {
          ...all,
          onSample: (record) => {
            lines.push(JSON.stringify(record));
            if (lines.length === stop) throw new Error("the power went");
          },
        }),
      Error,
      "the power went",
    );
    const resume: SampleRecord[] = lines.reverse().map((line) => JSON.parse(line));
    const made: number[] = [];
    const result = await evaluateAgreement(network, machines, {
      ...all,
      resume,
      onSample: ({ sample }, { agreement }) => {
        assertEquals(agreement, whole.samples[sample]!.agreement);
        made.push(sample);
      },
    });
    assertEquals(result, whole);
    assertEquals(made, [0, 1, 2, 3, 4].slice(stop));
  }
});

Deno.test("evaluateAgreement: records of another run are refused by name", async () => {
  const resume: SampleRecord[] = [];
  await evaluateAgreement(network, machines, {
    ...options,
    samples: 2,
    onSample: (record) => void resume.push(record),
  });
  const first = resume[0]!;
  const cases: [Partial<EvaluateOptions>, string][] = [
    [{ seed: 9 }, "seed is 8, expected 9"],
    [{ steps: 5 }, "steps is 4"],
    [{ networkSteps: 5 }, "networkSteps is 4"],
    [{ labels: 1 }, "the label is null, expected 1"],
    [{ samples: 1 }, "the number is 1"],
    [{ resume: [{ ...first, machines: { bbELS: first.network } }] }, "the image of IS is null"],
    [{ resume: [{ ...first, network: [1, 2] }] }, "the image of the network is 2"],
    [{ resume: [JSON.parse("{}")] }, "the number"],
  ];
  for (const [changed, word] of cases) {
    await assertRejects(
      () => evaluateAgreement(network, machines, { ...options, resume, ...changed }),
      CheckpointMismatchError,
      word,
    );
  }
});

Deno.test("evaluateAgreement: progress rises to the total, and starts where the records end", async () => {
  const resume: SampleRecord[] = [];
  const seen: [number, number, string][] = [];
  await evaluateAgreement(network, machines, {
    ...options,
    batch: 2,
    onSample: (record) => void resume.push(record),
    onProgress: ({ done, total, name }) => void seen.push([done, total, name]),
  });
  assertEquals(seen[0], [2, 60, "network"]); // 5 samples, 3 denoisers, 4 steps
  assertEquals(seen.at(-1), [60, 60, "IS"]);
  assert(seen.every(([done], index) => index === 0 || done > seen[index - 1]![0]));
  const rest: number[] = [];
  await evaluateAgreement(network, machines, {
    ...options,
    resume: resume.slice(0, 4),
    onProgress: ({ done }) => void rest.push(done),
  });
  assertEquals([rest[0], rest.at(-1)], [49, 60]);
});

Deno.test("evaluateAgreement: an abort stops it with the signal's reason", async () => {
  const controller = new AbortController();
  await assertRejects(
    () =>
      evaluateAgreement(network, machines, {
        ...options,
        abort: controller.signal,
        onProgress: ({ done }) => {
          if (done > 20) controller.abort(new Error("Ctrl-C"));
        },
      }),
    Error,
    "Ctrl-C",
  );
});

Deno.test("evaluateAgreement: a network that makes a constant image has no agreement, and no crash", async () => {
  const flat: Denoiser = {
    ...network,
    predict: (x) => Promise.resolve({ ...x, data: new Float32Array(x.data.length).fill(0.1) }),
  };
  const { samples } = await evaluateAgreement(flat, machines, options);
  const { r, rSquared, determination } = samples[3]!.agreement.IS!;
  assertEquals([r, rSquared, determination], [null, null, null]);
});

Deno.test("evaluateAgreement: bad options, names, shapes and schedules are refused", async () => {
  const cases: [Partial<EvaluateOptions>, string][] = [
    [{ samples: 0 }, "samples is 0"],
    [{ batch: NaN }, "batch is NaN"],
    [{ steps: 0 }, "0 steps"],
    [{ networkSteps: 2.5 }, "2.5 steps"],
    [{ labels: [1, 2] }, "5 samples with 2 labels"],
    [{ xT: initialNoise({ seed: 1, samples: 4, imageShape }) }, "noise of shape [4,4,4,2]"],
  ];
  for (const [changed, word] of cases) {
    await assertRejects(
      () => evaluateAgreement(network, machines, { ...options, ...changed }),
      RangeError,
      word,
    );
  }
  const twice = [machines[0]!, machines[0]!];
  await assertRejects(() => evaluateAgreement(network, twice, options), RangeError, "repeats");
  await assertRejects(() => evaluateAgreement(network, [], options), RangeError, "at least one");
  const other: Denoiser = { ...network, schedule: createSchedule("vp_linear") };
  await assertRejects(
    () => evaluateAgreement(network, [{ name: "other", denoiser: other }], options),
    RangeError,
    "schedule vp_linear",
  );
  const large: Denoiser = { ...network, imageShape: [4, 4, 3] };
  await assertRejects(() => evaluateAgreement(large, machines, options), RangeError, "4 x 4 x 3");
});

Deno.test("evaluateAgreement: changed records are refused by name, or change nothing", async () => {
  const records: SampleRecord[] = [];
  const batches: number[] = [];
  const whole = await evaluateAgreement(network, machines, {
    ...options,
    batch: 2,
    onSample: (record) => void records.push(record),
    onBatch: (batch) => void batches.push(batch.length),
  });
  assertEquals(batches, [2, 2, 1]);
  const random = new Random(5);
  let refused = 0;
  for (let i = 0; i < 400; i++) {
    const resume = mutate(records.slice(0, 1 + i % 5), random) as SampleRecord[];
    if (!Array.isArray(resume)) continue;
    try {
      assertEquals(await evaluateAgreement(network, machines, { ...options, resume }), whole);
    } catch (error) {
      assert(error instanceof CheckpointMismatchError, `${error} of ${JSON.stringify(resume)}`);
      refused++;
    }
  }
  assert(refused > 150, `${refused} of 400`);
  const [first] = records;
  const { check: _, ...unchecked } = first!;
  await assertRejects(
    () =>
      evaluateAgreement(network, machines, {
        ...options,
        resume: [unchecked, { ...unchecked, network: records[1]!.network }],
      }),
    CheckpointMismatchError,
    "two records of sample 0 differ",
  );
});
