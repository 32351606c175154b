/** One metric of your own, to choose scales by and to measure agreement with. */
import { calibrate, createMachine, createSchedule, evaluateAgreement } from "@els/toolkit";
import { bytesToImages, type Metric, syntheticTextures } from "@els/toolkit/machines";

const l1: Metric = {
  name: "l1",
  better: "lower",
  of: (a, b) => Array.from(a, (value, i) => Math.abs(value - b[i]!)).reduce((x, y) => x + y),
};
const images = bytesToImages(syntheticTextures({ images: 40, size: 16 }));
const schedule = createSchedule("cosine_legacy");
await using machine = createMachine("LS", { images, schedule });
await using network = createMachine("LS", { images, schedule, patchSize: 5 }); // poses as one
const protocol = { steps: 3, samples: 2, seed: 1, candidates: [3, 5, 7], metric: l1 };
const { chosen } = await calibrate(network, machine, protocol);
const machines = [{ name: "LS", denoiser: network }];
const { samples } = await evaluateAgreement(network, machines, { ...protocol, measures: [l1] });
const away = samples[0]?.agreement["LS"]?.["l1"];
console.log(`by l1: scales ${chosen.map(({ patchSize }) => patchSize)}, ${away} away`);
