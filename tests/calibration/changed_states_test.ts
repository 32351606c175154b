/** States to resume from that are plain data and wrong: noticed, or without any effect. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { bytesToImages } from "../../src/datasets/labeled_bytes.ts";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { calibrate } from "../../src/calibration/calibrate.ts";
import type { CalibrateOptions } from "../../src/calibration/calibrate_options.ts";
import type { CalibrationState } from "../../src/calibration/calibration.ts";
import { refineScales } from "../../src/calibration/refine.ts";
import type { RefinementState } from "../../src/calibration/refinement.ts";
import { syntheticTextures } from "../../src/datasets/synthetic.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { mutate } from "../mutations.ts";
import { plainLocalMachine } from "./plain_local_machine.ts";

const machine = plainLocalMachine(bytesToImages(syntheticTextures({ images: 4, size: 8 })), {
  labels: [0, 0, 0, 0],
});
const network = {
  name: "network",
  prediction: machine.prediction,
  imageShape: machine.imageShape,
  schedule: machine.schedule,
  predict: async (...[x, t, options]: Parameters<typeof machine.predict>) =>
    (await machine.predictScales(x, t, { ...options, scales: [3] }))[0]!,
};
const options = {
  candidates: [3, 5],
  steps: 3,
  samples: 3,
  batch: 2,
  seed: 1,
} satisfies CalibrateOptions;

const growing = createMachine("LS", {
  images: bytesToImages(syntheticTextures({ images: 40, size: 8 })),
  schedule: machine.schedule,
  posterior: wasmPosterior({ workers: 0 }),
});
const kinds = [
  ["of all samples and images", machine, options],
  ["until settled", growing, { ...options, samples: "auto", maxSamples: 6, images: "auto" }],
] as const;

for (const [kind, machine, options] of kinds) {
  Deno.test(`calibrate: a changed state ${kind} is refused by name, or was changed where nothing depends on it`, async () => {
    const states: CalibrationState[] = [];
    const whole = await calibrate(network, machine, {
      ...options,
      onState: (state) => void states.push(state),
    });
    const random = new Random(5);
    let refused = 0;
    for (let i = 0; i < 400; i++) {
      const resume = mutate(states[i % states.length], random) as CalibrationState;
      try {
        assertEquals(await calibrate(network, machine, { ...options, resume }), whole);
      } catch (error) {
        assert(error instanceof CheckpointMismatchError, `${error} of ${JSON.stringify(resume)}`);
        refused++;
      }
    }
    // A quarter of these mutations leave a state as it is.
    assert(refused > 250, `${refused} of 400`);
  });
}

Deno.test("calibrate: a state without a checksum is refused where its tables cannot be", async () => {
  const states: CalibrationState[] = [];
  await calibrate(network, machine, { ...options, onState: (state) => void states.push(state) });
  const random = new Random(6);
  for (let i = 0; i < 400; i++) {
    const { check: _, ...state } = states[i % states.length]!;
    const resume = mutate(state, random) as CalibrationState;
    try {
      await calibrate(network, machine, { ...options, resume });
    } catch (error) {
      assert(error instanceof CheckpointMismatchError, `${error} of ${JSON.stringify(resume)}`);
    }
  }
  const { check: _, ...last } = states.at(-1)!;
  const changed = (change: (tables: Record<string, (number | null)[][][]>) => void) => {
    const resume = structuredClone(last) as CalibrationState;
    change(resume.tables as unknown as Record<string, (number | null)[][][]>);
    return () => calibrate(network, machine, { ...options, resume });
  };
  for (
    const [change, words] of [
      [changed((tables) => tables.cosine![0]![1]![0] = 1.5), "cosine of sample 0, step 2: 1.5"],
      [changed((tables) => tables.l2![0]![1]![0] = -1), "l2 of sample 0, step 2: -1"],
      [changed((tables) => tables.mse![2]![0]![1]! += 1), "l2 and mse of sample 2, step 1"],
      [changed((tables) => tables.mse![2]![0]!.push(1)), "mse of sample 2, step 1: 3 values"],
      [changed((tables) => tables.mse![1]![2]![0] = null), "mse of sample 1, step 3: null"],
    ] as const
  ) await assertRejects(change, CheckpointMismatchError, words);
});

Deno.test("refineScales: a changed state is refused by name, or was changed where nothing depends on it", async () => {
  const refinement = { start: [5, 5], candidates: [3, 5], samples: 2, seed: 1 };
  const states: RefinementState[] = [];
  const whole = await refineScales(network, machine, {
    ...refinement,
    onState: (state) => void states.push(state),
  });
  const random = new Random(7);
  let refused = 0;
  for (let i = 0; i < 300; i++) {
    const resume = mutate(states[i % states.length], random) as RefinementState;
    try {
      assertEquals(await refineScales(network, machine, { ...refinement, resume }), whole);
    } catch (error) {
      assert(error instanceof CheckpointMismatchError, `${error} of ${JSON.stringify(resume)}`);
      refused++;
    }
  }
  assert(refused > 200, `${refused} of 300`);
});
