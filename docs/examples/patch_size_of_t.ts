/** The patch size as a function of the time: small patches near the clean image, large ones in noise. */
import { createMachine, createSchedule, ddim, initialNoise } from "@els/toolkit";
import { bytesToImages, syntheticTextures, uniformTimeGrid } from "@els/toolkit/machines";

const images = bytesToImages(syntheticTextures({ images: 40, size: 16 }));
const schedule = createSchedule("cosine_legacy");
const patchSize = (t: number) => 3 + 2 * Math.round(4 * t); // odd, from 3 to 11
await using machine = createMachine("bbELS", { images, schedule, patchSize });
const xT = initialNoise({ seed: 1, samples: 2, imageShape: [16, 16, 1] });
const samples = await ddim(machine, { xT, times: uniformTimeGrid(5) });
console.log(`bbELS made ${samples.shape[0]} images of ${samples.shape.slice(1).join(" x ")}`);
