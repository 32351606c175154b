import type { Theory } from "../filters.ts";

/**
 * Patch set posterior composites over squares (Niedoba et al., arXiv 2411.19339): every k x k crop inside the
 * image has one posterior mean, as a whole; where crops overlap their means are averaged.
 */
export const pspcSquare: Theory<"PSPC_square"> = {
  name: "PSPC_square",
  description: "patch set posterior composite: k x k crops, each answered as a whole, averaged",
  precision: ({ patchSize }) => ({ kind: "boxes", size: patchSize }),
  response: "precision",
  source: "images",
  largestScale: ([height, width]) => {
    const side = Math.min(height, width);
    return side - 1 + side % 2;
  },
};
