import { assert } from "@std/assert";
import { imageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { planPosterior } from "../../src/posterior/posterior_plan.ts";
import { kernelBytes } from "../../src/posterior/wasm/kernel_memory.ts";
import { PosteriorKernel } from "../../src/posterior/wasm/posterior_kernel.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

Deno.test("kernel memory: the estimate is what the kernel takes, within a few percent", async () => {
  const schedule = cosineLegacy();
  for (
    const [queries, side, channels, patchSizes, window] of [
      [16, 32, 1, [3, 5, 7, 9, 11, 13], undefined],
      [8, 32, 3, [3, 9, 17], undefined],
      [64, 28, 1, [5], undefined],
      [32, 32, 3, [7.5], "super"],
    ] as const
  ) {
    const values = queries * side * side * channels;
    const plan = planPosterior({
      query: imageBatch(new Random(1).normals(values), [queries, side, side, channels]),
      ...{ rule: "interior", scales: patchSizes, window, signal: schedule.signal(0.5) },
      sigma: schedule.sigma(0.5),
    });
    const kernel = await PosteriorKernel.create();
    kernel.configure(plan);
    const estimate = kernelBytes({
      ...{ queries, scales: patchSizes.length, height: side, width: side, channels },
      patchSize: Math.max(...patchSizes),
      weighted: window !== undefined,
    });
    // Memory comes in pieces of 64 KiB, and what does not grow with the work is left out.
    const ratio = estimate / (kernel.memoryBytes - 2 ** 17);
    assert(ratio > 0.95 && ratio < 1.1, `${queries} queries: ${ratio}`);
  }
});
