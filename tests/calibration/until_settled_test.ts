/** Calibration that adds samples and images until the scales are settled. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ImageBatch, imageBatch } from "../../src/core/image_batch.ts";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { calibrate } from "../../src/calibration/calibrate.ts";
import type {
  CalibrateOptions,
  CalibrationProgress,
} from "../../src/calibration/calibrate_options.ts";
import { type CalibrationState, toScaleSchedule } from "../../src/calibration/calibration.ts";
import {
  parseCalibrationState,
  writeCalibrationState,
} from "../../src/calibration/calibration_state_file.ts";
import {
  parseScaleSchedule,
  writeScaleSchedule,
} from "../../src/calibration/scale_schedule_json.ts";
import { scaleScheduleCsv } from "../../src/calibration/scale_schedule_csv.ts";
import type { Denoiser, GrowingDenoiser } from "../../src/denoisers/denoiser.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import type { Machine } from "../../src/machines/patch_machine.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import { certaintyOf, isSettled } from "../../src/calibration/settled.ts";
import { similarityMetric } from "../../src/calibration/similarity.ts";
import { plainLocalMachine } from "./plain_local_machine.ts";

const schedule = createSchedule("cosine_legacy");
/** Smooth 8 x 8 images with noise, so that scales differ in what they see. */
function textures(count: number, stream: string): ImageBatch {
  const random = new Random(11, stream);
  const data = new Float32Array(count * 64);
  for (let n = 0; n < count; n++) {
    const [a, b, phase] = [random.normal(), random.normal(), random.normal()];
    for (let p = 0; p < 64; p++) {
      const wave = Math.sin(a * (p % 8) + b * Math.floor(p / 8) + phase);
      data[n * 64 + p] = Math.tanh(2 * wave + 0.2 * random.normal());
    }
  }
  return imageBatch(data, [count, 8, 8, 1]);
}
const images = textures(300, "images");
const posterior = wasmPosterior({ workers: 1 });
Deno.test.afterAll(() => posterior.dispose());
const machine = createMachine("LS", { images, schedule, posterior });
/** Of other images of the same kind: what it predicts hangs on no single one of the machine's. */
const other = createMachine("LS", { images: textures(600, "others"), schedule, posterior });

/** A machine posing as the network, where it is undecided with 5 for some samples and 3 for others. */
function posing({ undecided }: { readonly undecided: number | null }): Denoiser {
  return {
    name: "posing",
    prediction: "x0",
    imageShape: [8, 8, 1],
    schedule,
    async predict(x, t) {
      const step = Math.round(t * 4);
      const [three, five, nine] = await other.predictScales(x, t, { scales: [3, 5, 9] });
      const data = [three, five, five, nine][step - 1]!.data.slice();
      for (let i = 0; i < x.shape[0] && step === undecided; i++) {
        const [from, to] = [i * 64, (i + 1) * 64];
        // A sample's noise decides: as good as random, and the same whatever it is batched with.
        if (x.data[from]! > 0) data.set(three!.data.subarray(from, to), from);
      }
      return { data, shape: x.shape };
    },
  };
}

const options = {
  candidates: [3, 5, 9],
  steps: 4,
  seed: 3,
  samples: "auto",
  images: "auto",
} satisfies CalibrateOptions;

Deno.test("calibrate: until settled, five samples do where they settle each step", async () => {
  const { chosen, tables, imagesUsed } = await calibrate(
    posing({ undecided: null }),
    machine,
    options,
  );
  assertEquals(chosen.map(({ patchSize }) => patchSize), [3, 5, 5, 9]);
  assertEquals(tables.cosine.length, 5);
  for (const [i, { perSample, certainty, images }] of chosen.entries()) {
    assertEquals(perSample.length, 5);
    const rows = tables.cosine.map((steps) => steps[i]!);
    const { candidates } = options;
    const metric = similarityMetric("cosine");
    assert(isSettled(rows, { candidates, metric, aggregate: "median" }));
    assertEquals(certainty, certaintyOf(perSample, "median"));
    assertEquals(images, Math.max(...imagesUsed!.map((steps) => steps[i]!)));
  }
});

Deno.test("calibrate: until settled, further samples are evaluated at unsettled steps only, up to the most", async () => {
  const asked: number[] = [];
  const watched: GrowingDenoiser = {
    ...bound(machine),
    growScales: (x, t, more) => {
      asked.push(Math.round(t * 4));
      return machine.growScales(x, t, more);
    },
  };
  const found = await calibrate(posing({ undecided: 2 }), watched, { ...options, maxSamples: 9 });
  assertEquals(found.chosen.map(({ perSample }) => perSample.length), [5, 9, 5, 5]);
  assertEquals(asked, [4, 3, 2, 1, 2, 2]);
  const { perSample, certainty } = found.chosen[1]!;
  assert(perSample.includes(3) && perSample.includes(5) && certainty < 0.95);
  assertEquals(found.tables.l2[7]!.map((row) => row.length), [0, 3, 0, 0]);
  // Labels and rows of the schedule are those of the samples that there are.
  const provenance = { toolkit: "t", runtime: "r", seed: 3, config: {} };
  const exported = toScaleSchedule(found, { machine: "LS", padding: "zeros", provenance });
  assertEquals(exported.steps.map(({ similarity }) => similarity.length), [5, 9, 5, 5]);
  assertEquals(parseScaleSchedule(writeScaleSchedule(exported)), exported);
  assertEquals(
    scaleScheduleCsv(exported).split("\n").slice(1, 5).map((line) => line.split(",")[5]),
    ["5", "9", "5", "5"],
  );
});

/** An object of its own with the machine's methods. */
function bound(machine: Machine): GrowingDenoiser {
  const { name, prediction, imageShape, schedule } = machine;
  return {
    ...{ name, prediction, imageShape, schedule },
    predict: machine.predict.bind(machine),
    predictScales: machine.predictScales.bind(machine),
    growScales: machine.growScales.bind(machine),
  };
}

Deno.test("calibrate: until settled, interrupted anywhere and resumed from its file equals no interruption", async () => {
  const network = posing({ undecided: 3 });
  const all = { ...options, maxSamples: 8 };
  const states: Uint8Array<ArrayBuffer>[] = [];
  const onState = (state: CalibrationState) => void states.push(writeCalibrationState(state));
  const whole = await calibrate(network, machine, { ...all, onState });
  assertEquals(states.length, 3 * 4);
  for (const [at, bytes] of states.entries()) {
    const resume = parseCalibrationState(bytes, "state");
    let further = 0;
    const result = await calibrate(network, machine, {
      ...all,
      resume,
      onState: () => void further++,
    });
    assertEquals(result, whole);
    assertEquals(at + 1 + further, states.length);
  }
  const idle: Denoiser = { ...network, predict: () => Promise.reject(new Error("not asked")) };
  assertEquals(await calibrate(idle, machine, { ...all, resume: whole }), whole);
});

Deno.test("calibrate: until settled, the number of workers changes nothing", async () => {
  await using threads = wasmPosterior({ workers: 2 });
  const two = createMachine("LS", { images, schedule, posterior: threads });
  const network = posing({ undecided: 1 });
  const all = { ...options, maxSamples: 7 };
  assertEquals(await calibrate(network, two, all), await calibrate(network, machine, all));
});

Deno.test("calibrate: until settled, progress rises to the total, counts settled steps and tells the samples at work", async () => {
  const seen: CalibrationProgress[] = [];
  await calibrate(posing({ undecided: 2 }), machine, {
    ...options,
    maxSamples: 9,
    onProgress: (progress) => void seen.push(progress),
  });
  assert(seen.every(({ done }, i) => i === 0 || done >= seen[i - 1]!.done));
  const { done, total, settled, round } = seen.at(-1)!;
  assertEquals([done, total, settled], [36, 36, 4]);
  assertEquals(round, { first: 7, samples: 2, done: 2, total: 2 });
  const rounds = Map.groupBy(seen, ({ round }) => round.first);
  assertEquals([...rounds.keys()], [0, 5, 7]);
  assertEquals(rounds.get(0)!.at(-1)!.settled, 3);
  assertEquals(rounds.get(0)!.at(-1)!.round, { first: 0, samples: 5, done: 20, total: 20 });
});

Deno.test("calibrate: images until settled with a number of samples chooses as all images do", async () => {
  const network = posing({ undecided: 2 });
  const few = await calibrate(network, machine, { ...options, samples: 4 });
  const all = await calibrate(network, machine, { ...options, samples: 4, images: "all" });
  const scales = ({ chosen }: typeof few) => chosen.map(({ patchSize }) => patchSize);
  assertEquals(scales(few), scales(all));
  assertEquals(few.chosen.map(({ perSample }) => perSample.length), [4, 4, 4, 4]);
  assertEquals([all.imagesUsed, all.chosen[0]!.images], [undefined, undefined]);
});

Deno.test("calibrate: a machine of one's own that cannot grow takes all its images", async () => {
  const own = plainLocalMachine(images, { labels: new Array(300).fill(0) });
  const network = posing({ undecided: null });
  const found = await calibrate(network, own, { ...options, steps: 2, maxSamples: 6 });
  assertEquals(found.imagesUsed, undefined);
  assertEquals(found.chosen.map(({ perSample }) => perSample.length), [5, 5]);
});

Deno.test("calibrate: a search among neighbors until settled begins with all scales where it must", async () => {
  const network = posing({ undecided: 2 });
  const all = { ...options, images: "all", maxSamples: 7 } as const;
  const found = await calibrate(network, machine, { ...all, search: "neighbors" });
  const full = await calibrate(network, machine, all);
  assertEquals(
    found.chosen.map(({ patchSize, perSample }) => [patchSize, perSample]),
    full.chosen.map(({ patchSize, perSample }) => [patchSize, perSample]),
  );
});

Deno.test("calibrate: until settled, a state of other settings or a damaged one is refused by name", async () => {
  const network = posing({ undecided: 2 });
  const all = { ...options, maxSamples: 7 };
  const resume = await calibrate(network, machine, all);
  const more = resume.imagesUsed!.map((row) => row.map((count) => count + 1));
  const cases: readonly [Partial<CalibrateOptions>, string][] = [
    [{ resume, samples: 7 }, "settling is"],
    [{ resume, images: "all" }, "settling is"],
    [{ resume, maxSamples: 8 }, "settling is"],
    [{ resume, metric: "mse" }, "settling is"],
    [{ resume, aggregate: "mode" }, "settling is"],
    [{ resume: { ...resume, imagesUsed: [] } }, "numbers of images is"],
    [{ resume: { ...resume, imagesUsed: more } }, "checksum"],
    [{ search: "neighbors" }, "begins with all candidates"],
    [{ maxSamples: 0 }, "samples is 0"],
  ];
  for (const [changed, message] of cases) {
    await assertRejects(
      () => calibrate(network, machine, { ...all, ...changed }),
      "resume" in changed ? CheckpointMismatchError : RangeError,
      message,
    );
  }
});
