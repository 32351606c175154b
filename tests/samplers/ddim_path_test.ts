import { assertEquals, assertLess, assertThrows } from "@std/assert";
import {
  cosineLegacy,
  createMachine,
  ddim,
  ddimPath,
  imageBatch,
  initialNoise,
  type SamplerStep,
} from "@els/toolkit/machines";

const schedule = cosineLegacy();
const images = imageBatch(
  Float32Array.from({ length: 4 * 16 }, (_, i) => Math.sin(i * i)),
  [4, 4, 4, 1],
);

Deno.test("ddimPath: a shorter step ends on it, the whole step at xNext, and it begins at x", async () => {
  await using machine = createMachine("LS", { images, schedule, patchSize: 3 });
  const xT = initialNoise({ seed: 1, samples: 2, imageShape: [4, 4, 1], schedule });
  const steps: SamplerStep[] = [];
  await ddim(machine, { xT, times: [0.9, 0.4], onStep: (step) => void steps.push(step) });
  const [step] = steps as [SamplerStep];
  assertEquals(ddimPath(step, { t: 0.4, schedule }), step.xNext);
  const shorter = await ddim(machine, { xT, times: [0.9, 0.7] });
  assertEquals(ddimPath(step, { t: 0.7, schedule }), shorter);
  ddimPath(step, { t: 0.9, schedule }).data.forEach((value, i) =>
    // x is made of its two parts by float32 numbers.
    assertLess(Math.abs(value - step.x.data[i]!), 1e-6)
  );
  assertThrows(
    () => ddimPath(step, { t: 0.3, schedule }),
    RangeError,
    "a step from t = 0.9 to 0.4 at t = 0.3: expected a time between",
  );
});
