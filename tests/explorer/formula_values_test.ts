import { assertAlmostEquals, assertEquals } from "@std/assert";
import { explainedPatches, type MachineName } from "@els/toolkit/machines";
import type { ExplorerStep } from "../../src/explorer/contract.ts";
import { formulaValues } from "../../src/explorer/view/formula_values.ts";
import { imageShares, nearestImage } from "../../src/explorer/view/nearest_image.ts";
import { texturesData } from "./page.ts";
import { threadEngine } from "./thread_engine.ts";

const data = texturesData();
const [height, width] = data.shape;

Deno.test("formula: distances and weights of all patches of a pixel give the same Z", async (t) => {
  const engine = threadEngine(data);
  const names: MachineName[] = ["IS", "ES", "LS", "ELS", "bbELS"];
  for (const machine of names) {
    await t.step(machine, async () => {
      const steps: ExplorerStep[] = [];
      const final = await engine.followMachine(
        { noise: { kind: "seed", seed: 1 }, strokes: [], label: 0, machine, patchSize: null },
        { abort: new AbortController().signal, focus: 0, onStep: (step) => steps.push(step) },
      );
      // In the middle, and where windows leave the image.
      for (const pixel of [0, 5 * width + 9, height * width - 3]) {
        const step = steps[3]!;
        const patches = explainedPatches(step.explanation!, { pixel });
        const values = patches.slice(0, 4).map((patch) =>
          formulaValues(step, {
            pixel: [Math.floor(pixel / width), pixel % width],
            patch,
            image: engine.trainingImage(patch.image).data,
            machine,
            shape: data.shape,
          })
        );
        for (const { logSum, twoSigmaSquared } of values) {
          // Weights of kernels in float32 are known to about a millionth.
          assertAlmostEquals(logSum, values[0]!.logSum, 1e-4);
          assertEquals(twoSigmaSquared, 2 * step.sigma ** 2);
        }
        assertEquals(values[0]!.prediction, [step.xHat0[pixel]!]);
      }
      const nearest = nearestImage(final, { count: 18, trainingImage: engine.trainingImage });
      const distance = (n: number) =>
        Math.sqrt(
          engine.trainingImage(n).data.reduce((sum, v, i) => sum + (v - final[i]!) ** 2, 0) /
            final.length,
        );
      const all = Array.from({ length: 18 }, (_, n) => distance(n));
      assertEquals(nearest.image, all.indexOf(Math.min(...all)));
      assertAlmostEquals(nearest.distance, Math.min(...all), 1e-12);
    });
  }
  await engine.dispose();
});

Deno.test("formula: shares of training images say the heaviest, and how many hold 90 %", () => {
  assertEquals(imageShares([0.1, 0.6, 0.25, 0.05]), {
    image: 1,
    share: 0.6,
    holding: 3,
    known: 4,
  });
  // Where only the largest are known, what they hold says nothing of the others.
  assertEquals(imageShares([0, 0.3, 0.1]), { image: 1, share: 0.3, holding: null, known: 2 });
});
