import { Random } from "../../core/random.ts";
import type { Theory } from "../filters.ts";

/**
 * Smoothed closed-form diffusion (Scarvelis et al., arXiv 2310.12395): the mean of the ideal score's answers
 * to M noisy images, each with noise of its own added. The noise is a stream of its own for each seed, time
 * and number, so that no answer depends on what was asked before.
 */
export const scfdm: Theory<"SCFDM"> = {
  name: "SCFDM",
  description: "smoothed closed form: the mean of IS over noise added to the noisy image",
  precision: { kind: "ones" },
  response: { kind: "ones" },
  source: "images",
  perturbations: ({ imageShape: [height, width, channels], t, parameters }) => {
    const { delta = channels === 1 ? 1 : 0.1, perturbations = 10, seed = 0, noise = "fresh" } =
      parameters;
    const time = noise === "fresh" ? `/t ${t}` : "";
    return Array.from({ length: perturbations }, (_, m) =>
      Float64Array.from(
        new Random(seed, `smoothed${time}/${m}`).normals(height * width * channels),
        (value) => delta * value,
      ));
  },
  parameters: ["delta", "perturbations", "seed", "noise"],
};
