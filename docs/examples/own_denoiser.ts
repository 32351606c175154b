/** A denoiser of your own, a plain shrinkage of the noisy image, compared with the local score machine. */
import { createMachine, createSchedule, type Denoiser, evaluateAgreement } from "@els/toolkit";
import { bytesToImages, syntheticTextures } from "@els/toolkit/machines";

const images = bytesToImages(syntheticTextures({ images: 40, size: 16 }));
const schedule = createSchedule("cosine_legacy");
const shrinkage: Denoiser = {
  name: "shrinkage",
  prediction: "x0",
  imageShape: [16, 16, 1],
  schedule,
  predict(x, t) { // of white images of unit variance it is the posterior mean
    const gain = schedule.signal(t) / (schedule.signal(t) ** 2 + schedule.sigma(t) ** 2);
    return Promise.resolve({ data: x.data.map((value) => gain * value), shape: x.shape });
  },
};
await using denoiser = createMachine("LS", { images, schedule, patchSize: 5 });
const protocol = { steps: 4, samples: 3, seed: 1 };
const { samples } = await evaluateAgreement(shrinkage, [{ name: "LS", denoiser }], protocol);
console.log("LS beside shrinkage:", samples.map(({ agreement }) => agreement["LS"]?.r));
