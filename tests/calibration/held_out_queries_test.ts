import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { calibrate } from "../../src/calibration/calibrate.ts";
import type { CalibrateOptions } from "../../src/calibration/calibrate_options.ts";
import type { CalibrationState } from "../../src/calibration/calibration.ts";
import { cleanReference } from "../../src/calibration/held_out_queries.ts";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { bytesToImages } from "../../src/datasets/labeled_bytes.ts";
import { syntheticTextures } from "../../src/datasets/synthetic.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const all = bytesToImages(syntheticTextures({ images: 40, size: 8 }));
const [images, held] = [sliceBatch(all, 0, 30), sliceBatch(all, 30, 40)];
const schedule = createSchedule("cosine_legacy");
const posterior = referencePosterior();
const machine = createMachine("LS", { images, schedule, posterior });
const options = { candidates: [3, 5, 7], steps: 3, samples: 4, seed: 1, grid: "cubic" } as const;

/** A machine that poses as the network, and tells what it was asked. */
function posing(asked: { x: ImageBatch; t: number; labels: unknown }[]): Denoiser {
  const inner = createMachine("LS", {
    images,
    schedule,
    posterior,
    patchSize: [3, 5, 7],
    between: "nearest",
  });
  const { name, prediction, imageShape } = inner;
  return {
    ...{ name, prediction, imageShape, schedule },
    predict: (x, t, more) => {
      asked.push({ x, t, labels: more?.labels });
      return inner.predict(x, t);
    },
  };
}

Deno.test("calibrate on noised images: the network is asked about held-out images with the noise of each time", async () => {
  const asked: { x: ImageBatch; t: number; labels: unknown }[] = [];
  const on = { kind: "noised", images: held } as const;
  const { chosen, tables } = await calibrate(posing(asked), machine, { ...options, on });
  // It finds the scales of what it asks: LS at the nearest of 1/3, 2/3 and 1.
  assertEquals(chosen.map(({ t, patchSize }) => [Number(t.toFixed(3)), patchSize]), [
    ...[[0.704, 5], [0.963, 7], [1, 7]],
  ]);
  assertEquals(tables.cosine.length, 4);
  assertEquals(asked.map(({ t }) => Number(t.toFixed(3))), [1, 0.963, 0.704]);
  for (const { x, t } of asked) {
    // x less the clean image is sigma times unit noise: 256 values, so 4 / sqrt(512) is far out.
    const noise = x.data.map((v, j) =>
      (v - schedule.signal(t) * held.data[j]!) / schedule.sigma(t)
    );
    const variance = noise.reduce((sum, v) => sum + v * v, 0) / noise.length;
    assert(Math.abs(variance - 1) < 4 / Math.sqrt(128), `${variance} at ${t}`);
  }
  const [first, second] = [0, 1].map((i) => asked[i]!.x.data);
  assertNotEquals(first, second);
  // A seed is a seed: batches change nothing, other seeds do.
  const again = await calibrate(posing([]), machine, { ...options, on, batch: 3 });
  assertEquals(again.tables, tables);
  const other = await calibrate(posing([]), machine, { ...options, on, seed: 2 });
  assertNotEquals(other.tables, tables);
});

Deno.test("calibrate on clean images: no network is asked, and the best scale denoises best", async () => {
  const reference = cleanReference({ imageShape: [8, 8, 1], schedule });
  const on = { kind: "clean", images: held } as const;
  const { chosen, tables } = await calibrate(reference, machine, {
    ...{ ...options, on, metric: "mse" },
  });
  for (const [step, { patchSize }] of chosen.entries()) {
    const errors = options.candidates.map((_, k) =>
      tables.mse.map((rows) => rows[step]![k]!).sort((a, b) => a - b)[1]!
    );
    const best = options.candidates[errors.indexOf(Math.min(...errors))]!;
    assert(Math.abs(best - patchSize) <= 2, `${best} and ${patchSize} at step ${step + 1}`);
  }
  await assertRejects(() => reference.predict(held, 0.5), RangeError, "Cannot predict");
  // As many samples as settle the choice, of as many images as there are.
  const auto = await calibrate(reference, machine, { ...options, on, samples: "auto" });
  assert(auto.tables.cosine.length >= 5 && auto.tables.cosine.length <= 10);
});

Deno.test("calibrate on held-out images: interrupted it ends at the same result; states are of one kind", async () => {
  const on = { kind: "noised", images: held } as const;
  const all: CalibrateOptions = { ...options, on, labels: [1, 2, 3, 4], batch: 3 };
  const states: CalibrationState[] = [];
  const asked: { x: ImageBatch; t: number; labels: unknown }[] = [];
  const unlabeled = (some: typeof asked): Denoiser => posing(some);
  const plain = { ...machineWithoutLabels() };
  const whole = await calibrate(unlabeled(asked), plain, {
    ...all,
    onState: (state) => void states.push(JSON.parse(JSON.stringify(state))),
  });
  assertEquals(asked.map(({ labels }) => labels), [
    ...[[1, 2, 3], [1, 2, 3], [1, 2, 3]],
    ...[[4], [4], [4]],
  ]);
  for (const resume of [states[0]!, states[1]!, states[3]!, states[4]!]) {
    assertEquals(await calibrate(unlabeled([]), plain, { ...all, resume }), whole);
  }
  await assertRejects(
    () => calibrate(unlabeled([]), plain, { ...all, on: undefined, resume: states[0]! }),
    CheckpointMismatchError,
    'its sampler is "noised held-out images", this run has "ddim"',
  );
  await assertRejects(
    () => calibrate(unlabeled([]), plain, { ...options, samples: 11, on }),
    RangeError,
    "Cannot calibrate on 11 held-out images of 8 x 8 x 1: found 10 of 8 x 8 x 1",
  );
});

/** The machine, which knows no classes. */
function machineWithoutLabels() {
  const { name, prediction, imageShape } = machine;
  return {
    ...{ name, prediction, imageShape, schedule },
    predict: machine.predict.bind(machine),
    predictScales: (x: ImageBatch, t: number, { scales }: { readonly scales: readonly number[] }) =>
      machine.predictScales(x, t, { scales }),
  };
}
