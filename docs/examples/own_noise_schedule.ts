/** A noise schedule of your own: weights name it, and reading them finds it where it is registered. */
import { createNetwork, readWeights, train, writeWeights } from "@els/toolkit";
import { bytesToImages, type NoiseSchedule, registerSchedule } from "@els/toolkit/machines";
import { syntheticTextures } from "@els/toolkit/machines";

const sine = ({ power = 1 }: { power?: number }): NoiseSchedule => ({
  name: "sine",
  parameters: { power },
  signal: (t) => Math.cos(1.55 * t ** power),
  sigma: (t) => Math.sin(1.55 * t ** power),
});
const images = bytesToImages(syntheticTextures({ images: 20, size: 8 }));
const sizes = { kind: "resnet", width: 8, layers: 1, kernelSize: 3 } as const;
const network = createNetwork({ ...sizes, imageShape: [8, 8, 1], padding: "zeros", classes: 0 });
const schedule = sine({ power: 2 });
const bytes = writeWeights(await train(network, { images, steps: 5, schedule, backend: "cpu" }));
registerSchedule({ name: "sine", create: sine });
console.log("read back:", readWeights(bytes, "weights").schedule.parameters);
