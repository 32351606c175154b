/** A sampler of your own, the midpoint rule: calibration and evaluation take it in place of a name. */
import { createMachine, createSchedule, evaluateAgreement } from "@els/toolkit";
import { bytesToImages, runSampler, type SamplerDefinition } from "@els/toolkit/machines";
import { syntheticTextures, weightedSum } from "@els/toolkit/machines";

const schedule = createSchedule("cosine_legacy");
const { signal, sigma } = schedule;
const sample: SamplerDefinition["sample"] = (denoiser, options) =>
  runSampler(denoiser, async ({ x, t, tNext, predict }) => {
    const half = (t + tNext) / 2;
    const { xHat0, eps } = await predict(x, t);
    const middle = await predict(weightedSum([signal(half), xHat0], [sigma(half), eps]), half);
    return weightedSum([signal(tNext), middle.xHat0], [sigma(tNext), middle.eps]);
  }, { ...options, name: "midpoint" });
const sampler = { name: "midpoint", offGrid: true, sample };
const images = bytesToImages(syntheticTextures({ images: 20, size: 16 }));
await using denoiser = createMachine("LS", { images, schedule, patchSize: 5 });
const protocol = { sampler, steps: 3, samples: 2, seed: 1 };
const found = await evaluateAgreement(denoiser, [{ name: "same", denoiser }], protocol);
console.log(found.sampler, found.samples.map(({ agreement }) => agreement["same"]?.r));
