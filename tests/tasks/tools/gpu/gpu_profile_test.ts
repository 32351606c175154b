import { assertEquals } from "@std/assert";
import { experiments, isConditional } from "../../../../tasks/reproduce/experiments.ts";
import { trainingOf } from "../../../../tasks/reproduce/profiles.ts";
import { gpuProfile } from "../../../../tasks/tools/gpu/gpu_profile.ts";

const usual = { steps: 4000, images: 10_000, samples: 100, tiny: false } as const;

Deno.test("gpu profile: every row trains the paper's network by the short recipe, or as published", () => {
  const short = gpuProfile(usual);
  const published = gpuProfile({ ...usual, steps: "published" });
  for (const experiment of experiments) {
    const { config, preset } = trainingOf(experiment, short);
    const { dataset, network, padding } = experiment;
    assertEquals([config.dataset, config.architecture, config.padding], [
      dataset,
      network,
      padding,
    ]);
    const channels = network === "attention-unet" ? [128, 256, 256, 256] : [64, 128, 256];
    assertEquals([config.width, config.channels, config.batchSize], [256, channels, 128]);
    const { steps, learningRate, warmup, decay, emaDecay, clipNorm } = config;
    assertEquals(
      [steps, learningRate, warmup, decay, emaDecay, clipNorm],
      [4000, 5e-4, 200, "cosine", 0.999, 1],
    );
    const whole = trainingOf(experiment, published).config;
    const recipe = network === "attention-unet" ? [2e-4, 0.9999] : [1e-4, 0];
    assertEquals([whole.learningRate, whole.emaDecay], recipe, preset);
  }
});

Deno.test("gpu profile: two protocols, and images as they are asked for where there are no classes", () => {
  const profile = gpuProfile({ ...usual, images: 2000 });
  assertEquals(profile.protocols.map(({ name }) => name), ["cubic-8", "uniform-20"]);
  for (const experiment of experiments) {
    const { machineImages, calibrationImages, samples } = profile.sizes(experiment);
    assertEquals(
      [machineImages, calibrationImages, samples],
      isConditional(experiment) ? [undefined, Infinity, 100] : [2000, 2000, 100],
    );
  }
  // The costly search over scales stops at 3,000 images.
  assertEquals(gpuProfile(usual).sizes(experiments[0]!).calibrationImages, 3000);
});

Deno.test("gpu profile: toy sizes are small everywhere", () => {
  const profile = gpuProfile({ ...usual, steps: 20, samples: 2, tiny: true });
  assertEquals(profile.protocols.map(({ steps }) => steps), [2, 2]);
  assertEquals(profile.scales, [3, 5]);
  for (const experiment of experiments) {
    const { config, recipe } = trainingOf(experiment, profile);
    assertEquals([config.images, config.batchSize, config.steps], [500, 4, 20]);
    assertEquals(
      experiment.network === "resnet" ? [recipe.width, recipe.layers] : recipe.channels,
      experiment.network === "resnet" ? [8, 1] : [8, 16],
    );
  }
});
