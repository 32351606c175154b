/** The posterior of the pinned pixels as JSON, with what it takes to make it again. */
import { explainedPatches } from "../../machines/explanation.ts";
import type { Frame } from "./frame.ts";
import { imageShares } from "./nearest_image.ts";

/** What is read of a frame. */
export type PosteriorSource = Pick<Frame, "info" | "state" | "now" | "machineName" | "engine">;

/**
 * Of each pinned pixel its patches, the rest of the weight and the entropies; of the whole image the weight of
 * training images; the request and the provenance of the page.
 *
 * @returns JSON with two spaces of indent; null while the step is not known.
 */
export function posteriorJson(source: PosteriorSource): string | null {
  const { info, state, now, machineName, engine } = source;
  const explanation = now?.explanation;
  if (explanation === undefined) return null;
  const [height, width] = info.imageShape;
  const weights = explanation.imageWeights[0]!;
  const { share, image, holding } = imageShares(weights);
  const heaviest = Array.from(weights, (weight, n) => ({ image: n, weight }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.image - b.image)
    .slice(0, 20)
    .map((each) => ({ ...each, label: engine.trainingImage(each.image).label }));
  const { noise, strokes, label, patchSize } = state;
  return JSON.stringify(
    {
      format: "els-posterior",
      version: 1,
      title: info.title,
      request: { machine: machineName, noise, strokes, label, patchSize },
      step: {
        index: now!.i,
        t: now!.t,
        signal: now!.signal,
        sigma: now!.sigma,
        patchSize: now!.patchSize,
      },
      imageShape: [height, width, info.imageShape[2]],
      pixels: state.pins.map((pixel) => ({
        row: Math.floor(pixel / width),
        column: pixel % width,
        xHat0: Array.from(now!.xHat0.subarray(pixel * info.imageShape[2]))
          .slice(0, info.imageShape[2]),
        patches: explainedPatches(explanation, { pixel }),
        rest: explanation.rest[pixel],
        entropy: explanation.entropy[pixel],
        imageEntropy: explanation.imageEntropy[pixel],
        effectivePatches: explanation.effectivePatches[pixel],
        effectiveImages: explanation.effectiveImages[pixel],
      })),
      images: { heaviest, largest: { image, share }, holding90Percent: holding },
      dataset: info.dataset,
      network: info.network,
      schedule: info.schedule,
      sample: noise.kind === "stored" ? info.samples[noise.index] : null,
      toolkit: info.version,
      provenance: info.provenance,
    },
    null,
    2,
  );
}
