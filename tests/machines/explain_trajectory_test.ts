import { assertEquals, assertRejects } from "@std/assert";
import {
  bytesToImages,
  createMachine,
  createSchedule,
  ddim,
  explainTrajectory,
  initialNoise,
  syntheticTextures,
  timeGrid,
  wasmPosterior,
} from "@els/toolkit/machines";

Deno.test("explainTrajectory: the images of the sampler, every step with its explanation", async () => {
  const images = bytesToImages(syntheticTextures({ images: 12, size: 8 }));
  const schedule = createSchedule("cosine_legacy");
  const posterior = wasmPosterior({ workers: 0 });
  const machine = createMachine("bbELS", { images, schedule, patchSize: 3, posterior });
  const xT = initialNoise({ seed: 1, samples: 2, imageShape: [8, 8, 1], schedule });
  const times = timeGrid("cubic", { steps: 3, schedule });
  const seen: number[] = [], progress: number[] = [];
  const image = await explainTrajectory(machine, {
    xT,
    times,
    top: 2,
    onStep: ({ i, t, x, explanation }) => {
      seen.push(i);
      assertEquals(explanation.t, t);
      assertEquals(explanation.shape, [2, 64, 2]);
      assertEquals(x.shape, [2, 8, 8, 1]);
    },
    onProgress: (fraction) => void progress.push(fraction),
  });
  assertEquals(seen, [3, 2, 1]);
  assertEquals(progress, progress.toSorted((a, b) => a - b));
  assertEquals(progress.at(-1), 1);
  assertEquals(image, await ddim(machine, { xT, times }));
  await assertRejects(
    () => explainTrajectory(machine, { xT, times, sampler: "heun" }),
    RangeError,
    "Cannot explain the steps of heun: it asks more than once a step",
  );
  await posterior.dispose();
});
