/** The profile of the rows on a GPU box: the paper's networks, trained as long as there is time. */
import { isConditional, timeProtocol } from "../../reproduce/experiments.ts";
import type { Profile } from "../../reproduce/profiles.ts";

/** What a call of run.sh says about its rows. */
export interface GpuProfileOptions {
  /** Training steps by a recipe for short trainings, or as the preset has it. */
  readonly steps: number | "published";
  /** Images of the machines where there are no classes. */
  readonly images: number;
  readonly samples: number;
  readonly tiny: boolean;
}

/** The most images that scales are calibrated on, where machines search all classes. */
const CALIBRATION_IMAGES = 3000;

/** The profile that a call asks for. */
export function gpuProfile({ steps, images, samples, tiny }: GpuProfileOptions): Profile {
  const short = steps === "published" ? {} : {
    ...{ steps, learningRate: 5e-4, warmup: Math.floor(steps / 20), decay: "cosine" },
    ...{ emaDecay: 0.999, clipNorm: 1 },
  };
  const machineSteps = tiny ? [2, 2] as const : [8, 20] as const;
  return {
    name: "gpu",
    about: "the paper's networks on a GPU, trained shortly",
    protocols: [timeProtocol("cubic", machineSteps[0]), timeProtocol("uniform", machineSteps[1])],
    refineSamples: 16,
    refineSteps: 20,
    networks: "published",
    training: ({ network }) => ({
      ...short,
      ...tiny && { batchSize: 4, images: 500 },
      ...tiny && (network === "resnet" ? { width: 8, layers: 1 } : { channels: [8, 16] }),
    }),
    sizes: (experiment) => {
      if (tiny) {
        return { machineImages: 200, calibrationImages: 200, calibrationSamples: 1, samples };
      }
      // Networks that are told the class: the machines search the images of one class only.
      return isConditional(experiment)
        ? { calibrationImages: Infinity, calibrationSamples: 5, samples }
        : {
          machineImages: images,
          calibrationImages: Math.min(images, CALIBRATION_IMAGES),
          calibrationSamples: 5,
          samples,
        };
    },
    ...tiny && { scales: [3, 5] },
    weights: {},
  };
}
