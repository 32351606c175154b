/** The program that runs in Deno, Node and a browser: an image from noise, by way of `./machines` alone. */
import {
  bytesToImages,
  createMachine,
  createSchedule,
  ddim,
  initialNoise,
  type PatchPosterior,
  syntheticTextures,
  timeGrid,
} from "@els/toolkit/machines";

/** One 12 x 12 image from 40 textures, by the boundary-broken ELS machine with 4 steps. */
export async function generate(posterior: PatchPosterior): Promise<Float32Array> {
  const images = bytesToImages(syntheticTextures({ images: 40, size: 12 }));
  const schedule = createSchedule("cosine_legacy");
  const machine = createMachine("bbELS", { images, schedule, patchSize: 5, posterior });
  const xT = initialNoise({ seed: 7, samples: 1, imageShape: [12, 12, 1], schedule });
  const times = timeGrid("cubic", { steps: 4, schedule });
  const { data } = await ddim(machine, { xT, times });
  return data;
}
