/** A training that takes milliseconds: textures, a small ResNet, a recipe with everything in it. */
import type { ClassLabels } from "../../src/datasets/class_labels.ts";
import { bytesToImages } from "../../src/datasets/labeled_bytes.ts";
import { syntheticTextures } from "../../src/datasets/synthetic.ts";
import type { Network } from "../../src/networks/network.ts";
import { resnet, type ResnetArchitecture } from "../../src/networks/architectures/resnet.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";
import type { ExampleSource } from "../../src/training/examples.ts";
import type { TrainingRecipe } from "../../src/training/optimize_network.ts";

const textures = syntheticTextures({ images: 12, size: 8, channels: 1, classes: 2, seed: 1 });

/** What the examples are drawn from; its batch does not divide its images. */
export const examples: ExampleSource & { readonly labels: ClassLabels } = {
  images: bytesToImages(textures),
  labels: textures.labels,
  schedule: createSchedule("cosine_legacy"),
  batchSize: 5,
  seed: 4,
};

/** A conditional ResNet for them. */
export function smallResnet(layers: number): Network<ResnetArchitecture> {
  return resnet({
    kind: "resnet",
    imageShape: [8, 8, 1],
    width: 8,
    layers,
    kernelSize: 3,
    padding: "zeros",
    classes: 2,
  });
}

/** Warm-up, decay of rate and weights, average and clipping. */
export function smallRecipe(steps: number): TrainingRecipe {
  return {
    steps,
    learningRate: { base: 1e-2, warmup: 2, decay: "cosine" },
    weightDecay: 1e-3,
    emaDecay: 0.9,
    clipNorm: 1,
  };
}
